/**
 * One channel of a seismograph: bins of every view, coarse ones for the hours of a drum and fine ones for a live trace, the newest raw
 * samples, and how the channel does. Times in microseconds since 1970.
 */
import { TraceBins } from "../../waveform/bins.ts";
import type { BandView, ChannelInfo, ChannelStatus } from "../frames.ts";
import { Feed, type Series, type Turn } from "./feed.ts";
import { type Piece, RawMemory } from "./raw-memory.ts";

/** Width of the bins of a drum, and of a live trace. */
export const COARSE = 500_000;
export const FINE = 25_000;
/** Microseconds of fine bins that are kept. */
export const FINE_KEPT = 600e6;

/** How far ahead of ours a station's clock may be. */
const CLOCK_SLACK = 60e6;
/** So many records in a row from further ahead, and they are believed. */
const PATIENCE = 8;
/** A channel is silent when nothing has come for so long, or twice as long as it usually takes. */
const QUIET = 30e6;
/** Changes in the past that are told one by one; with more of them all of the channel is. */
const MOST_PATCHES = 64;

/** Somebody who feeds the channel, in the order of time. */
interface Source {
  feed: Feed;
  write: (piece: Piece) => void;
}

/** Bins that were changed and are not the newest ones. */
export interface Patch {
  number: number;
  from: number;
  to: number;
}

export interface ChannelOptions {
  number: number;
  id: string;
  sourceId: string;
  views: readonly BandView[];
  hours: number;
  rawMinutes: number;
  /** Bytes that its raw samples may take; see `RawMemory`. */
  rawBytes?: number | undefined;
}

export class Channel {
  readonly number: number;
  readonly id: string;
  readonly sourceId: string;
  /** Bins of each view, in the order of the views. */
  readonly coarse: TraceBins[];
  readonly fine: TraceBins[];
  readonly raw: RawMemory;
  sampleRate = Number.NaN;
  units = "counts";
  latitude: number | undefined;
  longitude: number | undefined;
  /** By the newest trigger or record that told of one; and when that trigger began. */
  isTriggered = false;
  triggeredAt = Number.NEGATIVE_INFINITY;
  ratio = Number.NaN;
  /** Time of the newest sample, and when the last record came. */
  newest = Number.NaN;
  arrived = Number.NEGATIVE_INFINITY;
  /** Records that were late, there twice, or of a time that cannot be. */
  dropped = 0;
  gaps = 0;
  /** Counts what is told in a channel's info, what came, and each time that all bins may be others. */
  infoVersion = 0;
  version = 0;
  epoch = 0;
  readonly #views: readonly BandView[];
  readonly #rawKept: number;
  #live: Source;
  #past: Source | undefined;
  #late: Source | undefined;
  /** Of the first record that came while the archive was being read. */
  #liveBegin = Number.POSITIVE_INFINITY;
  #latency = Number.NaN;
  #interval = 0;
  #strays = 0;
  #patches: Patch[] = [];
  #patchNumber = 0;

  constructor({ number, id, sourceId, views, hours, rawMinutes, rawBytes }: ChannelOptions) {
    this.number = number;
    this.id = id;
    this.sourceId = sourceId;
    this.#views = views;
    this.#rawKept = rawMinutes * 60e6;
    const kept = hours * 3600e6;
    const bins = (width: number, span: number) =>
      views.map(() => new TraceBins(width, Math.ceil(span / width), "float32"));
    this.coarse = bins(COARSE, kept);
    this.fine = bins(FINE, Math.min(FINE_KEPT, kept));
    this.raw = new RawMemory(rawMinutes, rawBytes);
    this.#live = this.#source();
  }

  /** Bytes of memory that it takes now. */
  get bytes(): number {
    const bins = [...this.coarse, ...this.fine].reduce((sum, { bytes }) => sum + bytes, 0);
    return bins + this.raw.bytes;
  }

