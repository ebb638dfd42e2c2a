/**
 * Extra headers as text. They are edited where they stand: what is not touched keeps its very characters, so that a number
 * `2.0` stays `2.0`, and the keys their order and spelling. Values are named by JSON pointers (RFC 6901):
 * `/FDSN/Time/Quality`. Of a key that an object has twice, the last one counts, as `JSON.parse` has it.
 */
import { parseJson } from "../json.ts";
import { MiniSeedError } from "./errors.ts";

/** JSON as extra headers have it. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** A JSON object, as all extra headers of a record are. */
export type JsonObject = { [key: string]: JsonValue };

/** From where to where something stands in the text. */
interface Span {
  start: number;
  end: number;
}

/** A value in an object or array, and its key or index. */
interface Child extends Span {
  key: string;
  /** Where the key begins; in an array, the value. */
  keyStart: number;
}

/**
 * The value that a pointer names, or `undefined` if there is none. The pointer `""` names all of it.
 * @throws MiniSeedError `INVALID_ARGUMENT` for what is not a pointer; `EXTRA_HEADERS_INVALID` for text that is not a JSON object
 */
export function getExtraHeader(text: string, pointer: string): JsonValue | undefined {
  const json = getExtraHeaderText(text, pointer);
  return json === undefined ? undefined : (JSON.parse(json) as JsonValue);
}

/** As `getExtraHeader`, but the JSON text of the value as it stands. */
export function getExtraHeaderText(text: string, pointer: string): string | undefined {
  const json = checkObject(text);
  const span = find(json, parsePointer(pointer));
  return span && json.slice(span.start, span.end);
}

/**
 * The text with one value set and everything else as it was. Objects that are missing on the way are made; in an array the
 * index after the last one, or `-`, appends.
 * @throws MiniSeedError as `getExtraHeader`; and `INVALID_ARGUMENT` where the pointer leads through a value that has no members or
 *   beyond the end of an array
 */
export function setExtraHeader(text: string, pointer: string, value: JsonValue): string {
  return setExtraHeaderText(text, pointer, toJson(value));
}

/**
 * A value of a program as JSON text.
 * @throws MiniSeedError `EXTRA_HEADERS_INVALID` where JSON has nothing for it: a bigint, a circle, `undefined`
 */
export function toJson(value: unknown): string {
  let why = "it has nothing for that";
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    // What is said of circles goes on over several lines.
    why = String((error as Error | undefined)?.message ?? error).split("\n", 1)[0]!;
  }
  throw new MiniSeedError("EXTRA_HEADERS_INVALID", `extra headers cannot be written as JSON: ${why}`);
}

/** As `setExtraHeader`, with the value as JSON text, which keeps its spelling: `2.0`. */
export function setExtraHeaderText(text: string, pointer: string, valueText: string): string {
  const json = checkObject(text);
  parse(valueText, "value");
  const keys = parsePointer(pointer);
  // What is set may lie deeper than the value is by itself.
  return checkObject(keys.length === 0 ? valueText : withValue(json, pointer, keys, valueText));
}

function withValue(json: string, pointer: string, keys: readonly string[], valueText: string): string {
  let span = rootOf(json);
  for (const [depth, key] of keys.entries()) {
    const child = childOf(json, span, key);
    if (!child) return insert(json, span, pointer, keys.slice(depth), valueText);
    span = child;
  }
  return json.slice(0, span.start) + valueText + json.slice(span.end);
}

/**
 * The text without the value that a pointer names; the same text if there is none. Nothing but `{}` becomes `""`.
 * @throws MiniSeedError as `getExtraHeader`
 */
export function removeExtraHeader(text: string, pointer: string): string {
  let json = checkObject(text);
  const keys = parsePointer(pointer);
  const key = keys.pop();
  if (key === undefined) return "";
  // An object may have the key twice: all of them go, or the one before would come to light. An array's index is once.
  for (;;) {
    const parent = find(json, keys);
    const member = parent && childOf(json, parent, key);
    if (!member) break;
    json = cut(json, parent, member);
    if (json[parent.start] === "[") break;
  }
  return childrenOf(json, rootOf(json)).length === 0 ? "" : json;
}

/** The empty text stands for an object without members. */
function checkObject(text: string): string {
  return text === "" ? "{}" : checkExtraHeaders(text);
}

