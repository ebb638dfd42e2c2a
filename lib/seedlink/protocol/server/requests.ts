/**
 * What a client sends: a command line turned into data. The grammar is that of the specification of protocol 4, and for
 * protocol 3 what ringserver and SeisComP take, the words of every refusal those of ringserver 4.5.3. Sans-I/O.
 */
import { toMicroseconds } from "../../../time.ts";
import type { RefusalCode } from "../replies.ts";
import { MAX_SEQUENCE, parseSequence } from "../sequence.ts";

/** One selector of SELECT. */
export interface StreamSelector {
  /** Whether it takes streams away. */
  readonly negative: boolean;
  /** Pattern of `LOC_B_S_SS`. */
  readonly stream: string;
  /** Pattern of format and subformat together, such as `2D`. */
  readonly type: string | undefined;
  /** What the records are to be converted to. */
  readonly filter: Filter | undefined;
}

export type Filter = "native" | "3";

/** From where on, as DATA, FETCH and TIME say it. Times are microseconds since 1970. */
export interface Beginning {
  /** With the packets to come, with the oldest there is, or with this number; of protocol 3, 24 bits of it. */
  readonly sequence: "next" | "all" | bigint;
  readonly start: number | undefined;
  readonly end: number | undefined;
  /** Whether the number counts alone, as long as its packet is there; the time takes over where it is not. */
  readonly timeIsSpare: boolean;
  /** Only what there is by now. */
  readonly fetch: boolean;
}

export type Request =
  | { readonly kind: "HELLO" | "BATCH" | "CAT" | "BYE" | "END" | "ENDFETCH" }
  | { readonly kind: "SLPROTO"; readonly protocol: 3 | 4 }
  | { readonly kind: "USERAGENT"; readonly text: string }
  | { readonly kind: "CAPABILITIES"; readonly words: readonly string[] }
  | {
      readonly kind: "AUTH";
      readonly login: { user: string; password: string } | { token: string };
    }
  | { readonly kind: "STATION"; readonly pattern: string }
  | { readonly kind: "SELECT"; readonly selectors: readonly StreamSelector[] }
  | { readonly kind: "BEGIN"; readonly beginning: Beginning }
  | {
      readonly kind: "INFO";
      readonly item: string;
      readonly stationPattern: string | undefined;
      readonly streams: StreamSelector | undefined;
    }
  /** A known command with arguments that do not fit. */
  | {
      readonly kind: "MALFORMED";
      readonly command: string;
      readonly code: RefusalCode;
      readonly message: string;
      /** Of SELECT: whether it would have taken streams away. */
      readonly negative?: boolean;
    }
  | { readonly kind: "UNKNOWN"; readonly line: string };

/** A station code, or a pattern of some. */
const CODE = /^[A-Za-z0-9*?_-]+$/;

/** Milliseconds by which a client's clock may be ahead of this one. */
const CLOCK_AHEAD = 3_600_000;

/** Reads one line. */
export function parseRequest(line: string, protocol: 3 | 4): Request {
  const words = line.split(/[ \t]+/);
  const word = words[0]!.toUpperCase();
  const values = words.slice(1);
  switch (word) {
    case "HELLO":
    case "BATCH":
    case "BYE":
    case "END":
    case "ENDFETCH":
      return { kind: word };
    case "SLPROTO":
      return parseVersion(values[0] ?? "");
    case "USERAGENT":
      return { kind: "USERAGENT", text: printable(values.join(" ")) };
    case "CAPABILITIES":
      return { kind: "CAPABILITIES", words: values.map((value) => value.toUpperCase()) };
    case "AUTH":
      return parseAuth(values);
    case "STATION":
      return protocol === 4 ? parseStation4(values) : parseStation3(values);
    case "SELECT":
      return protocol === 4 ? parseSelect4(values) : parseSelect3(values);
    case "DATA":
      return protocol === 4 ? parseData4(values) : parseData3("DATA", values);
    case "INFO":
      return parseInfo(values, protocol);
  }
  if (protocol === 3) {
    if (word === "FETCH") return parseData3("FETCH", values);
    if (word === "TIME") return parseTime3(values);
    if (word === "CAT") return { kind: "CAT" };
  }
  return { kind: "UNKNOWN", line: printable(line).slice(0, 80) };
}

