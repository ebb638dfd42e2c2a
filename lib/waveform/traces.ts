/**
 * What a live view of several streams remembers: a row of min/max bins for each, over one time axis. It believes a
 * station's clock only as far as it makes sense, so that one record with a wrong time neither wipes a row nor drags
 * the axis along.
 */
import { TraceBins } from "./bins.ts";
import { drawRow, type Picture } from "./picture.ts";
import type { TraceRecord } from "./record.ts";

/** The shape of a view. */
export interface TracesOptions {
  /** Time from the left to the right edge, in seconds. */
  seconds: number;
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

/** The rows of a live view, and its pictures. */
export class Traces {
  /** The shape of the view. */
  readonly options: TracesOptions;
  readonly #rows = new Map<string, Row>();
  readonly #binWidth: number;
  #leftOut = Number.NEGATIVE_INFINITY;

  constructor(options: TracesOptions) {
    this.options = options;
    this.#binWidth = Math.max(1, Math.round((options.seconds * 1e6) / options.columns));
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
    const span = this.#binWidth * this.options.columns;
    row.arrived = now;
    if (newest < row.newest - span || record.start > row.newest + span) {
      const sensible = newest <= now + CLOCK_SLACK && (newest > row.newest || isAhead(row, now));
      row.strays++;
      if (!sensible && row.strays < PATIENCE) return;
      row.bins.clear();
      row.newest = Number.NaN;
    }
    row.strays = 0;
    if (!(row.newest >= newest)) row.newest = newest;
    row.sampleRate = record.sampleRate;
    row.bins.add(record.start, record.period, record.samples);
  }

  /** The picture at the time `now`, or `undefined` before the first record. */
  picture(now: number): Picture | undefined {
    const rows = [...this.#rows.values()].sort((a, b) => (a.sourceId < b.sourceId ? -1 : 1));
    const inTime = rows.filter((row) => !isAhead(row, now));
    const ends = (inTime.length > 0 ? inTime : rows).map((row) => row.bins.end);
    if (ends.length === 0) return undefined;
    const end = Math.max(...ends);
    return {
      end: end * this.#binWidth,
      span: this.options.columns * this.#binWidth,
      rows: rows.map((row) => ({
        sourceId: row.sourceId,
        sampleRate: row.sampleRate,
        latency: ((now - row.arrived > QUIET ? now : row.arrived) - row.newest) / 1e6,
        ...drawRow(row.bins, end),
      })),
      more: now - this.#leftOut <= QUIET,
    };
  }

  /** A row for a new stream, in place of the one that has been quiet for longest if there are enough; or none. */
  #newRow(sourceId: string, now: number): Row | undefined {
    if (this.#rows.size >= this.options.rows) {
      const quietest = [...this.#rows.values()].reduce((a, b) => (b.arrived < a.arrived ? b : a));
      if (now - quietest.arrived <= QUIET) return undefined;
      this.#rows.delete(quietest.sourceId);
    }
    const bins = new TraceBins(this.#binWidth, this.options.columns);
    const row = { sourceId, sampleRate: Number.NaN, bins, newest: Number.NaN, arrived: now, strays: 0 };
    this.#rows.set(sourceId, row);
    return row;
  }
}

function isAhead(row: Row, now: number): boolean {
  return row.newest > now + CLOCK_SLACK;
}
