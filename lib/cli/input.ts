/** Input of a command: files, or standard input, read piece by piece. */
import { open, stat } from "node:fs/promises";
import { addAbortSignal } from "node:stream";
import type { Io } from "./command.ts";

/** The name that means standard input, or output. */
export const STANDARD = "-";

const PIECE_BYTES = 256 * 1024;

/**
 * The bytes of a file, or of standard input for `-`. A piece is valid until the next one is asked for.
 * @throws what the file system says, with the path; an `AbortError` when `io.signal` is aborted
 */
export async function* readPieces(file: string, io: Io): AsyncGenerator<Uint8Array, void> {
  if (file === STANDARD) {
    yield* addAbortSignal(io.signal, io.stdin) as AsyncIterable<Uint8Array>;
    return;
  }
  await using handle = await open(file, "r");
  const buffer = new Uint8Array(PIECE_BYTES);
  for (;;) {
    io.signal.throwIfAborted();
    const bytesRead = await handle.read(buffer).then(
      (result) => result.bytesRead,
      // An open file's failures do not tell its name.
      (error: NodeJS.ErrnoException) => Promise.reject(Object.assign(error, { path: file })),
    );
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** How many bytes these files have; those of standard input and of a file that cannot be found count as none. */
export async function totalSize(files: readonly string[]): Promise<number> {
  let total = 0;
  for (const file of files) {
    if (file === STANDARD) continue;
    total += await stat(file).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return total;
}
