/** Tables for a terminal, in colour where it is one. */
import { styleText } from "node:util";
import { EXIT_OK, type Io } from "../command.ts";
import { Output } from "../output.ts";
import { printable } from "../printable.ts";

/** Prints rows in columns below their headings. What servers send cannot steer the terminal. */
export async function printTable(
  io: Io,
  headings: readonly string[],
  rows: readonly string[][],
): Promise<number> {
  const clean = rows.map((row) => row.map(printable));
  const widths = headings.map((heading, column) =>
    clean.reduce((widest, row) => Math.max(widest, row[column]!.length), heading.length),
  );
  const format = (row: readonly string[]) =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  await using output = await Output.open("-", io);
  const head = format(headings);
  await output.line(io.stdout.isTTY ? styleText("bold", head, { validateStream: false }) : head);
  for (const row of clean) await output.line(format(row));
  await output.close();
  return EXIT_OK;
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
