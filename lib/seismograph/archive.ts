/** An archive of miniSEED behind a seismograph: what it has of a time, of all channels or of one. */
import { access, stat } from "node:fs/promises";
import path from "node:path";
import { ArchiveError } from "../archive/errors.ts";
import { PathPattern, RECORD_FLAGS } from "../archive/path-pattern.ts";
import { filesAt, filesOfArchive } from "../archive/replay/found-files.ts";
import { replay } from "../archive/replay/replay.ts";
import type { MiniSeedRecord } from "../mseed/record.ts";
import { SourceId } from "../source-id.ts";
import { SeismographError } from "./errors.ts";

/** Files that are asked for their age at once. */
const AT_ONCE = 32;
/** Files that a zoom or a download may need to open. */
const MOST_FILES = 500;
/** Clocks of file systems and of stations are not the same. */
const CLOCK_SLACK_MS = 3_600_000;
/** A list of files is good for so long. */
const LIST_AGE_MS = 30_000;

export class Archive {
  /** As it was given. */
  readonly name: string;
  readonly #pattern: PathPattern | undefined;
  readonly #folder: string;
  #listed: { at: number; files: Promise<string[]> } | undefined;

  /**
   * @param name a folder, or a pattern such as `SDS@archive`
   * @param base where relative names begin
   * @throws ArchiveError `INVALID_PATTERN`
   */
  constructor(name: string, base = ".") {
    const [, preset = "", rest = ""] = /^([A-Za-z]+@)?(.*)$/s.exec(name) ?? [];
    this.name = name;
    this.#folder = path.resolve(base, rest);
    if (preset === "" && !/[%#]/.test(rest)) return;
    // What stands in the base's own name is no flag of a pattern.
    const literal = path.resolve(base).replace(/[%#]/g, preset ? "$&" : "$&$&");
    this.#pattern = new PathPattern(preset + path.resolve(literal, rest), { flags: RECORD_FLAGS });
  }

  /** The files that may have something from a time on (microseconds since 1970), in the order of their names; none where there are none yet. */
  async filesSince(from: number): Promise<string[]> {
    const files = await this.#list();
    const kept: string[] = [];
    for (let at = 0; at < files.length; at += AT_ONCE) {
      const some = files.slice(at, at + AT_ONCE);
      const isNew = await Promise.all(
        some.map(async (file) => (await ageOf(file)) >= from / 1000 - CLOCK_SLACK_MS),
      );
      kept.push(...some.filter((_file, i) => isNew[i]));
    }
    return kept;
  }

  /**
   * The records of a channel that have samples from one time up to another, in microseconds since 1970.
   * @throws SeismographError `TOO_MUCH` where too many files would have to be opened
   */
  async *records(
    sourceId: string,
    from: number,
    to: number,
    signal?: AbortSignal,
  ): AsyncGenerator<MiniSeedRecord, void> {
    const files = (await this.#filesOf(sourceId, from, to)) ?? (await this.filesSince(from));
    if (files.length > MOST_FILES) {
      throw new SeismographError(
        "TOO_MUCH",
        `${files.length} files of the archive may have samples of that time: give the archive as a pattern such as SDS@folder, so that the right ones are known.`,
      );
    }
    const range = {
      startTime: BigInt(Math.round(from)) * 1000n,
      endTime: BigInt(Math.round(to)) * 1000n - 1n,
    };
    for await (const { record } of replay(files, { ...range, signal })) {
      if (record.sourceId.text === sourceId) yield record;
    }
  }

  /** Names of files by the pattern, if codes and time are enough for that: those that are there. */
  async #filesOf(sourceId: string, from: number, to: number): Promise<string[] | undefined> {
    const pattern = this.#pattern;
    if (!pattern || pattern.isLoose || !(pattern.period > 0)) return undefined;
    const { network, station, location, channel } = new SourceId(sourceId);
    const nameAt = (time: number, quality: string) =>
      pattern.path({
        network,
        station,
        location,
        channel,
        time,
        quality,
        recordLength: quality.length,
        sampleRate: quality.length,
      });
    try {
      if (nameAt(from, "D") !== nameAt(from, "MM")) return undefined;
      const files = new Set<string>();
      const step = Math.min(pattern.period, to - from + 1);
      // A record lies in the file of its first sample, which may be the one before.
      const first = from - Math.min(pattern.period, 86_400e6);
      if ((to - first) / step > MOST_FILES) return undefined;
      for (let time = first; time < to + step; time += step) files.add(nameAt(Math.min(time, to), "D"));
      return await those([...files].flatMap((file) => [file, `${file}.gz`]));
    } catch (error) {
      if (error instanceof ArchiveError) return [];
      throw error;
    }
  }

  #list(): Promise<string[]> {
    const now = performance.now();
    if (!this.#listed || now - this.#listed.at > LIST_AGE_MS)
      this.#listed = { at: now, files: this.#listNow() };
    return this.#listed.files;
  }

  async #listNow(): Promise<string[]> {
    try {
      return await (this.#pattern ? filesOfArchive(this.#pattern) : filesAt(this.#folder));
    } catch (error) {
      if (error instanceof ArchiveError && error.code === "NOT_FOUND") return [];
      throw error;
    }
  }
}

/** When a file was written to, in milliseconds since 1970; never, where it is gone. */
async function ageOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.mtimeMs ?? Number.NEGATIVE_INFINITY;
}

async function those(files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    files.map((file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files.filter((_file, i) => found[i]);
}
