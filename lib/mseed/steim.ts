/**
 * Steim 1 and 2: differences of successive samples, packed in 64-byte frames of sixteen 32-bit words (SEED manual,
 * appendix B). Word 0 of a frame holds sixteen 2-bit codes that say what each word contains; words 1 and 2 of the
 * first frame are the first and the last sample. All words here are big endian: see `toBigEndianSteim`.
 *
 * These are the hot loops of the whole codec: they read and write through a DataView, which the engine compiles to
 * single loads and byte swaps, and they allocate nothing.
 */

export const FRAME_BYTES = 64;

/** The most samples that a frame can hold, by encoding: bounds what a header may claim. */
export const STEIM1_FRAME_SAMPLES = 60;
export const STEIM2_FRAME_SAMPLES = 105;

export type SteimVersion = 1 | 2;

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
  const encodeFrame = version === 1 ? encodeFrame1 : encodeFrame2;
  let n = from;
  let frame = start;
  for (; frame < end && n < to; frame += FRAME_BYTES) {
    const next = encodeFrame(samples, n, to, n === from, view, frame, frame === start);
    if (next === n) break;
    n = next;
  }
  if (n > from) {
    view.setInt32(start + 4, samples[from] as number);
    view.setInt32(start + 8, samples[n - 1] as number);
  }
  return { samples: n - from, frames: (frame - start) / FRAME_BYTES };
}

/** Fills one frame with differences of samples from index `from`; returns the index of the first sample not in it. */
function encodeFrame1(
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
    const count = fitting1(samples, n, to, before);
    const d0 = ((samples[n] as number) - before) | 0;
    let word = d0;
    let code = 3;
    if (count === 4) {
      word = (d0 << 24) | (bits(samples, n + 1, 0xff) << 16) | (bits(samples, n + 2, 0xff) << 8);
      word |= bits(samples, n + 3, 0xff);
      code = 1;
    } else if (count === 2) {
      word = (d0 << 16) | bits(samples, n + 1, 0xffff);
      code = 2;
    }
    view.setInt32(frame + 4 * i, word);
    codes |= code << (30 - 2 * i);
    n += count;
    before = samples[n - 1] as number;
  }
  view.setInt32(frame, codes);
  return n;
}

/** As `encodeFrame1`. It also ends before a difference of more than 30 bits. */
function encodeFrame2(
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
    const count = fitting2(samples, n, to, before);
    if (count === 0) break;
    const d0 = ((samples[n] as number) - before) | 0;
    view.setInt32(frame + 4 * i, word2(samples, n, d0, count));
    // 1, 2 and 3 differences have code 2, 4 have code 1, more have code 3.
    codes |= (count < 4 ? 2 : count === 4 ? 1 : 3) << (30 - 2 * i);
    n += count;
    before = samples[n - 1] as number;
  }
  if (n > from) view.setInt32(frame, codes);
  return n;
}

/** A Steim 2 word of `count` differences, the first of which is `d0`. */
function word2(samples: Int32Array, n: number, d0: number, count: number): number {
  switch (count) {
    case 1:
      return 0x4000_0000 | (d0 & 0x3fff_ffff);
    case 2:
      return 0x8000_0000 | ((d0 & 0x7fff) << 15) | bits(samples, n + 1, 0x7fff);
    case 3:
      return (
        0xc000_0000 | ((d0 & 0x3ff) << 20) | (bits(samples, n + 1, 0x3ff) << 10) | bits(samples, n + 2, 0x3ff)
      );
    case 4:
      return (
        (d0 << 24) |
        (bits(samples, n + 1, 0xff) << 16) |
        (bits(samples, n + 2, 0xff) << 8) |
        bits(samples, n + 3, 0xff)
      );
    case 5:
      return (
        ((d0 & 0x3f) << 24) |
        (bits(samples, n + 1, 0x3f) << 18) |
        (bits(samples, n + 2, 0x3f) << 12) |
        (bits(samples, n + 3, 0x3f) << 6) |
        bits(samples, n + 4, 0x3f)
      );
    case 6:
      return (
        0x4000_0000 |
        ((d0 & 0x1f) << 25) |
        (bits(samples, n + 1, 0x1f) << 20) |
        (bits(samples, n + 2, 0x1f) << 15) |
        (bits(samples, n + 3, 0x1f) << 10) |
        (bits(samples, n + 4, 0x1f) << 5) |
        bits(samples, n + 5, 0x1f)
      );
    default:
      return (
        0x8000_0000 |
        ((d0 & 0xf) << 24) |
        (bits(samples, n + 1, 0xf) << 20) |
        (bits(samples, n + 2, 0xf) << 16) |
        (bits(samples, n + 3, 0xf) << 12) |
        (bits(samples, n + 4, 0xf) << 8) |
        (bits(samples, n + 5, 0xf) << 4) |
        bits(samples, n + 6, 0xf)
      );
  }
}

/** The low bits of the difference that leads to sample `n`. */
function bits(samples: Int32Array, n: number, mask: number): number {
  return ((samples[n] as number) - (samples[n - 1] as number)) & mask;
}

/** That difference folded on the non-negative numbers: it fits k signed bits if this is below 2^(k-1). */
function size(samples: Int32Array, n: number): number {
  const d = ((samples[n] as number) - (samples[n - 1] as number)) | 0;
  return d ^ (d >> 31);
}

/** How many differences from sample `n` on go into one Steim 1 word. Where more fit, fewer do too. */
function fitting1(samples: Int32Array, n: number, to: number, before: number): 1 | 2 | 4 {
  const d0 = ((samples[n] as number) - before) | 0;
  let sizes = d0 ^ (d0 >> 31);
  if (to - n < 2 || sizes >= 0x8000) return 1;
  sizes |= size(samples, n + 1);
  if (sizes >= 0x8000) return 1;
  if (to - n < 4 || sizes >= 0x80) return 2;
  sizes |= size(samples, n + 2) | size(samples, n + 3);
  return sizes < 0x80 ? 4 : 2;
}

/** How many differences from sample `n` on go into one Steim 2 word; 0 if not even the first does. */
function fitting2(samples: Int32Array, n: number, to: number, before: number): number {
  const left = to - n;
  const d0 = ((samples[n] as number) - before) | 0;
  let sizes = d0 ^ (d0 >> 31);
  if (sizes >= 0x2000_0000) return 0;
  if (left === 1 || sizes >= 0x4000) return 1;
  sizes |= size(samples, n + 1);
  if (sizes >= 0x4000) return 1;
  if (left === 2 || sizes >= 0x200) return 2;
  sizes |= size(samples, n + 2);
  if (sizes >= 0x200) return 2;
  if (left === 3 || sizes >= 0x80) return 3;
  sizes |= size(samples, n + 3);
  if (sizes >= 0x80) return 3;
  if (left === 4 || sizes >= 0x20) return 4;
  sizes |= size(samples, n + 4);
  if (sizes >= 0x20) return 4;
  if (left === 5 || sizes >= 0x10) return 5;
  sizes |= size(samples, n + 5);
  if (sizes >= 0x10) return 5;
  if (left === 6 || sizes >= 8) return 6;
  sizes |= size(samples, n + 6);
  return sizes < 8 ? 7 : 6;
}
