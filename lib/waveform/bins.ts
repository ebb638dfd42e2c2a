/**
 * The recent past of one stream, ready to be drawn: time is cut into bins of equal width, counted from 1970, and
 * each keeps the smallest and the largest sample that fell into it. The memory is the same whatever the sample rate,
 * and because a bin's edges never move, a trace that scrolls doesn't flicker.
 */

/** Numbers of 4 bytes are exact to 24 bits, which is more than a picture shows. */
export type BinPrecision = "float64" | "float32";

/** So many bins there is room for at first: more only as they come. */
const FIRST_ROOM = 1024;

/** Bins of one stream, of the same width, the newest ones. */
export class TraceBins {
  /** Width of a bin, in microseconds. */
  readonly width: number;
  /** How many bins are kept. */
  readonly count: number;
  // Rings, indexed by the bin's number modulo their length; NaN where a bin has no sample.
  #min: Float64Array | Float32Array;
  #max: Float64Array | Float32Array;
  /** The oldest bin that anything was written to. */
  #begin = Number.NaN;
  #end = Number.NaN;

  constructor(width: number, count: number, precision: BinPrecision = "float64") {
    this.width = width;
    this.count = count;
    const Values = precision === "float32" ? Float32Array : Float64Array;
    this.#min = new Values(Math.min(count, FIRST_ROOM)).fill(Number.NaN);
    this.#max = this.#min.slice();
  }

  /** The number of the bin behind the newest one, `NaN` before the first sample. */
  get end(): number {
    return this.#end;
  }

  /** The smallest sample of a bin, by the bin's number (its time since 1970 over `width`); `NaN` if there is none. */
  min(bin: number): number {
    return this.#has(bin) ? this.#min[this.#slot(bin)]! : Number.NaN;
  }

  /** The largest sample of a bin; `NaN` if there is none. */
  max(bin: number): number {
    return this.#has(bin) ? this.#max[this.#slot(bin)]! : Number.NaN;
  }

  /** Bytes of memory that it takes now. */
  get bytes(): number {
    return 2 * this.#min.byteLength;
  }

