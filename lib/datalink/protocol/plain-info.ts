/** INFO as people and other programs read it: plain values only. */
import { formatMicroseconds } from "../../time.ts";

/** The properties of INFO that are times, in microseconds since 1970. */
const TIME = /(?:Time|DataStart|DataEnd|^dataStart|^dataEnd)$/;

/** INFO with packet ids as strings and times as ISO 8601 UTC, without the server's XML. */
export function plainInfo(info: object): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(info)) {
    if (name === "xml") continue;
    plain[name] = plainValue(name, value);
  }
  return plain;
}

function plainValue(name: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return TIME.test(name) ? formatMicroseconds(value) : value;
  if (Array.isArray(value)) return value.map((item) => plainInfo(item as object));
  return typeof value === "object" && value !== null ? plainInfo(value) : value;
}
