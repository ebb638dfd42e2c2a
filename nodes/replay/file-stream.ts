/** Records of files as packets that can be committed, with the position in a file of its own. */
import type { ReplayedRecord, ReplayOptions, ReplayPosition } from "../../lib/archive/replay/replay.ts";
import { replay } from "../../lib/archive/replay/replay.ts";
import { readRecords } from "../../lib/mseed/reader.ts";
import type { MiniSeedRecord } from "../../lib/mseed/record.ts";
import { shiftRecord } from "../../lib/mseed/shift.ts";
import { recordPacket } from "../../lib/packets.ts";
import { CommitWindow } from "../../lib/subscription/commit-window.ts";
import { StateFile } from "../../lib/subscription/state-file.ts";
import { nowMicroseconds } from "../../lib/time.ts";
import { MAX_BYTES_IN_FLIGHT } from "../runtime/delivery.ts";
import { asError } from "../runtime/input-handler.ts";
import type { PacketStream, ReadPacket } from "../runtime/reading/source.ts";

/** A record, and where it came from. */
export interface FilePacket extends ReadPacket {
  readonly payload: Buffer;
  /** Microseconds since 1970. */
  readonly dataStart: number;
  readonly dataEnd: number;
  readonly position: ReplayPosition;
}

/** What happens on the way through the files. */
export type FileEvent =
  | { type: "connected"; server: string; files: number }
  | { type: "resumed" | "ended"; server: string }
  | { type: "position-damaged"; server: string; error: Error };

/** The other members of a connection's events, which files do not have. */
export interface FileReading {
  /** What is read, as people may see it. */
  name: string;
  /** @throws ArchiveError for what is not there */
  files: () => Promise<string[]>;
  options: Pick<ReplayOptions, "startTime" | "endTime" | "speed" | "onProblem">;
  /** Whether the first record's first sample is at the moment at which it is read. */
  isShifted: boolean;
  maxInFlight: number;
}

const MILLISECOND = 1_000_000n;

export class FileStream implements PacketStream<FilePacket, ReplayPosition> {
  readonly #reading: FileReading;
  readonly #checkpoint: StateFile<ReplayPosition>;
  readonly #onEvent: (event: FileEvent) => void;
  readonly #window: CommitWindow<FilePacket>;
  readonly #ending = new AbortController();
  #position: ReplayPosition | undefined;
  /** Nanoseconds from the records' time to the one that they get. */
  #shift: bigint | undefined;

  constructor(
    reading: FileReading,
    checkpoint: StateFile<ReplayPosition>,
    onEvent: (event: FileEvent) => void,
  ) {
    this.#reading = reading;
    this.#checkpoint = checkpoint;
    this.#onEvent = onEvent;
    this.#window = new CommitWindow({ packets: reading.maxInFlight, bytes: MAX_BYTES_IN_FLIGHT });
  }

  get position(): ReplayPosition | undefined {
    return this.#position;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FilePacket, void> {
    const { name: server, files, options } = this.#reading;
    const { signal } = this.#ending;
    const after = await this.#loadPosition();
    const found = await files();
    this.#onEvent({ type: "connected", server, files: found.length });
    if (after) this.#onEvent({ type: "resumed", server });
    for await (const each of replay(found, { ...options, after, signal })) {
      const packet = this.#packetOf(each);
      while (this.#window.isFull && !signal.aborted) await this.#window.room();
      if (signal.aborted) return;
      this.#window.add(packet);
      yield packet;
    }
    if (!signal.aborted) this.#onEvent({ type: "ended", server });
  }

  commit(packet: FilePacket): void {
    const hasMoved = this.#window.commit(packet, ({ position }) => {
      this.#position = position;
    });
    if (hasMoved && this.#position) this.#checkpoint.save(this.#position);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#window.wake();
    await this.#checkpoint.flush();
  }

  async #loadPosition(): Promise<ReplayPosition | undefined> {
    try {
      this.#position = await this.#checkpoint.load();
    } catch (error) {
      this.#onEvent({ type: "position-damaged", server: this.#reading.name, error: asError(error) });
    }
    return this.#position;
  }

  #packetOf({ record, position }: ReplayedRecord): FilePacket {
    const { streamId, dataStart, dataEnd, payload } = recordPacket(this.#shifted(record));
    // Its own copy: a record is a part of some 64 KiB that were read.
    return { streamId, dataStart, dataEnd, payload: Buffer.from(payload), position };
  }

  #shifted(record: MiniSeedRecord): MiniSeedRecord {
    if (!this.#reading.isShifted) return record;
    // In whole milliseconds, which both versions can tell.
    this.#shift ??= ((BigInt(nowMicroseconds()) * 1000n - record.startTime) / MILLISECOND) * MILLISECOND;
    const [moved] = readRecords(shiftRecord(record, this.#shift), { checkCrc: false });
    return moved ?? record;
  }
}

/** Keeps the position; `onError` hears of one that could not be written. */
export class ReplayPositionFile extends StateFile<ReplayPosition> {
  constructor(file: string, onError: (error: Error) => void) {
    super(
      file,
      { write: (position) => ({ ...position, time: String(position.time) }), read: positionOf },
      onError,
    );
  }
}

function positionOf(value: unknown): ReplayPosition | undefined {
  const { time, file, record } = (value ?? {}) as Record<string, unknown>;
  if (typeof time !== "string" || !/^-?\d{1,30}$/.test(time)) return undefined;
  if (typeof file !== "string" || typeof record !== "number" || !Number.isSafeInteger(record))
    return undefined;
  return { time: BigInt(time), file, record };
}
