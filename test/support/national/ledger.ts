// What became of the packets that a server has acknowledged: archived once, twice, or not, by what is in the archive's files.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Feeder, nameOf, readStart } from "./feeder.ts";

/** Packet ids that a reader has told that it did not get. */
export interface Gap {
  first: number;
  last: number;
}

export interface Ledger {
  acknowledged: number;
  once: number;
  twice: number;
  /** Not archived, though no gap was told that they are in. */
  missing: number;
  /** Not archived, and told. */
  told: number;
  /** Records in a file that is of another stream or day, or that nobody fed. */
  strange: number;
  files: number;
}

const RECORD = 512;

/** Compares what is in an SDS archive with what was fed. */
export function ledgerOf(feeder: Feeder, archive: string, gaps: readonly Gap[]): Ledger {
  const copies = new Uint8Array(feeder.acknowledged.length);
  const ledger = { acknowledged: 0, once: 0, twice: 0, missing: 0, told: 0, strange: 0, files: 0 };
  for (const entry of readdirSync(archive, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    ledger.files++;
    const bytes = readFileSync(path.join(entry.parentPath, entry.name));
    for (let at = 0; at < bytes.length; at += RECORD) {
      const number = numberOf(feeder, bytes.subarray(at, at + RECORD), entry.name);
      if (number === undefined) ledger.strange++;
      else copies[number]!++;
    }
  }
  for (const [number, id] of feeder.acknowledged.entries()) {
    if (id === 0) continue;
    ledger.acknowledged++;
    if (copies[number]! > 1) ledger.twice++;
    else if (copies[number] === 1) ledger.once++;
    else if (gaps.some(({ first, last }) => id >= first && id <= last)) ledger.told++;
    else ledger.missing++;
  }
  return ledger;
}

/** `undefined` where the record is not one that was fed, or not in its file. */
function numberOf(feeder: Feeder, record: Buffer, file: string): number | undefined {
  if (record.length < RECORD) return undefined;
  const stream = Number(record.toString("latin1", 9, 13));
  const start = readStart(record);
  const day = new Date(start / 1000);
  const year = day.getUTCFullYear();
  const ordinal = (Date.UTC(year, day.getUTCMonth(), day.getUTCDate()) - Date.UTC(year)) / 86_400_000 + 1;
  const name = `${nameOf(stream).replace("_", ".")}.00.HHZ.D.${year}.${String(ordinal).padStart(3, "0")}`;
  return file === name ? feeder.numberOf(stream, start) : undefined;
}
