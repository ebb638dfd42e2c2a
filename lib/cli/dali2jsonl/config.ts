/** The configuration file of dali2jsonl: TOML, with the tables and keys of simpledali's command of that name. */
import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import path from "node:path";
import { parse, TomlError } from "smol-toml";
import { PathPattern } from "../../archive/path-pattern.ts";
import { DEFAULT_PORT, parseAddress } from "../../datalink/address.ts";
import { CodedError } from "../../errors.ts";
import { CommandError, EXIT_USAGE } from "../command.ts";

export interface Config {
  /** Address of the server. */
  url: string;
  /** Regular expression for stream ids. */
  match: string;
  /** How this client names itself: `program:user:pid:architecture`. */
  clientId: string;
  /** Path pattern of the files. */
  write: string;
  /** Other patterns, by band code. */
  bandwrite: Readonly<Record<string, string>>;
  /** The directory of the archive, in which the next two lie. */
  directory: string;
  /** File for the position in the server's ring. */
  position: string;
  /** File for the archive's journal. */
  journal: string;
  /** Seconds after its last line that a file is compressed; never where there is none. */
  gzipAfter: number | undefined;
  /** What of the file has no effect, in sentences. */
  notes: string[];
}

const DATALINK_KEYS = [
  "host",
  "port",
  "websocket",
  "match",
  "programname",
  "username",
  "processid",
  "architecture",
];
const JSONL_KEYS = ["write", "bandwrite", "gzip_after_days"];

/** Longest client id that servers keep. */
const MAX_CLIENT_ID = 200;

const DAY_SECONDS = 86_400;
const LEAST_DAYS = 0.01;
const MOST_DAYS = 36_500;

/**
 * Reads and checks a configuration file; nothing else is opened.
 * @throws CommandError naming the file, the key, and what is allowed
 */
export async function readConfig(file: string): Promise<Config> {
  const root = new Table(file, "", await readToml(file));
  const datalink = root.table("datalink");
  const jsonl = root.table("jsonl");
  const notes = [...datalink.allow(DATALINK_KEYS), ...jsonl.allow(JSONL_KEYS)];
  const write = plainPattern(jsonl.text("write"));
  const { directory } = pattern(jsonl, "write", write);
  const name = path.basename(file, path.extname(file));
  return {
    url: address(datalink),
    match: datalink.text("match", { mayBeEmpty: true }),
    clientId: clientId(datalink),
    write,
    bandwrite: jsonl.has("bandwrite") ? bandPatterns(jsonl.table("bandwrite")) : {},
    directory,
    position: path.join(directory, `.${name}.position`),
    journal: path.join(directory, `.${name}.journal`),
    gzipAfter: jsonl.has("gzip_after_days")
      ? jsonl.number("gzip_after_days", LEAST_DAYS, MOST_DAYS) * DAY_SECONDS
      : undefined,
    notes,
  };
}

/** One table of the file, which knows where it stands. */
class Table {
  readonly #file: string;
  readonly #name: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(file: string, name: string, values: Readonly<Record<string, unknown>>) {
    this.#file = file;
    this.#name = name;
    this.#values = values;
  }

  get keys(): string[] {
    return Object.keys(this.#values);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#values, key);
  }

  wrong(key: string, what: string): CommandError {
    const name = this.#name === "" ? key : `${this.#name}.${key}`;
    return new CommandError(`${this.#file}: ${name} ${what}`, EXIT_USAGE);
  }

  /**
   * Says which keys have no effect, as in simpledali, which passes over them.
   *
   * @throws CommandError for one that is probably misspelt
   */
  allow(keys: readonly string[]): string[] {
    const unknown = this.keys.filter((key) => !keys.includes(key));
    const misspelt = unknown.find((key) => keys.some((known) => isNearly(key, known)));
    if (misspelt !== undefined) throw this.wrong(misspelt, `is not known: allowed are ${keys.join(", ")}`);
    return unknown.map((key) => this.wrong(key, "is not known here, and has no effect").message);
  }

  table(key: string): Table {
    const value = this.#values[key];
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Date) {
      throw this.wrong(key, this.has(key) ? "must be a table" : `is missing: a table [${key}] is required`);
    }
    const name = this.#name === "" ? key : `${this.#name}.${key}`;
    return new Table(this.#file, name, value as Record<string, unknown>);
  }

  text(key: string, { fallback, mayBeEmpty = false }: TextRule = {}): string {
    const value = this.has(key) ? this.#values[key] : fallback;
    if (typeof value === "string" && (value !== "" || mayBeEmpty)) return value;
    throw this.wrong(
      key,
      value === undefined ? "is missing: give it as text" : "must be text, and not empty",
    );
  }

  /** Text, or a number as text. */
  word(key: string, fallback: string): string {
    const value = this.has(key) ? this.#values[key] : fallback;
    return typeof value === "number" ? String(value) : this.text(key, { fallback, mayBeEmpty: true });
  }

  number(key: string, least: number, most: number): number {
    const value = this.#values[key];
    if (typeof value === "number" && value >= least && value <= most) return value;
    throw this.wrong(key, `must be a number from ${least} to ${most}`);
  }

  whole(key: string, fallback: number, least: number, most: number): number {
    const given = this.has(key) ? this.#values[key] : fallback;
    const value = typeof given === "string" && /^\d{1,15}$/.test(given) ? Number(given) : given;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.wrong(key, `must be a whole number from ${least} to ${most}`);
  }
}

