/** How a path pattern is written: layouts by name, flags and literal text, and the directory that stands before the first flag. */
import path from "node:path";
import { ArchiveError } from "../errors.ts";
import { FLAGS, type Flag } from "./flags.ts";

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

/** A flag in a pattern, or literal text. */
export type Token = string | { readonly flag: Flag; readonly letter: string; readonly defining: boolean };

const SEPARATOR = path.sep === "\\" ? /[\\/]/ : /\//;

export function expandPreset(pattern: string): string {
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

export function tokenise(pattern: string, allowed: string): Token[] {
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
export function splitDirectory(tokens: readonly Token[]): { fixed: string; rest: Token[] } {
  const first = tokens[0];
  if (typeof first !== "string") return { fixed: "", rest: [...tokens] };
  const cut = Math.max(first.lastIndexOf("/"), first.lastIndexOf(path.sep)) + 1;
  const name = first.slice(cut);
  return { fixed: first.slice(0, cut), rest: name === "" ? tokens.slice(1) : [name, ...tokens.slice(1)] };
}

/** Tokens between separators: the names of directories, and of the file. */
export function divide(tokens: readonly Token[]): Token[][] {
  const names: Token[][] = [[]];
  for (const token of tokens) {
    const [first = "", ...others] = typeof token === "string" ? token.split(SEPARATOR) : [token];
    if (first !== "") names.at(-1)!.push(first);
    for (const other of others) names.push(other === "" ? [] : [other]);
  }
  return names;
}
