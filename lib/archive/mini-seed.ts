/** An archive of miniSEED: each record, byte for byte, in the file that its codes and its start time name. */

import type { ReadableFile, WholeLength } from "../files/append-file.ts";
import {
  declaredLength,
  type MiniSeedRecord,
  type Problem,
  RecordReader,
  readRecords,
} from "../mseed/index.ts";
import { hasQuality, qualityOf } from "../mseed/v2/quality.ts";
import { splitStreamId } from "../stream-id.ts";
import { floorDivide } from "../time.ts";
import {
  Archive,
  type ArchiveOptions,
  type ArchivePacket,
  nameOf,
  sourceIdOf,
  type Written,
} from "./archive.ts";
import { ArchiveError } from "./errors.ts";
import { type PathFields, PathPattern, RECORD_FLAGS } from "./path-pattern.ts";

/** As those of every archive; the pattern is `SDS` below the directory by default. */
export interface MiniSeedArchiveOptions extends Omit<ArchiveOptions, "pattern"> {
  pattern?: string | undefined;
}

/** What a record is archived with: the bytes of one or several, or a packet that has them as payload. */
export type MiniSeedInput = ArchivePacket | Uint8Array;

const NOTHING = new Uint8Array(0);

/**
 * Writes miniSEED records to files, in the SeisComP Data Structure by default:
 * `YEAR/NET/STA/CHAN.D/NET.STA.LOC.CHAN.D.YEAR.DAY`.
 *
 * ```ts
 * await using archive = new MiniSeedArchive({ directory: "/data/sds" });
 * await archive.write(packet);
 * ```
 */
export class MiniSeedArchive extends Archive {
  readonly #pattern: PathPattern;

  /** @throws ArchiveError `INVALID_PATTERN`, `PATH_ESCAPES` or `INVALID_ARGUMENT`; nothing is opened before. */
  constructor(options: MiniSeedArchiveOptions) {
    const layout = options.pattern ?? "SDS@";
    if (options.pattern === undefined && options.directory === undefined) {
      throw new ArchiveError("INVALID_ARGUMENT", "A miniSEED archive needs a directory or a pattern.");
    }
    const pattern = new PathPattern(layout, { directory: options.directory, flags: RECORD_FLAGS });
    super({ ...options, pattern: layout }, [pattern], wholeRecords, NOTHING);
    this.#pattern = pattern;
  }

  /** Whether a packet is one for this archive: its type is MSEED or MSEED3. */
  takes(packet: Pick<ArchivePacket, "streamId">): boolean {
    const { type } = splitStreamId(packet.streamId);
    return type === "MSEED" || type === "MSEED3";
  }

