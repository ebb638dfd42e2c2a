/**
 * The files in which a ring outlives its process. A segment is a run of packets: a log whose entries are batches of
 * PACKET frames as they lie in the ring. Segments are numbered; a new packet only ever goes to the end of the newest one.
 */
import { readdir } from "node:fs/promises";
import path from "node:path";
import type { LogKind } from "../../files/entry-format.ts";

/** What segments are called in their first line. */
export const SEGMENT: LogKind = {
  name: "DataLink ring",
  oldTitle: "DataLink ring 1\n",
  oldMark: Buffer.from("\nDLB"),
  oldLengthCountsAll: false,
};

const NAME = /^ring-(\d{12})\.dat$/;

/** The numbers of everything in a folder that has the name of a segment, ascending; and whether it is a plain file. */
export async function listSegments(folder: string): Promise<{ number: number; isFile: boolean }[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .map((entry) => ({ number: Number(NAME.exec(entry.name)?.[1] ?? Number.NaN), isFile: entry.isFile() }))
    .filter(({ number }) => !Number.isNaN(number))
    .sort((a, b) => a.number - b.number);
}

export function segmentPath(folder: string, number: number): string {
  return path.join(folder, `ring-${String(number).padStart(12, "0")}.dat`);
}