/**
 * The text itself, if it is a JSON object.
 * @throws MiniSeedError `EXTRA_HEADERS_INVALID` if it is not
 */
export function checkExtraHeaders(text: string): string {
  const value = parse(text, "extra headers");
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return text;
  throw new MiniSeedError("EXTRA_HEADERS_INVALID", "extra headers are JSON, but not an object");
}

function parse(text: string, name: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new MiniSeedError("EXTRA_HEADERS_INVALID", `${name}: not JSON: ${(error as Error).message}`);
  }
}

/** The keys of a pointer; in it, `~1` stands for `/` and `~0` for `~`. */
function parsePointer(pointer: string): string[] {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `${JSON.stringify(pointer)} is not a JSON pointer: write it like /FDSN/Time/Quality`,
    );
  }
  return pointer
    .slice(1)
    .split("/")
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function find(json: string, keys: readonly string[]): Span | undefined {
  let span: Span | undefined = rootOf(json);
  for (const key of keys) span = span && childOf(json, span, key);
  return span;
}

function rootOf(json: string): Span {
  const start = skipSpace(json, 0);
  return { start, end: endOfValue(json, start) };
}

function childOf(json: string, parent: Span, key: string): Child | undefined {
  return childrenOf(json, parent).findLast((child) => child.key === key);
}

/** The members of an object or the elements of an array; none of anything else. The text is known to be JSON. */
function childrenOf(json: string, { start }: Span): Child[] {
  const isObject = json[start] === "{";
  if (!isObject && json[start] !== "[") return [];
  const children: Child[] = [];
  let at = skipSpace(json, start + 1);
  while (json[at] !== "}" && json[at] !== "]") {
    const keyStart = at;
    let key = String(children.length);
    if (isObject) {
      const keyEnd = endOfString(json, at);
      key = JSON.parse(json.slice(at, keyEnd)) as string;
      at = skipSpace(json, skipSpace(json, keyEnd) + 1);
    }
    const end = endOfValue(json, at);
    children.push({ key, keyStart, start: at, end });
    at = skipSpace(json, end);
    if (json[at] === ",") at = skipSpace(json, at + 1);
  }
  return children;
}

/** Adds a member to an object, or an element to an array: `keys` from the one that is missing in the parent on. */
function insert(
  json: string,
  parent: Span,
  pointer: string,
  keys: readonly string[],
  valueText: string,
): string {
  const [key = "", ...rest] = keys;
  const children = childrenOf(json, parent);
  const opening = json[parent.start];
  const made = rest.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, valueText);
  let member: string;
  if (opening === "{") {
    member = `${JSON.stringify(key)}:${made}`;
  } else if (opening === "[" && (key === "-" || key === String(children.length))) {
    member = made;
  } else {
    const found = opening === "[" ? `an array of ${children.length}` : json.slice(parent.start, parent.end);
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `${pointer}: there is no place for ${JSON.stringify(key)} in ${found}`,
    );
  }
  const last = children.at(-1);
  const at = last ? last.end : parent.start + 1;
  return `${json.slice(0, at)}${last ? "," : ""}${member}${json.slice(at)}`;
}

/** The text without a member, and without the comma that kept it apart. */
function cut(json: string, parent: Span, member: Child): string {
  const children = childrenOf(json, parent);
  const index = children.findIndex((child) => child.start === member.start);
  const next = children[index + 1];
  if (next) return json.slice(0, member.keyStart) + json.slice(next.keyStart);
  const before = children[index - 1];
  return json.slice(0, before ? before.end : parent.start + 1) + json.slice(member.end);
}

function endOfValue(json: string, start: number): number {
  const first = json[start];
  if (first === '"') return endOfString(json, start);
  if (first !== "{" && first !== "[") {
    let at = start;
    while (at < json.length && !/[\s,\]}]/.test(json[at] as string)) at++;
    return at;
  }
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const c = json[at];
    if (c === '"') at = endOfString(json, at) - 1;
    else if (c === "{" || c === "[") depth++;
    else if ((c === "}" || c === "]") && --depth === 0) return at + 1;
  }
  return json.length;
}

function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
  return at + 1;
}

function skipSpace(json: string, start: number): number {
  let at = start;
  while (at < json.length && /\s/.test(json[at] as string)) at++;
  return at;
}
