/** Bins of a channel as frames: of a stretch of time, in pieces, without what is empty. */
import type { TraceBins } from "../../../waveform/bins.ts";
import type { BinsFrame } from "../../frames.ts";

/** Bins of a frame at most, so that none takes long. */
const MOST_BINS = 16_384;
/** So many empty bins, and the frame ends before them. */
const EMPTY = 256;

/** Which bins are wanted: from one up to another, as they are kept; so many of them make one of those sent. */
export interface Stretch {
  channel: number;
  bins: TraceBins;
  from: number;
  to: number;
  factor: number;
}

/** The frames of a stretch. With `isReset` the first one says so, and there is one even where there is nothing. */
export function* binFrames(stretch: Stretch, isReset: boolean): Generator<BinsFrame, void> {
  const { channel, bins, factor } = stretch;
  const to = stretch.to;
  let at = Math.floor(stretch.from / factor) * factor;
  let isFirst = isReset;
  while (at < to) {
    const end = Math.min(to, at + MOST_BINS - (MOST_BINS % factor));
    const { min, max } = folded(bins, at, end, factor);
    for (const [from, next] of filled(min)) {
      const first = at / factor + from;
      yield {
        type: "bins",
        channel,
        isReset: isFirst,
        first,
        min: min.slice(from, next),
        max: max.slice(from, next),
      };
      isFirst = false;
    }
    at = end;
  }
  if (isFirst) yield { type: "bins", channel, isReset: true, first: 0, min: NOTHING, max: NOTHING };
}

const NOTHING = new Float32Array();

/** Bins of which each is `factor` of those kept; `from` is a multiple of it. */
function folded(bins: TraceBins, from: number, to: number, factor: number) {
  const { min, max } = bins.slice(from, to);
  if (factor === 1) return { min, max };
  const count = Math.ceil(min.length / factor);
  const wide = {
    min: new Float32Array(count).fill(Number.NaN),
    max: new Float32Array(count).fill(Number.NaN),
  };
  for (let i = 0; i < min.length; i++) {
    const at = Math.floor(i / factor);
    // Written so that a NaN that stands there gives way.
    if (!(wide.min[at]! <= min[i]!) && !Number.isNaN(min[i]!)) wide.min[at] = min[i]!;
    if (!(wide.max[at]! >= max[i]!) && !Number.isNaN(max[i]!)) wide.max[at] = max[i]!;
  }
  return wide;
}

/** The stretches without a long empty one among them. */
function* filled(values: Float32Array): Generator<[from: number, to: number], void> {
  let from = -1;
  let last = -1;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) continue;
    if (from >= 0 && i - last > EMPTY) {
      yield [from, last + 1];
      from = i;
    }
    if (from < 0) from = i;
    last = i;
  }
  if (from >= 0) yield [from, last + 1];
}
