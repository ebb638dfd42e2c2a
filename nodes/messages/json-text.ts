/**
 * The JSON text that a payload came as. A value is not all of it: numbers of many digits, `1.10`, the order of keys and
 * escapes are written otherwise when the value is. So the text travels beside the value, in `msg.datalink.text` or
 * `msg.seedlink.text`, and is written in its place for as long as it says the same.
 */
import { parseJson } from "../../lib/json.ts";

/**
 * The text, where a value alone would not bring it back, white space aside; where the value is a text, it could be taken for a JSON
 * text itself.
 */
export function textToKeep(value: unknown, text: string): string | undefined {
  if (typeof value === "string") return text;
  const anew = JSON.stringify(value);
  return anew === text || anew === withoutSpace(text) ? undefined : text;
}

/** A JSON text without the white space between its tokens. */
function withoutSpace(text: string): string {
  return text.replace(/("[^"\\]*(?:\\.[^"\\]*)*")|\s+/g, "$1");
}

interface Message {
  payload?: unknown;
  datalink?: unknown;
  seedlink?: unknown;
}

/** The text that a message's payload came as; `undefined` where it has none, or where the payload is another value by now. */
export function textOfPayload(msg: Message): string | undefined {
  const text = [msg.datalink, msg.seedlink]
    .map((property) => (property as { text?: unknown } | null | undefined)?.text)
    .find((kept) => typeof kept === "string");
  return text !== undefined && isValueOf(msg.payload, text) ? text : undefined;
}

function isValueOf(value: unknown, text: string): boolean {
  try {
    return isSame(parseJson(text), value);
  } catch {
    return false;
  }
}

/**
 * Whether `value` is equal to a parsed document, which is neither deep nor circular. Its prototypes do not count: function nodes
 * have their own `Object`.
 */
function isSame(parsed: unknown, value: unknown): boolean {
  if (typeof parsed !== "object" || parsed === null) return parsed === value;
  if (typeof value !== "object" || value === null || Array.isArray(parsed) !== Array.isArray(value))
    return false;
  const keys = keysOf(parsed);
  return (
    keys.length === keysOf(value).length &&
    keys.every((key) => Object.hasOwn(value, key) && isSame(parsed[key as never], value[key as never]))
  );
}

/** Node-RED's copies leave out a key that looks like a prototype. */
function keysOf(value: object): string[] {
  return Object.keys(value).filter((key) => key !== "__proto__");
}