/** A client's words are shown to people, and in XML: what is not printable ASCII becomes `?`. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}

function malformed(command: string, message: string, code: RefusalCode = "ARGUMENTS"): Request {
  return { kind: "MALFORMED", command, code, message };
}

function parseVersion(version: string): Request {
  if (/^3\.\d{1,3}$/.test(version)) return { kind: "SLPROTO", protocol: 3 };
  if (version === "4.0") return { kind: "SLPROTO", protocol: 4 };
  return malformed("SLPROTO", "unsupported protocol version", "UNSUPPORTED");
}

function parseAuth([type, ...values]: string[]): Request {
  if (type === undefined) return malformed("AUTH", "AUTH requires a sub-command (USERPASS or JWT)");
  if (type === "USERPASS") {
    const [user, password] = values;
    if (values.length !== 2) return malformed("AUTH", "AUTH USERPASS requires a user name and a password");
    return { kind: "AUTH", login: { user: fromUtf8(user!), password: fromUtf8(password!) } };
  }
  if (type === "JWT") {
    if (values.length !== 1) return malformed("AUTH", "AUTH JWT requires a token");
    return { kind: "AUTH", login: { token: values[0]! } };
  }
  return malformed("AUTH", "Unrecognized AUTH sub-command", "UNSUPPORTED");
}

function fromUtf8(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString("utf8");
}

function parseStation4(values: string[]): Request {
  if (values.length !== 1) return malformed("STATION", "STATION requires 1 argument");
  return stationPattern(values[0]!);
}

/** `STATION sta net`; without a network, of any. */
function parseStation3([station, network = "*", ...more]: string[]): Request {
  if (station === undefined || more.length > 0) {
    return malformed("STATION", "STATION requires 1 or 2 arguments");
  }
  return stationPattern(`${network}_${station}`);
}

function stationPattern(pattern: string): Request {
  if (!CODE.test(pattern)) return malformed("STATION", "Invalid characters in station ID");
  return { kind: "STATION", pattern: withoutRepeats(pattern) };
}

/** Stars one behind the other mean no more than one. */
function withoutRepeats(pattern: string): string {
  return pattern.replace(/\*+/g, "*");
}

const SELECTOR_3 = /^(!)?([A-Za-z0-9?*]{2}|--)?([A-Za-z0-9?*]{3})(?:\.([DECTLO?]))?$/;
const TYPE_3 = /^(!)?\.?([DECTLO])$/;
const SELECTOR_4 = /^(!)?([A-Za-z0-9*?_-]+)(?:\.([A-Za-z0-9*?]{1,2}))?(?::([^:]*))?$/;

/** One selector; none takes back what was selected before. */
function parseSelect3(values: string[]): Request {
  const [word] = values;
  if (word === undefined) return { kind: "SELECT", selectors: [] };
  const selector = values.length === 1 ? selector3(word) : undefined;
  if (selector) return { kind: "SELECT", selectors: [selector] };
  const message = values.length === 1 ? "Selector is not understood" : "SELECT takes 1 selector";
  return {
    kind: "MALFORMED",
    command: "SELECT",
    code: "ARGUMENTS",
    message,
    negative: values.some(isNegative),
  };
}

/** `[!]LLCCC[.T]`, `[!]CCC[.T]`, `[!]T` */
function selector3(word: string): StreamSelector | undefined {
  const only = TYPE_3.exec(word);
  if (only) return { negative: only[1] !== undefined, stream: "*", type: `?${only[2]}`, filter: undefined };
  const parts = SELECTOR_3.exec(word);
  if (!parts) return undefined;
  const [, negative, location = "*", channel = "", type] = parts;
  return {
    negative: negative !== undefined,
    stream: withoutRepeats(`${location3(location)}_${channel.split("").join("_")}`),
    type: type === undefined ? undefined : `?${type}`,
    filter: undefined,
  };
}

/** A location has always two characters in protocol 3, both of them blank where it is empty. */
function location3(location: string): string {
  if (location === "--") return "";
  return location === "??" ? "*" : location;
}

function parseSelect4(values: string[]): Request {
  if (values.length === 0) return malformed("SELECT", "empty SELECT is not allowed in v4");
  const selectors: StreamSelector[] = [];
  for (const value of values) {
    const selector = selector4(value);
    if (typeof selector === "string") {
      const negative = values.some(isNegative);
      return { kind: "MALFORMED", command: "SELECT", code: "ARGUMENTS", message: selector, negative };
    }
    selectors.push(selector);
  }
  return { kind: "SELECT", selectors };
}

function isNegative(word: string): boolean {
  return word.startsWith("!");
}

