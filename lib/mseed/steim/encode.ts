/**
 * Samples into Steim frames. Hot loops, as those that decode: they write through a DataView and allocate nothing.
 */
import { FRAME_BYTES, type SteimVersion } from "./frames.ts";

/** The most differences that a word holds: those that an encoder looks at to choose. */
const LOOK_AHEAD = 7;

/** How far an encoder came: the samples packed and the frames they took. */
export interface SteimPacked {
  /** Samples packed. */
  samples: number;
  /** Frames that they took. */
  frames: number;
}

/**
 * Packs samples from index `from` up to `to` into at most `frames` frames at `start`, which must be zero before. The first
 * difference of a record is written as 0: each record decodes by itself.
 *
 * Each word takes as many differences as fit (libmseed's choice, so that the bytes are the same). Steim 2 has 30 bits for
 * a difference; where one needs more, packing ends before it, and the next record starts at that sample.
 */
export function encodeSteim(
  version: SteimVersion,
  samples: Int32Array,
  from: number,
  to: number,
  view: DataView,
  start: number,
  frames: number,
): SteimPacked {
  const end = start + frames * FRAME_BYTES;
  let n = from;
  let frame = start;
  for (; frame < end && n < to; frame += FRAME_BYTES) {
    const next = encodeFrame(version, samples, n, to, n === from, view, frame, frame === start);
    if (next === n) break;
    n = next;
  }
  if (n > from) {
    view.setInt32(start + 4, samples[from] as number);
    view.setInt32(start + 8, samples[n - 1] as number);
  }
  return { samples: n - from, frames: (frame - start) / FRAME_BYTES };
}

/** Writes as many differences as fit one word; returns how many, 0 if not even the first does. */
function encodeWord(
  version: SteimVersion,
  samples: Int32Array,
  n: number,
  before: number,
  view: DataView,
  p: number,
): number {
  return version === 1 ? encodeWord1(samples, n, before, view, p) : encodeWord2(samples, n, before, view, p);
}

/** Fills one frame with differences of samples from index `from`; returns the index of the first sample not in it. */
function encodeFrame(
  version: SteimVersion,
  samples: Int32Array,
  from: number,
  to: number,
  startsRecord: boolean,
  view: DataView,
  frame: number,
  isFirst: boolean,
): number {
  let n = from;
  let codes = 0;
  let before = samples[startsRecord ? n : n - 1] as number;
  for (let i = isFirst ? 3 : 1; i < 16 && n < to; i++) {
    const p = frame + 4 * i;
    const isTail = to - n < LOOK_AHEAD;
    const count = isTail
      ? encodeTail(version, samples, n, to, before, view, p)
      : encodeWord(version, samples, n, before, view, p);
    if (count === 0) break;
    codes |= codeOf(version, count) << (30 - 2 * i);
    n += count;
    before = samples[n - 1] as number;
  }
  if (n > from) view.setInt32(frame, codes);
  return n;
}

function codeOf(version: SteimVersion, count: number): number {
  if (count === 4) return 1;
  if (version === 1) return count === 2 ? 2 : 3;
  return count < 4 ? 2 : 3;
}

/** Room for the last samples, and one that none of them leads to: see `encodeTail`. */
const tail = new Int32Array(LOOK_AHEAD + 1);

/** A word of the last samples, which are fewer than may be looked at: after them comes a difference that joins no other. */
function encodeTail(
  version: SteimVersion,
  samples: Int32Array,
  from: number,
  to: number,
  before: number,
  view: DataView,
  p: number,
): number {
  const left = to - from;
  tail.set(samples.subarray(from, to));
  tail[left] = (samples[to - 1] as number) + 0x4000_0000;
  return encodeWord(version, tail, 0, before, view, p);
}

/** Folds a difference on the non-negative numbers: it fits k signed bits if this is below 2^(k-1). */
function fold(d: number): number {
  return d ^ (d >> 31);
}

