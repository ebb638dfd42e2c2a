/**
 * Replaces a file as a whole: whoever reads it, and whatever a crash or a power failure leaves, sees either all of the
 * old content or all of the new one.
 */
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { syncPath } from "./sync-path.ts";

/** Replacements that this process has not finished, the last one of each file. */
const underWay = new Map<string, Promise<void>>();

/**
 * Gives a file new content, and creates it with its directories where it does not exist. Resolves when the new content
 * would survive a power failure. Calls for one file are carried out one after the other; no other process may replace it
 * meanwhile.
 *
 * @param content text (written as UTF-8) or bytes
 * @throws what the file system says; then the old content is still there.
 */
export function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  const name = path.resolve(file);
  const before = underWay.get(name) ?? Promise.resolve();
  const replaced = before.catch(() => {}).then(() => replace(name, content));
  underWay.set(name, replaced);
  const forget = () => {
    if (underWay.get(name) === replaced) underWay.delete(name);
  };
  replaced.then(forget, forget);
  return replaced;
}

async function replace(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.new`;
  try {
    const handle = await open(temporary, "w");
    try {
      await handle.writeFile(content);
      // Else a power failure soon after may leave an empty file under the right name.
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await moveInPlace(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/**
 * Gives a file that is complete and synchronised its name, in the place of what has it now. Resolves when the name, too,
 * would survive a power failure.
 *
 * @param temporary in the same directory as `file`
 * @throws what the file system says.
 */
export async function moveInPlace(temporary: string, file: string): Promise<void> {
  await rename(temporary, file);
  await syncPath(path.dirname(file));
}