  /** The file that a record goes to. */
  pathOf(record: MiniSeedRecord): string {
    const stream = record.sourceId.text;
    const time = Number(floorDivide(record.startTime, 1000n));
    return (
      this.names.known(stream, time) ??
      this.names.name(stream, time, this.#pattern, fieldsOf(record, this.host))
    );
  }

  /**
   * Appends the records of a packet, or of bytes, each to its file. Resolves when all are in their files, and to
   * `undefined`, without writing, for a packet whose type is not MSEED or MSEED3.
   *
   * @throws ArchiveError `INVALID_RECORD` where anything but whole records is there: then nothing is written;
   * `INVALID_STREAM_ID` and `PATH_ESCAPES` where the codes make no path; and what the file system goes on refusing: then
   * no part of the record concerned is in its file, while other records of the same packet may be in theirs.
   */
  async write(input: MiniSeedInput): Promise<Written | undefined> {
    const packet = input instanceof Uint8Array ? undefined : input;
    if (packet && !this.takes(packet)) return undefined;
    const payload = packet ? packet.payload : (input as Uint8Array);
    // Nothing is awaited before the records are handed on: writes keep their order, and close waits for all of them.
    const { records, reason } = wholeRecordsOf(payload);
    if (reason !== undefined) throw await this.#refuse(packet, reason);
    if (records.length === 1) return await this.#appendOnly(packet, records[0]!);
    const files = records.map((record) => this.pathOf(record));
    const appended = await Promise.all(
      records.map((record, part) => this.#append(packet ?? {}, part, files[part]!, record.bytes)),
    );
    const bytes = appended.reduce((sum, length) => sum + length, 0);
    const distinct = [...new Set(files)];
    return distinct.length > 1
      ? { file: distinct[0]!, bytes, files: distinct }
      : { file: distinct[0]!, bytes };
  }

  /** As most packets are: one record. */
  async #appendOnly(packet: ArchivePacket | undefined, record: MiniSeedRecord): Promise<Written> {
    const file = this.pathOf(record);
    return { file, bytes: await this.#append(packet ?? {}, 0, file, record.bytes) };
  }

  async #append(
    packet: Partial<ArchivePacket>,
    part: number,
    file: string,
    record: Uint8Array,
  ): Promise<number> {
    const mark = this.markOf(packet, part, record);
    if (mark && this.isHeld(mark)) return 0;
    await this.appender.append(file, record, mark);
    return record.length;
  }

  async #refuse(packet: ArchivePacket | undefined, reason: string): Promise<ArchiveError> {
    if (packet === undefined)
      return new ArchiveError("INVALID_RECORD", `The data are not archived: ${reason}.`);
    const kept = await this.keepRejected(packet, this.#pathByStreamId(packet), reason);
    return new ArchiveError("INVALID_RECORD", `${nameOf(packet)} is not archived: ${reason}.${kept}`);
  }

  /** Where records would go if the stream id and the packet's time were true. */
  #pathByStreamId({ streamId, dataStart }: ArchivePacket): string {
    const { network, station, location, channel } = sourceIdOf(streamId);
    return this.#pattern.path({ network, station, location, channel, time: dataStart, host: this.host });
  }
}

/** The records of a payload that holds nothing else, or the reason why it is refused. */
function wholeRecordsOf(payload: Uint8Array): { records: MiniSeedRecord[]; reason?: string } {
  const problems: Problem[] = [];
  const onProblem = (problem: Problem) => problems.push(problem);
  const records: MiniSeedRecord[] = [];
  let length = 0;
  for (const record of readRecords(payload, { checkCrc: false, onProblem })) {
    records.push(record);
    length += record.length;
  }
  if (length === payload.length && length > 0) return { records };
  return {
    records,
    reason:
      problems.find(({ record, code }) => record === undefined || code === "HALF_RECORD")?.message ??
      "it holds no record",
  };
}

function fieldsOf(record: MiniSeedRecord, host: string | undefined): PathFields {
  const { nslc } = record;
  return {
    ...nslc,
    location: nslc.location === "--" ? "" : nslc.location,
    time: record.startTime,
    quality: hasQuality(record.publicationVersion) ? qualityOf(record.publicationVersion) : "",
    recordLength: record.length,
    sampleRate: record.sampleRate,
    host,
  };
}

/** Enough of a record to tell its length. */
const HEADER_PIECE_BYTES = 128;
const PIECE_BYTES = 1 << 20;

/** A miniSEED file is whole up to the record inside which it ends. */
const wholeRecords: WholeLength = async (file) => {
  if (await endsAsItBegins(file)) return file.size;
  let whole = file.size;
  const onProblem = ({ code, offset }: Problem): void => {
    if (code === "TRUNCATED") whole = offset;
  };
  const reader = new RecordReader({ checkCrc: false, onProblem });
  const readOn = (): void => {
    while (reader.next());
  };
  for (let at = 0; at < file.size; at += PIECE_BYTES) {
    reader.push(await file.read(at, Math.min(PIECE_BYTES, file.size - at)));
    readOn();
  }
  reader.finish();
  readOn();
  return whole;
};

/** Whether the file ends with a record as long as its first one, as most files do: that is all there is to read then. */
async function endsAsItBegins(file: ReadableFile): Promise<boolean> {
  const length = await lengthAt(file, 0);
  return length > 0 && file.size % length === 0 && (await lengthAt(file, file.size - length)) === length;
}

/** Length of the record at a position as its own header tells it; 0 where it does not. */
async function lengthAt(file: ReadableFile, position: number): Promise<number> {
  const bytes = await file.read(position, Math.min(HEADER_PIECE_BYTES, file.size - position));
  const length = declaredLength(bytes) ?? 0;
  return length <= file.size ? length : 0;
}
