/** Numbers on a command line. */
import { usageError } from "./command.ts";

/** The number that an option was given, if it was; not negative. */
export function numberOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && Number.isFinite(value)) return value;
  throw usageError(`--${name} ${text}: give a number`);
}
