/** Copies a SeedLink reader's next packets out of the ring, each behind its header, all in one piece. */

import { readRecords } from "../../mseed/index.ts";
import { SeedLinkError } from "../../seedlink/protocol/errors.ts";
import { recordType } from "../../seedlink/protocol/packet.ts";
import { type Bytes, recordLength } from "../../seedlink/protocol/record-length.ts";
import {
  END,
  HEADER_3,
  HEADER_4,
  writeHeader3,
  writeHeader4,
} from "../../seedlink/protocol/server/answers.ts";
import type { Gathered } from "../ring/gather.ts";
import type { Ring } from "../ring/ring.ts";
import type { Room } from "../session.ts";
import { type Conversions, type Protocol3Records, RECORD_LENGTH } from "./conversions.ts";
import { type Choice, filterFor, type StationRequests, wants } from "./station-requests.ts";
import { streamNames } from "./stream-names.ts";

/** Most packets looked at in one go, so that a reader that selects few of very many does not hold up the others. */
const MAX_SCANNED = 10_000;

/** What is to be sent of one packet. */
interface Piece {
  /** Its number at SeedLink, which is the packet's id. */
  readonly sequence: bigint;
  /** A record that was made for the reader; or else where it is in the ring's store. */
  readonly record: Buffer | undefined;
  readonly offset: number;
  readonly length: number;
  readonly format: number;
  readonly subformat: number;
  readonly station: Buffer;
}

export interface RecordSource {
  readonly ring: Ring;
  readonly conversions: Conversions;
  readonly protocol3: Protocol3Records;
}

export interface RecordWish extends Room {
  readonly protocol: 3 | 4;
  readonly requests: StationRequests;
  /** Sequence of the first packet. */
  readonly from: number;
  /** Nothing more is to be waited for. */
  readonly isOverdue: boolean;
}

/** The next packets; behind the last of all that were asked for, the word that tells so, which `isLast` tells here. */
export function gatherRecords(source: RecordSource, wish: RecordWish): Gathered & { isLast: boolean } {
  const { ring, conversions } = source;
  const { protocol, requests, from, maxBytes, until } = wish;
  const pieces: Piece[] = [];
  let limit = Math.min(ring.readEnd, from + MAX_SCANNED);
  let [total, packets, last, next] = [0, 0, -1, from];
  for (; next < limit; next++) {
    if (packets > 0 && total + ring.lengthAt(next) > maxBytes) break;
    const work = requests.decisions + conversions.made;
    const before = pieces.length;
    for (const choice of requests.choicesOf(ring.streamAt(next))) {
      if (!wants(choice.request, ring, next)) continue;
      if (protocol === 3) addPieces3(pieces, source, choice, next);
      else addPiece4(pieces, source, choice, next);
      if (pieces.length > before) break;
    }
    if (requests.decisions + conversions.made !== work && performance.now() > until) limit = next + 1;
    if (pieces.length === before) continue;
    for (let i = before; i < pieces.length; i++) total += sizeOf(pieces[i]!, protocol);
    packets++;
    last = next;
  }
  const hasAll = next >= ring.readEnd;
  const isLast = (hasAll && wish.isOverdue) || requests.isFinished(next, hasAll);
  return { bytes: write(ring, pieces, total, isLast, wish), packets, last, next, isLast };
}

const NOTHING = Buffer.alloc(0);

const FORMAT_2 = 0x32;
const FORMAT_3 = 0x33;
const LETTER_D = 0x44;
const LETTER_L = 0x4c;

/** Whether the record at an offset of the store is of miniSEED 3. */
function isVersion3(ring: Ring, offset: number): boolean {
  return ring.byteAt(offset) === 0x4d && ring.byteAt(offset + 1) === 0x53 && ring.byteAt(offset + 2) === 3;
}

/**
 * The subformat of the packet at a sequence, as a character's code. Most records are data, which a count of samples and a
 * rate tell in either byte order.
 */
export function subformatAt(ring: Ring, sequence: number): number {
  const offset = ring.payloadOffsetAt(sequence);
  const length = ring.payloadLengthAt(sequence);
  if (length < 48 || isVersion3(ring, offset)) return LETTER_D;
  const isZero = (at: number) => ring.byteAt(offset + at) === 0 && ring.byteAt(offset + at + 1) === 0;
  if (!isZero(30)) return isZero(32) ? LETTER_L : LETTER_D;
  for (const record of readRecords(ring.packetAt(sequence).payload)) return recordType(record).charCodeAt(0);
  return LETTER_D;
}

