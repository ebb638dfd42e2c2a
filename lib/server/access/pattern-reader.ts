/**
 * Reads the usual part of the language of regular expressions into a {@link PatternTrie}: characters, `.`, classes,
 * escapes, anchors, groups, `?`, `*`, `+`, and counted repetitions of one character. What is beyond that is for a
 * general engine to read.
 *
 * Possessive quantifiers and atomic groups are read where they find what ordinary ones find: where no character could
 * have been given back in vain, or nothing follows.
 */
import { CharacterSet } from "./character-set.ts";
import { type PatternTrie, ROOT } from "./pattern-trie.ts";

/** An expression that is not of the usual part of the language, or not an expression. */
class UnusualError extends Error {}

/** How deep groups may lie within each other. */
const MAX_DEPTH = 32;

/** Most places in one expression, one behind the other, at which a text can be read in two ways. */
const MAX_CHOICES = 32;

/** Most repetitions of one character that are counted. */
const MAX_COUNT = 1000;

/** Most alternatives of an atomic group that are compared with each other. */
const MAX_COMPARED = 64;

interface Quantifier {
  min: number;
  max: number;
  possessive: boolean;
}

const ONCE: Quantifier = { min: 1, max: 1, possessive: false };

/**
 * Adds an expression to the trie. `false` where it is none of the usual ones: then it cannot be found there.
 *
 * @throws TrieFullError
 */
export function readInto(trie: PatternTrie, expression: string): boolean {
  try {
    new Reader(trie, expression).read();
    return true;
  } catch (error) {
    if (error instanceof UnusualError) return false;
    throw error;
  }
}

/** The index behind the class that begins at `open`; the text's length where it does not end. */
export function classEnd(text: string, open: number): number {
  let at = text[open + 1] === "^" ? open + 2 : open + 1;
  if (text[at] === "]") at++;
  for (; at < text.length; at++) {
    const character = text[at];
    if (character === "]") return at + 1;
    if (character === "\\") at++;
    else if (character === "[" && text[at + 1] === ":") at += named(text, at).length;
  }
  return text.length;
}

/** `[:alpha:` of a class `[[:alpha:]]`, without its last bracket; "" where there is none. */
function named(text: string, at: number): string {
  return /^\[:\^?\w{0,12}:(?=\])/.exec(text.slice(at, at + 20))?.[0] ?? "";
}

class Reader {
  readonly #trie: PatternTrie;
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #choices = 0;
  #ignoresCase = false;
  #dot = new CharacterSet().add(0x0a).negated();

  constructor(trie: PatternTrie, text: string) {
    this.#trie = trie;
    this.#text = text;
  }

