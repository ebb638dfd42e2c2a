/** A message that a node cannot use. */
import { CodedError } from "../../lib/errors.ts";

/** The sentence says what the message lacks, and what to give. */
export class MessageError extends CodedError<"INVALID_MESSAGE"> {
  constructor(message: string) {
    super("INVALID_MESSAGE", message);
  }
}

/** Letters of a text that are said of it in a sentence. */
const MOST_LETTERS = 80;

/** What a message has where a word is expected, as a sentence can say it: whatever the value is, and however long. */
export function shownValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > MOST_LETTERS ? `${value.slice(0, MOST_LETTERS)}…` : value);
    case "number":
    case "boolean":
      return String(value);
    case "undefined":
      return "missing";
    case "object":
      return value === null ? "null" : "an object";
    default:
      return `a ${typeof value}`;
  }
}
