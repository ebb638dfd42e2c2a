/** The packet as readers receive it, in the same words for both protocols and all formats. */
import { HeaderGlance } from "../../mseed/glance.ts";
import { MiniSeed2Record, type MiniSeedRecord, readRecords } from "../../mseed/index.ts";
import { SourceId } from "../../source-id.ts";
import { joinStreamId } from "../../stream-id.ts";
import { nanosecondsToMicroseconds } from "../../time.ts";
import type { DataFrame } from "./frame.ts";
import type { Candidate } from "./matching.ts";

/** A packet of a SeedLink server. */
export interface SeedLinkPacket {
  /** `NET_STA` */
  station: string;
  /** Its number at the server; of protocol 3 widened to go on ascending. */
  sequence: bigint;
  /** `2` miniSEED 2, `3` miniSEED 3, `J` JSON, `X` XML. */
  format: string;
  /** `D` data, `L` log, `E` event, `C` calibration, `T` timing, `O` opaque. */
  subformat: string;
  /** `<source id>/<type>` as DataLink has it, for example `FDSN:CO_JSC_00_H_H_Z/MSEED`. */
  streamId: string;
  /** For example `FDSN:CO_JSC_00_H_H_Z`. */
  sourceId: string;
  /** Time of the first sample in microseconds since 1970; of a payload that has no such time, when it was received. */
  dataStart: number;
  /** Time of the last sample in microseconds since 1970. */
  dataEnd: number;
  /** The data. A view into received bytes: copy it to keep it long. */
  payload: Buffer;
}

/** The payload types of stream ids, by format. */
const TYPES: Readonly<Record<string, string>> = { 2: "MSEED", 3: "MSEED3", J: "JSON", X: "XML" };

/** What all packets of a stream have in common. */
export interface PacketStream {
  readonly station: string;
  readonly format: string;
  readonly subformat: string;
  readonly streamId: string;
  readonly sourceId: string;
}

/** Streams that are remembered: their names come from the server, in any number. */
const MAX_STREAMS = 100_000;

/** Kinds of packets, by format and station, that are remembered of one source id. */
const MAX_KINDS = 20;

/** Makes packets of frames. */
export class PacketMaker {
  /** The stream of the packet made last; the same object for all packets of it. */
  stream!: PacketStream;
  readonly #header = new HeaderGlance();
  /** By source id; few differ in the rest. */
  readonly #streams = new Map<string, PacketStream[]>();

  /** @param receivedAt for payloads without a time of their own: microseconds since 1970 */
  make(frame: DataFrame, receivedAt: number): SeedLinkPacket {
    const { format, subformat, payload, sequence } = frame;
    const header = this.#header;
    const isRecord = format !== "J" && format !== "X";
    let [dataStart, dataEnd] = [receivedAt, receivedAt];
    if (isRecord && header.look(payload) && (subformat !== "" || header.sampleCount > 0)) {
      this.stream = this.#streamOf(
        frame.station,
        header.sourceId,
        format || String(header.formatVersion),
        subformat || (header.hasRate ? "D" : "L"),
        "MSEED",
      );
      dataStart = header.startTime;
      dataEnd = header.endTime;
    } else {
      const record = isRecord ? firstRecord(payload) : undefined;
      this.stream = record ? this.#ofRecord(frame, record) : this.#withoutRecord(frame);
      if (record) {
        dataStart = nanosecondsToMicroseconds(record.startTime);
        dataEnd = nanosecondsToMicroseconds(record.endTime);
      }
    }
    const { stream } = this;
    return {
      station: stream.station,
      sequence,
      format: stream.format,
      subformat: stream.subformat,
      streamId: stream.streamId,
      sourceId: stream.sourceId,
      dataStart,
      dataEnd,
      payload,
    };
  }

  #ofRecord({ station, format, subformat }: DataFrame, record: MiniSeedRecord): PacketStream {
    const version = format || String(record.formatVersion);
    return this.#streamOf(station, record.sourceId.text, version, subformat || recordType(record), "MSEED");
  }

  /** What is not a record, or not a readable one, is passed on as it is. */
  #withoutRecord({ station, format, subformat }: DataFrame): PacketStream {
    return this.#streamOf(station, `FDSN:${station}`, format, subformat, format || "MSEED");
  }

  /**
   * @param told the station that the frame tells, if it does
   * @param type the type in the stream id, for a format that has none of its own
   */
  #streamOf(told: string, sourceId: string, format: string, subformat: string, type: string): PacketStream {
    const known = this.#streams.get(sourceId);
    for (const stream of known ?? []) {
      const isSame = stream.format === format && stream.subformat === subformat;
      if (isSame && (told === "" || stream.station === told)) return stream;
    }
    if (this.#streams.size >= MAX_STREAMS) this.#streams.clear();
    const streamId = joinStreamId(sourceId, TYPES[format] ?? type);
    const stream = { station: told || stationOf(sourceId), format, subformat, streamId, sourceId };
    this.#streams.set(sourceId, [...(known ?? []).slice(1 - MAX_KINDS), stream]);
    return stream;
  }
}

/** What selectors look at. */
export function candidateOf({ station, sourceId, format, subformat }: PacketStream): Candidate {
  return { station, stream: streamOf(sourceId), format, subformat };
}

/** `LOC_B_S_SS` of a source identifier. */
function streamOf(sourceId: string): string | undefined {
  const at = sourceId.lastIndexOf(":");
  const codes = sourceId.slice(at + 1).split("_");
  return codes.length === 6 ? codes.slice(2).join("_") : undefined;
}

function stationOf(sourceId: string): string {
  const { network, station } = new SourceId(sourceId);
  return `${network}_${station}`;
}

function firstRecord(payload: Buffer): MiniSeedRecord | undefined {
  for (const record of readRecords(payload, { checkCrc: false })) return record;
  return undefined;
}

/** The type of a record that does not say it: samples without a rate are text; without samples, its blockette counts. */
export function recordType(record: MiniSeedRecord): string {
  if (record.sampleCount > 0) return record.sampleRate === 0 ? "L" : "D";
  if (!(record instanceof MiniSeed2Record)) return "D";
  for (const { type } of record.blockettes) {
    if (type >= 200 && type < 300) return "E";
    if (type >= 300 && type < 400) return "C";
    if (type >= 500 && type < 600) return "T";
    if (type === 2000) return "O";
  }
  return "D";
}
