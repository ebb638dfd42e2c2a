// The miniSEED vectors: files, and what libmseed 3.5.4 says of each. `generated` and `mutants` are in this repository; the
// others came from other projects and are read from `../shared/vectors/mseed` beside it, where that folder is there.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export interface ExpectedRecord {
  offset: number;
  length: number;
  formatVersion: number;
  sid: string;
  startNs: string;
  end: string;
  sampleRateHz: number;
  encoding: number;
  pubVersion: number;
  flags: number;
  samplesInHeader: number;
  sampleType?: string;
  sha256?: string;
  extraHeaders?: string;
}

export interface ExpectedTrace {
  sid: string;
  pubVersion: number;
  start: string;
  end: string;
  sampleRateHz: number;
  samples: number;
  sha256?: string;
}

export interface Expected {
  records: ExpectedRecord[];
  finalStatus: string;
  traces: ExpectedTrace[];
}

export interface Vector {
  /** `folder/file`. */
  name: string;
  bytes: Uint8Array;
  strict: Expected;
  /** With noise between records passed over. */
  skipping: Expected;
}

type ExpectedFile = { strict: Expected; skipNotData: Expected | "same as strict" };

const OWN = path.join(__dirname, "vectors");
const SHARED = path.join(__dirname, "..", "..", "..", "shared", "vectors", "mseed");

export const OWN_FOLDERS = ["generated", "mutants"];
export const SHARED_FOLDERS = [
  "libmseed",
  "fdsn-miniseed3",
  "simplemseed",
  "seisplotjs",
  "pymseed",
  "mseed3-utils-draft",
];

export function readOwn(name: string): Uint8Array {
  return readFileSync(path.join(OWN, name));
}

/** The vectors of a folder; none where it is not there. */
export function vectorsOf(folder: string): Vector[] {
  if (OWN_FOLDERS.includes(folder)) {
    const all: Record<string, ExpectedFile> = JSON.parse(
      readFileSync(path.join(OWN, folder, "expected.json"), "utf8"),
    );
    return Object.entries(all).map(([file, expected]) => vector(`${folder}/${file}`, OWN, expected));
  }
  const expectedFolder = path.join(SHARED, "expected", folder);
  if (!existsSync(expectedFolder)) return [];
  return readdirSync(expectedFolder).map((file) => {
    const expected: ExpectedFile = JSON.parse(readFileSync(path.join(expectedFolder, file), "utf8"));
    return vector(`${folder}/${file.replace(/\.expected\.json$/, "")}`, SHARED, expected);
  });
}

function vector(name: string, root: string, { strict, skipNotData }: ExpectedFile): Vector {
  const skipping = skipNotData === "same as strict" ? strict : skipNotData;
  return { name, bytes: readFileSync(path.join(root, name)), strict, skipping };
}

/** As the expected files have it: of numbers in little-endian order, or of the bytes of text. */
export function sha256(samples: NodeJS.TypedArray): string {
  return createHash("sha256").update(samples).digest("hex");
}

/** The answers of one function of libmseed: `generated/table-NAME.json`. */
export function readTable<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(OWN, "generated", `table-${name}.json`), "utf8")) as T;
}
