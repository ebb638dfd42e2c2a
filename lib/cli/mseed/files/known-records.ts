/** Which records the files of an archive hold already, so that the same ones are not added to them again. */
import { createHash } from "node:crypto";
import { RecordReader } from "../../../mseed/index.ts";
import type { Io } from "../../command.ts";
import { readPieces } from "../../input.ts";
import { gunzipped } from "./gunzip.ts";

/** Records that are remembered in all; the file not asked for longest is read again when its time comes. */
const MAX_REMEMBERED = 2_000_000;

export class KnownRecords {
  readonly #io: Io;
  /** Of each file what its records have for a name; the file asked for last is the last. */
  readonly #files = new Map<string, Set<string>>();
  #remembered = 0;

  constructor(io: Io) {
    this.#io = io;
  }

  /** Whether a file has a record, byte for byte; if not, it is taken to have it from now on. */
  async takes(file: string, record: Uint8Array): Promise<boolean> {
    const known = this.#files.get(file) ?? (await this.#read(file));
    this.#files.delete(file);
    this.#files.set(file, known);
    const before = known.size;
    known.add(nameOf(record));
    this.#remembered += known.size - before;
    return known.size > before;
  }

  /** The files that are forgotten now, because too much is remembered: what is written to them must be there before the next question. */
  forget(): boolean {
    if (this.#remembered <= MAX_REMEMBERED) return false;
    for (const [file, known] of this.#files) {
      if (this.#remembered <= MAX_REMEMBERED / 2) break;
      this.#files.delete(file);
      this.#remembered -= known.size;
    }
    return true;
  }

  /** The records of a file, and of what the archive compressed of it. */
  async #read(file: string): Promise<Set<string>> {
    const known = new Set<string>();
    for (const name of [file, `${file}.gz`]) {
      const reader = new RecordReader({ checkCrc: false });
      const take = () => {
        for (let record = reader.next(); record; record = reader.next()) known.add(nameOf(record.bytes));
      };
      try {
        for await (const piece of gunzipped(name, readPieces(name, this.#io))) {
          reader.push(piece);
          take();
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        continue;
      }
      reader.finish();
      take();
    }
    this.#remembered += known.size;
    return known;
  }
}

/** What no two records share by chance: 126 bits of a digest. */
function nameOf(record: Uint8Array): string {
  return createHash("sha256").update(record).digest("base64").slice(0, 21);
}
