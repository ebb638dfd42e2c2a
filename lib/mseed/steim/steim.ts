/**
 * Steim 1 and 2: differences of successive samples, packed in 64-byte frames of sixteen 32-bit words (SEED manual,
 * appendix B). Word 0 of a frame holds sixteen 2-bit codes that say what each word contains; words 1 and 2 of the
 * first frame are the first and the last sample. All words here are big endian: see `toBigEndianSteim`.
 *
 * These are the hot loops of the whole codec: they read and write through a DataView, which the engine compiles to
 * single loads and byte swaps, and they allocate nothing.
 */

import { ENCODINGS } from "../encodings.ts";

export const FRAME_BYTES = 64;

/** The most samples that a frame can hold, by encoding: bounds what a header may claim. */
export const STEIM1_FRAME_SAMPLES = 60;
export const STEIM2_FRAME_SAMPLES = 105;

export type SteimVersion = 1 | 2;

/** Whether an encoding is Steim 1 or 2. */
export function isSteim(encoding: number): boolean {
  return encoding === ENCODINGS.steim1 || encoding === ENCODINGS.steim2;
}

/** The most differences that a word holds: those that an encoder looks at to choose. */
const LOOK_AHEAD = 7;

/** How many differences a Steim 2 word holds, by its code and its two top bits; 0 where there are none. */
const STEIM2_COUNTS = [0, 0, 0, 0, 4, 4, 4, 4, -1, 1, 2, 3, 5, 6, 7, -1];
const STEIM1_COUNTS = [0, 4, 2, 1];
const BITS_BY_COUNT = [0, 30, 15, 10, 8, 6, 5, 4];
const STEIM1_BITS_BY_COUNT = [0, 32, 16, 0, 8];

/** The number of differences in a word with that code, or -1 for a combination that Steim 2 does not have. */
function differencesIn(version: SteimVersion, code: number, word: number): number {
  const count = version === 1 ? STEIM1_COUNTS[code] : STEIM2_COUNTS[(code << 2) | (word >>> 30)];
  return count as number;
}

/** Difference `index` of the `count` in a word: the first is in the most significant of the bits used. */
function difference(version: SteimVersion, word: number, count: number, index: number): number {
  const bits = (version === 1 ? STEIM1_BITS_BY_COUNT : BITS_BY_COUNT)[count] as number;
  return (word << (32 - bits * (count - index))) >> (32 - bits);
}

/** The difference that comes first in a frame 0, where word 3 begins; 0 if the frame has none or an impossible one. */
function firstDifference(version: SteimVersion, view: DataView, start: number, codes: number): number {
  for (let i = 3; i < 16; i++) {
    const code = (codes >>> (30 - 2 * i)) & 3;
    if (code === 0) continue;
    const word = view.getInt32(start + 4 * i);
    const count = differencesIn(version, code, word);
    return count > 0 ? difference(version, word, count, 0) : 0;
  }
  return 0;
}

/** Word 0 of a frame without the codes of the words that are no differences. */
function differenceCodes(view: DataView, frame: number, isFirst: boolean): number {
  return view.getInt32(frame) & (isFirst ? 0x03ff_ffff : 0x3fff_ffff);
}

/**
 * Decodes at most `count` samples of `frames` frames at `start` into `out`, from index `at`.
 * @returns how many were decoded: fewer where the frames end, or where one breaks the rules (see `findInvalidWord`).
 */
export function decodeSteim(
  version: SteimVersion,
  view: DataView,
  start: number,
  frames: number,
  out: Int32Array,
  at: number,
  count: number,
): number {
  if (frames === 0 || count === 0) return 0;
  const codes = differenceCodes(view, start, true);
  const first = view.getInt32(start + 4);
  const end = start + frames * FRAME_BYTES;
  const decodeFrames = version === 1 ? decodeFrames1 : decodeFrames2;
  if (codes === 0) {
    // No difference at all in the first frame: then none stands for the first sample.
    out[at] = first;
    return 1 + decodeFrames(view, start + FRAME_BYTES, end, false, first, out, at + 1, count - 1);
  }
  // The first difference leads to the first sample from the one before it, whatever that was.
  const before = (first - firstDifference(version, view, start, codes)) | 0;
  return decodeFrames(view, start, end, true, before, out, at, count);
}

