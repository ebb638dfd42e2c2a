/** Samples as sound: a WAV file of 16 bits, so many times faster, the mean taken away, the loudest at nine tenths; gaps are silence. */
import type { Piece } from "../store/raw-memory.ts";

const HEADER = 44;
/** A rate has four bytes, and so have the bytes of a second. */
const FASTEST = 2 ** 31 - 1;
const LOUDEST = 0.9 * 32_767;

/** How many samples the sound has: from the first to the last piece. */
export function soundSamples(pieces: readonly Piece[]): number {
  const [first] = pieces;
  const last = pieces.at(-1);
  if (!first || !last) return 0;
  return last.samples.length + indexOf(first, last);
}

/** The file. All pieces are played at the rate of the first. */
export function wavFile(pieces: readonly Piece[], speed: number): Uint8Array {
  const [first] = pieces as [Piece];
  const count = soundSamples(pieces);
  const bytes = new Uint8Array(HEADER + 2 * count);
  const view = new DataView(bytes.buffer);
  writeHeader(view, count, Math.min(Math.max(1, Math.round(first.sampleRate * speed)), FASTEST));
  const { mean, peak } = measure(pieces);
  for (const piece of pieces) {
    const at = indexOf(first, piece);
    // A piece of another rate may have more samples than there is room for before the end.
    const samples = piece.samples.subarray(0, Math.max(0, count - at));
    for (const [i, value] of samples.entries()) {
      const level = peak > 0 && Number.isFinite(value) ? ((value - mean) / peak) * LOUDEST : 0;
      view.setInt16(HEADER + 2 * (at + i), Math.round(level), true);
    }
  }
  return bytes;
}

function writeHeader(view: DataView, count: number, rate: number): void {
  const text = (at: number, word: string) => {
    for (let i = 0; i < word.length; i++) view.setUint8(at + i, word.charCodeAt(i));
  };
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * count, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * count, true);
}

/** The place of a piece's first sample in the sound. */
function indexOf(first: Piece, piece: Piece): number {
  return Math.round(((piece.start - first.start) * first.sampleRate) / 1e6);
}

function measure(pieces: readonly Piece[]): { mean: number; peak: number } {
  let sum = 0;
  let count = 0;
  for (const { samples } of pieces) {
    for (const value of samples) {
      if (!Number.isFinite(value)) continue;
      sum += value;
      count++;
    }
  }
  const mean = count > 0 ? sum / count : 0;
  let peak = 0;
  for (const { samples } of pieces) {
    for (const value of samples)
      if (Math.abs(value - mean) > peak && Number.isFinite(value)) peak = Math.abs(value - mean);
  }
  return { mean, peak };
}