  /** The oldest bin that may have a sample, `NaN` before the first sample. */
  get begin(): number {
    return Math.max(this.#begin, this.#end - this.count);
  }

  /** Copies the bins from number `first` on into two arrays of the same length; `NaN` where there is none. */
  read(first: number, min: Float64Array | Float32Array, max: Float64Array | Float32Array): void {
    min.fill(Number.NaN);
    max.fill(Number.NaN);
    const end = Math.min(first + min.length, this.#end);
    for (let bin = Math.max(first, this.begin); bin < end; ) {
      const slot = this.#slot(bin);
      const count = Math.min(end - bin, this.#min.length - slot);
      min.set(this.#min.subarray(slot, slot + count), bin - first);
      max.set(this.#max.subarray(slot, slot + count), bin - first);
      bin += count;
    }
  }

  /** The bins from `from` up to `to`, NaN where there is no sample. */
  slice(from: number, to: number): { min: Float32Array; max: Float32Array } {
    const min = new Float32Array(Math.max(0, to - from));
    const max = new Float32Array(min.length);
    this.read(from, min, max);
    return { min, max };
  }

  /** Forgets all bins. */
  clear(): void {
    this.#min.fill(Number.NaN);
    this.#max.fill(Number.NaN);
    this.#begin = Number.NaN;
    this.#end = Number.NaN;
  }

  /** Puts bins in place of those from `first` on, as another one has them; what is older than the bins kept is dropped. */
  set(first: number, min: ArrayLike<number>, max: ArrayLike<number>): void {
    if (min.length === 0) return;
    this.#reach(first, first + min.length);
    for (let bin = Math.max(first, this.begin); bin < first + min.length; bin++) {
      const slot = this.#slot(bin);
      this.#min[slot] = min[bin - first]!;
      this.#max[slot] = max[bin - first]!;
    }
  }

  /** The same trace in bins of twice the width, of which as many are kept. */
  coarser(): TraceBins {
    const bins = new TraceBins(2 * this.width, this.count);
    if (Number.isNaN(this.#end)) return bins;
    bins.#reach(Math.floor(this.begin / 2), Math.floor((this.#end - 1) / 2) + 1);
    for (let bin = this.begin; bin < this.#end; bin++) {
      const min = this.min(bin);
      if (!Number.isNaN(min)) bins.#merge(Math.floor(bin / 2), min, this.max(bin));
    }
    return bins;
  }

  /**
   * Takes samples at equal distances: the first at `start`, `period` microseconds apart (more than 0). What is older
   * than the bins kept is dropped, NaN is not a sample. Bins between two samples that belong together, as there are
   * where the period is longer than a bin, get the values of the straight line; a gap stays empty.
   */
  add(start: number, period: number, samples: ArrayLike<number>): void {
    if (samples.length === 0) return;
    const last = Math.floor((start + (samples.length - 1) * period) / this.width);
    this.#reach(Math.floor(start / this.width), last + 1);
    const first = Math.max(Math.floor(start / this.width), this.#end - this.count);
    let from = Math.max(0, Math.ceil((first * this.width - start) / period));
    for (let bin = first; bin <= last; bin++) {
      const next = Math.ceil(((bin + 1) * this.width - start) / period);
      const to = bin === last ? samples.length : Math.min(next, samples.length);
      if (to > from) this.#widen(bin, samples, from, to);
      from = Math.max(from, to);
    }
    this.#join(first, last, period / this.width);
  }

  #has(bin: number): boolean {
    return bin < this.#end && bin >= this.#end - this.#min.length;
  }

  #slot(bin: number): number {
    const slot = bin % this.#min.length;
    return slot < 0 ? slot + this.#min.length : slot;
  }

  /** Makes room for bins from `first` up to `end`, as far as they are kept. */
  #reach(first: number, end: number): void {
    const isFirst = Number.isNaN(this.#end);
    const newest = isFirst ? end : Math.max(end, this.#end);
    const begin = Math.max(isFirst ? first : Math.min(first, this.#begin), newest - this.count);
    if (newest - begin > this.#min.length) this.#grow(newest - begin);
    this.#advanceTo(newest);
    this.#begin = begin;
  }

  #grow(needed: number): void {
    const Values = this.#min.constructor as Float32ArrayConstructor;
    const from = this.begin;
    const min = new Values(this.#end - from || 0);
    const max = new Values(min.length);
    this.read(from, min, max);
    const room = Math.min(this.count, Math.max(needed, 2 * this.#min.length));
    this.#min = new Values(room).fill(Number.NaN);
    this.#max = this.#min.slice();
    for (let at = 0; at < min.length; ) {
      const slot = this.#slot(from + at);
      const count = Math.min(min.length - at, room - slot);
      this.#min.set(min.subarray(at, at + count), slot);
      this.#max.set(max.subarray(at, at + count), slot);
      at += count;
    }
  }

  #advanceTo(end: number): void {
    if (end <= this.#end) return;
    const known = Number.isNaN(this.#end) ? end : this.#end;
    for (let bin = Math.max(known, end - this.#min.length); bin < end; bin++) {
      this.#min[this.#slot(bin)] = Number.NaN;
      this.#max[this.#slot(bin)] = Number.NaN;
    }
    this.#end = end;
  }

  /** Widens a bin by `samples[from]` to `samples[to - 1]`. */
  #widen(bin: number, samples: ArrayLike<number>, from: number, to: number): void {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = from; i < to; i++) {
      const value = samples[i]!;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    if (min <= max) this.#merge(bin, min, max);
  }

  #merge(bin: number, min: number, max: number): void {
    const slot = this.#slot(bin);
    // Written so that a NaN that stands there gives way.
    if (!(this.#min[slot]! <= min)) this.#min[slot] = min;
    if (!(this.#max[slot]! >= max)) this.#max[slot] = max;
  }

  /** Draws the straight line between neighbours from just before bin `first` to just behind `last`; `step` is the period in bins. */
  #join(first: number, last: number, step: number): void {
    if (step <= 1) return;
    // Half a period of slack, as records of one stream have that are not aligned with each other.
    const reach = Math.max(Math.ceil(step), Math.floor(1.5 * step));
    const oldest = Math.max(first - reach, this.#end - this.count);
    const newest = Math.min(last + reach, this.#end - 1);
    let before = Number.NaN;
    for (let bin = oldest; bin <= newest; bin++) {
      if (Number.isNaN(this.min(bin))) continue;
      if (bin - before <= reach) this.#line(before, bin);
      before = bin;
    }
  }

  #line(from: number, to: number): void {
    const start = this.min(from) / 2 + this.max(from) / 2;
    const end = this.min(to) / 2 + this.max(to) / 2;
    for (let bin = from + 1; bin < to; bin++) {
      const part = (bin - from) / (to - from);
      const value = start * (1 - part) + end * part;
      this.#merge(bin, value, value);
    }
  }
}
