/**
 * SeedLink's commands as data: the line to send, and what answers it. Sans-I/O. Lengths and characters are checked here,
 * before anything is sent. BATCH is not among them: with it, refusals are silent.
 */
import { toBytes } from "../../bytes.ts";
import { SeedLinkError, shown } from "./errors.ts";
import { formatSequence3, MAX_SEQUENCE } from "./sequence.ts";
import { formatTime3, formatTime4 } from "./times.ts";

/** A command, ready to be sent. */
export interface Command {
  /** What it is called in a sentence; without secrets. */
  readonly name: string;
  /** With its line end, which WebSocket needs too. */
  readonly bytes: Buffer;
  /** `line`: OK or ERROR. `hello`: two lines. `info`: packets of INFO. `stream`: packets, and nothing else before them. */
  readonly answer: "line" | "hello" | "info" | "stream" | "none";
}

/** A user name and a password, or a JSON Web Token. */
export type Credentials = { readonly user: string; readonly password: string } | { readonly jwt: string };

/** Where a station's data begin. Times are microseconds since 1970. */
export type Begin =
  /** With the packets to come. */
  | { readonly at: "next" }
  /** With the oldest there is; only servers that know ALL. */
  | { readonly at: "all" }
  /** With the packet of this number, or the next there is. */
  | { readonly at: "sequence"; readonly sequence: bigint }
  /** With the first record that ends after `start`. */
  | { readonly at: "time"; readonly start: number; readonly end?: number | undefined };

/** What can be asked about. */
export type InfoItem = "ID" | "STATIONS" | "STREAMS" | "CONNECTIONS" | "FORMATS" | "CAPABILITIES";

export const INFO_ITEMS: readonly InfoItem[] = [
  "ID",
  "STATIONS",
  "STREAMS",
  "CONNECTIONS",
  "FORMATS",
  "CAPABILITIES",
];

/** Longest command, in bytes, with its line end. */
export const MAX_COMMAND = 255;

/** ringserver looks at no more of credentials; servers take long lines for them only. */
const MAX_CREDENTIALS = 4000;

export const HELLO: Command = { name: "HELLO", bytes: toBytes("HELLO\r\n"), answer: "hello" };
export const END: Command = { name: "END", bytes: toBytes("END\r\n"), answer: "stream" };
/** Sends what there is, and then `END`. Protocol 4, and ringserver 4 in 3. */
export const END_FETCH: Command = { name: "ENDFETCH", bytes: toBytes("ENDFETCH\r\n"), answer: "stream" };
export const BYE: Command = { name: "BYE", bytes: toBytes("BYE\r\n"), answer: "none" };

/** Asks for protocol 4.0. To be sent right behind HELLO: one server takes any other command as a decision for 3. */
export const SLPROTO_4 = line("SLPROTO 4.0");

/** Lets refusals of protocol 3 say why. */
export const EXTENDED_REPLIES = line("CAPABILITIES EXTREPLY");

/** Says which program this is: `name/version name/version`. Protocol 4. */
export function userAgent(text: string): Command {
  return line(`USERAGENT ${text}`);
}

/** Logs in. */
export function authenticate(credentials: Credentials): Command {
  if ("jwt" in credentials) return secretLine("AUTH JWT", [credentials.jwt]);
  return secretLine("AUTH USERPASS", [credentials.user, credentials.password]);
}

/** `STATION sta net` of protocol 3, `STATION NET_STA` of 4. */
export function station(id: string, protocol: 3 | 4): Command {
  const parts = id === "*" ? ["*", "*"] : id.split("_");
  const [network = "", code = ""] = parts;
  return line(protocol === 4 ? `STATION ${id}` : `STATION ${code} ${network}`);
}

/** `SELECT`, of one selector as `selectorOf3` or `selectorOf4` write it. */
export function select(selector: string): Command {
  return line(`SELECT ${selector}`);
}

/** `DATA`, or in protocol 3 `TIME`: where the station's data begin. */
export function begin(where: Begin, protocol: 3 | 4): Command {
  return line(protocol === 4 ? begin4(where) : begin3(where));
}

function begin4(where: Begin): string {
  switch (where.at) {
    case "next":
      return "DATA";
    case "all":
      return "DATA 0";
    case "sequence":
      return `DATA ${checkedSequence(where.sequence)}`;
    case "time":
      return `DATA 0 ${[where.start, where.end]
        .filter((time) => time !== undefined)
        .map(formatTime4)
        .join(" ")}`;
  }
}

function begin3(where: Begin): string {
  switch (where.at) {
    case "next":
      return "DATA";
    case "all":
      return "DATA ALL";
    case "sequence":
      return `DATA ${formatSequence3(checkedSequence(where.sequence))}`;
    case "time": {
      const end = where.end === undefined ? "" : ` ${formatTime3(where.end, "up")}`;
      return `TIME ${formatTime3(where.start)}${end}`;
    }
  }
}

/** `INFO`; the patterns of stations and streams are for protocol 4. */
export function info(item: InfoItem, stationPattern?: string, streamPattern?: string): Command {
  if (!(INFO_ITEMS as readonly string[]).includes(item)) {
    throw invalid(`INFO is ${INFO_ITEMS.join(", ")}, not ${shown(item)}.`);
  }
  const words = [item, stationPattern ?? (streamPattern === undefined ? undefined : "*"), streamPattern];
  const command = line(`INFO ${words.filter((word) => word !== undefined).join(" ")}`);
  return { ...command, answer: "info" };
}

function checkedSequence(sequence: bigint): bigint {
  if (sequence >= 0n && sequence <= MAX_SEQUENCE) return sequence;
  throw invalid(`A sequence number is 0 to ${MAX_SEQUENCE}, not ${sequence}.`);
}

function line(text: string): Command {
  if (/[^\x20-\x7e]/.test(text))
    throw invalid(`A command has printable ASCII characters only: ${shown(text)}.`);
  if (text.length + 2 > MAX_COMMAND) {
    throw invalid(`A command has at most ${MAX_COMMAND} bytes: shorten ${shown(text, 60)}.`);
  }
  return { name: text, bytes: toBytes(`${text}\r\n`), answer: "line" };
}

/** A command of which nothing but its name is ever shown. */
function secretLine(name: string, words: readonly string[]): Command {
  if (!words.every((word) => typeof word === "string" && /^[\x21-\x7e]+$/.test(word))) {
    throw invalid(`User name, password and token for ${name} are printable ASCII characters without blanks.`);
  }
  const text = `${name} ${words.join(" ")}\r\n`;
  if (text.length > MAX_CREDENTIALS) {
    throw new SeedLinkError(
      "TOO_LARGE",
      `The credentials for ${name} have more than ${MAX_CREDENTIALS} bytes.`,
    );
  }
  return { name, bytes: toBytes(text), answer: "line" };
}

function invalid(message: string): SeedLinkError {
  return new SeedLinkError("INVALID_ARGUMENT", message);
}