  get info(): ChannelInfo {
    const { number, id, sourceId, sampleRate, units, latitude, longitude } = this;
    const isThere = (this.#live.feed.isThere.length > 0 ? this.#live : (this.#past ?? this.#live)).feed
      .isThere;
    const views = this.#views.filter((_view, i) => isThere[i]).map((view) => view.id);
    const place = latitude === undefined || longitude === undefined ? {} : { latitude, longitude };
    return { number, id, sourceId, sampleRate, units, views, ...place };
  }

  status(now: number): ChannelStatus {
    const { number: channel, isTriggered, ratio, gaps, newest } = this;
    const isSilent = this.arrived > 0 && now - this.arrived > Math.max(QUIET, 2 * this.#interval);
    const isAhead = newest > now + CLOCK_SLACK;
    const latency = isSilent || !(this.arrived > 0) ? (now - newest) / 1e6 : this.#latency;
    return { channel, isTriggered, isSilent, isAhead, latency, ratio, gaps, newest };
  }

  /** Changes in the past since one of that number; undefined where there were too many. */
  patchesSince(number: number): Patch[] | undefined {
    if (this.#patchNumber - number > this.#patches.length) return undefined;
    return this.#patches.filter((patch) => patch.number > number);
  }

  get lastPatch(): number {
    return this.#patchNumber;
  }

  /** Takes what came just now; false where it was dropped. */
  take(series: Series, now: number): boolean {
    if (this.#isStray(series, now)) return this.#drop();
    const turn = this.#live.feed.push(series, now);
    this.#arrive(series, now);
    if (turn.samples.length === 0) return turn.kind === "late" ? this.#fill(series) : this.#drop();
    if (turn.kind === "back") this.#clear();
    if (this.#past) this.#liveBegin = Math.min(this.#liveBegin, turn.start);
    this.#describe(turn);
    this.#write(turn, this.#live);
    this.version++;
    return true;
  }

  /** Takes what an archive has: the past of what comes meanwhile. */
  refill(series: Series, now: number): void {
    if (series.start >= this.#liveBegin) return;
    const count = Math.ceil(((this.#liveBegin - series.start) * series.sampleRate) / 1e6 - 0.5);
    const samples = count < series.samples.length ? series.samples.subarray(0, count) : series.samples;
    if (samples.length === 0 || series.start + (samples.length * 1e6) / series.sampleRate > now + CLOCK_SLACK)
      return;
    this.#past ??= this.#source();
    const turn = this.#past.feed.push({ ...series, samples });
    if (turn.samples.length === 0) return;
    this.#describe(turn);
    this.#write(turn, this.#past, now - turn.start);
  }

  /** Says, before anything has come, that an archive is being read: what comes meanwhile follows on it. */
  beginRefill(): void {
    this.#past = this.#source();
  }

  /** The archive is read: filters that began with what came meanwhile go on from the past. */
  endRefill(): void {
    const past = this.#past;
    this.#past = undefined;
    if (!past || Number.isNaN(past.feed.end)) return;
    if (Number.isNaN(this.#live.feed.end)) this.#live = past;
    else if (Math.abs(past.feed.end - this.#liveBegin) <= 0.5e6 / this.sampleRate) this.#join(past);
    this.#liveBegin = Number.POSITIVE_INFINITY;
    this.epoch++;
    this.version++;
  }

  #source(): Source {
    return { feed: new Feed(this.#views), write: this.raw.writer() };
  }

  #drop(): boolean {
    this.dropped++;
    return false;
  }

  #isStray({ start, sampleRate, samples }: Series, now: number): boolean {
    const isAhead = start + (samples.length * 1e6) / sampleRate > now + CLOCK_SLACK;
    this.#strays = isAhead ? this.#strays + 1 : 0;
    return isAhead && this.#strays < PATIENCE;
  }

  #arrive({ start, sampleRate, samples }: Series, now: number): void {
    const passed = this.arrived > 0 ? now - this.arrived : 0;
    this.#interval = Math.max(passed, 0.9 * this.#interval);
    this.arrived = now;
    this.#latency = (now - start) / 1e6 - (samples.length - 1) / sampleRate;
  }

  #describe({ start, sampleRate, samples, kind }: Turn): void {
    if (kind === "gap") this.gaps++;
    const newest = start + ((samples.length - 1) * 1e6) / sampleRate;
    if (kind === "back" || !(this.newest >= newest)) this.newest = newest;
    const isNew = kind === "first" || kind === "rate" || kind === "back";
    if (!isNew && !Number.isNaN(this.sampleRate)) return;
    this.sampleRate = sampleRate;
    this.infoVersion++;
  }

  /** @param age of what comes from an archive: what is too old for the fine bins, or to be kept raw, is not put there */
  #write({ start, sampleRate, samples, filtered }: Turn, { write }: Source, age = 0): void {
    const period = 1e6 / sampleRate;
    for (const [i, values] of filtered.entries()) {
      if (!values) continue;
      this.coarse[i]!.add(start, period, values);
      if (age < 2 * FINE_KEPT) this.fine[i]!.add(start, period, values);
    }
    if (age < this.#rawKept + 2 * FINE_KEPT) write({ start, sampleRate, samples });
  }

  /** A late record that lies where there is nothing yet is the past that was missing. */
  #fill(series: Series): boolean {
    const from = series.start;
    const to = from + (series.samples.length * 1e6) / series.sampleRate;
    if (!this.#isEmpty(from, to)) return this.#drop();
    this.#late ??= this.#source();
    let turn = this.#late.feed.push(series);
    if (turn.samples.length === 0) {
      this.#late = this.#source();
      turn = this.#late.feed.push(series);
    }
    this.#write(turn, this.#late);
    this.#patches.push({ number: ++this.#patchNumber, from, to });
    if (this.#patches.length > MOST_PATCHES) this.#patches.shift();
    this.version++;
    return true;
  }

  /** Whether the bins that lie wholly between these times are kept, and have nothing. */
  #isEmpty(from: number, to: number): boolean {
    // A view that the rate is too low for is always empty.
    const bins = this.coarse[this.#live.feed.isThere.indexOf(true)];
    if (!bins) return false;
    const first = Math.ceil(from / COARSE);
    const last = Math.floor(to / COARSE);
    if (first < bins.end - bins.count) return false;
    for (let bin = first; bin < last; bin++) if (!Number.isNaN(bins.min(bin))) return false;
    return last > first || Number.isNaN(bins.min(last));
  }

  /** Filters what came meanwhile once more, from the state that the archive has left. */
  #join(past: Source): void {
    const [piece] = this.raw.pieces(this.#liveBegin, Number.POSITIVE_INFINITY);
    if (!piece || Math.abs(piece.start - this.#liveBegin) > 0.5e6 / piece.sampleRate) return;
    const turn = past.feed.push(piece);
    if (turn.samples.length === 0) return;
    for (const [i, values] of turn.filtered.entries()) {
      if (values) for (const bins of [this.coarse[i]!, this.fine[i]!]) replaceBins(bins, turn, values);
    }
    if (Math.abs(past.feed.end - this.#live.feed.end) <= 1) this.#live.feed = past.feed;
  }

  #clear(): void {
    for (const bins of [...this.coarse, ...this.fine]) bins.clear();
    this.raw.clear();
    this.#late = undefined;
    this.#patches = [];
    this.epoch++;
  }
}

/** Puts the bins of these samples in place of what stood there; the first, which others have a part of, stays. */
function replaceBins(bins: TraceBins, { start, sampleRate, samples }: Turn, values: ArrayLike<number>): void {
  const { width } = bins;
  const first = Math.floor(start / width) + 1;
  const count = Math.ceil((samples.length * 1e6) / sampleRate / width) + 1;
  const other = new TraceBins(width, count, "float32");
  other.add(start, 1e6 / sampleRate, values);
  const { min, max } = other.slice(first, other.end);
  bins.set(first, min, max);
}