/** `2` or `3`, as a character's code. */
export function formatAt(ring: Ring, sequence: number): number {
  return isVersion3(ring, ring.payloadOffsetAt(sequence)) ? FORMAT_3 : FORMAT_2;
}

function addPiece4(
  pieces: Piece[],
  { ring, conversions }: RecordSource,
  choice: Choice,
  sequence: number,
): void {
  const format = formatAt(ring, sequence);
  const subformat = subformatAt(ring, sequence);
  const filter = choice.typed ? filterFor(choice, String.fromCharCode(format, subformat)) : choice.filter;
  if (filter === undefined) return;
  const number = ring.idAt(sequence);
  const station = streamNames(ring.streamAt(sequence))!.stationId;
  if (filter === "3" && format === FORMAT_2) {
    // Where it cannot be, it goes out as it is.
    const records = conversions.get(sequence, "3");
    if (records.length === 1) {
      const record = records[0]!;
      const piece = { sequence: number, record, offset: 0, length: record.length, station };
      pieces.push({ ...piece, format: FORMAT_3, subformat: LETTER_D });
      return;
    }
  }
  const offset = ring.payloadOffsetAt(sequence);
  const length = ring.payloadLengthAt(sequence);
  pieces.push({ sequence: number, record: undefined, offset, length, format, subformat, station });
}

/**
 * In protocol 3 only the record tells its length, so that there can be but one in a packet, and it must be all of it. Of a
 * packet that becomes several, only the last one has its number: who has lost some of them asks for all of them again.
 */
function addPieces3(
  pieces: Piece[],
  { ring, conversions, protocol3 }: RecordSource,
  choice: Choice,
  sequence: number,
): void {
  const offset = ring.payloadOffsetAt(sequence);
  const length = ring.payloadLengthAt(sequence);
  const isOf3 = isVersion3(ring, offset);
  if (isOf3 && protocol3 === "omit") return;
  if (choice.typed) {
    const type = String.fromCharCode(isOf3 ? FORMAT_3 : FORMAT_2, subformatAt(ring, sequence));
    if (filterFor(choice, type) === undefined) return;
  }
  const number = ring.idAt(sequence);
  const piece = { sequence: number, format: 0, subformat: 0, station: NOTHING };
  const hasLength = protocol3 !== "repack" || length === RECORD_LENGTH;
  if (!isOf3 && hasLength && length === recordLengthAt(ring, offset, length)) {
    pieces.push({ ...piece, record: undefined, offset, length });
    return;
  }
  const records = conversions.get(sequence, protocol3);
  for (const [i, record] of records.entries()) {
    const own = i === records.length - 1 ? number : number - 1n;
    pieces.push({ ...piece, sequence: own, record, offset: 0, length: record.length });
  }
}

/** The length of the miniSEED 2 record at an offset of the store, as a client will find it; 0 where there is none. */
function recordLengthAt(ring: Ring, offset: number, length: number): number {
  const bytes: Bytes = { length, at: (index) => ring.byteAt(offset + index) };
  try {
    return recordLength(bytes, 0);
  } catch (error) {
    if (error instanceof SeedLinkError) return 0;
    throw error;
  }
}

function sizeOf({ length, station }: Piece, protocol: 3 | 4): number {
  return length + (protocol === 3 ? HEADER_3 : HEADER_4 + station.length);
}

function write(
  ring: Ring,
  pieces: Piece[],
  total: number,
  isLast: boolean,
  { protocol, prefix, buffers }: RecordWish,
): Buffer {
  if (pieces.length === 0 && !isLast) return NOTHING;
  const heads = prefix && pieces.map((piece) => prefix(sizeOf(piece, protocol)));
  if (heads && isLast) heads.push(prefix!(END.length));
  const framing = heads?.reduce((sum, { length }) => sum + length, 0) ?? 0;
  const target = buffers.take(total + framing + (isLast ? END.length : 0));
  let at = 0;
  for (const [i, piece] of pieces.entries()) {
    if (heads) at += heads[i]!.copy(target, at);
    at = protocol === 3 ? writeHeader3(target, at, piece.sequence) : writeHeader4(target, at, piece);
    if (piece.record) at += piece.record.copy(target, at);
    else at += ring.copy(piece.offset, piece.length, target, at);
  }
  if (!isLast) return target;
  if (heads) at += heads.at(-1)!.copy(target, at);
  END.copy(target, at);
  return target;
}
