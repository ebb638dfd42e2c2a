/**
 * Where a reader stopped, in a small file. It is replaced as a whole (write aside, then rename), so that it always holds
 * one complete position.
 */
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { Position } from "../datalink/protocol/position.ts";
import type { Checkpoint } from "../datalink/subscribe.ts";

/** Between two writes under a constant stream of positions. */
const INTERVAL_MS = 200;

/** Keeps the position of a subscription in a file: `subscribe(url, { checkpoint: new PositionFile(file, onError) })`. */
export class PositionFile implements Checkpoint {
  readonly #file: string;
  readonly #onError: (error: Error) => void;
  #next: Position | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;

  /** `onError` hears of a position that could not be written; the next one is tried again. */
  constructor(file: string, onError: (error: Error) => void) {
    this.#file = file;
    this.#onError = onError;
  }

  /** The position in the file; `undefined` where there is no file, or no position in it. */
  async load(): Promise<Position | undefined> {
    let text: string;
    try {
      text = await readFile(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    return parse(text);
  }

  /** Takes the newest position. It is in the file soon after: at once if the file has rested, else within 200 ms. */
  save(position: Position): void {
    this.#next = position;
    if (this.#timer || this.#writing) return;
    const wait = this.#writtenAt + INTERVAL_MS - performance.now();
    if (wait <= 0) this.#write();
    else this.#timer = setTimeout(() => this.#write(), wait);
  }

  /** Resolves when the newest position is in the file (or could not be written, which `onError` heard). */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#next) {
      this.#write();
      await this.#writing;
    }
  }

  /** Forgets the position. */
  async remove(): Promise<void> {
    this.#next = undefined;
    await this.flush();
    await rm(this.#file, { force: true });
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const position = this.#next;
    if (!position) return;
    this.#next = undefined;
    this.#writing = replaceFile(this.#file, format(position))
      .catch((error: Error) => this.#onError(error))
      .then(() => {
        this.#writing = undefined;
        this.#writtenAt = performance.now();
        if (this.#next) this.save(this.#next);
      });
  }
}

function format(position: Position): string {
  return `${JSON.stringify({ ...position, packetId: String(position.packetId) })}\n`;
}

function parse(text: string): Position | undefined {
  let value: { packetId?: unknown; packetTime?: unknown; dataEnd?: unknown } | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { packetId, packetTime, dataEnd } = value ?? {};
  if (typeof packetId !== "string" || !/^\d{1,20}$/.test(packetId)) return undefined;
  return { packetId: BigInt(packetId), packetTime: microseconds(packetTime), dataEnd: microseconds(dataEnd) };
}

function microseconds(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const aside = `${file}.new`;
  const handle = await open(aside, "w");
  try {
    await handle.writeFile(text);
    // Else a power cut soon after may leave an empty file under the right name.
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(aside, file);
}
