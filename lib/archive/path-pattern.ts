/**
 * Path patterns: which file a packet belongs to, in the notation of ringserver's MSeedWrite. `%x` stands for a code or
 * a time of the packet; `#x` for the same, but only of the first packet of a file: it does not start a new one.
 */
import path from "node:path";
import { ArchiveError } from "./errors.ts";
import {
  CODE,
  type Moment,
  PACKET_FLAGS,
  type PathFields,
  SHORT_CODE,
  takeApart,
} from "./path-pattern/flags.ts";
import { divide, expandPreset, splitDirectory, type Token, tokenise } from "./path-pattern/syntax.ts";

export { PACKET_FLAGS, type PathFields, RECORD_FLAGS } from "./path-pattern/flags.ts";
export { PRESETS } from "./path-pattern/syntax.ts";

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
