/** An archive of JSON packets as JSON Lines: one line per packet, in the file that its stream and time name. */
import { splitStreamId } from "../datalink/stream-id.ts";
import { Appender, type AppenderOptions, type WholeLength } from "./appender.ts";
import { type Codes, codesOf } from "./codes.ts";
import { ArchiveError } from "./errors.ts";
import { jsonLine, MAX_DEPTH } from "./json-line.ts";
import { PathPattern } from "./path-pattern.ts";

/** What an archive takes of a packet; a `Packet` of the client has it all. */
export interface ArchivePacket {
  streamId: string;
  /** Start of the data: microseconds since 1970. */
  dataStart: number;
  payload: Uint8Array;
  /** Named in errors. */
  packetId?: bigint | undefined;
}

/** Where a packet went. */
export interface Written {
  /** Absolute path. */
  file: string;
  /** Bytes appended to it. */
  bytes: number;
}

/** What every archive can be told. */
export interface ArchiveOptions extends AppenderOptions {
  /** Path of the files with flags, or a preset as `NAME@directory`: see {@link PathPattern}. */
  pattern: string;
  /** The archive's directory, which no file lies outside; default: what stands before the first flag of the pattern. */
  directory?: string | undefined;
}

export interface JsonLinesOptions extends ArchiveOptions {
  /** Other patterns for streams of some bands: by band code, for example `{ W: "/data/%n/%s/%Y.%j.jsonl" }`. */
  bandPatterns?: Readonly<Record<string, string>> | undefined;
  /** Keep payloads that are no JSON, with the reason, in a file beside the one they would have gone to: its name and `.rejected`. */
  keepRejected?: boolean | undefined;
  /** How deep objects and arrays may lie within each other, default 512. */
  maxDepth?: number | undefined;
}

const NEWLINE = new Uint8Array([0x0a]);
/** Paths remembered, one per stream. */
const MAX_REMEMBERED = 20_000;

const NO_CODES: Codes = { network: "", station: "", location: "", band: "", channel: "" };

interface Remembered {
  pattern: PathPattern;
  period: number;
  file: string;
}

/**
 * Writes JSON packets to JSON Lines files.
 *
 * ```ts
 * await using archive = new JsonLinesArchive({ pattern: "/data/%n/%s/%Y/%j/%n.%s.%l.%c.%Y.%j.%H.jsonl" });
 * await archive.write(packet);
 * ```
 */
export class JsonLinesArchive implements AsyncDisposable {
  readonly #pattern: PathPattern;
  readonly #bandPatterns = new Map<string, PathPattern>();
  readonly #maxDepth: number;
  readonly #keepRejected: boolean;
  readonly #appender: Appender;
  /** The file of each stream, as long as its path stays the same. */
  readonly #files = new Map<string, Remembered>();

  /** @throws ArchiveError `INVALID_PATTERN`, `PATH_ESCAPES` or `INVALID_ARGUMENT`; nothing is opened before. */
  constructor(options: JsonLinesOptions) {
    const { directory } = options;
    this.#pattern = new PathPattern(options.pattern, { directory });
    for (const [band, pattern] of Object.entries(options.bandPatterns ?? {})) {
      this.#bandPatterns.set(band, new PathPattern(pattern, { directory }));
    }
    this.#maxDepth = options.maxDepth ?? MAX_DEPTH;
    this.#keepRejected = options.keepRejected ?? false;
    this.#appender = new Appender(options, lastNewline, NEWLINE);
  }

  /** Whether a packet is one for this archive: its type is JSON. */
  takes(packet: Pick<ArchivePacket, "streamId">): boolean {
    return splitStreamId(packet.streamId).type === "JSON";
  }

  /** The file that a packet goes to. */
  pathOf(packet: Pick<ArchivePacket, "streamId" | "dataStart">): string {
    const known = this.#files.get(packet.streamId);
    if (known && known.period === Math.floor(packet.dataStart / known.pattern.period)) return known.file;
    const { sourceId } = splitStreamId(packet.streamId);
    const codes = codesOf(sourceId) ?? NO_CODES;
    const pattern = this.#bandPatterns.get(codes.band) ?? this.#pattern;
    if (pattern.needsCodes && codes === NO_CODES) {
      throw new ArchiveError(
        "INVALID_STREAM_ID",
        `The stream id ${JSON.stringify(packet.streamId)} has no network, station, location and channel codes for the path: it is not of the form FDSN:NET_STA_LOC_B_S_SS/TYPE.`,
      );
    }
    const file = pattern.path({ ...codes, time: packet.dataStart });
    this.#remember(packet.streamId, { pattern, period: Math.floor(packet.dataStart / pattern.period), file });
    return file;
  }

  /**
   * Appends the packet's JSON document as one line. Resolves when it is in the file, and to `undefined`, without
   * writing, for a packet whose type is not JSON.
   *
   * @throws ArchiveError `INVALID_JSON` and `INVALID_STREAM_ID` for what cannot be archived, and what the file system
   * goes on refusing (`DISK_FULL`, `NOT_PERMITTED`, `TOO_MANY_FILES`, `WRITE_FAILED`): then no part of it is in the file.
   */
  async write(packet: ArchivePacket): Promise<Written | undefined> {
    if (!this.takes(packet)) return undefined;
    const file = this.pathOf(packet);
    let line: Uint8Array;
    try {
      line = jsonLine(packet.payload, this.#maxDepth);
    } catch (error) {
      throw await this.#rejected(packet, file, error as ArchiveError);
    }
    return { file, bytes: await this.#appender.append(file, line) };
  }

  /** Resolves when all that was given to `write` is in its files and on the disk, or was refused. */
  async flush(): Promise<void> {
    await this.#appender.flush();
  }

  /** Waits for all that was given to `write`, then closes the files. */
  async close(): Promise<void> {
    await this.#appender.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #remember(streamId: string, file: Remembered): void {
    if (this.#files.size >= MAX_REMEMBERED) this.#files.clear();
    this.#files.set(streamId, file);
  }

  /** The error for a payload that is no JSON, which is put aside before if that is wanted. */
  async #rejected(packet: ArchivePacket, file: string, reason: ArchiveError): Promise<ArchiveError> {
    const name = `Packet ${packet.packetId ?? ""} of ${packet.streamId}`.replace("  ", " ");
    let message = `${name} is not archived: ${reason.message}.`;
    if (this.#keepRejected) {
      const { streamId, packetId, dataStart, payload } = packet;
      const kept = {
        streamId,
        packetId: packetId?.toString(),
        dataStart,
        reason: reason.message,
        payload: Buffer.from(payload).toString("base64"),
      };
      await this.#appender.append(`${file}.rejected`, Buffer.from(JSON.stringify(kept)));
      message += ` It is kept, as base64, in ${file}.rejected.`;
    }
    return new ArchiveError(reason.code, message);
  }
}

/** A JSON Lines file is whole up to its last line break. */
const lastNewline: WholeLength = async (file, size) => {
  const piece = Buffer.allocUnsafe(64 * 1024);
  for (let end = size; end > 0; ) {
    const start = end === size ? size - 1 : Math.max(0, end - piece.length);
    const { bytesRead } = await file.read(piece, 0, end - start, start);
    const found = piece.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (found >= 0) return start + found + 1;
    end = start;
  }
  return 0;
};
