/**
 * Patterns that clients send, matched by an engine whose time grows with the length of the text and never
 * with the cunning of the pattern (RE2): no pattern can hold up the server. What RE2 cannot express, it refuses.
 */
import { RE2JS } from "re2js";

/** A compiled pattern; like ringserver's it is searched for anywhere in the text, and is case-sensitive. */
export interface Pattern {
  readonly text: string;
  test(text: string): boolean;
}

/** Largest compiled program, in instructions: `(x{100}){100}` is short to write and long to run. */
const MAX_PROGRAM = 20_000;

/** Compiles a pattern; a NUL ends it. Returns `undefined` where it is none, or beyond what RE2 expresses. */
export function compilePattern(text: string): Pattern | undefined {
  const nul = text.indexOf("\0");
  const pattern = nul < 0 ? text : text.slice(0, nul);
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.programSize() > MAX_PROGRAM) return undefined;
    return { text: pattern, test: (candidate) => compiled.test(candidate) };
  } catch {
    return undefined;
  }
}
