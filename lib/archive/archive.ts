/** What all archives have in common: their settings, what they take, and what they answer. */

import type { WholeLength } from "../files/append-file.ts";
import { SourceId } from "../source-id.ts";
import { splitStreamId } from "../stream-id.ts";
import { Appender } from "./appender.ts";
import { Compressor } from "./compress.ts";
import { FileNames } from "./file-names.ts";
import { Journal, journalFiles, type PacketMark } from "./journal.ts";
import type { PathPattern } from "./path-pattern.ts";
import { type AppenderOptions, atLeast } from "./settings.ts";

/** What an archive takes of a packet; a `Packet` of the client has it all. */
export interface ArchivePacket {
  /** `FDSN:NET_STA_LOC_B_S_SS/TYPE`: it tells the path, and whether the packet is one for the archive. */
  streamId: string;
  /** Start of the data: microseconds since 1970. */
  dataStart: number;
  /** The bytes that are archived. */
  payload: Uint8Array;
  /** Named in errors; with `packetTime` it tells the journal which packet this is. */
  packetId?: bigint | undefined;
  /** When the server accepted it: microseconds since 1970. */
  packetTime?: number | undefined;
  /**
   * Tells the journal, with `packetTime`, which packet this is where `packetId` does not: of packets whose ids are not those
   * of one server's ring. From 0 to 2^64 - 1.
   */
  identity?: bigint | undefined;
}

/** Where a packet went. */
export interface Written {
  /** Absolute path. */
  file: string;
  /** Bytes appended; 0 where the journal says that they were there already. */
  bytes: number;
  /** All files, where the records of one packet went to more than one; `file` is the first. */
  files?: string[];
}

/** The settings that all archives have. */
export interface ArchiveOptions extends AppenderOptions {
  /** Path of the files with flags, or a preset as `NAME@directory`: see `PathPattern`. */
  pattern: string;
  /** The archive's directory, which no file lies outside; default: what stands before the first flag of the pattern. */
  directory?: string | undefined;
  /** The host that `%h` in a pattern stands for; default: this one. */
  host?: string | undefined;
  /** Keep payloads that are refused, with the reason, in a file beside the one they would have gone to: its name and `.rejected`. */
  keepRejected?: boolean | undefined;
  /**
   * A file in which the archive notes what it is about to write. With it, packets that a source delivers again after a
   * crash are not archived twice, if they have `packetId` (or `identity`) and `packetTime` and are among the last 100,000 or so. No two
   * archives may share one.
   */
  journal?: string | undefined;
  /**
   * Compress a file when nothing was written to it for so many seconds: FILE becomes FILE.gz, also those that are there
   * from before if the pattern makes their paths. A packet that comes later begins FILE anew, which is added to FILE.gz
   * in its turn. Default: never (`Infinity`).
   */
  gzipAfter?: number | undefined;
}

/** An archive: give it packets with `write`, and `close` it at the end. */
export abstract class Archive implements AsyncDisposable {
  /** @internal */
  protected readonly appender: Appender;
  /** @internal */
  protected readonly names = new FileNames();
  /** @internal */
  protected readonly host: string | undefined;
  readonly #keepRejected: boolean;
  readonly #journal: Journal | undefined;
  readonly #compressor: Compressor | undefined;
  readonly #endBytes: number;

  /** @param patterns all that give the archive's files their names @internal */
  protected constructor(
    options: ArchiveOptions,
    patterns: readonly PathPattern[],
    wholeLength: WholeLength,
    end: Uint8Array,
  ) {
    const gzipAfter = atLeast(0, "gzipAfter", options.gzipAfter ?? Number.POSITIVE_INFINITY);
    this.host = options.host;
    this.#keepRejected = options.keepRejected ?? false;
    this.#endBytes = end.length;
    this.#journal = options.journal === undefined ? undefined : new Journal(options.journal);
    const known: WholeLength = async (file) =>
      this.#journal?.takeWholeLength(file) ?? (await wholeLength(file));
    this.appender = new Appender(options, known, end, this.#journal);
    if (gzipAfter < Number.POSITIVE_INFINITY) this.#compressor = this.#compress(gzipAfter, options, patterns);
  }

  /** Bytes taken by `write` and not yet in their files. */
  get pendingBytes(): number {
    return this.appender.pendingBytes;
  }

  /** Files open now. */
  get openFiles(): number {
    return this.appender.openFiles;
  }

  /**
   * Resolves when all that was given to `write` is in its files and safe from a power failure, or was refused.
   * @throws ArchiveError as `sync`
   */
  async flush(): Promise<void> {
    await this.appender.flush();
  }

  /**
   * Resolves when all that `write` has acknowledged so far is safe from a power failure (with the fsync policy `none`: at
   * once). A source that commits its position after this does not move it past data that a power failure takes back.
   *
   * @throws ArchiveError what the disk says; it is tried again the next time
   */
  async sync(): Promise<void> {
    await this.appender.sync();
  }

  /**
   * Waits for all that was given to `write`, then closes the files. A file being compressed is left for the next start.
   * @throws ArchiveError where what was written could not be made safe from a power failure
   */
  async close(): Promise<void> {
    await this.#compressor?.close();
    await this.appender.close();
  }

  /** As {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What the journal is to know of a chunk, one of those that make up a packet; `undefined` where there is no journal. @internal */
  protected markOf(packet: Partial<ArchivePacket>, part: number, chunk: Uint8Array): PacketMark | undefined {
    const { packetTime, identity: packetId = packet.packetId } = packet;
    if (this.#journal === undefined || packetId === undefined || packetTime === undefined) return undefined;
    return { packetId, packetTime, part, bytes: chunk.length + this.#endBytes };
  }

  /** Whether a chunk is in its file already, since before a crash. @internal */
  protected isHeld(mark: PacketMark): boolean {
    return this.#journal!.holds(mark);
  }

  #compress(after: number, options: ArchiveOptions, patterns: readonly PathPattern[]): Compressor {
    const { journal, onEvent = () => {} } = options;
    const except = journal === undefined ? [] : journalFiles(journal);
    return new Compressor(this.appender, { patterns, after, except, onEvent });
  }

  /** Keeps a refused payload, if that is wanted, as a line of JSON; the words that tell where. @internal */
  protected async keepRejected(packet: ArchivePacket, file: string, reason: string): Promise<string> {
    if (!this.#keepRejected) return "";
    const { streamId, packetId, dataStart, payload } = packet;
    const kept = {
      streamId,
      packetId: packetId?.toString(),
      dataStart,
      reason,
      payload: Buffer.from(payload).toString("base64"),
    };
    const rejected = `${file}.rejected`;
    const newline = this.#endBytes > 0 ? "" : "\n";
    await this.appender.append(rejected, Buffer.from(JSON.stringify(kept) + newline));
    return ` It is kept, as base64, in ${rejected}.`;
  }
}

/** `Packet 7 of FDSN:XX_A__L_O_G/JSON`, for errors. */
export function nameOf({ streamId, packetId }: Pick<ArchivePacket, "streamId" | "packetId">): string {
  return packetId === undefined ? `A packet of ${streamId}` : `Packet ${packetId} of ${streamId}`;
}

/** The source id of a stream, also where it has the four codes that older servers use, `NET_STA_LOC_CHA`. */
export function sourceIdOf(streamId: string): SourceId {
  const { sourceId } = splitStreamId(streamId);
  const codes = sourceId.split("_");
  if (sourceId.startsWith("FDSN:") || codes.length !== 4) return new SourceId(sourceId);
  const [network, station, location, channel] = codes as [string, string, string, string];
  return SourceId.fromNslc({ network, station, location, channel });
}
