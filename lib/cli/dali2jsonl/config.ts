/** The configuration file of dali2jsonl: TOML, with the tables and keys of simpledali's command of that name. */
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

const DAY_SECONDS = 86_400;
const LEAST_DAYS = 0.01;
const MOST_DAYS = 36_500;

/**
 * Reads and checks a configuration file; nothing else is opened.
 * @throws CommandError naming the file, the key, and what is allowed
 */
export async function readConfig(file: string): Promise<Config> {
  const root = new Table(file, "", parseToml(file, await readFile(file, "utf8")));
  const datalink = root.table("datalink");
  const jsonl = root.table("jsonl");
  datalink.allow(DATALINK_KEYS);
  jsonl.allow(JSONL_KEYS);
  const write = jsonl.text("write");
  const { directory } = pattern(jsonl, "write", write);
  const name = path.basename(file, path.extname(file));
  return {
    url: address(datalink),
    match: datalink.text("match"),
    clientId: clientId(datalink),
    write,
    bandwrite: jsonl.has("bandwrite") ? bandPatterns(jsonl.table("bandwrite")) : {},
    directory,
    position: path.join(directory, `.${name}.position`),
    journal: path.join(directory, `.${name}.journal`),
    gzipAfter: jsonl.has("gzip_after_days")
      ? jsonl.number("gzip_after_days", LEAST_DAYS, MOST_DAYS) * DAY_SECONDS
      : undefined,
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

  allow(keys: readonly string[]): void {
    const unknown = this.keys.find((key) => !keys.includes(key));
    if (unknown !== undefined) throw this.wrong(unknown, `is not known: allowed are ${keys.join(", ")}`);
  }

  table(key: string): Table {
    const value = this.#values[key];
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Date) {
      throw this.wrong(key, this.has(key) ? "must be a table" : `is missing: a table [${key}] is required`);
    }
    const name = this.#name === "" ? key : `${this.#name}.${key}`;
    return new Table(this.#file, name, value as Record<string, unknown>);
  }

  text(key: string, fallback?: string): string {
    const value = this.has(key) ? this.#values[key] : fallback;
    if (typeof value === "string" && value !== "") return value;
    throw this.wrong(
      key,
      value === undefined ? "is missing: give it as text" : "must be text, and not empty",
    );
  }

  number(key: string, least: number, most: number): number {
    const value = this.#values[key];
    if (typeof value === "number" && value >= least && value <= most) return value;
    throw this.wrong(key, `must be a number from ${least} to ${most}`);
  }

  whole(key: string, fallback: number, least: number, most: number): number {
    const value = this.has(key) ? this.#values[key] : fallback;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.wrong(key, `must be a whole number from ${least} to ${most}`);
  }
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
  const key = datalink.has("websocket") ? "websocket" : "host";
  const url = key === "host" ? hostAddress(datalink) : datalink.text(key);
  if (key === "websocket" && !/^wss?:/i.test(url)) {
    throw datalink.wrong(key, "must be an address that begins with ws:// or wss://");
  }
  checked(datalink, key, () => parseAddress(url));
  return url;
}

function hostAddress(datalink: Table): string {
  const host = datalink.text("host", "localhost");
  const port = datalink.whole("port", DEFAULT_PORT, 1, 65_535);
  return `datalink://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function clientId(datalink: Table): string {
  const program = datalink.text("programname", "dali2jsonl");
  const user = datalink.text("username", "simpleDali");
  const pid = datalink.whole("processid", process.pid, 0, Number.MAX_SAFE_INTEGER);
  const architecture = datalink.text("architecture", process.arch);
  return [program, user, pid, architecture].join(":");
}

/** A pattern for each band; a single letter stands for the pattern of that band. */
function bandPatterns(table: Table): Record<string, string> {
  const patterns: Record<string, string> = {};
  for (const band of table.keys) {
    if (band.length !== 1) throw table.wrong(band, "is no band: a band code is one letter");
    patterns[band] = followBands(table, band);
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
