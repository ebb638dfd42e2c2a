/** Tables for a terminal, in colour where it is one. */
import { styleText } from "node:util";
import { EXIT_OK, type Io } from "../command.ts";
import { Output } from "../output.ts";
import { printable } from "../printable.ts";
import { widthOf } from "../terminal.ts";

/** Columns that are always there, however narrow the terminal is. */
const LEAST_COLUMNS = 2;
/** What is left of a text that is cut. */
const LEAST_TEXT = 10;

/**
 * Prints rows in columns below their headings; those that do not fit in the width of the terminal are left out, the last ones
 * first. What servers send cannot steer the terminal.
 */
export async function printTable(
  io: Io,
  headings: readonly string[],
  rows: readonly string[][],
): Promise<number> {
  await using output = await Output.open("-", io);
  for (const line of tableLines(io, headings, rows)) await output.line(line);
  await output.close();
  return EXIT_OK;
}

/** The lines of such a table. */
export function* tableLines(
  io: Io,
  headings: readonly string[],
  rows: readonly string[][],
): Generator<string, void> {
  const clean = rows.map((row) => row.map(printable));
  const all = headings.map((heading, column) =>
    clean.reduce((widest, row) => Math.max(widest, row[column]!.length), heading.length),
  );
  const widths = fitting(all, widthOf(io.stdout));
  const format = (row: readonly string[]) =>
    widths
      .map((width, column) => cut(row[column]!, width).padEnd(width))
      .join("  ")
      .trimEnd();
  const head = format(headings);
  yield io.stdout.isTTY ? styleText("bold", head, { validateStream: false }) : head;
  for (const row of clean) yield format(row);
}

/** The widths of the columns that fit; the last of those that have to stay is cut. */
function fitting(all: readonly number[], width: number): number[] {
  const widths: number[] = [];
  let left = width;
  for (const wanted of all) {
    if (wanted > left && widths.length >= LEAST_COLUMNS) break;
    widths.push(widths.length + 1 < LEAST_COLUMNS ? wanted : Math.min(wanted, Math.max(left, LEAST_TEXT)));
    left -= wanted + 2;
  }
  return widths;
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

/** Prints names and values, one pair a line. */
export async function printPairs(io: Io, pairs: readonly (readonly [string, string])[]): Promise<number> {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  await using output = await Output.open("-", io);
  for (const [name, value] of pairs) await output.line(`${name.padEnd(width)}  ${printable(value)}`);
  await output.close();
  return EXIT_OK;
}

export async function printJson(io: Io, value: unknown): Promise<number> {
  await using output = await Output.open("-", io);
  await output.line(JSON.stringify(value, undefined, io.stdout.isTTY ? 2 : undefined));
  await output.close();
  return EXIT_OK;
}
