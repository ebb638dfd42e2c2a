// What can be fuzzed: a maker of inputs, and what must hold of whatever comes of one.
import { CodedError } from "../../lib/errors.ts";
import type { Random } from "./random.ts";

/** One thing under test, ready to be given inputs. */
export interface Fuzzer<Input> extends Partial<AsyncDisposable> {
  /** An input that JSON can hold; it may have bytes in it. The same random numbers make the same input. */
  make(random: Random): Input;
  /** Throws where something is wrong with what came of the input. */
  check(input: Input, random: Random): void | Promise<void>;
}

export interface Target<Input = unknown> {
  /** What is given what, in a few words. */
  readonly about: string;
  /** How many inputs the quick suite tries: what takes together less than a second of processor time. */
  readonly quick: number;
  /** Starts servers, makes folders, reads vectors. */
  open(): Fuzzer<Input> | Promise<Fuzzer<Input>>;
}

/** For lists of targets, which differ in their inputs. */
export function target<Input>(
  about: string,
  quick: number,
  open: () => Fuzzer<Input> | Promise<Fuzzer<Input>>,
): Target {
  return { about, quick, open } as Target;
}

/** What an action gives, or the code of the documented error that it ends with; any other error passes. */
export function outcomeOf<Value>(action: () => Value): { value: Value } | { code: string } {
  try {
    return { value: action() };
  } catch (error) {
    return { code: codeOf(error) };
  }
}

/** The same for what takes time. */
export async function laterOutcomeOf<Value>(
  action: () => Promise<Value>,
): Promise<{ value: Value } | { code: string }> {
  try {
    return { value: await action() };
  } catch (error) {
    return { code: codeOf(error) };
  }
}

/** The code of an error of this package, with a sentence; any other error is thrown again. */
function codeOf(error: unknown): string {
  if (!(error instanceof CodedError)) throw error;
  const { code, message } = error as CodedError<string>;
  if (!/^[A-Z][A-Z_0-9]+$/.test(code) || message.length < 10) {
    throw new Error(`an error without a code or a sentence: ${code} ${message}`, { cause: error });
  }
  return code;
}
