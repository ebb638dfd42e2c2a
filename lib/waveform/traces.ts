/**
 * What a live view of several streams remembers: a row of min/max bins for each, over one time axis. It believes a
 * station's clock only as far as it makes sense, so that one record with a wrong time neither wipes a row nor drags
 * the axis along.
 */
import { TraceBins } from "./bins.ts";
import { commonScale, drawRow, type Picture, scaleOf, type View } from "./picture.ts";
import type { TraceRecord } from "./record.ts";

/** The shape of a view. */
export interface TracesOptions {
  /** Time from the left to the right edge, in seconds; "all": from the first to the last sample that came. */
  seconds: number | "all";
  /** Columns from the left to the right edge. */
  columns: number;
  /** The most streams that are shown. */
  rows: number;
}

interface Row {
  sourceId: string;
  sampleRate: number;
  bins: TraceBins;
  /** Time of the newest sample, in microseconds since 1970; NaN before the first. */
  newest: number;
  /** When the last record came, in microseconds since 1970. */
  arrived: number;
  /** How many records in a row were of another time. */
  strays: number;
}

/** How far ahead of ours a station's clock may be, in microseconds. */
const CLOCK_SLACK = 60e6;
/** So many records in a row of another time, and the row believes it: a replay has begun, or the clock was set. */
const PATIENCE = 8;
/** After so many microseconds without a record a stream counts as quiet. */
const QUIET = 30e6;

/** Bins of a view of all that came: at least two for a column, however wide it is. */
const BINS_OF_ALL = 4096;
/** Width of its first bins, in microseconds: they double as more comes. */
const FIRST_WIDTH = 1000;
/** So far from all that came before, in microseconds, a record's time is rather an error. */
const FAR_AWAY = 366 * 86_400e6;

/** The rows of a live view, and its pictures. */
export class Traces {
  /** The shape of the view. */
  readonly options: TracesOptions;
  readonly #rows = new Map<string, Row>();
  readonly #bins: number;
  #binWidth: number;
  /** In a view of all that came: from the first sample to the last one, in microseconds since 1970. */
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  #leftOut = Number.NEGATIVE_INFINITY;

  constructor(options: TracesOptions) {
    this.options = options;
    const { seconds, columns } = options;
    this.#bins = seconds === "all" ? BINS_OF_ALL : columns;
    this.#binWidth = seconds === "all" ? FIRST_WIDTH : Math.max(1, Math.round((seconds * 1e6) / columns));
  }

  /** How many streams there are to show. */
  get size(): number {
    return this.#rows.size;
  }

  /** Takes a record that came at the time `now` (microseconds since 1970, as all times here). */
  add(record: TraceRecord, now: number): void {
    const row = this.#rows.get(record.sourceId) ?? this.#newRow(record.sourceId, now);
    if (!row) {
      this.#leftOut = now;
      return;
    }
    const newest = record.start + (record.samples.length - 1) * record.period;
    row.arrived = now;
    const isBelieved =
      this.options.seconds === "all"
        ? this.#reach(row, record.start, newest)
        : this.#follow(row, record, newest, now);
    if (!isBelieved) return;
    row.strays = 0;
    if (!(row.newest >= newest)) row.newest = newest;
    row.sampleRate = record.sampleRate;
    row.bins.add(record.start, record.period, record.samples);
  }

  /** Forgets all that came. */
  clear(): void {
    this.#rows.clear();
    this.#leftOut = Number.NEGATIVE_INFINITY;
    [this.#first, this.#last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    if (this.options.seconds === "all") this.#binWidth = FIRST_WIDTH;
  }

  /** Whether a record's time is believed; where it is of another time than its row, the row begins anew. */
  #follow(row: Row, record: TraceRecord, newest: number, now: number): boolean {
    const span = this.#binWidth * this.#bins;
    if (newest >= row.newest - span && record.start <= row.newest + span) return true;
    if (Number.isNaN(row.newest)) return true;
    const sensible = newest <= now + CLOCK_SLACK && (newest > row.newest || isAhead(row, now));
    row.strays++;
    if (!sensible && row.strays < PATIENCE) return false;
    row.bins.clear();
    row.newest = Number.NaN;
    return true;
  }

  /** Widens the view of all that came as far as a record reaches, if its time is believed. */
  #reach(row: Row, start: number, newest: number): boolean {
    const isFar = newest < this.#first - FAR_AWAY || start > this.#last + FAR_AWAY;
    if (isFar && this.#last >= this.#first && ++row.strays < PATIENCE) return false;
    this.#first = Math.min(this.#first, start);
    this.#last = Math.max(this.#last, newest);
    while (this.#view().to - this.#view().from > this.#bins) {
      this.#binWidth *= 2;
      for (const each of this.#rows.values()) each.bins = each.bins.coarser();
    }
    return true;
  }

  /** The bins of all that came. */
  #view(): View {
    const bin = (time: number) => Math.floor(time / this.#binWidth);
    return { from: bin(this.#first), to: bin(this.#last) + 1, columns: this.options.columns };
  }

  /**
   * The picture at the time `now`, or `undefined` before the first record.
   * @param isCommon whether all rows reach equally far
   */
  picture(now: number, isCommon = false): Picture | undefined {
    const rows = [...this.#rows.values()].sort((a, b) => (a.sourceId < b.sourceId ? -1 : 1));
    const isAll = this.options.seconds === "all";
    const view = isAll ? this.#view() : this.#newestBins(rows, now);
    if (!view || !(view.to > view.from)) return undefined;
    const own = rows.map(({ bins }) => scaleOf(bins, view));
    const scales = isCommon ? commonScale(own) : own;
    return {
      end: view.to * this.#binWidth,
      span: (view.to - view.from) * this.#binWidth,
      rows: rows.map(({ sourceId, sampleRate, newest, arrived, bins }, i) => {
        const scale = scales[i]!;
        const latency = isAll ? undefined : ((now - arrived > QUIET ? now : arrived) - newest) / 1e6;
        return { sourceId, sampleRate, newest, latency, ...scale, envelope: drawRow(bins, view, scale) };
      }),
      more: isAll ? this.#leftOut > 0 : now - this.#leftOut <= QUIET,
    };
  }

  /** The bins of a view that ends at the newest sample of all whose clock does not run ahead. */
  #newestBins(rows: readonly Row[], now: number): View | undefined {
    const inTime = rows.filter((row) => !isAhead(row, now));
    const ends = (inTime.length > 0 ? inTime : rows).map((row) => row.bins.end);
    if (ends.length === 0) return undefined;
    const to = Math.max(...ends);
    return { from: to - this.#bins, to, columns: this.options.columns };
  }

  /** A row for a new stream, in place of the one that has been quiet for longest if there are enough; or none. */
  #newRow(sourceId: string, now: number): Row | undefined {
    if (this.#rows.size >= this.options.rows) {
      // Of all that came nothing gives way.
      if (this.options.seconds === "all") return undefined;
      const quietest = [...this.#rows.values()].reduce((a, b) => (b.arrived < a.arrived ? b : a));
      if (now - quietest.arrived <= QUIET) return undefined;
      this.#rows.delete(quietest.sourceId);
    }
    const bins = new TraceBins(this.#binWidth, this.#bins);
    const row = { sourceId, sampleRate: Number.NaN, bins, newest: Number.NaN, arrived: now, strays: 0 };
    this.#rows.set(sourceId, row);
    return row;
  }
}

function isAhead(row: Row, now: number): boolean {
  return row.newest > now + CLOCK_SLACK;
}
