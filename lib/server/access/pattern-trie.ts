/**
 * Many expressions as one tree: those that begin alike share their beginning, so that thousands of names are looked for
 * in a time that hardly grows with their number. A text is read once, from front to back, and never again: its length
 * times the number of states that can be reached at once is all the work there is, whatever the expressions.
 *
 * States and edges are numbers in typed arrays: some 25 bytes for each character of the expressions.
 */
import type { CharacterSet } from "./character-set.ts";

/** Where every expression begins. */
export const ROOT = 0;

/** What an edge asks for. Those from `SHARED` on are taken again by expressions that go on in the same way. */
const Edge = {
  /** Nothing. */
  EMPTY: 0,
  /** A character of a set. */
  TAKE: 1,
  SHARED: 2,
  /** One character. */
  CHARACTER: 2,
  SET: 3,
  /** The beginning or the end of the text. */
  START: 4,
  END: 5,
  /** Nothing: it leads to a state that takes a set's characters again and again, or past one that may be missing. */
  LOOP: 6,
  OPTION: 7,
} as const;

/** A trie that would become larger than it may; the message is the reason, to be put behind "it is too large: ". */
export class TrieFullError extends Error {}

/** Most different sets of characters in one trie: they are looked at one by one. */
const MAX_SETS = 1024;

/** Most places at which one text can be read in two ways: each may be one more state to follow. */
const MAX_BRANCHES = 16_384;

export class PatternTrie {
  readonly #maxStates: number;
  #states = 0;
  #edges = 0;
  #branches = 0;
  /** By state: its newest edge, -1 for none, and whether an expression ends here. */
  #newest = new Int32Array(16);
  #accepts = new Uint8Array(16);
  /** By edge: what it asks for, where it leads, and the next one of the same state. */
  #kinds = new Uint8Array(16);
  #arguments = new Uint16Array(16);
  #targets = new Int32Array(16);
  #next = new Int32Array(16);
  readonly #sets: CharacterSet[] = [];
  readonly #setsByKey = new Map<string, number>();

  /** @param maxStates most states that it may have; with one more, what adds it throws {@link TrieFullError}. */
  constructor(maxStates: number) {
    this.#maxStates = maxStates;
    this.newState();
  }

  /** Whether no expression ends anywhere in it. */
  get isEmpty(): boolean {
    return !this.#accepts.includes(1);
  }

  newState(): number {
    if (this.#states === this.#maxStates) {
      throw new TrieFullError(`written out, its repetitions have more than ${this.#maxStates} characters`);
    }
    if (this.#states === this.#newest.length) {
      this.#newest = grown(this.#newest, Int32Array);
      this.#accepts = grown(this.#accepts, Uint8Array);
    }
    this.#newest[this.#states] = -1;
    return this.#states++;
  }

  /** Notes that an expression ends at a state. */
  accept(state: number): void {
    this.#accepts[state] = 1;
  }

  /** The state behind one character: its code, or a set that has it. */
  take(state: number, character: number | CharacterSet): number {
    if (typeof character === "number") return this.#follow(state, Edge.CHARACTER, character);
    return this.#follow(state, Edge.SET, this.#numberOf(character));
  }

  /** The state behind any number of a set's characters. */
  takeMany(state: number, set: CharacterSet): number {
    const number = this.#numberOf(set);
    const known = this.#find(state, Edge.LOOP, number);
    if (known !== undefined) return known;
    const loop = this.#follow(state, Edge.LOOP, number);
    this.#branch(loop, Edge.TAKE, number, loop);
    return loop;
  }

  /** The state behind one of a set's characters, or none. */
  takeMaybe(state: number, set: CharacterSet): number {
    const number = this.#numberOf(set);
    const known = this.#find(state, Edge.OPTION, number);
    if (known !== undefined) return known;
    const behind = this.#follow(state, Edge.OPTION, number);
    this.#branch(state, Edge.TAKE, number, behind);
    return behind;
  }

  /** The state behind the beginning of the text. */
  start(state: number): number {
    return this.#follow(state, Edge.START, 0);
  }

  /** The state behind the end of the text. */
  end(state: number): number {
    return this.#follow(state, Edge.END, 0);
  }

  /** Lets one state be reached from another without a character. */
  link(from: number, to: number): void {
    this.#branch(from, Edge.EMPTY, 0, to);
  }

  /** Gives back the room that is left for what will not be added any more. */
  finish(): void {
    this.#newest = this.#newest.slice(0, this.#states);
    this.#accepts = this.#accepts.slice(0, this.#states);
    this.#kinds = this.#kinds.slice(0, this.#edges);
    this.#arguments = this.#arguments.slice(0, this.#edges);
    this.#targets = this.#targets.slice(0, this.#edges);
    this.#next = this.#next.slice(0, this.#edges);
    this.#setsByKey.clear();
  }

