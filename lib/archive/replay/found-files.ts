/** The files that are to be read: one, all below a folder, or those of an archive. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { ArchiveError } from "../errors.ts";
import type { PathPattern } from "../path-pattern.ts";

/** Bounds for folders that go round in circles, and for folders that are something else. */
const MAX_DEPTH = 64;
const MAX_FILES = 100_000;

/**
 * The file, or all files below the folder, in the order of their names; hidden ones are left out.
 * @throws ArchiveError `NOT_FOUND` for a name that is not there and a folder without files; `TOO_MANY_FILES`
 */
export async function filesAt(name: string): Promise<string[]> {
  const found = await statOf(name);
  if (!found.isDirectory()) return [name];
  const files = await collect(name, () => true);
  if (files.length === 0) throw notFound(`There is no file in the folder ${name}.`);
  return files;
}

/**
 * The files of an archive with this pattern, also those that it has compressed since.
 * @throws as `filesAt`
 */
export async function filesOfArchive(pattern: PathPattern): Promise<string[]> {
  await statOf(pattern.directory);
  const files = await collect(pattern.directory, (file) => pattern.couldMake(file.replace(/\.gz$/, "")));
  if (files.length === 0) throw notFound(`No file in ${pattern.directory} has a name of this pattern.`);
  return files;
}

async function statOf(name: string) {
  try {
    return await stat(name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") throw notFound(`There is no file and no folder ${name}.`);
    throw error;
  }
}

async function collect(folder: string, fits: (file: string) => boolean): Promise<string[]> {
  const files: string[] = [];
  for await (const file of filesBelow(folder, 0)) {
    if (!fits(file)) continue;
    if (files.push(file) > MAX_FILES) {
      throw new ArchiveError(
        "TOO_MANY_FILES",
        `There are more than ${MAX_FILES} files in ${folder}: choose a folder below it.`,
      );
    }
  }
  return files;
}

async function* filesBelow(folder: string, depth: number): AsyncGenerator<string, void> {
  if (depth > MAX_DEPTH) {
    throw new ArchiveError(
      "TOO_MANY_FILES",
      `There are more than ${MAX_DEPTH} folders within each other at ${folder}.`,
    );
  }
  const entries = await readdir(folder, { withFileTypes: true });
  // By code units, as every machine has them.
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(name, depth + 1);
    // Links to files are followed; those to folders may lead back up.
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(name)))) yield name;
  }
}

async function isFile(name: string): Promise<boolean> {
  return (await stat(name).catch(() => undefined))?.isFile() ?? false;
}

function notFound(sentence: string): ArchiveError {
  return new ArchiveError("NOT_FOUND", sentence);
}
