/** The questions of a request's target, each read for what it may be: a value that it may not be is an error, and not a default. */
import { toMicroseconds } from "../../time.ts";
import { RequestError } from "./errors.ts";

/** Longer targets than that are refused whole. */
const LONGEST = 8192;

/** What is asked: the path and what stands behind the question mark. */
export interface Target {
  path: string;
  query: Query;
}

/** @throws RequestError `BAD_REQUEST` for what is not a path */
export function readTarget(text: string): Target {
  const isPath = text.startsWith("/") && !text.startsWith("//") && text.length <= LONGEST;
  const url = isPath && URL.canParse(text, "http://page") ? new URL(text, "http://page") : undefined;
  if (!url) throw bad("The target of the request is not a path of this page.");
  return { path: decoded(url.pathname), query: new Query(url.searchParams) };
}

/** A path with its escapes resolved, once. */
function decoded(path: string): string {
  try {
    const text = decodeURIComponent(path);
    if (!/[\p{Cc}\\]/u.test(text)) return text;
  } catch {
    // Told below.
  }
  throw bad("The path of the request has escapes that stand for no text.");
}

export class Query {
  readonly #params: URLSearchParams;

  constructor(params: URLSearchParams) {
    this.#params = params;
  }

  /** The value; undefined where there is none. @throws RequestError where there are two */
  text(name: string): string | undefined {
    const [value, ...more] = this.#params.getAll(name);
    if (more.length > 0) throw bad(`${name} is given more than once: give it once.`);
    return value === "" ? undefined : value;
  }

  choice<const Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice {
    const text = this.text(name) ?? fallback;
    const choice = choices.find((known) => known === text);
    if (choice !== undefined) return choice;
    throw bad(`${name} is ${shown(text)}: it must be one of ${choices.join(", ")}.`);
  }

  number(name: string, least: number, most: number, fallback: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const number = /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw bad(`${name} is ${shown(text)}: it must be a number from ${least} to ${most}.`);
  }

  /** A time: ISO 8601, or a whole number of microseconds since 1970. */
  time(name: string): number {
    const text = this.text(name) ?? "";
    const time = /^-?\d{11,17}$/.test(text) ? Number(text) : toMicroseconds(text.slice(0, 40));
    if (time !== undefined && text !== "" && Number.isSafeInteger(time)) return time;
    throw bad(
      `${name} is ${shown(text)}: it must be a time such as 2026-11-22T06:19:29.8Z, or microseconds since 1970.`,
    );
  }

  isOn(name: string): boolean {
    return this.choice(name, ["0", "1"], "0") === "1";
  }
}

function bad(sentence: string): RequestError {
  return new RequestError("BAD_REQUEST", sentence);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
