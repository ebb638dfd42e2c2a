/**
 * Path patterns: which file a packet belongs to, in the notation of ringserver's MSeedWrite. `%x` stands for a code or
 * a time of the packet; `#x` for the same, but only of the first packet of a file: it does not start a new one.
 */
import { hostname } from "node:os";
import path from "node:path";
import { dayOfYear, floorDivide } from "../time.ts";
import { ArchiveError } from "./errors.ts";

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

/** The layouts that have a name, to be used as `NAME@directory`; the first six are ringserver's. */
export const PRESETS: Readonly<Record<string, string>> = {
  BUD: "%n/%s/%s.%n.%l.%c.%Y.%j",
  CHAN: "%n.%s.%l.%c",
  QCHAN: "%n.%s.%l.%c.%q",
  CDAY: "%n.%s.%l.%c.%Y:%j:#H:#M:#S",
  SDAY: "%n.%s.%Y:%j",
  HSDAY: "%h/%n.%s.%Y:%j",
  SDS: "%Y/%n/%s/%c.D/%n.%s.%l.%c.D.%Y.%j",
};

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

/** A moment, taken apart once per path. */
interface Moment {
  date: Date;
  nanosecond: number;
}

interface Flag {
  meaning: string;
  /** Microseconds during which its value stays the same for one stream; 0 if it depends on more than stream and time. */
  period: number;
  /** What its value can be, as a regular expression. */
  shape: string;
  fill(fields: PathFields, moment: Moment): string;
}

const CODE = "[\\w%-]*";
/** A code as long as source ids allow, every byte of it escaped: no name takes long to compare, whoever chose it. */
const SHORT_CODE = "[\\w%-]{0,24}";
const NUMBER = "[\\d.]+";