function decodeFrames1(
  view: DataView,
  start: number,
  end: number,
  startsRecord: boolean,
  before: number,
  out: Int32Array,
  at: number,
  count: number,
): number {
  const limit = at + count;
  const safe = limit - 4;
  let sample = before;
  let n = at;
  for (let frame = start; frame < end; frame += FRAME_BYTES) {
    let codes = differenceCodes(view, frame, startsRecord && frame === start) << 2;
    for (let p = frame + 4; codes !== 0; p += 4, codes <<= 2) {
      const code = codes >>> 30;
      if (code === 0) continue;
      const w = view.getInt32(p);
      if (n > safe) {
        n = decodeWord(1, code, w, sample, out, n, limit);
        if (n === limit) return count;
        sample = out[n - 1] as number;
      } else if (code === 1) {
        out[n] = sample = (sample + (w >> 24)) | 0;
        out[n + 1] = sample = (sample + ((w << 8) >> 24)) | 0;
        out[n + 2] = sample = (sample + ((w << 16) >> 24)) | 0;
        out[n + 3] = sample = (sample + ((w << 24) >> 24)) | 0;
        n += 4;
      } else if (code === 2) {
        out[n] = sample = (sample + (w >> 16)) | 0;
        out[n + 1] = sample = (sample + ((w << 16) >> 16)) | 0;
        n += 2;
      } else {
        out[n] = sample = (sample + w) | 0;
        n += 1;
      }
    }
  }
  return n - at;
}

function decodeFrames2(
  view: DataView,
  start: number,
  end: number,
  startsRecord: boolean,
  before: number,
  out: Int32Array,
  at: number,
  count: number,
): number {
  const limit = at + count;
  const safe = limit - 7;
  let sample = before;
  let n = at;
  for (let frame = start; frame < end; frame += FRAME_BYTES) {
    let codes = differenceCodes(view, frame, startsRecord && frame === start) << 2;
    for (let p = frame + 4; codes !== 0; p += 4, codes <<= 2) {
      const code = codes >>> 30;
      if (code === 0) continue;
      const w = view.getInt32(p);
      if (n > safe) {
        const next = decodeWord(2, code, w, sample, out, n, limit);
        if (next === n) return n - at;
        n = next;
        if (n === limit) return count;
        sample = out[n - 1] as number;
        continue;
      }
      if (code === 1) {
        out[n] = sample = (sample + (w >> 24)) | 0;
        out[n + 1] = sample = (sample + ((w << 8) >> 24)) | 0;
        out[n + 2] = sample = (sample + ((w << 16) >> 24)) | 0;
        out[n + 3] = sample = (sample + ((w << 24) >> 24)) | 0;
        n += 4;
        continue;
      }
      switch ((code << 2) | (w >>> 30)) {
        case 9:
          out[n] = sample = (sample + ((w << 2) >> 2)) | 0;
          n += 1;
          break;
        case 10:
          out[n] = sample = (sample + ((w << 2) >> 17)) | 0;
          out[n + 1] = sample = (sample + ((w << 17) >> 17)) | 0;
          n += 2;
          break;
        case 11:
          out[n] = sample = (sample + ((w << 2) >> 22)) | 0;
          out[n + 1] = sample = (sample + ((w << 12) >> 22)) | 0;
          out[n + 2] = sample = (sample + ((w << 22) >> 22)) | 0;
          n += 3;
          break;
        case 12:
          out[n] = sample = (sample + ((w << 2) >> 26)) | 0;
          out[n + 1] = sample = (sample + ((w << 8) >> 26)) | 0;
          out[n + 2] = sample = (sample + ((w << 14) >> 26)) | 0;
          out[n + 3] = sample = (sample + ((w << 20) >> 26)) | 0;
          out[n + 4] = sample = (sample + ((w << 26) >> 26)) | 0;
          n += 5;
          break;
        case 13:
          out[n] = sample = (sample + ((w << 2) >> 27)) | 0;
          out[n + 1] = sample = (sample + ((w << 7) >> 27)) | 0;
          out[n + 2] = sample = (sample + ((w << 12) >> 27)) | 0;
          out[n + 3] = sample = (sample + ((w << 17) >> 27)) | 0;
          out[n + 4] = sample = (sample + ((w << 22) >> 27)) | 0;
          out[n + 5] = sample = (sample + ((w << 27) >> 27)) | 0;
          n += 6;
          break;
        case 14:
          out[n] = sample = (sample + ((w << 4) >> 28)) | 0;
          out[n + 1] = sample = (sample + ((w << 8) >> 28)) | 0;
          out[n + 2] = sample = (sample + ((w << 12) >> 28)) | 0;
          out[n + 3] = sample = (sample + ((w << 16) >> 28)) | 0;
          out[n + 4] = sample = (sample + ((w << 20) >> 28)) | 0;
          out[n + 5] = sample = (sample + ((w << 24) >> 28)) | 0;
          out[n + 6] = sample = (sample + ((w << 28) >> 28)) | 0;
          n += 7;
          break;
        default:
          return n - at;
      }
    }
  }
  return n - at;
}

