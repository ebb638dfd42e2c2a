/**
 * Steim 1 and 2: differences of successive samples, packed in 64-byte frames of sixteen 32-bit words (SEED manual,
 * appendix B). Word 0 of a frame holds sixteen 2-bit codes that say what each word contains; words 1 and 2 of the
 * first frame are the first and the last sample.
 */
import { ENCODINGS } from "../encodings.ts";

/** The length of a frame. */
export const FRAME_BYTES = 64;

/** Words of a frame that hold differences; in the first frame of a record two fewer. */
export const DATA_WORDS = 15;

/** The most samples that a frame can hold, by encoding: bounds what a header may claim. */
export const STEIM1_FRAME_SAMPLES = 60;
/** The most samples that a frame of Steim 2 can hold. */
export const STEIM2_FRAME_SAMPLES = 105;

/** Steim 1 or Steim 2. */
export type SteimVersion = 1 | 2;

/** Whether an encoding is Steim 1 or 2. */
export function isSteim(encoding: number): boolean {
  return encoding === ENCODINGS.steim1 || encoding === ENCODINGS.steim2;
}
