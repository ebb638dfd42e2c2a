/** Which file each stream goes to now. Asked for every packet, so that the path is only made when it can have changed. */
import { readdirSync } from "node:fs";
import path from "node:path";
import type { PathFields, PathPattern } from "./path-pattern.ts";

/** Streams, and files of patterns with `#`, that are remembered; when there are more, all are looked up anew. */
const MAX_REMEMBERED = 20_000;

interface Remembered {
  pattern: PathPattern;
  /** Which of the pattern's periods the file is for. */
  period: number;
  file: string;
}

/** Remembers which file each stream goes to. */
export class FileNames {
  readonly #ofStreams = new Map<string, Remembered>();
  /** Of patterns with `#`: the file that has the same defining values. */
  readonly #ofShapes = new Map<string, string>();

  /** The stream's file at a time (microseconds since 1970), if it is the same as when it was named last. */
  known(stream: string, time: number): string | undefined {
    const last = this.#ofStreams.get(stream);
    return last !== undefined && last.period === Math.floor(time / last.pattern.period)
      ? last.file
      : undefined;
  }

  /**
   * Names the stream's file.
   * @throws ArchiveError as `PathPattern.path`
   */
  name(stream: string, time: number, pattern: PathPattern, fields: PathFields): string {
    const file = pattern.isLoose ? this.#nameLoosely(pattern, fields) : pattern.path(fields);
    if (pattern.period > 0) {
      remember(this.#ofStreams, stream, { pattern, period: Math.floor(time / pattern.period), file });
    }
    return file;
  }

  #nameLoosely(pattern: PathPattern, fields: PathFields): string {
    const shape = pattern.shape(fields);
    const key = [pattern.directory, ...shape].join("\n");
    const file = this.#ofShapes.get(key) ?? findLast(pattern.directory, shape) ?? pattern.path(fields);
    remember(this.#ofShapes, key, file);
    return file;
  }
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  if (map.size >= MAX_REMEMBERED) map.clear();
  map.set(key, value);
}

/** The last file, in order of names, whose path below the directory has this shape: a name or an expression per level. */
function findLast(directory: string, shape: readonly (string | RegExp)[]): string | undefined {
  let found = directory;
  for (const [level, wanted] of shape.entries()) {
    if (typeof wanted === "string") {
      found = path.join(found, wanted);
      continue;
    }
    const isLast = level === shape.length - 1;
    const names = entriesOf(found)
      .filter((entry) => entry.isDirectory() !== isLast && wanted.test(entry.name))
      .map((entry) => entry.name);
    const last = names.sort().at(-1);
    if (last === undefined) return undefined;
    found = path.join(found, last);
  }
  return found;
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
