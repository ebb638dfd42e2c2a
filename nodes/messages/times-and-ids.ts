/** Times, packet ids and text in the properties of a message: taken where it is beyond doubt what is meant, refused with words otherwise. */
import { types } from "node:util";
import { MAX_PACKET_ID } from "../../lib/datalink/protocol/packet.ts";
import { type TimeInput, toMicroseconds } from "../../lib/time.ts";
import { MessageError } from "./message-error.ts";

const ADVICE = "give ISO 8601 text such as 2026-11-22T06:19:29.804015Z, or a Date";

/**
 * From here on a number can only be microseconds, and a bigint nanoseconds: 1973. What is below may just as well be milliseconds, as
 * of `Date.now()`, or seconds.
 */
const LEAST_MICROSECONDS = 1e14;
const LEAST_NANOSECONDS = 10n ** 17n;

/**
 * A time: text, a Date, or microseconds since 1970 as a number; `undefined` for none.
 * @param name where it stands, such as `msg.datalink.dataStart`
 * @throws MessageError
 */
export function readTime(name: string, value: unknown): TimeInput | undefined {
  if (isBlank(value)) return undefined;
  if (typeof value === "number" || typeof value === "bigint") {
    if (isWholeTime(value)) return value;
    throw new MessageError(
      `${name} is ${String(value)}, a number that may count seconds, milliseconds or microseconds: ${ADVICE}.`,
    );
  }
  const time = types.isDate(value) ? new Date(value.getTime()) : value;
  if ((typeof time === "string" || time instanceof Date) && toMicroseconds(time) !== undefined) return time;
  throw new MessageError(`${name} is not a time: ${ADVICE}.`);
}

function isWholeTime(value: number | bigint): boolean {
  if (typeof value === "bigint")
    return value === 0n || value >= LEAST_NANOSECONDS || -value >= LEAST_NANOSECONDS;
  return Number.isSafeInteger(value) && (value === 0 || Math.abs(value) >= LEAST_MICROSECONDS);
}

/**
 * A time of a packet, in microseconds since 1970; `undefined` for none.
 * @throws MessageError
 */
export function readPacketTime(name: string, value: unknown): number | undefined {
  const known = typeof value === "string" ? toMicroseconds(value) : undefined;
  if (known !== undefined && Number.isSafeInteger(known)) return known;
  const time = readTime(name, value);
  if (time === undefined) return undefined;
  const microseconds = toMicroseconds(time) as number;
  if (Number.isSafeInteger(microseconds)) return microseconds;
  throw new MessageError(`${name} is outside of the years 1685 to 2255, which a packet can tell: ${ADVICE}.`);
}

/**
 * A packet id: digits, or a number that is exact; `undefined` for none.
 * @throws MessageError
 */
export function readPacketId(name: string, value: unknown): bigint | undefined {
  if (isBlank(value)) return undefined;
  const isDigits = typeof value === "string" && /^\d{1,20}$/.test(value.trim());
  const isExact = typeof value === "bigint" || Number.isSafeInteger(value);
  const id = isDigits || isExact ? BigInt(value as string | number | bigint) : -1n;
  if (id >= 0n && id <= MAX_PACKET_ID) return id;
  throw new MessageError(`${name} is not a packet id: give its digits as text, such as "4711".`);
}

/**
 * Text without surrounding spaces; empty for none.
 * @throws MessageError
 */
export function readText(name: string, value: unknown): string {
  if (isBlank(value)) return "";
  if (typeof value === "string") return value.trim();
  throw new MessageError(`${name} is not text: give a stream id such as FDSN:CO_JSC/JSON.`);
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}
