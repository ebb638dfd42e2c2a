/**
 * Samples of a stream that are there more than once, left out but for the best: those of the highest publication version, of
 * the same version those of the longest record, of as long ones those that came first. A sample is there already if a better
 * record of the same rate has one less than half a sample period away. The records come in order of their start time.
 */
import type { Rate } from "../rate.ts";
import type { MiniSeedRecord } from "../record.ts";
import { cutRecord, type SampleRange, samplesWithin } from "./cut.ts";
import { isSameRate, isSeries, slackOf } from "./follows.ts";

/** What is there twice. */
export interface OverlapOptions {
  /** Only samples of the same value are the same: of others both stay. Otherwise the time alone counts. */
  sameValues: boolean;
  /** Whether something is wrong with a record: it stays whole, and stands for no other. */
  isDoubtful?: (record: MiniSeedRecord) => boolean;
}

/** A record, or what is left of one. */
export interface Remainder {
  record: MiniSeedRecord;
  ranges: SampleRange[];
}

interface Held {
  record: MiniSeedRecord;
  /** Said by the record at some cost. */
  startTime: bigint;
  endTime: bigint;
  rate: Rate;
  publicationVersion: number;
  /** Half a sample period. */
  slack: bigint;
  order: number;
  /** Nothing that comes later can change it. */
  isDecided: boolean;
}

/** Records that are held because they overlap: with more at one time the first of them go as they are. */
const MAX_HELD = 500;
const MAX_HELD_BYTES = 64 * 1024 * 1024;

const NONE: SampleRange = { from: 0, to: 0 };

export class Overlaps {
  readonly #options: OverlapOptions;
  #id = "";
  #order = 0;
  #held: Held[] = [];
  #heldBytes = 0;
  /** What is left of records and may be overtaken by an earlier part of another one. */
  #ready: { startTime: bigint; part: Remainder }[] = [];
  /** Of text and headers at one time: what they say. */
  #others: MiniSeedRecord[] = [];

  constructor(options: OverlapOptions) {
    this.#options = options;
  }

  /** Takes the next record, whose bytes must not change; gives parts of which no other can come before, in order of time. */
  *add(record: MiniSeedRecord): Generator<Remainder, void> {
    const id = record.sourceId.text;
    if (id !== this.#id) {
      yield* this.finish();
      this.#id = id;
    }
    const { startTime, endTime } = record;
    this.#decide(startTime);
    const whole = { record, ranges: [{ from: 0, to: record.sampleCount }] };
    if (!isSeries(record) || this.#options.isDoubtful?.(record)) {
      if (!this.#isKnown(record)) this.#ready.push({ startTime, part: whole });
    } else {
      const { rate, publicationVersion } = record;
      const slack = slackOf(rate);
      const held = {
        record,
        startTime,
        endTime,
        rate,
        publicationVersion,
        slack,
        order: this.#order++,
        isDecided: false,
      };
      if (!this.#held.some((other) => this.#isBetter(other, held) && this.#isWithin(held, other))) {
        this.#hold(held);
      }
    }
    yield* this.#takeReady(this.#held.find(({ isDecided }) => !isDecided)?.startTime ?? startTime);
  }

  /** Gives what is left. */
  *finish(): Generator<Remainder, void> {
    this.#decide(undefined);
    yield* this.#takeReady(undefined);
    this.#held = [];
    this.#heldBytes = 0;
    this.#others = [];
  }

  #hold(held: Held): void {
    this.#held.push(held);
    this.#heldBytes += held.record.length;
    while (this.#held.length > MAX_HELD || this.#heldBytes > MAX_HELD_BYTES) {
      const first = this.#held[0] as Held;
      if (!first.isDecided) this.#decideOne(first);
      this.#forget(first);
    }
  }

  /** Decides on the records that end before a time, so that none that comes then overlaps them; without a time on all. */
  #decide(now: bigint | undefined): void {
    for (const held of this.#held) {
      if (!held.isDecided && (now === undefined || held.endTime + held.slack < now)) {
        this.#decideOne(held);
      }
    }
    const begin = this.#held.find(({ isDecided }) => !isDecided)?.startTime ?? now;
    for (const held of [...this.#held]) {
      const isPast = begin === undefined || held.endTime + held.slack < begin;
      if (held.isDecided && isPast) this.#forget(held);
    }
  }

