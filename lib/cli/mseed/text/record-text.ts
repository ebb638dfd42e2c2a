/** A record as people read it: one line, all of its header, its samples. The forms are those of msi. */
import {
  encodingName,
  FLAG_CALIBRATION,
  FLAG_CLOCK_LOCKED,
  FLAG_TIME_QUESTIONABLE,
  MiniSeed2Record,
  MiniSeed3Record,
  type MiniSeedRecord,
} from "../../../mseed/index.ts";
import { printable, printableLines } from "../../printable.ts";
import { jsonLines } from "./json-text.ts";
import { significant } from "./number-text.ts";
import { timeAndDayText } from "./time-text.ts";

/** Source id, publication version, bytes, samples, rate, start time: `FDSN:CO_JSC_00_H_H_Z, 4, 512, 135 samples, 100 Hz, …`. */
export function recordLine(record: MiniSeedRecord): string {
  const { publicationVersion, length, sampleCount, startTime } = record;
  const rate = significant(record.sampleRate, 6);
  const id = printable(record.sourceId.text);
  return `${id}, ${publicationVersion}, ${length}, ${sampleCount} samples, ${rate} Hz, ${timeAndDayText(startTime)}`;
}

/** Everything that the header says, in many lines. */
export function headerLines(record: MiniSeedRecord): string[] {
  const { publicationVersion, length, formatVersion, encoding } = record;
  return [
    `${printable(record.sourceId.text)}, version ${publicationVersion}, ${length} bytes (format: ${formatVersion})`,
    labelled("start time", timeAndDayText(record.startTime)),
    labelled("number of samples", String(record.sampleCount)),
    labelled("sample rate (Hz)", significant(record.sampleRate, 6)),
    ...flagLines(record.flags),
    ...versionLines(record),
    labelled("extra header length", `${Buffer.byteLength(record.extraHeadersText)} bytes`),
    labelled("data payload length", `${record.payload.length} bytes`),
    labelled("payload encoding", `${encodingName(encoding) ?? "unknown"} (val: ${encoding})`),
    ...extraHeaderLines(record.extraHeadersText),
  ];
}

/** Samples in one line, and their width. */
const ROW = 6;
const SAMPLE_WIDTH = 10;

/** The first samples, at most so many; text whole. */
export function* sampleLines(record: MiniSeedRecord, most: number): Generator<string, void> {
  const { samples } = record;
  if (typeof samples === "string") {
    if (samples !== "") yield `Text Data:\n${printableLines(samples)}`;
    return;
  }
  const shown = samples.subarray(0, most);
  const digits = samples instanceof Float64Array ? 10 : 8;
  for (let from = 0; from < shown.length; from += ROW) {
    const row = Array.from(shown.subarray(from, from + ROW), (sample) =>
      (samples instanceof Int32Array ? String(sample) : significant(sample, digits)).padStart(SAMPLE_WIDTH),
    );
    yield `${row.join("  ")}  `;
  }
}

/** Labels end in one column. */
const LABEL_WIDTH = 23;

function labelled(label: string, value: string): string {
  return `${label.padStart(LABEL_WIDTH)}: ${value}`;
}

const FLAG_NAMES = new Map([
  [FLAG_CALIBRATION, "[Bit 0] Calibration signals present"],
  [FLAG_TIME_QUESTIONABLE, "[Bit 1] Time tag is questionable"],
  [FLAG_CLOCK_LOCKED, "[Bit 2] Clock locked"],
]);

function flagLines(flags: number): string[] {
  const set = [...FLAG_NAMES].filter(([bit]) => flags & bit);
  return [
    labelled("flags", `[${flags.toString(2).padStart(8, "0")}] 8 bits`),
    ...set.map(([, name]) => " ".repeat(LABEL_WIDTH + 2) + name),
  ];
}

/** What only one of the versions has. */
function versionLines(record: MiniSeedRecord): string[] {
  if (record instanceof MiniSeed3Record) {
    return [labelled("CRC", `0x${record.crc.toString(16).toUpperCase().padStart(8, "0")}`)];
  }
  if (record instanceof MiniSeed2Record) {
    const blockettes = record.blockettes.map(({ type, name }) => `${type} (${name})`);
    return [
      labelled("sequence number", printable(record.sequenceNumber)),
      labelled("data quality", record.quality),
      labelled("byte order", record.littleEndian ? "little endian" : "big endian"),
      labelled("blockettes", blockettes.join(", ") || "none"),
    ];
  }
  return [];
}

function extraHeaderLines(text: string): string[] {
  if (text === "") return [];
  const all = jsonLines(text);
  // As msi has it, without the braces around all of it.
  const inner = all[0] === "{" ? all.slice(1, -1) : all;
  const lines = inner.map((line) => " ".repeat(14) + printable(line));
  return [labelled("extra headers", "").trimEnd(), ...lines];
}
