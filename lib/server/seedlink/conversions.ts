/**
 * Records in another form than that in which they are in the ring: miniSEED 3 on request, miniSEED 2 for protocol 3, which
 * has no other. What was made lately is kept: a hundred readers of a packet want the same.
 */
import { convertRecord, MiniSeedError, type MiniSeedRecord, readRecords } from "../../mseed/index.ts";
import { SeedLinkError } from "../../seedlink/protocol/errors.ts";
import { recordLength } from "../../seedlink/protocol/record-length.ts";
import type { DataLinkServerEvent } from "../events.ts";
import type { Ring } from "../ring/ring.ts";

/** What readers of protocol 3 get; see the server's options. */
export type Protocol3Records = "convert" | "repack" | "omit";

/** What a packet is made into: miniSEED 3; or records for protocol 3, each of which tells its length. */
export type Form = "3" | Protocol3Records;

/** Bytes of records that are kept. */
const MAX_KEPT = 2 * 1024 * 1024;

/** Streams of which it is remembered that they could not be converted. */
const MAX_TOLD = 10_000;

/** The length of records for readers that know no other. */
export const RECORD_LENGTH = 512;

const NONE: readonly Buffer[] = [];

export class Conversions {
  readonly #ring: Ring;
  readonly #tell: (event: DataLinkServerEvent) => void;
  readonly #kept = new Map<string, readonly Buffer[]>();
  #bytes = 0;
  readonly #told = new Set<string>();
  /** How many packets were converted so far. */
  made = 0;

  constructor(ring: Ring, tell: (event: DataLinkServerEvent) => void) {
    this.#ring = ring;
    this.#tell = tell;
  }

  /** The records of the packet at a sequence in another form; none where they cannot be in it, which is told once per stream. */
  get(sequence: number, form: Form): readonly Buffer[] {
    const key = `${form}${sequence}`;
    const known = this.#kept.get(key);
    if (known) return known;
    this.made++;
    const records = this.#convert(sequence, form);
    this.#keep(key, records);
    return records;
  }

  #convert(sequence: number, form: Form): readonly Buffer[] {
    const { payload, streamId } = this.#ring.packetAt(sequence);
    try {
      const records = [...readRecords(payload)];
      if (records.length === 0) throw new MiniSeedError("INVALID_ARGUMENT", "it is not a miniSEED record");
      return records.flatMap((record) => inForm(record, form));
    } catch (error) {
      if (!(error instanceof MiniSeedError || error instanceof SeedLinkError)) throw error;
      this.#report(streamId, error.message);
      return NONE;
    }
  }

  #report(streamId: string, reason: string): void {
    if (this.#told.has(streamId)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(streamId);
    this.#tell({ type: "omitted", client: undefined, streamId, reason });
  }

  #keep(key: string, records: readonly Buffer[]): void {
    this.#kept.set(key, records);
    this.#bytes += sizeOf(records);
    for (const [oldest, others] of this.#kept) {
      if (this.#bytes <= MAX_KEPT) return;
      this.#kept.delete(oldest);
      this.#bytes -= sizeOf(others);
    }
  }
}

/** With what it takes to remember them. */
function sizeOf(records: readonly Buffer[]): number {
  return records.reduce((sum, { length }) => sum + length, 128);
}

function inForm(record: MiniSeedRecord, form: Form): Buffer[] {
  if (form === "3") return convertRecord(record, { formatVersion: 3 }).map(asBuffer);
  if (form === "omit" && record.formatVersion === 3) return [];
  const isReady =
    record.formatVersion === 2 &&
    lengthAsRead(record) === record.length &&
    (form !== "repack" || record.length === RECORD_LENGTH);
  if (isReady) return [asBuffer(record.bytes)];
  return convertRecord(record, { formatVersion: 2, recordLength: RECORD_LENGTH }).map(asBuffer);
}

/** The length that a reader of protocol 3 finds in the record. */
function lengthAsRead({ bytes }: MiniSeedRecord): number {
  return recordLength({ length: bytes.length, at: (index) => bytes[index]! }, 0);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
