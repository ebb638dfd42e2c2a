/**
 * Patterns that strangers send, matched so that none of them can hold up the server: by RE2, whose time grows with the
 * length of the text and never with the cunning of the pattern, in programs of bounded size and memory. What that
 * cannot express is refused in words.
 *
 * Programs send long lists of stream ids joined by `|`. A pattern is therefore taken apart at its outermost `|`: what
 * is plain text needs no engine, and the rest is compiled piece by piece.
 */
import { RE2JS, RE2JSException } from "re2js";
import { DataLinkError } from "../../datalink/protocol/errors.ts";

/** A compiled pattern; like ringserver's it is searched for anywhere in the text, and is case-sensitive. */
export interface Pattern {
  readonly text: string;
  test(text: string): boolean;
  /** Gives memory back that tests have taken; they take it again. Called after a round of tests. */
  release(): void;
}

/** A pattern that cannot be used, and why in words; empty where it is simply not a regular expression. */
export class PatternError extends Error {}

/** Most instructions of all the compiled pieces together, and of a single one; `x{1000}` has 1000. */
const MAX_PROGRAM = 2500;
const MAX_PIECE = 800;

/** Most bytes that RE2's memory of one pattern may take between two releases. */
const MAX_MEMORY = 16 * 1024 * 1024;

/** What RE2 keeps while it reads one text, at most: a state per character, with a number per instruction. */
const STATES_PER_TEST = 64;
const BYTES_PER_STATE = 150;
const BYTES_PER_INSTRUCTION = 8;

/** Compiles a pattern, step by step. A NUL ends it. The steps throw {@link PatternError} where it cannot be used. */
export function* compilePattern(text: string): Generator<undefined, Pattern> {
  const nul = text.indexOf("\0");
  const pattern = nul < 0 ? text : text.slice(0, nul);
  const literals: Literal[] = [];
  const expressions: RE2JS[] = [];
  let room = MAX_PROGRAM;
  const { before, alternatives, after } = takeApart(pattern);
  for (const alternative of alternatives) {
    const literal = literalOf(before + alternative + after);
    if (literal) literals.push(literal);
    else {
      const piece = before + after === "" ? alternative : `${before}(?:${alternative})${after}`;
      const expression = compileExpression(piece, Math.min(room, MAX_PIECE));
      room -= expression.programSize();
      expressions.push(expression);
    }
    yield;
  }
  return new CompiledPattern(pattern, literals, expressions, MAX_PROGRAM - room);
}

/**
 * Compiles a pattern of the server's own settings.
 *
 * @throws DataLinkError `INVALID_ARGUMENT` where it cannot be used.
 */
export function compileNow(text: string): Pattern {
  try {
    const steps = compilePattern(text);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const reason = error.message || "it is no regular expression";
    throw new DataLinkError("INVALID_ARGUMENT", `The pattern "${text}" cannot be used: ${reason}.`, {
      cause: error,
    });
  }
}

class CompiledPattern implements Pattern {
  readonly text: string;
  readonly #literals: Literal[];
  readonly #expressions: RE2JS[];
  readonly #testsPerRelease: number;
  #tests = 0;

  constructor(text: string, literals: Literal[], expressions: RE2JS[], instructions: number) {
    this.text = text;
    this.#literals = literals;
    this.#expressions = expressions;
    const bytesPerTest =
      STATES_PER_TEST * (BYTES_PER_STATE * expressions.length + BYTES_PER_INSTRUCTION * instructions);
    this.#testsPerRelease = Math.floor(MAX_MEMORY / bytesPerTest);
  }