  read(): void {
    this.#flags();
    const ends = this.#alternatives(ROOT);
    if (this.#at < this.#text.length) throw new UnusualError();
    for (const end of ends) this.#trie.accept(end);
  }

  #flags(): void {
    const [flags = "", letters = ""] = /^\(\?([is]+)\)/.exec(this.#text) ?? [];
    this.#at = flags.length;
    this.#ignoresCase = letters.includes("i");
    if (letters.includes("s")) this.#dot = new CharacterSet().negated();
  }

  /** The states at which the alternatives end that stand here, up to the end of the text or of their group. */
  #alternatives(from: number): number[] {
    const before = this.#choices;
    const ends = new Set([this.#sequence(from)]);
    let most = this.#choices;
    while (this.#text[this.#at] === "|") {
      this.#at++;
      // A text that is read by one alternative does not meet the choices of the others.
      this.#choices = before;
      ends.add(this.#sequence(from));
      most = Math.max(most, this.#choices);
    }
    this.#choices = most;
    return [...ends];
  }

  #sequence(from: number): number {
    let state = from;
    while (!this.#isAtEnd()) state = this.#item(state);
    return state;
  }

  #isAtEnd(): boolean {
    const next = this.#text[this.#at];
    return next === undefined || next === "|" || next === ")";
  }

  #item(from: number): number {
    const anchor = this.#anchor();
    if (anchor === "start") return this.#trie.start(from);
    if (anchor === "end") return this.#trie.end(from);
    if (this.#text[this.#at] === "(") return this.#group(from);
    const character = this.#character();
    return this.#repeat(from, character, this.#quantifier());
  }

  /** Passes over an anchor, if there is one. */
  #anchor(): "start" | "end" | undefined {
    const [text = ""] = /^(?:[\^$]|\\[AzZ])/.exec(this.#text.slice(this.#at, this.#at + 2)) ?? [];
    if (text === "") return undefined;
    this.#at += text.length;
    if (this.#quantifier() !== ONCE) throw new UnusualError();
    return text === "^" || text === "\\A" ? "start" : "end";
  }

  #repeat(from: number, character: number | CharacterSet, { min, max, possessive }: Quantifier): number {
    if (possessive && min !== max && !this.#keepsAll(setOf(character))) throw new UnusualError();
    let state = from;
    for (let i = 0; i < min; i++) state = this.#trie.take(state, character);
    if (min === max || this.#isVain(state, character, max)) return state;
    const set = setOf(character);
    if (max === Number.POSITIVE_INFINITY) {
      this.#choose();
      return this.#trie.takeMany(state, set);
    }
    for (let i = min; i < max; i++) {
      this.#choose();
      state = this.#trie.takeMaybe(state, set);
    }
    return state;
  }

  /** Whether it makes no difference what is taken here: anything, where the expression begins or ends. */
  #isVain(state: number, character: number | CharacterSet, max: number): boolean {
    if (this.#depth > 0 || character !== this.#dot || max !== Number.POSITIVE_INFINITY) return false;
    return state === ROOT || this.#isAtEnd();
  }

  /** Whether a possessive repetition of a set, behind which we are, finds the same as an ordinary one. */
  #keepsAll(set: CharacterSet): boolean {
    if (this.#isAtEnd()) return this.#depth === 0;
    const before = this.#at;
    try {
      if (this.#anchor() === "end") return true;
      if (this.#text[this.#at] === "(") return false;
      const next = setOf(this.#character());
      return this.#quantifier().min > 0 && !next.overlaps(set);
    } finally {
      this.#at = before;
    }
  }

  #group(from: number): number {
    const [open = ""] = /^\((?:\?[:>])?(?!\?)/.exec(this.#text.slice(this.#at, this.#at + 4)) ?? [];
    if (open === "" || this.#depth === MAX_DEPTH) throw new UnusualError();
    this.#at += open.length;
    this.#depth++;
    const inside = this.#at;
    const isAtomic = open === "(?>";
    const quantifier = this.#quantifierOfGroup(inside);
    if (quantifier.possessive) throw new UnusualError();
    if (isAtomic && !this.#isUnambiguous(inside) && !this.#isLast()) {
      this.#at = inside;
      return this.#repeatedAtom(from);
    }
    this.#at = inside;
    return this.#wholeGroup(from, quantifier);
  }

  /** Skips to behind the group, and reads its quantifier. */
  #quantifierOfGroup(inside: number): Quantifier {
    let depth = 1;
    for (let at = inside; at < this.#text.length; at++) {
      const character = this.#text[at];
      if (character === "\\") at++;
      else if (character === "[") at = classEnd(this.#text, at) - 1;
      else if (character === "(") depth++;
      else if (character === ")") depth--;
      if (depth > 0) continue;
      this.#at = at + 1;
      return this.#quantifier();
    }
    throw new UnusualError();
  }

  /** Whether nothing follows the group and the quantifier behind which we are. */
  #isLast(): boolean {
    return this.#depth === 1 && (this.#at === this.#text.length || this.#text[this.#at] === "|");
  }

  /** Whether whatever is read by an atomic group is read in one way: its alternatives are characters, none the beginning of another. */
  #isUnambiguous(inside: number): boolean {
    const behind = this.#at;
    this.#at = inside;
    const alternatives: CharacterSet[][] = [[]];
    try {
      for (; this.#text[this.#at] !== ")"; ) {
        if (this.#text[this.#at] === "|") {
          this.#at++;
          alternatives.push([]);
          continue;
        }
        if (this.#text[this.#at] === "(" || this.#anchor() !== undefined) return false;
        alternatives.at(-1)!.push(setOf(this.#character()));
        if (this.#quantifier() !== ONCE) return false;
      }
    } finally {
      this.#at = behind;
    }
    if (alternatives.length > MAX_COMPARED) return false;
    return alternatives.every((one, i) => alternatives.slice(i + 1).every((other) => areApart(one, other)));
  }

  /** An atomic group that is one repeated character: it keeps what it took, as a possessive quantifier does. */
  #repeatedAtom(from: number): number {
    if (this.#anchor() !== undefined || this.#text[this.#at] === "(") throw new UnusualError();
    const character = this.#character();
    const { min, max } = this.#quantifier();
    if (this.#text[this.#at] !== ")") throw new UnusualError();
    this.#at++;
    this.#depth--;
    if (this.#quantifier() !== ONCE) throw new UnusualError();
    return this.#repeat(from, character, { min, max, possessive: true });
  }

  #wholeGroup(from: number, { min, max }: Quantifier): number {
    const isLoop = max === Number.POSITIVE_INFINITY;
    if (min > 1 || (max !== 1 && !isLoop)) throw new UnusualError();
    // A loop leads back to its beginning, which must not be where other expressions go on.
    const start = isLoop ? this.#trie.newState() : from;
    if (isLoop) this.#link(from, start);
    const ends = this.#alternatives(start);
    if (this.#text[this.#at] !== ")") throw new UnusualError();
    this.#at++;
    this.#depth--;
    this.#quantifier();
    if (!isLoop && min === 1) return ends.length === 1 ? ends[0]! : this.#join(ends);
    if (!isLoop) return this.#join([...ends, from]);
    if (min === 0) {
      this.#choose();
      for (const end of ends) this.#trie.link(end, start);
      return start;
    }
    const behind = this.#join(ends);
    this.#link(behind, start);
    return behind;
  }

  #join(ends: readonly number[]): number {
    const joined = this.#trie.newState();
    this.#choose();
    for (const end of ends) this.#trie.link(end, joined);
    return joined;
  }

  #link(from: number, to: number): void {
    this.#choose();
    this.#trie.link(from, to);
  }

  #choose(): void {
    this.#choices++;
    if (this.#choices > MAX_CHOICES) throw new UnusualError();
  }

  /** One character, or a set of which one is taken. */
  #character(): number | CharacterSet {
    const character = this.#text[this.#at]!;
    if (character === ".") {
      this.#at++;
      return this.#dot;
    }
    if (character === "[") return this.#class();
    if (character === "\\") return this.#foldingCase(this.#escape());
    if (character === undefined || /[*+?{()|^$]/.test(character)) throw new UnusualError();
    this.#at++;
    return this.#foldingCase(character.charCodeAt(0));
  }

  #foldingCase(character: number | CharacterSet): number | CharacterSet {
    if (!this.#ignoresCase) return character;
    if (typeof character !== "number") return new CharacterSet().addAll(character).foldCase();
    if (character > 0x7f) throw new UnusualError();
    return /[A-Za-z]/.test(String.fromCharCode(character))
      ? new CharacterSet().add(character).foldCase()
      : character;
  }

  #escape(): number | CharacterSet {
    const [text = "", hex] =
      /^\\(?:x([0-9A-Fa-f]{2})|[\s\S])/.exec(this.#text.slice(this.#at, this.#at + 4)) ?? [];
    const letter = text[1];
    if (letter === undefined) throw new UnusualError();
    this.#at += text.length;
    if (hex !== undefined) return Number.parseInt(hex, 16);
    const set = SETS[letter.toLowerCase()];
    if (set) return letter in SETS ? set : set.negated();
    const control = CONTROLS[letter];
    if (control !== undefined) return control;
    if (/[0-9A-Za-z]/.test(letter)) throw new UnusualError();
    return letter.charCodeAt(0);
  }

  #class(): CharacterSet {
    const end = classEnd(this.#text, this.#at);
    this.#at++;
    const negated = this.#text[this.#at] === "^";
    if (negated) this.#at++;
    if (this.#text[this.#at] === "]") throw new UnusualError();
    const set = new CharacterSet();
    while (this.#at < end - 1) {
      const first = this.#member();
      if (typeof first !== "number") set.addAll(first);
      else set.add(first, this.#lastOfRange(first, end));
    }
    if (this.#text[this.#at] !== "]") throw new UnusualError();
    this.#at++;
    if (this.#ignoresCase) set.foldCase();
    return negated ? set.negated() : set;
  }

  #lastOfRange(first: number, end: number): number {
    if (this.#text[this.#at] !== "-" || this.#at + 1 >= end - 1) return first;
    this.#at++;
    const last = this.#member();
    if (typeof last !== "number" || last < first) throw new UnusualError();
    return last;
  }

  /** One member of a class: a character of ASCII, or a set. */
  #member(): number | CharacterSet {
    const text = this.#text;
    if (text[this.#at] === "[" && /[:.=]/.test(text[this.#at + 1] ?? "")) throw new UnusualError();
    const member = text[this.#at] === "\\" ? this.#escape() : text.charCodeAt(this.#at++);
    if (typeof member === "number" && member > 0x7f) throw new UnusualError();
    return member;
  }

  /** The quantifier that stands here; {@link ONCE} itself where there is none. */
  #quantifier(): Quantifier {
    const mark = this.#text[this.#at];
    if (mark === undefined || !"?*+{".includes(mark)) return ONCE;
    const [text = "", least, comma, most] =
      /^(?:[?*+]|\{(\d{1,4})(,?)(\d{0,4})\})/.exec(this.#text.slice(this.#at, this.#at + 12)) ?? [];
    if (text === "") throw new UnusualError();
    this.#at += text.length;
    let min = mark === "+" ? 1 : 0;
    let max = mark === "?" ? 1 : Number.POSITIVE_INFINITY;
    if (mark === "{") {
      min = Number(least);
      if (comma === "") max = min;
      else if (most !== "") max = Number(most);
    }
    if (min > max || min > MAX_COUNT || (max > MAX_COUNT && max < Number.POSITIVE_INFINITY)) {
      throw new UnusualError();
    }
    return { min, max, possessive: this.#manner() };
  }

  /** Passes over what makes a quantifier lazy, which finds the same, or possessive. */
  #manner(): boolean {
    const mark = this.#text[this.#at];
    if (mark === "?" || mark === "+") this.#at++;
    if ("?*+".includes(this.#text[this.#at] ?? " ")) throw new UnusualError();
    return mark === "+";
  }
}

const DIGITS = new CharacterSet().add(0x30, 0x39);
const SETS: Readonly<Record<string, CharacterSet>> = {
  d: DIGITS,
  w: new CharacterSet().addAll(DIGITS).add(0x41, 0x5a).add(0x61, 0x7a).add(0x5f),
  s: new CharacterSet().add(0x09, 0x0d).add(0x20),
};
const CONTROLS: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, f: 0x0c, r: 0x0d };

function setOf(character: number | CharacterSet): CharacterSet {
  if (typeof character !== "number") return character;
  if (character > 0x7f) throw new UnusualError();
  return new CharacterSet().add(character);
}

/** Whether no text begins with both, or both are of the same length. */
function areApart(one: readonly CharacterSet[], other: readonly CharacterSet[]): boolean {
  if (one.length === other.length) return true;
  const shorter = Math.min(one.length, other.length);
  return one.slice(0, shorter).some((set, i) => !set.overlaps(other[i]!));
}
