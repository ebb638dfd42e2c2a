/**
 * Which packets of a source the stream has already, so that none is stored twice however long a relay was away: the servers know
 * an id again only for the stream's window (two minutes, say). What is older than half of it is looked up here, from what was read of
 * the stream; what is newer is left to them. Another relay of the same source may be at work at the same time, and ahead.
 */
import { nowMicroseconds } from "../../time.ts";
import type { ScanStart } from "./scan.ts";

/** Ids that are kept in memory, some 100 bytes each. */
const MAX_IDS = 1_000_000;

/** A packet may have been stored a little before its own time, by the servers' clocks: microseconds. */
const CLOCK_MARGIN = 60_000_000;

/** Of the window's half: as much may a packet's time be ahead of the clock here, and count as fresh. */
const AHEAD_PART = 1 / 2;

/** So long without a packet that is stored already, and no more are expected: of a source that is read station by station. */
const UNORDERED_MS = 600_000;

export class StoredIds {
  /** Half of the stream's window: milliseconds. */
  #halfWindow: number;
  readonly #source: string;
  readonly #isOrdered: boolean;
  /** Numbers in the stream by id: what is stored and has not come by yet. */
  readonly #known = new Map<string, number>();
  /** Numbers of what this writer has stored since the last scan began: not news to it. */
  #own = new Set<number>();
  /** What is behind it was not read yet. */
  #next: number | undefined;
  /** Where the scan began whose finds are still to come. */
  #base = 0;
  #scannedAt: number | undefined;
  #dropped = 0;
  #hitAt = 0;

  /**
   * @param windowMs the stream's window: milliseconds
   * @param settings whose packets come by here; where to begin to look, or a minute before the first packet's time if that is earlier
   */
  constructor(
    windowMs: number,
    { source, isOrdered, sequence }: { source: string; isOrdered: boolean; sequence?: number | undefined },
  ) {
    this.#halfWindow = windowMs / 2;
    this.#source = source;
    this.#isOrdered = isOrdered;
    this.#next = sequence;
  }

  /** The stream's window, which may have been changed: milliseconds. */
  set window(milliseconds: number) {
    this.#halfWindow = milliseconds / 2;
  }

  /** All up to this number of the stream was read; 0 before anything was. */
  get readTo(): number {
    return this.#scannedAt === undefined ? 0 : (this.#next ?? 1) - 1;
  }

  /** Ids that were more than can be kept: these packets may be stored twice. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether the stream has to be read before a packet of this time (microseconds since 1970) is sent. */
  needsScan(packetTime: number): boolean {
    if (this.#scannedAt === undefined) return true;
    if (this.#isFresh(packetTime)) return false;
    return performance.now() - this.#scannedAt > this.#halfWindow;
  }

  /** Where to read from; `packetTime` is that of the packet that needs it. */
  scanStart(packetTime: number): ScanStart {
    if (this.#scannedAt !== undefined) return { sequence: this.#next, time: undefined };
    // A time that is still to come tells nothing of when it was stored.
    const isKnown = packetTime <= nowMicroseconds() + CLOCK_MARGIN;
    return { sequence: this.#next, time: isKnown ? Math.max(0, packetTime - CLOCK_MARGIN) : 0 };
  }

  /** A message that was read; whether it is of use. */
  found(sequence: number, id: string): boolean {
    if (this.#own.has(sequence) || !this.#isOurs(id)) return false;
    if (this.#known.size >= MAX_IDS) {
      this.#dropped++;
      return false;
    }
    this.#known.set(id, sequence);
    return true;
  }

  /** All from `first` to `last` were read. `began` is when: milliseconds of `performance.now()`. */
  scanned(first: number, last: number, began: number): void {
    if (this.#base === 0 || this.#known.size === 0) this.#base = Math.max(1, first - 1);
    this.#scannedAt = began;
    this.#next = last + 1;
    this.#own = new Set([...this.#own].filter((sequence) => sequence > last));
  }

  /** The number of a packet that is stored already; it is told once. */
  take(id: string, packetTime: number): number | undefined {
    const sequence = this.#known.get(id);
    if (sequence !== undefined) {
      this.#known.delete(id);
      this.#hitAt = performance.now();
    } else if (this.#known.size > 0 && this.#isFresh(packetTime) && this.#isCaughtUp()) this.#known.clear();
    return sequence;
  }

  /** This writer has stored a packet of this time. */
  stored(sequence: number, packetTime: number): void {
    if (!this.#isFresh(packetTime)) this.#own.add(sequence);
  }

  /** Behind which number a next start has to read, if `highest` is what the stream has acknowledged; 0: not known. */
  mark(highest: number): number {
    if (this.#scannedAt === undefined) return 0;
    return this.#known.size > 0 ? Math.min(this.#base, highest) : highest;
  }

  /** `<source>:<packet id>:<packet time>`, or of a station of it, `<source>/<station>:…`. */
  #isOurs(id: string): boolean {
    const next = id[this.#source.length];
    return (next === ":" || next === "/") && id.startsWith(this.#source);
  }

  /** The servers know a fresh packet themselves, and all that comes after it; of other stations older ones may follow for a while. */
  #isCaughtUp(): boolean {
    return this.#isOrdered || performance.now() - this.#hitAt > UNORDERED_MS;
  }

  #isFresh(packetTime: number): boolean {
    const age = (nowMicroseconds() - packetTime) / 1000;
    return age < this.#halfWindow && age > -this.#halfWindow * AHEAD_PART;
  }
}
