/** Steim frames in little-endian order, as some data loggers wrote them. */
import { FRAME_BYTES, type SteimVersion } from "./frames.ts";

/**
 * A copy of little-endian frames in big-endian order. Every word is swapped, but
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
