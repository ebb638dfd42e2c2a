/**
 * Steim frames into samples. All words here are big endian: see `toBigEndianSteim`.
 *
 * These are the hot loops of the whole codec: they read through a DataView, which the engine compiles to single loads and
 * byte swaps, and they allocate nothing.
 */
import { FRAME_BYTES, type SteimVersion } from "./frames.ts";

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

/** How many samples `frames` frames at `start` hold, up to the first word that breaks the rules. */
export function countSteim(version: SteimVersion, view: DataView, start: number, frames: number): number {
  // In a first frame without differences the first sample stands alone.
  let samples = frames > 0 && differenceCodes(view, start, true) === 0 ? 1 : 0;
  for (let frame = 0; frame < frames; frame++) {
    const p = start + frame * FRAME_BYTES;
    const codes = differenceCodes(view, p, frame === 0);
    if (codes === 0) continue;
    for (let i = 1; i < 16; i++) {
      const count = differencesIn(version, (codes >>> (30 - 2 * i)) & 3, view.getInt32(p + 4 * i));
      if (count < 0) return samples;
      samples += count;
    }
  }
  return samples;
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