  #forget(held: Held): void {
    this.#held.splice(this.#held.indexOf(held), 1);
    this.#heldBytes -= held.record.length;
  }

  #decideOne(held: Held): void {
    held.isDecided = true;
    let ranges: SampleRange[] = [{ from: 0, to: held.record.sampleCount }];
    for (const other of this.#held) {
      if (other !== held && this.#isBetter(other, held)) ranges = without(ranges, this.#common(held, other));
    }
    for (const range of ranges) {
      const startTime = held.record.timeOfSample(range.from);
      this.#ready.push({ startTime, part: { record: held.record, ranges: [range] } });
    }
  }

  *#takeReady(before: bigint | undefined): Generator<Remainder, void> {
    if (this.#ready.length === 0) return;
    this.#ready.sort((a, b) => (a.startTime < b.startTime ? -1 : a.startTime > b.startTime ? 1 : 0));
    const rest = this.#ready.findIndex(({ startTime }) => before !== undefined && startTime > before);
    for (const { part } of this.#ready.splice(0, rest < 0 ? this.#ready.length : rest)) yield part;
  }

  #isBetter(a: Held, b: Held): boolean {
    if (a.publicationVersion !== b.publicationVersion) return a.publicationVersion > b.publicationVersion;
    const [aCount, bCount] = [a.record.sampleCount, b.record.sampleCount];
    return aCount === bCount ? a.order < b.order : aCount > bCount;
  }

  #isWithin(held: Held, other: Held): boolean {
    if (held.startTime < other.startTime - held.slack || held.endTime > other.endTime + held.slack)
      return false;
    const { from, to } = this.#common(held, other);
    return from === 0 && to === held.record.sampleCount;
  }

  /** The samples of a record that are in another one, too; an empty range if none. */
  #common(held: Held, other: Held): SampleRange {
    const { record, startTime, endTime, rate, slack } = held;
    const from = other.startTime - slack + 1n;
    const to = other.endTime + slack;
    if (endTime < from || startTime > to || !isSameRate(rate, other.rate)) return NONE;
    const range = samplesWithin({ startTime, rate, sampleCount: record.sampleCount }, from, to);
    if (range.to <= range.from || !this.#options.sameValues) return range;
    return hasSameValues(held, range, other) ? range : NONE;
  }

  /** Whether text or headers were there with the very same words and time. */
  #isKnown(record: MiniSeedRecord): boolean {
    if (this.#options.isDoubtful?.(record)) return false;
    if (this.#others[0]?.startTime !== record.startTime) this.#others = [];
    if (this.#others.some((other) => isSameText(other, record))) return true;
    if (this.#others.length < MAX_HELD) this.#others.push(record);
    return false;
  }
}

/**
 * What is left of a record, as records; `undefined` where it cannot be cut.
 * @throws MiniSeedError as `cutRecord`
 */
export function recordsOf({ record, ranges }: Remainder): Uint8Array[] | undefined {
  const pieces = ranges.map((range) => cutRecord(record, range));
  return pieces.some((piece) => piece === undefined) ? undefined : pieces.flatMap((piece) => piece ?? []);
}

function without(ranges: readonly SampleRange[], { from, to }: SampleRange): SampleRange[] {
  if (to <= from) return [...ranges];
  return ranges.flatMap((range) =>
    [
      { from: range.from, to: Math.min(range.to, from) },
      { from: Math.max(range.from, to), to: range.to },
    ].filter((part) => part.to > part.from),
  );
}

function hasSameValues(held: Held, { from, to }: SampleRange, other: Held): boolean {
  const [a, b] = [held.record.samples, other.record.samples];
  if (a.length < held.record.sampleCount || b.length < other.record.sampleCount) return false;
  const time = from === 0 ? held.startTime : held.record.timeOfSample(from);
  const distance = Number(time - other.startTime) / 1e9;
  const first = Math.max(0, Math.round(distance * other.rate.hertz));
  if (first + to - from > b.length) return false;
  for (let i = from; i < to; i++) {
    if (!Object.is(a[i], b[first + i - from])) return false;
  }
  return true;
}

function isSameText(a: MiniSeedRecord, b: MiniSeedRecord): boolean {
  if (a.encoding !== b.encoding || a.sampleCount !== b.sampleCount || a.flags !== b.flags) return false;
  const [one, two] = [a.payload.subarray(0, a.sampleCount), b.payload.subarray(0, b.sampleCount)];
  if (a.sampleCount === 0 || a.sampleKind !== "text") {
    return a.extraHeadersText === b.extraHeadersText && isSameBytes(a.payload, b.payload);
  }
  return a.extraHeadersText === b.extraHeadersText && isSameBytes(one, two);
}

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
