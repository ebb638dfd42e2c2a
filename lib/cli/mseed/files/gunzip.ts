/** Files compressed by gzip, read as if they were not: the archive compresses its old files so. */
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CommandError } from "../../command.ts";

/** What a compressed file may become: a day of a station has some MB, and a bomb has no end. */
const MAX_GUNZIPPED = 16 * 2 ** 30;

/**
 * The bytes of a file, decompressed if they are compressed, which their first two tell. A piece is valid until the next one
 * is asked for.
 * @throws CommandError for a file that is damaged, or more than `limit` bytes
 */
export async function* gunzipped(
  file: string,
  pieces: AsyncGenerator<Uint8Array, void>,
  limit = MAX_GUNZIPPED,
): AsyncGenerator<Uint8Array, void> {
  try {
    let head = new Uint8Array(0);
    while (head.length < 2) {
      const next = await pieces.next();
      if (next.done) break;
      head = Buffer.concat([head, next.value]);
    }
    const isCompressed = head[0] === 0x1f && head[1] === 0x8b;
    yield* isCompressed ? decompressed(file, copies(head, pieces), limit) : withHead(head, pieces);
  } finally {
    await pieces.return();
  }
}

async function* decompressed(
  file: string,
  pieces: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Uint8Array, void> {
  const gunzip = createGunzip();
  // A failure comes out where the pieces are read.
  pipeline(Readable.from(pieces), gunzip, () => {});
  let length = 0;
  try {
    for await (const piece of gunzip as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > limit) throw new CommandError(`${file}: more than ${limit} bytes when it is decompressed`);
      yield piece;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("Z_")) throw new CommandError(`${file}: damaged as a gzip file: ${message}`);
    throw error;
  }
}

async function* withHead(
  head: Uint8Array,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  yield head;
  yield* pieces;
}

/** The stream reads ahead, and a piece is valid only until the next one. */
async function* copies(
  head: Uint8Array,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  yield head;
  for await (const piece of pieces) yield piece.slice();
}
