/** What a server says: answers to commands, and packets of data and of INFO. Sans-I/O. */
import { dayOfYear } from "../../../time.ts";
import type { RefusalCode } from "../replies.ts";

export const OK = Buffer.from("OK\r\n");

/** Behind the last packet of those that were asked for; without a line end. */
export const END = Buffer.from("END");

/** A refusal; protocol 3 gives no reason unless the client has asked for reasons (`CAPABILITIES EXTREPLY`). */
export function encodeRefusal(form: "bare" | "extended" | 4, code: RefusalCode, message: string): Buffer {
  if (form === "bare") return Buffer.from("ERROR\r\n");
  return Buffer.from(`ERROR${form === 4 ? " " : "\r"}${code} ${message}\r\n`);
}

/** Bytes before the record in protocol 3. */
export const HEADER_3 = 8;

/** Bytes before the station id in protocol 4. */
export const HEADER_4 = 17;

const HEX = Buffer.from("0123456789ABCDEF");

/** Writes `SL` and the lower 24 bits of a number in hexadecimal digits; gives the offset behind it. */
export function writeHeader3(target: Buffer, at: number, sequence: bigint): number {
  target[at] = 0x53;
  target[at + 1] = 0x4c;
  let rest = Number(sequence & 0xff_ffffn);
  for (let i = at + 7; i >= at + 2; i--) {
    target[i] = HEX[rest & 15]!;
    rest >>= 4;
  }
  return at + HEADER_3;
}

/** Writes `SE` and what follows it up to the payload; gives the offset of that. The station id has at most 255 bytes. */
export function writeHeader4(
  target: Buffer,
  at: number,
  header: { format: number; subformat: number; length: number; sequence: bigint; station: Buffer },
): number {
  const { station } = header;
  target[at] = 0x53;
  target[at + 1] = 0x45;
  target[at + 2] = header.format;
  target[at + 3] = header.subformat;
  target.writeUInt32LE(header.length, at + 4);
  target.writeBigUInt64LE(header.sequence, at + 8);
  target[at + 16] = station.length;
  return at + HEADER_4 + station.copy(target, at + HEADER_4);
}

const NO_STATION = Buffer.alloc(0);

/** INFO of protocol 4: JSON, in two parts. */
export function encodeInfo4(json: Buffer, isError: boolean): Buffer[] {
  const header = Buffer.alloc(HEADER_4);
  const subformat = isError ? 0x45 : 0x49;
  writeHeader4(header, 0, {
    format: 0x4a,
    subformat,
    length: json.length,
    sequence: 0n,
    station: NO_STATION,
  });
  return [header, json];
}

const RECORD = 512;
const RECORD_HEADER = 56;
const TEXT_ROOM = RECORD - RECORD_HEADER;

/**
 * INFO of protocol 3: XML in packets with log records, miniSEED 2 of 512 bytes, of a station INFO.
 *
 * @param time milliseconds since 1970
 */
export function encodeInfo3(xml: Buffer, isError: boolean, time: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let from = 0, n = 1; from < xml.length || n === 1; from += TEXT_ROOM, n++) {
    const text = xml.subarray(from, from + TEXT_ROOM);
    const isLast = from + TEXT_ROOM >= xml.length;
    const frame = Buffer.alloc(HEADER_3 + RECORD);
    frame.write(isLast ? "SLINFO  " : "SLINFO *", "latin1");
    writeLogHeader(frame.subarray(HEADER_3), { number: n, length: text.length, isError, time });
    text.copy(frame, HEADER_3 + RECORD_HEADER);
    frames.push(frame);
  }
  return frames;
}

/** Fixed header and blockette 1000 of a record with text; text has no sample rate, and each byte is a sample. */
function writeLogHeader(
  record: Buffer,
  { number, length, isError, time }: { number: number; length: number; isError: boolean; time: number },
): void {
  const date = new Date(time);
  record.write(
    `${String(number % 1_000_000).padStart(6, "0")}D INFO   ${isError ? "ERR" : "INF"}XX`,
    "latin1",
  );
  record.writeUInt16BE(date.getUTCFullYear(), 20);
  record.writeUInt16BE(dayOfYear(time), 22);
  record[24] = date.getUTCHours();
  record[25] = date.getUTCMinutes();
  record[26] = date.getUTCSeconds();
  record.writeUInt16BE(date.getUTCMilliseconds() * 10, 28);
  record.writeUInt16BE(length, 30);
  record[39] = 1;
  record.writeUInt16BE(RECORD_HEADER, 44);
  record.writeUInt16BE(48, 46);
  record.writeUInt16BE(1000, 48);
  record[52] = 0;
  record[53] = 1;
  record[54] = 9;
}
