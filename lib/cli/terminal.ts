/** What commands know of the terminal that they write to. */
import type { Writable } from "node:stream";

/** Standard output or error. */
export interface OutputStream extends Writable {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

/** Takes away what stands on the line. */
export const CLEAR_LINE = "\r\x1b[K";
/** Begins anew at the top of the screen. */
export const CLEAR_SCREEN = "\x1b[H\x1b[2J\x1b[3J";

const USUAL_WIDTH = 80;

/** Characters on a line: of the terminal, or as the variable COLUMNS says, or 80. */
export function widthOf({ columns }: OutputStream): number {
  const wanted = columns || Number(process.env.COLUMNS);
  return wanted > 0 ? wanted : USUAL_WIDTH;
}
