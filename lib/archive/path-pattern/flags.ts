/** What a flag of a path pattern stands for: a code of the packet, a part of its time, or a field of its record. */
import { hostname } from "node:os";
import { dayOfYear, floorDivide } from "../../time.ts";
import { ArchiveError } from "../errors.ts";

/** What a pattern can be filled from. Codes come from the network and may be anything. */
export interface PathFields {
  /** As in a source id; may be empty. */
  network: string;
  /** As in a source id; may be empty. */
  station: string;
  /** Empty for the location that older programs write as `--`. */
  location: string;
  /** Band, source and subsource, as `BHZ` or `B_H_Z`. */
  channel: string;
  /** Start of the data: microseconds (`number`) or nanoseconds (`bigint`) since 1970. */
  time: number | bigint;
  /** The host that the pattern's `%h` names; default: this one. */
  host?: string | undefined;
  /** Only of a miniSEED record: R, D, Q or M, empty where its publication version has no letter. */
  quality?: string | undefined;
  /** Only of a miniSEED record: in bytes. */
  recordLength?: number | undefined;
  /** Only of a miniSEED record: samples per second. */
  sampleRate?: number | undefined;
}

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

/** A moment, taken apart once per path. */
export interface Moment {
  date: Date;
  nanosecond: number;
}

export interface Flag {
  meaning: string;
  /** Microseconds during which its value stays the same for one stream; 0 if it depends on more than stream and time. */
  period: number;
  /** What its value can be, as a regular expression. */
  shape: string;
  fill(fields: PathFields, moment: Moment): string;
}

export const CODE = "[\\w%-]*";
/** A code as long as source ids allow, every byte of it escaped: no name takes long to compare, whoever chose it. */
export const SHORT_CODE = "[\\w%-]{0,24}";
const NUMBER = "[\\d.]+";

export const FLAGS: Readonly<Record<string, Flag>> = {
  n: code("network", "network"),
  s: code("station", "station"),
  l: code("location", "location"),
  c: code("channel", "channel"),
  Y: time("year", DAY, 4, ({ date }) => date.getUTCFullYear()),
  y: time("year, two digits", DAY, 2, ({ date }) => Math.abs(date.getUTCFullYear()) % 100),
  j: time("day of the year", DAY, 3, ({ date }) => dayOfYear(date.getTime())),
  H: time("hour", HOUR, 2, ({ date }) => date.getUTCHours()),
  M: time("minute", 60 * SECOND, 2, ({ date }) => date.getUTCMinutes()),
  S: time("second", SECOND, 2, ({ date }) => date.getUTCSeconds()),
  F: time("fraction of the second, nine digits", 1, 9, ({ nanosecond }) => nanosecond),
  D: { meaning: "today's date by this machine's clock, YYYYDDD", period: 0, shape: "\\d{7}", fill: today },
  h: {
    meaning: "host",
    period: Number.POSITIVE_INFINITY,
    shape: "[\\w%.-]*",
    // The dots of a host name or address are its own.
    fill: (fields) => (fields.host ?? hostname()).split(".").map(harmless).join("."),
  },
  q: record("quality", CODE, (fields) => harmless(fields.quality ?? "")),
  L: record("record length in bytes", NUMBER, (fields) => String(fields.recordLength ?? 0)),
  r: record("sample rate, rounded", NUMBER, (fields) => String(Math.round(fields.sampleRate ?? 0))),
  R: record("sample rate, six decimals", NUMBER, (fields) => (fields.sampleRate ?? 0).toFixed(6)),
};

/** The flags that every packet can fill; those of a miniSEED record need one. */
export const PACKET_FLAGS = "nslcYyjHMSFDh";
/** The flags that a miniSEED record can fill: all. */
export const RECORD_FLAGS = `${PACKET_FLAGS}qLrR`;

function code(meaning: string, field: "network" | "station" | "location" | "channel"): Flag {
  return {
    meaning,
    period: Number.POSITIVE_INFINITY,
    shape: CODE,
    fill: (fields) => harmless(fields[field]),
  };
}

/** @param count how many digits it has */
function time(meaning: string, period: number, count: number, value: (moment: Moment) => number): Flag {
  const shape = `\\d{${count}}`;
  return { meaning, period, shape, fill: (_fields, moment) => digits(value(moment), count) };
}

function record(meaning: string, shape: string, fill: (fields: PathFields) => string): Flag {
  return { meaning, period: 0, shape, fill };
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, "0");
}

function today(): string {
  const now = new Date();
  const asUtc = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  return digits(now.getFullYear(), 4) + digits(dayOfYear(asUtc), 3);
}

export function takeApart(time: number | bigint): Moment {
  const milliseconds =
    typeof time === "number" ? Math.floor(time / 1000) : Number(floorDivide(time, 1_000_000n));
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) {
    throw new ArchiveError(
      "INVALID_STREAM_ID",
      `The data start time ${time} is not a date that a path could name.`,
    );
  }
  const rest =
    typeof time === "number"
      ? (time - milliseconds * 1000) * 1000
      : Number(time - BigInt(milliseconds) * 1_000_000n);
  return { date, nanosecond: date.getUTCMilliseconds() * 1_000_000 + rest };
}

/**
 * A code as it may stand in a file name: white space goes, letters, digits, `-` and `_` stay, every other byte becomes
 * `%` and two hexadecimal digits. Different codes make different names, and none can name another directory.
 */
function harmless(text: string): string {
  if (/^[A-Za-z0-9_-]*$/.test(text)) return text;
  let name = "";
  for (const byte of Buffer.from(text.replace(/\s+/g, ""))) {
    const character = String.fromCharCode(byte);
    name += /[A-Za-z0-9_-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return name;
}
