/**
 * Where a reader stopped, in a small file. It is replaced as a whole, so that it always holds one complete
 * position.
 */
import { readFile, rename, rm } from "node:fs/promises";
import { replaceFile } from "../files/replace-file.ts";
import { type Checkpoint, PositionError } from "./checkpoint.ts";

/** Between two writes under a constant stream of positions. */
const INTERVAL_MS = 200;

/** How a protocol's position becomes JSON, and comes back. */
export interface PositionFormat<Position> {
  /** A value that JSON can hold. */
  write(position: Position): unknown;
  /** `undefined` where the value is not a position. */
  read(value: unknown): Position | undefined;
}

/** Keeps the position of a reader in a file. */
export class StateFile<Position> implements Checkpoint<Position> {
  readonly #file: string;
  readonly #format: PositionFormat<Position>;
  readonly #onError: (error: Error) => void;
  #next: Position | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;

  /** `onError` hears of a position that could not be written; the next one is tried again. @internal */
  constructor(file: string, format: PositionFormat<Position>, onError: (error: Error) => void) {
    this.#file = file;
    this.#format = format;
    this.#onError = onError;
  }

  /**
   * The position in the file; `undefined` where there is no file.
   *
   * @throws PositionError where the file does not hold a position; it is then named `.damaged`, so this is told once.
   */
  async load(): Promise<Position | undefined> {
    let text: string;
    try {
      text = await readFile(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
    return this.#parse(text) ?? (await this.#setAside());
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

  #parse(text: string): Position | undefined {
    try {
      return this.#format.read(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  async #setAside(): Promise<never> {
    const aside = `${this.#file}.damaged`;
    const where = await rename(this.#file, aside).then(
      () => `It is kept as ${aside}`,
      (error: Error) => `It could not be kept aside (${error.message})`,
    );
    throw new PositionError(
      "DAMAGED_POSITION",
      `${this.#file} does not hold a position. ${where}; reading begins as if there were none.`,
    );
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const position = this.#next;
    if (!position) return;
    this.#next = undefined;
    this.#writing = replaceFile(this.#file, `${JSON.stringify(this.#format.write(position))}\n`)
      .catch((error: Error) => this.#onError(error))
      .then(() => {
        this.#writing = undefined;
        this.#writtenAt = performance.now();
        if (this.#next) this.save(this.#next);
      });
  }
}