/** `[!]stream[.format subformat][:filter]`, or in words why it is not one. */
function selector4(word: string): StreamSelector | string {
  const parts = SELECTOR_4.exec(word);
  if (!parts) return "Selector contains illegal characters";
  const [, negative, stream = "", type, filter] = parts;
  if (filter !== undefined && filter !== "native" && filter !== "3") return "Filter not supported";
  if (filter !== undefined && negative !== undefined)
    return "A filter cannot be used with a negative selector";
  return {
    negative: negative !== undefined,
    stream: withoutRepeats(stream.replace(/^--(?=_)/, "")),
    // It only has to fit the beginning.
    type: type === undefined ? undefined : withoutRepeats(`${type}*`),
    filter,
  };
}

function parseData4(values: string[]): Request {
  if (values.length > 3) return malformed("DATA", "Too many arguments for DATA");
  const [number, ...times] = values;
  const sequence = number === undefined ? "next" : sequence4(number);
  if (sequence === undefined) return malformed("DATA", "Invalid sequence number");
  return beginning("DATA", { sequence, times, timeIsSpare: false, fetch: false });
}

function sequence4(text: string): Beginning["sequence"] | undefined {
  return text.toUpperCase() === "ALL" ? "all" : parseSequence(text, 10);
}

/** `DATA [n [time]]`, `FETCH [n [time]]`: the time is that of the packet, for where its number means nothing any more. */
function parseData3(command: "DATA" | "FETCH", values: string[]): Request {
  if (values.length > 2) return malformed(command, `Too many arguments for ${command}`);
  const [number, ...times] = values;
  const sequence = number === undefined ? "next" : sequence3(number);
  if (sequence === undefined) return malformed(command, "Invalid sequence number");
  return beginning(command, { sequence, times, timeIsSpare: true, fetch: command === "FETCH" });
}

function sequence3(text: string): Beginning["sequence"] | undefined {
  if (text.toUpperCase() === "ALL") return "all";
  const digits = /^(?:0x)?([\da-f]{1,16})$/i.exec(text)?.[1];
  return digits === undefined ? undefined : BigInt(`0x${digits}`) & MAX_SEQUENCE;
}

function parseTime3(times: string[]): Request {
  if (times.length < 1 || times.length > 2) {
    return malformed("TIME", "TIME command requires 1 or 2 arguments");
  }
  return beginning("TIME", { sequence: "all", times, timeIsSpare: false, fetch: false });
}

function beginning(
  command: string,
  { times, ...others }: Pick<Beginning, "sequence" | "timeIsSpare" | "fetch"> & { times: string[] },
): Request {
  const [start, end] = times.map(requestTime);
  if (times[0] !== undefined && start === undefined) return malformed(command, "Error parsing start time");
  if (times[1] !== undefined && end === undefined) return malformed(command, "Error parsing end time");
  if (start !== undefined && start > (Date.now() + CLOCK_AHEAD) * 1000) {
    return malformed(command, "Start time cannot be in the future");
  }
  return { kind: "BEGIN", beginning: { ...others, start, end } };
}

/** `2024,02,03,04,05,06` with as many fields as one likes from the day on, or ISO 8601. */
function requestTime(text: string): number | undefined {
  const fields = /^(\d{4}),(\d{1,2}),(\d{1,2})(?:,(\d{1,2}))?(?:,(\d{1,2}))?(?:,(\d{1,2}(?:\.\d+)?))?$/.exec(
    text,
  );
  if (!fields) return text.includes(",") ? undefined : toMicroseconds(text);
  const [, year, month, day, hour = "0", minute = "0", second = "0"] = fields;
  return toMicroseconds(`${year}-${month}-${day}T${hour}:${minute}:${second}`);
}

function parseInfo([item, stationPattern, streams, ...more]: string[], protocol: 3 | 4): Request {
  if (item === undefined) return malformed("INFO", "No INFO item specified");
  if (more.length > 0) return malformed("INFO", "INFO request has too many arguments");
  if (stationPattern !== undefined && !CODE.test(stationPattern)) {
    return malformed("INFO", "Invalid characters in station ID");
  }
  const selector =
    streams === undefined ? undefined : protocol === 4 ? selector4(streams) : selector3(streams);
  if (typeof selector === "string" || (streams !== undefined && selector === undefined)) {
    return malformed("INFO", "Selector contains illegal characters");
  }
  return {
    kind: "INFO",
    item: printable(item.toUpperCase()).slice(0, 40),
    stationPattern: stationPattern && withoutRepeats(stationPattern),
    streams: selector,
  };
}