/** Writes as many differences as fit one Steim 1 word; returns how many: 1, 2 or 4. Where more fit, fewer do too. */
function encodeWord1(samples: Int32Array, n: number, before: number, view: DataView, p: number): number {
  const s0 = samples[n] as number;
  const s1 = samples[n + 1] as number;
  const d0 = (s0 - before) | 0;
  const d1 = (s1 - s0) | 0;
  let size = fold(d0) | fold(d1);
  if (size >= 0x8000) {
    view.setInt32(p, d0);
    return 1;
  }
  const s2 = samples[n + 2] as number;
  const d2 = (s2 - s1) | 0;
  const d3 = ((samples[n + 3] as number) - s2) | 0;
  size |= fold(d2) | fold(d3);
  if (size >= 0x80) {
    view.setInt32(p, (d0 << 16) | (d1 & 0xffff));
    return 2;
  }
  view.setInt32(p, (d0 << 24) | ((d1 & 0xff) << 16) | ((d2 & 0xff) << 8) | (d3 & 0xff));
  return 4;
}

/** Writes as many differences as fit one Steim 2 word; returns how many, 0 if not even the first does. */
function encodeWord2(samples: Int32Array, n: number, before: number, view: DataView, p: number): number {
  const s0 = samples[n] as number;
  const s1 = samples[n + 1] as number;
  const d0 = (s0 - before) | 0;
  const d1 = (s1 - s0) | 0;
  let size = fold(d0) | fold(d1);
  if (size >= 0x4000) {
    if (fold(d0) >= 0x2000_0000) return 0;
    view.setInt32(p, 0x4000_0000 | (d0 & 0x3fff_ffff));
    return 1;
  }
  const s2 = samples[n + 2] as number;
  const d2 = (s2 - s1) | 0;
  size |= fold(d2);
  if (size >= 0x200) {
    view.setInt32(p, 0x8000_0000 | ((d0 & 0x7fff) << 15) | (d1 & 0x7fff));
    return 2;
  }
  const s3 = samples[n + 3] as number;
  const d3 = (s3 - s2) | 0;
  size |= fold(d3);
  if (size >= 0x80) {
    view.setInt32(p, 0xc000_0000 | ((d0 & 0x3ff) << 20) | ((d1 & 0x3ff) << 10) | (d2 & 0x3ff));
    return 3;
  }
  const s4 = samples[n + 4] as number;
  const d4 = (s4 - s3) | 0;
  size |= fold(d4);
  if (size >= 0x20) {
    view.setInt32(p, (d0 << 24) | ((d1 & 0xff) << 16) | ((d2 & 0xff) << 8) | (d3 & 0xff));
    return 4;
  }
  const s5 = samples[n + 5] as number;
  const d5 = (s5 - s4) | 0;
  size |= fold(d5);
  if (size >= 0x10) {
    const low = ((d3 & 0x3f) << 6) | (d4 & 0x3f);
    view.setInt32(p, ((d0 & 0x3f) << 24) | ((d1 & 0x3f) << 18) | ((d2 & 0x3f) << 12) | low);
    return 5;
  }
  const d6 = ((samples[n + 6] as number) - s5) | 0;
  size |= fold(d6);
  if (size >= 8) {
    const low = ((d3 & 0x1f) << 10) | ((d4 & 0x1f) << 5) | (d5 & 0x1f);
    view.setInt32(p, 0x4000_0000 | ((d0 & 0x1f) << 25) | ((d1 & 0x1f) << 20) | ((d2 & 0x1f) << 15) | low);
    return 6;
  }
  const low = ((d3 & 0xf) << 12) | ((d4 & 0xf) << 8) | ((d5 & 0xf) << 4) | (d6 & 0xf);
  view.setInt32(p, 0x8000_0000 | ((d0 & 0xf) << 24) | ((d1 & 0xf) << 20) | ((d2 & 0xf) << 16) | low);
  return 7;
}
