// A file system of its own for archives, that is full now and then: a tmpfs, where this process may mount one.
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";

export class Disk implements Disposable {
  readonly folder: string;
  /** Whether it is a file system of its own; otherwise it is a folder like any other. */
  readonly canFill: boolean;

  /** @param bytes that fit */
  constructor(folder: string, bytes: number) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]);
    this.canFill = mounted.status === 0;
  }

  get #filler(): string {
    return path.join(this.folder, "filler");
  }

  /** Takes all the room that is left. */
  fill(): void {
    const file = openSync(this.#filler, "w");
    try {
      for (let size = 1 << 20; size >= 1; size >>= 4) {
        const bytes = Buffer.alloc(size);
        while (couldWrite(file, bytes));
      }
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#filler, { force: true });
  }

  [Symbol.dispose](): void {
    if (this.canFill) spawnSync("umount", ["--lazy", this.folder]);
  }
}

function couldWrite(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) === bytes.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
}
