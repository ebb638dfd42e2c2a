/** The files that a command is given: files, folders with all that is below them, and lists of names. */
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { CommandError, usageError } from "../../command.ts";
import { STANDARD } from "../../input.ts";

/** What the help of every command that reads records says of its operands. */
export const INPUT_NOTE = `\
A FILE is a file, also one compressed by gzip; a folder, with all files below
it; @LIST, a file with such names, one on each line; or -, standard input.`;

/** A file to read. */
export interface InputFile {
  name: string;
  /** Whether it was found in a folder, where other files may be, too, and not named by anybody. */
  isFound: boolean;
}

/** Bounds for folders that go round in circles, and lists that are something else. */
const MAX_DEPTH = 64;
const MAX_FILES = 5_000_000;
const MAX_LIST_BYTES = 256 * 1024 * 1024;

/**
 * The files, in the order in which they are given; those of a folder sorted by name, hidden ones left out.
 * @throws CommandError for no files, standard input named twice, a folder without files; what the file system says of a list
 */
export async function inputFiles(operands: readonly string[]): Promise<InputFile[]> {
  if (operands.length === 0) throw usageError("no file is named (- means standard input)");
  const files: InputFile[] = [];
  for (const operand of operands) {
    const names = operand.startsWith("@") ? await namesIn(operand.slice(1)) : [operand];
    for (const name of names) {
      for await (const file of filesOf(name)) {
        if (files.push(file) > MAX_FILES) throw new CommandError(`${name}: more than ${MAX_FILES} files`);
      }
    }
  }
  if (files.filter(({ name }) => name === STANDARD).length > 1) {
    throw usageError("standard input can be read only once");
  }
  return files;
}

async function* filesOf(name: string): AsyncGenerator<InputFile, void> {
  // What cannot be found is told when it is read.
  const isFolder = name !== STANDARD && (await stat(name).catch(() => undefined))?.isDirectory();
  if (!isFolder) {
    yield { name, isFound: false };
    return;
  }
  let count = 0;
  for await (const file of filesBelow(name, 0)) {
    count++;
    yield { name: file, isFound: true };
  }
  if (count === 0) throw new CommandError(`${name}: no file in this folder`);
}

async function* filesBelow(folder: string, depth: number): AsyncGenerator<string, void> {
  if (depth > MAX_DEPTH)
    throw new CommandError(`${folder}: more than ${MAX_DEPTH} folders within each other`);
  const entries = await readdir(folder, { withFileTypes: true });
  // By code units, as every machine has them.
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const joined = path.join(folder, entry.name);
    const name = /^@|^-$/.test(joined) ? `./${joined}` : joined;
    // Links to files are followed; those to folders may lead back up.
    const isFile = entry.isSymbolicLink()
      ? (await stat(name).catch(() => undefined))?.isFile()
      : entry.isFile();
    if (entry.isDirectory()) yield* filesBelow(name, depth + 1);
    else if (isFile) yield name;
  }
}

/** The names in a list: one on each line, relative to where the command runs; empty lines and those with # are none. */
async function namesIn(list: string): Promise<string[]> {
  const { size } = await stat(list);
  if (size > MAX_LIST_BYTES) throw new CommandError(`${list}: a list of ${size} bytes is too long`);
  const lines = (await readFile(list, "utf8")).split(/\r?\n/);
  const names = lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  if (names.length === 0) throw new CommandError(`${list}: no name in this list`);
  const odd = names.find((name) => name.startsWith("@"));
  if (odd !== undefined) throw new CommandError(`${list}: ${odd}: a list names files and folders, not lists`);
  return names;
}
