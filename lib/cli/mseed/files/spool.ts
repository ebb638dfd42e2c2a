/** Decompressed copies of compressed files, for a command that reads their records in another order; gone when it ends. */
import { closeSync, openSync, writeSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { STANDARD } from "../../input.ts";

export class Spool implements AsyncDisposable {
  readonly #folder: string;
  /** The copies, by the name of the file. */
  readonly #copies = new Map<string, { name: string; descriptor: number | undefined }>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Copies will be made of those of the files that are compressed. */
  static async of(files: readonly string[]): Promise<Spool> {
    const spool = new Spool(await mkdtemp(path.join(tmpdir(), "mseed-")));
    for (const file of files) {
      if (!(await isCompressed(file))) continue;
      const name = path.join(spool.#folder, String(spool.#copies.size));
      spool.#copies.set(file, { name, descriptor: undefined });
    }
    return spool;
  }

  /** Adds the next bytes of a file, if it is one of those. */
  push(file: string, piece: Uint8Array): void {
    const copy = this.#copies.get(file);
    if (!copy) return;
    copy.descriptor ??= openSync(copy.name, "w", 0o600);
    for (let at = 0; at < piece.length; ) at += writeSync(copy.descriptor, piece, at);
  }

  /** The file has come to its end. */
  finish(file: string): void {
    const copy = this.#copies.get(file);
    if (copy?.descriptor === undefined) return;
    closeSync(copy.descriptor);
    copy.descriptor = undefined;
  }

  /** The file in which the bytes of a file lie as they are. */
  nameOf(file: string): string {
    return this.#copies.get(file)?.name ?? file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#copies.keys()) this.finish(file);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Whether a file begins as gzip files do; one that cannot be read is told of when that is tried. */
async function isCompressed(file: string): Promise<boolean> {
  if (file === STANDARD) return false;
  await using handle = await open(file, "r").catch(() => undefined);
  const head = new Uint8Array(2);
  await handle?.read(head).catch(() => undefined);
  return head[0] === 0x1f && head[1] === 0x8b;
}
