/** The files that are open: no more than may be, closed when they are not used, opened anew when they were renamed. */
import { AppendFile, type WholeLength } from "../../files/append-file.ts";
import { openByThread } from "../../files/open-thread.ts";
import { fileSystemError } from "../errors.ts";
import { type ArchiveListener, tellFailure } from "../events.ts";
import type { AppenderSettings } from "../settings.ts";
import type { Target, Targets } from "./target.ts";

/**
 * How often a file is looked up by its path even where its file system does not say that it was renamed: less often where
 * many are open.
 */
const LOOK_UP_MS = 1000;
const LOOK_UP_MS_PER_FILE = 2;
const IDLE_MS = 60_000;
const MAX_CLOSED_SIZES = 20_000;

/** Opens and closes the files of all paths. */
export class OpenFiles {
  readonly #targets: Targets;
  readonly #end: Uint8Array;
  readonly #wholeLength: WholeLength;
  readonly #onEvent: ArchiveListener;
  readonly #keepsUnsynced: boolean;
  #limit: number;
  /** Those that are open or being opened, each at its `place`. */
  readonly #open: Target[] = [];
  /** Sizes of files that were closed whole: they need no look at their end when they are opened again. */
  readonly #closedSizes = new Map<string, number>();
  /**
   * Files that were closed, and directories that got new entries with them, since the last synchronisation, each with the
   * file system that it is in; with the policy `interval` only.
   */
  readonly unsynced = new Map<string, string>();

  /**
   * @param wholeLength tells what is torn in a file that is found.
   * @param end what follows each chunk.
   */
  constructor(targets: Targets, settings: AppenderSettings, wholeLength: WholeLength, end: Uint8Array) {
    this.#targets = targets;
    this.#end = end;
    this.#limit = settings.maxOpenFiles;
    this.#onEvent = settings.onEvent;
    this.#keepsUnsynced = settings.fsync === "interval";
    this.#wholeLength = async (file) =>
      this.#closedSizes.get(file.path) === file.size ? file.size : await wholeLength(file);
  }

  /** Files open now. */
  get count(): number {
    return this.#open.length;
  }

  /** Files that may be open at once. */
  get limit(): number {
    return this.#limit;
  }

  /** Whether the file is open, and it is time to see by {@link lookUp} that its path still names it. */
  isDue({ file, lookedUp }: Target, now: number): boolean {
    if (file === undefined) return false;
    return now - lookedUp > LOOK_UP_MS + LOOK_UP_MS_PER_FILE * this.#open.length;
  }

  /** Closes the file if its path does not name it any more. */
  async lookUp(target: Target, now: number): Promise<void> {
    target.lookedUp = now;
    if (!(await target.file!.isInPlace())) await this.close(target);
  }

  /**
   * Opens the file, after closing others where too many are open.
   * @throws what the file system says.
   */
  async open(target: Target): Promise<AppendFile> {
    await this.#makeRoomFor(1);
    target.place = this.#open.push(target) - 1;
    try {
      const file = await AppendFile.open(target.path, this.#wholeLength, this.#end);
      this.#isOpen(target, file);
      return file;
    } catch (error) {
      this.#leave(target);
      throw error;
    }
  }

  /**
   * Opens many files, and closes others for them, by one message to a thread. Those that are not there, or
   * cannot be opened, are left as they were: {@link open} creates them, or tells why.
   */
  async openMany(targets: readonly Target[]): Promise<void> {
    const closed: AppendFile[] = [];
    const closes: number[] = [];
    await this.#makeRoomFor(targets.length, (file, descriptor) => {
      closed.push(file);
      closes.push(descriptor);
    });
    for (const target of targets) target.place = this.#open.push(target) - 1;
    const paths = targets.map(({ path }) => path);
    const opened = await openByThread(closes, paths, (place, error) => {
      const file = closed[place]!.path;
      this.#onEvent({ type: "problem", file, error: fileSystemError(file, error) });
    }).catch(() => []);
    await Promise.all(
      targets.map(async (target, i) => {
        const found = opened[i];
        const file =
          found &&
          (await AppendFile.adopt(target.path, found, this.#wholeLength, this.#end).catch(() => undefined));
        if (file) this.#isOpen(target, file);
        else this.#leave(target);
      }),
    );
  }

  #isOpen(target: Target, file: AppendFile): void {
    target.file = file;
    target.lookedUp = performance.now();
    if (file.torn) this.#onEvent({ type: "torn", file: file.path, ...file.torn });
  }

  /**
   * Closes the file, if it is open.
   * @throws what the file system says.
   */
  async close(target: Target): Promise<void> {
    const { file } = target;
    if (file === undefined) return;
    this.#letGo(target, file);
    await file.close();
  }

  /** The file is about to be closed. */
  #letGo(target: Target, file: AppendFile): void {
    target.file = undefined;
    this.#leave(target);
    if (target.isIdle) this.#targets.delete(target.path);
    if (this.#keepsUnsynced) for (const path of file.unsynced) this.unsynced.set(path, file.device);
    this.#remember(file);
  }

  /** Closes the file, if it is open; a failure becomes an event. */
  async closeTelling(target: Target): Promise<void> {
    await tellFailure(this.#onEvent, target.path, () => this.close(target));
  }

  /** Closes what nothing is written to any more. Failures become events. */
  async closeIdle(): Promise<void> {
    const before = performance.now() - IDLE_MS;
    for (const target of this.#targets.values()) {
      if (!target.isIdle || target.used > before) continue;
      this.#targets.delete(target.path);
      await this.closeTelling(target);
    }
  }

  /** The system did not let us open as many files as we wanted: be content with half of those that are open. */
  async openFewer(): Promise<void> {
    this.#limit = Math.max(1, Math.floor(this.#open.length / 2));
    await this.#makeRoomFor(0);
  }

  /** Forgets a file that was closed whole: its path will name another one. */
  forget(path: string): void {
    this.#closedSizes.delete(path);
  }

  /** Out of the open ones: the last of them takes its place. */
  #leave(target: Target): void {
    const last = this.#open.pop()!;
    if (last === target) return;
    this.#open[target.place] = last;
    last.place = target.place;
  }

  /**
   * Closes files until `count` more may be opened. Which ones is left to chance: of files that are written to in turn, the
   * one not used for longest would always be the next one needed.
   * @param handOver takes the descriptors of those that somebody else is to close; without it all are closed here
   */
  async #makeRoomFor(
    count: number,
    handOver?: (file: AppendFile, descriptor: number) => void,
  ): Promise<void> {
    while (this.#open.length + count > this.#limit) {
      const target = this.#anyUnused();
      if (target === undefined) return;
      const file = target.file!;
      const descriptor = handOver && file.handOver();
      if (descriptor === undefined) await this.close(target);
      else {
        this.#letGo(target, file);
        handOver?.(file, descriptor);
      }
    }
  }

  /** One of those that are open and not being written, found from a place taken by chance. */
  #anyUnused(): Target | undefined {
    const { length } = this.#open;
    const start = Math.floor(Math.random() * length);
    for (let i = 0; i < length; i++) {
      const target = this.#open[(start + i) % length]!;
      if (target.file !== undefined && target.current === undefined) return target;
    }
    return undefined;
  }

  #remember(file: AppendFile): void {
    if (this.#closedSizes.size >= MAX_CLOSED_SIZES) this.#closedSizes.clear();
    this.#closedSizes.set(file.path, file.size);
  }
}
