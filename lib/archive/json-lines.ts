/** An archive of JSON packets as JSON Lines: one line per packet, in the file that its stream and time name. */

import { bunzip2 } from "../bzip2/decompress.ts";
import { CodedError } from "../errors.ts";
import type { WholeLength } from "../files/append-file.ts";
import { MAX_DOCUMENT_BYTES } from "../limits.ts";
import { splitStreamId } from "../stream-id.ts";
import {
  Archive,
  type ArchiveOptions,
  type ArchivePacket,
  nameOf,
  sourceIdOf,
  type Written,
} from "./archive.ts";
import { ArchiveError } from "./errors.ts";
import { jsonLine, MAX_DEPTH } from "./json-line.ts";
import { PathPattern } from "./path-pattern.ts";

/** The settings of a JSON Lines archive. */
export interface JsonLinesOptions extends ArchiveOptions {
  /** Other patterns for streams of some bands: by band code, for example `{ W: "/data/%n/%s/%Y.%j.jsonl" }`. */
  bandPatterns?: Readonly<Record<string, string>> | undefined;
  /** How deep objects and arrays may lie within each other, default 512. */
  maxDepth?: number | undefined;
  /** Bytes that a BZJSON document may have when it is decompressed, default 1 MiB. */
  maxDocumentBytes?: number | undefined;
}

const NEWLINE = new Uint8Array([0x0a]);

/**
 * Writes JSON packets to JSON Lines files.
 *
 * ```ts
 * await using archive = new JsonLinesArchive({ pattern: "/data/%n/%s/%Y/%j/%n.%s.%l.%c.%Y.%j.%H.jsonl" });
 * await archive.write(packet);
 * ```
 */
export class JsonLinesArchive extends Archive {
  readonly #pattern: PathPattern;
  readonly #bandPatterns = new Map<string, PathPattern>();
  readonly #maxDepth: number;
  readonly #maxDocumentBytes: number;

  /** @throws ArchiveError `INVALID_PATTERN`, `PATH_ESCAPES` or `INVALID_ARGUMENT`; nothing is opened before. */
  constructor(options: JsonLinesOptions) {
    const { directory } = options;
    const pattern = new PathPattern(options.pattern, { directory });
    const bands = Object.entries(options.bandPatterns ?? {});
    const bandPatterns = bands.map(([band, text]) => [band, new PathPattern(text, { directory })] as const);
    super(options, [pattern, ...bandPatterns.map(([, each]) => each)], wholeLines, NEWLINE);
    this.#pattern = pattern;
    this.#bandPatterns = new Map(bandPatterns);
    this.#maxDepth = options.maxDepth ?? MAX_DEPTH;
    this.#maxDocumentBytes = options.maxDocumentBytes ?? MAX_DOCUMENT_BYTES;
  }

  /** Whether a packet is one for this archive: its type is JSON, or BZJSON for a document that bzip2 compressed. */
  takes(packet: Pick<ArchivePacket, "streamId">): boolean {
    const { type } = splitStreamId(packet.streamId);
    return type === "JSON" || type === "BZJSON";
  }

  /**
   * The file that a packet goes to.
   * @throws ArchiveError `INVALID_STREAM_ID`, `PATH_ESCAPES`
   */
  pathOf(packet: Pick<ArchivePacket, "streamId" | "dataStart">): string {
    return this.names.known(packet.streamId, packet.dataStart) ?? this.#name(packet);
  }

  /**
   * Appends the packet's JSON document as one line, digit for digit as the payload has it: numbers are not parsed, and
   * only a document with line breaks loses the white space between its tokens. Resolves when it is in the file, and to
   * `undefined`, without writing, for a packet of another type than JSON and BZJSON.
   *
   * @throws ArchiveError `INVALID_JSON`, `TOO_LARGE`, `INVALID_STREAM_ID` and `PATH_ESCAPES` for what cannot be archived,
   * and what the file system goes on refusing (`DISK_FULL`, `NOT_PERMITTED`, `TOO_MANY_FILES`, `WRITE_FAILED`): then no
   * part of it is in the file.
   */
  async write(packet: ArchivePacket): Promise<Written | undefined> {
    if (!this.takes(packet)) return undefined;
    const file = this.pathOf(packet);
    let line: Uint8Array;
    try {
      line = jsonLine(this.#documentOf(packet), this.#maxDepth);
    } catch (error) {
      throw await this.#refuse(packet, file, error);
    }
    const mark = this.markOf(packet, 0, line);
    if (mark && this.isHeld(mark)) return { file, bytes: 0 };
    await this.appender.append(file, line, mark);
    return { file, bytes: line.length + NEWLINE.length };
  }

  #name(packet: Pick<ArchivePacket, "streamId" | "dataStart">): string {
    const { streamId, dataStart } = packet;
    const id = sourceIdOf(streamId);
    const pattern = this.#bandPatterns.get(id.band) ?? this.#pattern;
    if (pattern.needsCodes && id.level === undefined) {
      throw new ArchiveError(
        "INVALID_STREAM_ID",
        `${JSON.stringify(streamId)} has no network, station, location and channel codes for the path: ` +
          "a stream id of this archive has the form FDSN:NET_STA_LOC_B_S_SS/JSON.",
      );
    }
    const { network, station, location, channel } = id;
    const fields = { network, station, location, channel, time: dataStart, host: this.host };
    return this.names.name(streamId, dataStart, pattern, fields);
  }

  #documentOf({ streamId, payload }: ArchivePacket): Uint8Array {
    return splitStreamId(streamId).type === "BZJSON" ? bunzip2(payload, this.#maxDocumentBytes) : payload;
  }

  async #refuse(packet: ArchivePacket, file: string, cause: unknown): Promise<unknown> {
    if (!(cause instanceof CodedError)) return cause;
    const reason = cause.message.replace(/\.$/, "");
    const kept = await this.keepRejected(packet, file, reason);
    const code = cause.code === "TOO_LARGE" ? "TOO_LARGE" : "INVALID_JSON";
    return new ArchiveError(code, `${nameOf(packet)} is not archived: ${reason}.${kept}`, { cause });
  }
}

const PIECE_BYTES = 64 * 1024;

/** A JSON Lines file is whole up to its last line break. */
const wholeLines: WholeLength = async (file) => {
  // Mostly the last byte is one.
  let length = 1;
  for (let end = file.size; end > 0; end -= length, length = PIECE_BYTES) {
    const start = Math.max(0, end - length);
    const found = (await file.read(start, end - start)).lastIndexOf(0x0a);
    if (found >= 0) return start + found + 1;
  }
  return 0;
};
