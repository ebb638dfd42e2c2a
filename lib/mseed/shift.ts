/** A record at another time, and everything else as it was: for data of long ago that are to look like those of now. */
import type { MiniSeedRecord } from "./record.ts";
import { calendarSeconds, fromBigNanoseconds, toBigNanoseconds } from "./times/calendar.ts";
import { writeTime } from "./v2/blockettes.ts";
import { MiniSeed2Record } from "./v2/record.ts";
import { crc32c } from "./v3/crc32c.ts";

const TIME_OF_2 = 20;
const TICK = 100_000n;

/**
 * The record with a start time so many nanoseconds later. Of miniSEED 2, whose header counts 0.1 ms, by the nearest number of
 * them: what is below stays as it is. Times in blockettes and extra headers stay.
 * @returns new bytes
 */
export function shiftRecord(record: MiniSeedRecord, nanoseconds: bigint): Uint8Array {
  const bytes = record.bytes.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (record instanceof MiniSeed2Record) {
    shift2(view, nanoseconds, record.littleEndian);
    return bytes;
  }
  const time = fromBigNanoseconds(record.startTime + nanoseconds);
  view.setUint32(4, time.nanosecond, true);
  view.setUint16(8, time.year, true);
  view.setUint16(10, time.dayOfYear, true);
  view.setUint8(12, time.hour);
  view.setUint8(13, time.minute);
  view.setUint8(14, time.second);
  view.setUint32(28, 0, true);
  view.setUint32(28, crc32c(view, 0, bytes.length), true);
  return bytes;
}

/** The header's own time, to which blockette 1001 and a correction add what they have. */
function shift2(view: DataView, nanoseconds: bigint, littleEndian: boolean): void {
  const at = (offset: number) => view.getUint16(TIME_OF_2 + offset, littleEndian);
  const [hour, minute, second] = [24, 25, 26].map((offset) => view.getUint8(offset)) as [
    number,
    number,
    number,
  ];
  const seconds = calendarSeconds(at(0), at(2), hour, minute, second);
  const ticks = (nanoseconds + (nanoseconds < 0n ? -TICK : TICK) / 2n) / TICK;
  const time = toBigNanoseconds(seconds, at(8) * Number(TICK)) + ticks * TICK;
  writeTime(view, TIME_OF_2, fromBigNanoseconds(time), littleEndian);
}