/** What text a key may have. */
interface TextRule {
  /** Where the key is not there. */
  fallback?: string;
  mayBeEmpty?: boolean;
}

/** Whether two words differ by at most two letters: then one of them is probably misspelt. */
function isNearly(word: string, other: string): boolean {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 0; i < word.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j++) {
      const change = row[j]! + Number(word[i] !== other[j]);
      next.push(Math.min(change, row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row.at(-1)! <= 2;
}

/** TOML is UTF-8. Comments in another encoding do no harm; a name or a value would become another one. */
async function readToml(file: string): Promise<Record<string, unknown>> {
  const bytes = await readFile(file);
  const values = parseToml(file, bytes.toString());
  const strange = isUtf8(bytes) ? undefined : findStrange(values);
  if (strange === undefined) return values;
  throw new CommandError(
    `${file}: ${strange} has letters that are not UTF-8, perhaps Latin-1: save the file as UTF-8`,
    EXIT_USAGE,
  );
}

/** The first key whose name or text has a letter that could not be read. */
function findStrange(values: object): string | undefined {
  for (const [key, value] of Object.entries(values)) {
    if (`${key}${typeof value === "string" ? value : ""}`.includes("\ufffd")) return key;
    const inside = typeof value === "object" && value !== null ? findStrange(value) : undefined;
    if (inside !== undefined) return `${key}.${inside}`;
  }
  return undefined;
}

function parseToml(file: string, text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [sentence = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new CommandError(`${file}:${error.line}:${error.column}: not TOML: ${sentence}`, EXIT_USAGE);
  }
}

/** The server's address: `websocket` goes before host and port. */
function address(datalink: Table): string {
  const hasWebSocket = datalink.has("websocket") && datalink.text("websocket", { mayBeEmpty: true }) !== "";
  const key = hasWebSocket ? "websocket" : "host";
  const url = key === "host" ? hostAddress(datalink) : datalink.text(key);
  if (key === "websocket" && !/^wss?:/i.test(url)) {
    throw datalink.wrong(key, "must be an address that begins with ws:// or wss://");
  }
  checked(datalink, key, () => parseAddress(url));
  return url;
}

function hostAddress(datalink: Table): string {
  const host = datalink.text("host", { fallback: "localhost" });
  const port = datalink.whole("port", DEFAULT_PORT, 1, 65_535);
  return `datalink://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function clientId(datalink: Table): string {
  const program = datalink.word("programname", "dali2jsonl");
  const user = datalink.word("username", "simpleDali");
  const pid = datalink.word("processid", String(process.pid));
  const architecture = datalink.word("architecture", process.arch);
  return [program, user, pid, architecture]
    .join(":")
    .replace(/[^\x20-\x7e]/g, "_")
    .slice(0, MAX_CLIENT_ID);
}

/** A pattern for each band; a single letter stands for the pattern of that band. */
function bandPatterns(table: Table): Record<string, string> {
  const patterns: Record<string, string> = {};
  for (const band of table.keys) {
    if (band.length !== 1) throw table.wrong(band, "is not a band: a band code is one letter");
    patterns[band] = plainPattern(followBands(table, band));
    pattern(table, band, patterns[band]);
  }
  return patterns;
}

function followBands(table: Table, band: string): string {
  const seen = [band];
  let text = table.text(band);
  while (text.length === 1) {
    if (seen.includes(text)) throw table.wrong(band, `leads in a circle: ${[...seen, text].join(" = ")}`);
    if (!table.has(text)) {
      throw table.wrong(
        band,
        `names the band ${text}, which has no pattern here: there are ${table.keys.join(", ")}`,
      );
    }
    seen.push(text);
    text = table.text(text);
  }
  return text;
}

/** In simpledali `#` has no meaning, and a `%` at the end none either: where they cannot be flags they stand for themselves. */
function plainPattern(text: string): string {
  return text.replace(/#(?![#A-Za-z])/g, "##").replace(/(?<!%)((?:%%)*)%$/, "$1%%");
}

function pattern(table: Table, key: string, text: string): PathPattern {
  return checked(table, key, () => new PathPattern(text));
}

function checked<Value>(table: Table, key: string, action: () => Value): Value {
  try {
    return action();
  } catch (error) {
    if (error instanceof CodedError) throw table.wrong(key, `cannot be used: ${error.message}`);
    throw error;
  }
}
