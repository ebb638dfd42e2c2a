// What tells one packet of a soak from all others, in the ring and in an archive's file alike.
import { readStart } from "../support/national/feeder.ts";

/** Bytes of a record. */
export const RECORD = 512;

/** `SKS001 1795968000000000`: network, station and start of a record of miniSEED 2. */
export function keyOfRecord(record: Buffer): string {
  return `${record.toString("latin1", 18, 20)}${record.toString("latin1", 8, 12)} ${readStart(record)}`;
}

/** Where an SDS archive has a record: `SK.S001.00.HHZ.D.2026.333`. */
export function sdsNameOf(record: Buffer): string {
  const text = (from: number, to: number) => record.toString("latin1", from, to).trim();
  const day = new Date(Math.floor(readStart(record) / 1000));
  const year = day.getUTCFullYear();
  const ordinal = (Date.UTC(year, day.getUTCMonth(), day.getUTCDate()) - Date.UTC(year)) / 86_400_000 + 1;
  const channel = `${text(18, 20)}.${text(8, 13)}.${text(13, 15)}.${text(15, 18)}`;
  return `${channel}.D.${year}.${String(ordinal).padStart(3, "0")}`;
}