/** One word near the end of the samples, where not all of its differences may be wanted. Returns the next index. */
function decodeWord(
  version: SteimVersion,
  code: number,
  word: number,
  before: number,
  out: Int32Array,
  at: number,
  limit: number,
): number {
  const count = differencesIn(version, code, word);
  let sample = before;
  let n = at;
  for (let i = 0; i < count && n < limit; i++) {
    sample = (sample + difference(version, word, count, i)) | 0;
    out[n++] = sample;
  }
  return n;
}

/** The offset of the first word that Steim 2 does not allow, or -1: tells why decoding stopped. */
export function findInvalidWord(view: DataView, start: number, frames: number): number {
  for (let frame = 0; frame < frames; frame++) {
    const p = start + frame * FRAME_BYTES;
    const codes = differenceCodes(view, p, frame === 0);
    for (let i = 1; i < 16; i++) {
      const at = p + 4 * i;
      if (differencesIn(2, (codes >>> (30 - 2 * i)) & 3, view.getInt32(at)) < 0) return at;
    }
  }
  return -1;
}

/**
 * A copy of little-endian frames (as some data loggers wrote them) in big-endian order. Every word is swapped, but
 * differences of 8 bits stay in the order of memory, and Steim 1's of 16 bits are swapped one by one.
 */
export function toBigEndianSteim(
  version: SteimVersion,
  view: DataView,
  start: number,
  frames: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(frames * FRAME_BYTES);
  const target = new DataView(out.buffer);
  for (let at = 0; at < out.length; at += FRAME_BYTES) {
    const codes = view.getInt32(start + at, true);
    target.setInt32(at, codes);
    for (let i = 1; i < 16; i++) {
      const p = at + 4 * i;
      const isSample = at === 0 && i < 3;
      const code = isSample ? 3 : (codes >>> (30 - 2 * i)) & 3;
      if (code === 1) {
        target.setInt32(p, view.getInt32(start + p));
      } else if (code === 2 && version === 1) {
        target.setInt16(p, view.getInt16(start + p, true));
        target.setInt16(p + 2, view.getInt16(start + p + 2, true));
      } else {
        target.setInt32(p, view.getInt32(start + p, true));
      }
    }
  }
  return out;
}

/** How far an encoder came: the samples packed and the frames they took. */
export interface SteimPacked {
  samples: number;
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