  /** Whether one of the expressions is found anywhere in the text. */
  isFoundIn(text: string): boolean {
    const reading = Reading.of(this.#states);
    for (let at = 0; ; at++) {
      if (this.#reach(reading, ROOT, at, text.length)) return true;
      if (at === text.length) return false;
      const code = text.charCodeAt(at);
      reading.advance();
      for (let i = 0; i < reading.lastCount; i++) {
        for (let edge = this.#newest[reading.last[i]!]!; edge >= 0; edge = this.#next[edge]!) {
          if (this.#takes(edge, code) && this.#reach(reading, this.#targets[edge]!, at + 1, text.length)) {
            return true;
          }
        }
      }
    }
  }

  #takes(edge: number, code: number): boolean {
    const kind = this.#kinds[edge]!;
    if (kind === Edge.CHARACTER) return this.#arguments[edge] === code;
    return (kind === Edge.SET || kind === Edge.TAKE) && this.#sets[this.#arguments[edge]!]!.has(code);
  }

  /** Adds a state, and all that are reached from it without a character; `true` where an expression ends at one. */
  #reach(reading: Reading, state: number, at: number, length: number): boolean {
    if (!reading.add(state)) return false;
    // Those that were just added are looked at in their turn.
    for (let i = reading.count - 1; i < reading.count; i++) {
      const reached = reading.now[i]!;
      if (this.#accepts[reached] === 1) return true;
      for (let edge = this.#newest[reached]!; edge >= 0; edge = this.#next[edge]!) {
        if (isFree(this.#kinds[edge]!, at, length)) reading.add(this.#targets[edge]!);
      }
    }
    return false;
  }

  /** The state to which an edge leads, which is made where there is none. */
  #follow(state: number, kind: number, argument: number): number {
    const known = this.#find(state, kind, argument);
    if (known !== undefined) return known;
    const target = this.newState();
    this.#addEdge(state, kind, argument, target);
    return target;
  }

  #find(state: number, kind: number, argument: number): number | undefined {
    for (let edge = this.#newest[state]!; edge >= 0; edge = this.#next[edge]!) {
      if (this.#kinds[edge] === kind && this.#arguments[edge] === argument) return this.#targets[edge];
    }
    return undefined;
  }

  #branch(from: number, kind: number, argument: number, to: number): void {
    if (this.#branches === MAX_BRANCHES) {
      throw new TrieFullError(`it has more than ${MAX_BRANCHES} wildcards and optional parts`);
    }
    this.#branches++;
    this.#addEdge(from, kind, argument, to);
  }

  #addEdge(from: number, kind: number, argument: number, to: number): void {
    if (this.#edges === this.#kinds.length) {
      this.#kinds = grown(this.#kinds, Uint8Array);
      this.#arguments = grown(this.#arguments, Uint16Array);
      this.#targets = grown(this.#targets, Int32Array);
      this.#next = grown(this.#next, Int32Array);
    }
    const edge = this.#edges++;
    this.#kinds[edge] = kind;
    this.#arguments[edge] = argument;
    this.#targets[edge] = to;
    this.#next[edge] = this.#newest[from]!;
    this.#newest[from] = edge;
  }

  #numberOf(set: CharacterSet): number {
    const { key } = set;
    const known = this.#setsByKey.get(key);
    if (known !== undefined) return known;
    if (this.#sets.length === MAX_SETS) {
      throw new TrieFullError(`it has more than ${MAX_SETS} different classes of characters`);
    }
    this.#setsByKey.set(key, this.#sets.length);
    return this.#sets.push(set) - 1;
  }
}

function isFree(kind: number, at: number, length: number): boolean {
  if (kind === Edge.EMPTY || kind >= Edge.LOOP) return true;
  return (kind === Edge.START && at === 0) || (kind === Edge.END && at === length);
}

function grown<Numbers extends Int32Array | Uint16Array | Uint8Array>(
  numbers: Numbers,
  type: new (length: number) => Numbers,
): Numbers {
  const larger = new type(2 * numbers.length);
  larger.set(numbers);
  return larger;
}

/** The states reached before and behind the character that is being read. One is enough: a text is read in one go. */
class Reading {
  static #shared = new Reading(1024);
  now: Int32Array;
  last: Int32Array;
  count = 0;
  lastCount = 0;
  /** By state: the step in which it was reached last. */
  readonly #reached: Uint32Array;
  #step = 0;

  /** An empty one with room for so many states. */
  static of(states: number): Reading {
    if (Reading.#shared.now.length < states) Reading.#shared = new Reading(2 * states);
    const reading = Reading.#shared;
    reading.advance();
    reading.lastCount = 0;
    return reading;
  }

  private constructor(states: number) {
    this.now = new Int32Array(states);
    this.last = new Int32Array(states);
    this.#reached = new Uint32Array(states);
  }

  /** Whether the state is new at this place of the text. */
  add(state: number): boolean {
    if (this.#reached[state] === this.#step) return false;
    this.#reached[state] = this.#step;
    this.now[this.count++] = state;
    return true;
  }

  advance(): void {
    [this.now, this.last] = [this.last, this.now];
    this.lastCount = this.count;
    this.count = 0;
    if (this.#step === 0xffff_ffff) {
      this.#reached.fill(0);
      this.#step = 0;
    }
    this.#step++;
  }
}