const FLAGS: Readonly<Record<string, Flag>> = {
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

/** A flag in a pattern, or literal text. */
type Token = string | { readonly flag: Flag; readonly letter: string; readonly defining: boolean };

/** Longest name of a file or directory, in bytes, that file systems take. */
const MAX_NAME = 255;

/** A pattern, read once; then it gives the path of each packet. */
export class PathPattern {
  /** The archive's directory, absolute: no path ever lies outside. */
  readonly directory: string;
  /** Whether a path needs the codes of a source id. */
  readonly needsCodes: boolean;
  /** Microseconds during which packets of one stream go to the same file, counted from 1970; 0 if only the path itself can tell. */
  readonly period: number;
  /** Whether it has `#`: then a file that exists already may be the one, see {@link shape}. */
  readonly isLoose: boolean;
  /** The names below the directory, outermost first. */
  readonly #names: readonly (readonly Token[])[];
  /** What a path below the directory looks like, with `/` between its names. */
  readonly #made: RegExp;

  /**
   * @param pattern a path with flags, absolute or relative to `directory`, or a preset as `NAME@directory`.
   * @param options `directory`: the archive's directory, default: what stands before the first flag of the pattern;
   * `flags`: the letters allowed, {@link PACKET_FLAGS} by default.
   * @throws ArchiveError `INVALID_PATTERN`, with what is wrong and what is allowed; `PATH_ESCAPES` where the pattern
   * itself leaves the directory.
   */
  constructor(pattern: string, options: { directory?: string | undefined; flags?: string | undefined } = {}) {
    const tokens = tokenise(expandPreset(pattern), options.flags ?? PACKET_FLAGS);
    const { fixed, rest } = splitDirectory(tokens);
    const start = path.resolve(options.directory ?? "", fixed);
    this.directory = options.directory === undefined ? start : path.resolve(options.directory);
    const inside = path.relative(this.directory, start);
    this.#names = divide(inside === "" ? rest : [inside + path.sep, ...rest]);
    this.#made = expressionOfPaths(this.#names);
    const leaves = this.#names.some((name) => name.length === 1 && (name[0] === ".." || name[0] === "."));
    if (leaves || path.isAbsolute(inside)) {
      throw new ArchiveError(
        "PATH_ESCAPES",
        `The path pattern "${pattern}" leads out of the archive's directory ${this.directory}.`,
      );
    }
    const flags = tokens.filter((token) => typeof token !== "string");
    this.needsCodes = flags.some(({ letter }) => "nslc".includes(letter));
    this.isLoose = flags.some(({ defining }) => !defining);
    const periods = flags.filter(({ defining }) => defining).map(({ flag }) => flag.period);
    this.period = Math.min(...periods, Number.POSITIVE_INFINITY);
  }

  /**
   * The absolute path of the file that a packet with these fields goes to.
   *
   * @throws ArchiveError `PATH_ESCAPES` or `INVALID_STREAM_ID` where the fields make no usable name.
   */
  path(fields: PathFields): string {
    const moment = takeApart(fields.time);
    const names = this.#names.map((tokens) => fill(tokens, fields, moment));
    for (const name of names) checkName(name, names);
    return [this.directory, ...names.filter((name) => name !== "")].join(path.sep);
  }

  /** How many names a path has below the directory, at most. */
  get depth(): number {
    return this.#names.length;
  }

  /** Whether a path, absolute, is one that the pattern makes for some packet with codes of usual length. */
  couldMake(file: string): boolean {
    return this.#made.test(path.relative(this.directory, file).split(path.sep).join("/"));
  }

  /**
   * The paths below the directory that have the same defining values as these fields, level by level: a name, or what a
   * name with `#` in it can be.
   */
  shape(fields: PathFields): (string | RegExp)[] {
    const moment = takeApart(fields.time);
    return this.#names
      .map((tokens) =>
        tokens.some(isLoose) ? expression(tokens, fields, moment) : fill(tokens, fields, moment),
      )
      .filter((name) => name !== "");
  }
}

function isLoose(token: Token): token is Exclude<Token, string> {
  return typeof token !== "string" && !token.defining;
}

function fill(tokens: readonly Token[], fields: PathFields, moment: Moment): string {
  return tokens
    .map((token) => (typeof token === "string" ? token : token.flag.fill(fields, moment)))
    .join("");
}

function expression(tokens: readonly Token[], fields: PathFields, moment: Moment): RegExp {
  const parts = tokens.map((token) =>
    isLoose(token) ? token.flag.shape : literally(fill([token], fields, moment)),
  );
  return new RegExp(`^${parts.join("")}$`);
}

/** All paths that these names make: a flag that is there twice has one value, and a name that can be empty can be missing. */
function expressionOfPaths(names: readonly (readonly Token[])[]): RegExp {
  const seen = new Set<string>();
  const expressionOf = (token: Token): string => {
    if (typeof token === "string") return literally(token);
    if (seen.has(token.letter)) return `\\k<${token.letter}>`;
    seen.add(token.letter);
    const { shape } = token.flag;
    return `(?<${token.letter}>${shape === CODE ? SHORT_CODE : shape})`;
  };
  const parts = names.map((tokens, level) => {
    const name = tokens.map(expressionOf).join("");
    if (level === names.length - 1) return name;
    return tokens.every(canBeEmpty) ? `(?:${name}/)?` : `${name}/`;
  });
  return new RegExp(`^${parts.join("")}$`);
}

function canBeEmpty(token: Token): boolean {
  return typeof token !== "string" && new RegExp(`^${token.flag.shape}$`).test("");
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** Tokens between separators: the names of directories, and of the file. */
function divide(tokens: readonly Token[]): Token[][] {
  const names: Token[][] = [[]];
  for (const token of tokens) {
    const [first = "", ...others] = typeof token === "string" ? token.split(SEPARATOR) : [token];
    if (first !== "") names.at(-1)!.push(first);
    for (const other of others) names.push(other === "" ? [] : [other]);
  }
  return names;
}

const SEPARATOR = path.sep === "\\" ? /[\\/]/ : /\//;

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

function takeApart(time: number | bigint): Moment {
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

function checkName(name: string, names: readonly string[]): void {
  if (name === "." || name === ".." || names.at(-1) === "") {
    throw new ArchiveError(
      "PATH_ESCAPES",
      `The path "${names.join("/")}" has no file name or leaves its directory, because codes are empty: ` +
        "a pattern needs letters beside the flags of codes that can be empty.",
    );
  }
  if (Buffer.byteLength(name) > MAX_NAME) {
    throw new ArchiveError(
      "INVALID_STREAM_ID",
      `The file name "${name.slice(0, 60)}…" has more than ${MAX_NAME} bytes: the codes are too long.`,
    );
  }
}

function expandPreset(pattern: string): string {
  const preset = /^([A-Za-z]+)@(.*)$/s.exec(pattern);
  if (!preset) return pattern;
  const layout = PRESETS[preset[1]!.toUpperCase()];
  if (layout === undefined) {
    throw new ArchiveError(
      "INVALID_PATTERN",
      `There is no archive layout named ${preset[1]}: use one of ${Object.keys(PRESETS).join(", ")}, as NAME@directory, or a pattern.`,
    );
  }
  // A directory's own % and # are not flags.
  const directory = preset[2]!.replace(/[%#]/g, "$&$&");
  return directory === "" || /[\\/]$/.test(directory) ? directory + layout : `${directory}/${layout}`;
}

function tokenise(pattern: string, allowed: string): Token[] {
  const tokens: Token[] = [];
  let literal = "";
  for (let i = 0; i < pattern.length; i++) {
    const mark = pattern[i]!;
    if (mark !== "%" && mark !== "#") {
      literal += mark;
      continue;
    }
    const letter = pattern[++i];
    if (letter === mark) {
      literal += mark;
      continue;
    }
    const flag = letter !== undefined && allowed.includes(letter) ? FLAGS[letter] : undefined;
    if (flag === undefined) throw unknownFlag(pattern, mark, letter, allowed);
    if (literal !== "") tokens.push(literal);
    literal = "";
    tokens.push({ flag, letter: letter!, defining: mark === "%" });
  }
  if (literal !== "") tokens.push(literal);
  if (typeof tokens.at(-1) !== "object" && (literal === "" || SEPARATOR.test(literal.at(-1)!))) {
    throw new ArchiveError("INVALID_PATTERN", `The path pattern "${pattern}" has no file name.`);
  }
  if (pattern.includes("\0")) {
    throw new ArchiveError("INVALID_PATTERN", "A path pattern cannot hold a NUL character.");
  }
  return tokens;
}

function unknownFlag(
  pattern: string,
  mark: string,
  letter: string | undefined,
  allowed: string,
): ArchiveError {
  const list = allowed
    .split("")
    .map((each) => `%${each} ${FLAGS[each]!.meaning}`)
    .join(", ");
  const what =
    letter === undefined
      ? `ends with a single ${mark}`
      : `has the flag ${mark}${letter}, which is not known here`;
  return new ArchiveError(
    "INVALID_PATTERN",
    `The path pattern "${pattern}" ${what}. Allowed: ${list}; ${mark}${mark} for the character itself.`,
  );
}

/** Splits off the directory that stands before the first flag: a path as written, "" for none, and what follows it. */
function splitDirectory(tokens: readonly Token[]): { fixed: string; rest: Token[] } {
  const first = tokens[0];
  if (typeof first !== "string") return { fixed: "", rest: [...tokens] };
  const cut = Math.max(first.lastIndexOf("/"), first.lastIndexOf(path.sep)) + 1;
  const name = first.slice(cut);
  return { fixed: first.slice(0, cut), rest: name === "" ? tokens.slice(1) : [name, ...tokens.slice(1)] };
}
