/**
 * The codes of station, location, channel and network in a header of miniSEED 2. A source identifier does not have all that
 * they may be (`" ZH"`, `--`, padding with NUL), so that a record of a record has them byte for byte.
 */
import type { MiniSeed2Record } from "./record.ts";

const START = 8;
const END = 20;

/** For the layout of a record whose codes are copied. */
export const NO_CODES = { network: "", station: "", location: "", channel: "" };

/** Gives a header in the making the codes of a record. */
export function copyCodes(record: MiniSeed2Record, draft: DataView): void {
  new Uint8Array(draft.buffer).set(record.bytes.subarray(START, END), START);
}

/** The codes with their padding, as text to compare. */
export function codesText(record: MiniSeed2Record): string {
  return String.fromCharCode(...record.bytes.subarray(START, END));
}
