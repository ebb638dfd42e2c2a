/** JSON from outside, within limits: {@link parseJson}. */
import { CodedError } from "./errors.ts";
import { MAX_JSON_DEPTH } from "./limits.ts";

/** JSON that is not taken because of its size. */
export class JsonError extends CodedError<"TOO_LARGE"> {}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * The value of a JSON text that is at most {@link MAX_JSON_DEPTH} deep. Its depth is looked at first, so that no deeper
 * value ever comes into being.
 *
 * @throws SyntaxError where it is not JSON
 * @throws JsonError `TOO_LARGE` where it is deeper
 */
export function parseJson(text: string): unknown {
  if (text.length > MAX_JSON_DEPTH && isTooDeep(text)) {
    throw new JsonError("TOO_LARGE", `its lists and objects are more than ${MAX_JSON_DEPTH} deep`);
  }
  return JSON.parse(text);
}

/** Of text that is not JSON, any answer will do: it is refused in either case. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = endOfString(text, at);
    else if (OPENING.has(character) && ++depth > MAX_JSON_DEPTH) return true;
    else if (CLOSING.has(character)) depth--;
  }
  return false;
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
