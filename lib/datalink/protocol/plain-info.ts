/** INFO as people and other programs read it: plain values only. */
import type { Steps } from "../../slices.ts";
import { formatMicroseconds } from "../../time.ts";

/** The properties of INFO that are times, in microseconds since 1970. */
const TIME = /(?:Time|DataStart|DataEnd|^dataStart|^dataEnd)$/;

/** INFO with packet ids as strings and times as ISO 8601 UTC, without the server's XML. */
export function* plainInfo(info: object): Steps<Record<string, unknown>> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(info)) {
    if (name === "xml") continue;
    plain[name] = Array.isArray(value) ? yield* plainRows(value as object[]) : plainValue(name, value);
  }
  return plain;
}

function* plainRows(rows: readonly object[]): Steps<Record<string, unknown>[]> {
  const plain: Record<string, unknown>[] = [];
  for (const row of rows) {
    plain.push(plainRow(row));
    yield;
  }
  return plain;
}

function plainRow(row: object): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) plain[name] = plainValue(name, value);
  return plain;
}

function plainValue(name: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return TIME.test(name) ? formatMicroseconds(value) : value;
  return typeof value === "object" && value !== null ? plainRow(value) : value;
}