  test(text: string): boolean {
    if (this.#literals.some((literal) => contains(text, literal))) return true;
    if (this.#tests >= this.#testsPerRelease) this.release();
    this.#tests++;
    return this.#expressions.some((expression) => expression.test(text));
  }

  release(): void {
    if (this.#tests === 0) return;
    this.#tests = 0;
    for (const expression of this.#expressions) expression.reset();
  }
}

/** Plain text, to be found anywhere, or where `^` and `$` say. */
interface Literal {
  text: string;
  atStart: boolean;
  atEnd: boolean;
}

const PLAIN = /^(\^?)((?:[^\\^$.|?*+()[\]{}]|\\[^0-9A-Za-z])*)(\$?)$/;

function literalOf(piece: string): Literal | undefined {
  const parts = PLAIN.exec(piece);
  if (!parts) return undefined;
  const text = parts[2]!.replace(/\\(.)/gs, "$1");
  return { text, atStart: parts[1] === "^", atEnd: parts[3] === "$" };
}

function contains(text: string, literal: Literal): boolean {
  if (literal.atStart) return literal.atEnd ? text === literal.text : text.startsWith(literal.text);
  return literal.atEnd ? text.endsWith(literal.text) : text.includes(literal.text);
}

/** A pattern as alternatives, each with the same anchors around it: `^(a|b)$` is `^a$` or `^b$`. */
interface Parts {
  before: string;
  alternatives: string[];
  after: string;
}

function takeApart(pattern: string): Parts {
  // Flags hold for all that follows them, and \Q quotes bars, too.
  if (/\(\?[a-zA-Z-]+\)|\\Q/.test(pattern)) return { before: "", alternatives: [pattern], after: "" };
  const bars = outerBars(pattern);
  const group = /^(\^?)\((?:\?:|(?!\?))(.*)\)(\$?)$/s.exec(pattern);
  if (bars.length > 0 || !group) return { before: "", alternatives: splitAt(pattern, bars), after: "" };
  const [, before, inner, after] = group as unknown as [string, string, string, string];
  const innerBars = outerBars(inner);
  // In (a)|(b) or (a)(b) the first and the last parenthesis are no pair: what is between closes more than it opens.
  if (innerBars.length === 0 || !isBalanced(inner)) return { before: "", alternatives: [pattern], after: "" };
  return { before, alternatives: splitAt(inner, innerBars), after };
}

function outerBars(pattern: string): number[] {
  const bars: number[] = [];
  let depth = 0;
  for (const { kind, at } of tokens(pattern)) {
    if (kind === "(") depth++;
    else if (kind === ")") depth--;
    else if (kind === "|" && depth === 0) bars.push(at);
  }
  return bars;
}

function isBalanced(pattern: string): boolean {
  let depth = 0;
  for (const { kind } of tokens(pattern)) {
    if (kind === "(") depth++;
    else if (kind === ")") depth--;
    if (depth < 0) return false;
  }
  return depth === 0;
}

function splitAt(pattern: string, bars: number[]): string[] {
  return [-1, ...bars].map((bar, i) => pattern.slice(bar + 1, bars[i]));
}

function compileExpression(piece: string, room: number): RE2JS {
  // Names are ASCII: classes of all the world's letters would only make tables.
  if (/\\[pP]|[^ -~]/.test(piece))
    throw new PatternError("only printable ASCII can be matched, without \\p and \\P");
  if (expandedSize(piece) > room) throw new PatternError(TOO_LARGE);
  const expression = compileByRe2(piece);
  if (expression.programSize() > room) throw new PatternError(TOO_LARGE);
  return expression;
}

const TOO_LARGE = "it is too large when counted repetitions are written out, use fewer or shorter ones";

function compileByRe2(piece: string): RE2JS {
  try {
    return RE2JS.compile(piece);
  } catch (error) {
    if (!(error instanceof RE2JSException) && !(error instanceof RangeError)) throw error;
    const isBeyondRe2 = BEYOND_RE2.test(error.message);
    throw new PatternError(isBeyondRe2 ? `${BEYOND} (${error.message})` : "", { cause: error });
  }
}

/** What RE2 says of expressions that other engines take. */
const BEYOND_RE2 = /Perl syntax|\(\?<[=!]|escape sequence|nested repetition|repeat count|too large/;
const BEYOND =
  "look-around, back-references, possessive quantifiers and more than 1000 repetitions are not supported";

type Token = { kind: "(" | ")" | "|" | "atom" | "repeat"; at: number; times: number };

const TOKEN =
  /\\[\s\S]?|\[\^?\]?(?:\[:\^?\w*:\]|\\[\s\S]|[^\]\\])*\]?|\(\??|\)|\||\{\d*,?\d*\}|[*+?]|[\s\S]/g;

/** The pattern in the coarse pieces that matter here: groups, bars, repetitions and single matchers. */
function* tokens(pattern: string): Generator<Token> {
  for (const { 0: text, index: at } of pattern.matchAll(TOKEN)) {
    const repeat = /^\{(\d+),?(\d*)\}$/.exec(text);
    if (repeat) yield { kind: "repeat", at, times: Math.max(1, Number(repeat[1]), Number(repeat[2])) };
    else if (text === "*" || text === "+" || text === "?") yield { kind: "repeat", at, times: 1 };
    else if (text.startsWith("(")) yield { kind: "(", at, times: 1 };
    else if (text === ")" || text === "|") yield { kind: text, at, times: 1 };
    else yield { kind: "atom", at, times: 1 };
  }
}

/** About how many instructions the pattern has once counted repetitions are written out. */
function expandedSize(pattern: string): number {
  const outer: number[] = [];
  let [group, last] = [0, 0];
  for (const { kind, times } of tokens(pattern)) {
    if (kind === "(") {
      outer.push(group + last);
      [group, last] = [0, 0];
    } else if (kind === ")") {
      last = group + last + 1;
      group = outer.pop() ?? 0;
    } else if (kind === "repeat") {
      last = (last + 1) * times;
    } else {
      group += last;
      last = 1;
    }
  }
  return outer.reduce((sum, size) => sum + size, group + last);
}
