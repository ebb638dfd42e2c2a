/**
 * The archive's journal: which packets are about to be written where. After a crash it tells which of them are in
 * their files, so that a source that delivers the last packets again does not get them archived twice.
 *
 * Each entry is in the journal before its chunks are in their file, and the size of the file tells afterwards how many
 * of them arrived. The journal is for crashes of the process: a power failure may take its last entries, and then
 * packets that are delivered again may be archived twice.
 */
import fs from "node:fs";
import { rename, rm } from "node:fs/promises";
import path from "node:path";
import type { AppendFile } from "../files/append-file.ts";
import type { LogKind } from "../files/entry-format.ts";
import { EntryLog, readLogNow } from "../files/entry-log.ts";
import { fileSystemError } from "./errors.ts";
import { type MarkKey, MarkSet } from "./mark-set.ts";

/** The packet, or the part of one, that a chunk is. */
export interface PacketMark extends MarkKey {
  /** Length of the chunk. */
  bytes: number;
}

/** A file about to be written to: its path, its identity on the disk, and where the next chunk goes. */
type Destination = Readonly<Pick<AppendFile, "path" | "identity" | "size">>;

interface Entry extends Destination {
  marks: PacketMark[];
}

/** How long a journal becomes before a new one is begun; the one before is kept. */
export interface Generation {
  /** Packets, or parts of them, that are remembered at least. */
  marks: number;
  /** It has at least so many bytes. */
  leastBytes: number;
  /** With so many bytes it is long enough, whatever it remembers. */
  mostBytes: number;
}

/** As many packets as may be in flight, and what is read at a start within a second. */
const GENERATION: Generation = { marks: 100_000, leastBytes: 4 << 20, mostBytes: 64 << 20 };

/** One mark in an entry. */
const MARK_BYTES = 24;

/** What a journal is called in its first line; at first it had none. */
const JOURNAL: LogKind = {
  name: "DataLink archive journal",
  oldTitle: "",
  oldMark: Buffer.alloc(0),
  oldLengthCountsAll: true,
};

/** All files that a journal may consist of: itself, and the generation before. */
export function journalFiles(file: string): [string, string] {
  const current = path.resolve(file);
  return [current, `${current}.1`];
}

/** Removes a journal that is closed and will not be needed any more. */
export async function removeJournal(file: string): Promise<void> {
  for (const part of journalFiles(file)) await rm(part, { force: true });
}

/** Notes which packets are about to be written where, and tells after a crash which of them are there. */
export class Journal {
  readonly #path: string;
  readonly #previous: string;
  readonly #generation: Generation;
  /** Marks in the journal that is being written. */
  #marks = 0;
  /** What entries have of a file: its path is most of them. */
  readonly #names = new WeakMap<Destination, Buffer>();
  /** Packets that were on the disk when the journal was opened. */
  readonly #held = new MarkSet();
  #heldUntil = Number.NEGATIVE_INFINITY;
  /** Of files that were found as the journal expects: their size, and how much of it is whole chunks. */
  readonly #found = new Map<string, { size: number; whole: number }>();
  #log: EntryLog | undefined;
  #group: { pieces: Buffer[]; written: Promise<void> } | undefined;
  #last: Promise<void> = Promise.resolve();

  /**
   * Reads the journal that is there, and what became of the files that it names.
   *
   * @throws ArchiveError where it cannot be read.
   */
  constructor(file: string, generation: Generation = GENERATION) {
    [this.#path, this.#previous] = journalFiles(file);
    this.#generation = generation;
    try {
      const previous = readJournal(this.#previous);
      const { entries, continues } = readJournal(this.#path);
      for (const group of this.#groupByFile([...previous.entries, ...entries])) this.#recover(group);
      if (continues) this.#marks = entries.reduce((sum, { marks }) => sum + marks.length, 0);
      // What was found is still there after the next crash; what comes now goes to a new journal.
      else fs.renameSync(this.#path, this.#previous);
    } catch (cause) {
      throw fileSystemError(this.#path, cause);
    }
  }

  /** Whether a chunk was found to be on the disk already when the journal was opened. */
  holds(mark: PacketMark): boolean {
    return mark.packetTime <= this.#heldUntil && this.#held.has(mark);
  }

  /**
   * How much of a file that was found is whole: to be asked once, before it is written to. `undefined` where the journal
   * does not know, or the file is not as it expects.
   */
  takeWholeLength({ path: file, size }: Pick<AppendFile, "path" | "size">): number | undefined {
    const found = this.#found.get(file);
    this.#found.delete(file);
    return found?.size === size ? found.whole : undefined;
  }

  /** Resolves when the journal says that these packets are about to be written to the end of the file. */
  record(file: Destination, marks: readonly PacketMark[]): Promise<void> {
    const piece = encodeEntry(this.#namesOf(file), file.size, marks);
    this.#marks += marks.length;
    if (this.#group) {
      this.#group.pieces.push(piece);
      return this.#group.written;
    }
    // Whatever is recorded until the write before this one has ended goes with this one.
    const pieces = [piece];
    const written = this.#last.then(() => {
      this.#group = undefined;
      return this.#append(pieces);
    });
    this.#group = { pieces, written };
    this.#last = written.catch(() => {});
    return written;
  }

  /**
   * Notes that all that was recorded for a path is in its file, which is about to be moved away. The entry is one for
   * another file: after it, what was recorded before counts as written, and the file is not looked for.
   */
  complete(file: string): Promise<void> {
    return this.record({ path: file, identity: "", size: 0 }, []);
  }

  /** Closes the file when all that was recorded is in it. */
  async close(): Promise<void> {
    await this.#last;
    await this.#log?.close();
    this.#log = undefined;
  }

  async #append(entries: readonly Buffer[]): Promise<void> {
    if (this.#log && (this.#isLong(this.#log.size) || this.#log.isRemoved())) {
      const isLong = this.#isLong(this.#log.size);
      await this.#log.close();
      this.#log = undefined;
      if (isLong) await rename(this.#path, this.#previous);
      this.#marks = 0;
    }
    this.#log ??= await EntryLog.open(this.#path, JOURNAL);
    await this.#log.append(entries);
  }

  #namesOf(file: Destination): Buffer {
    const known = this.#names.get(file);
    if (known) return known;
    const names = Buffer.from(JSON.stringify([file.path, file.identity]));
    this.#names.set(file, names);
    return names;
  }

  #isLong(bytes: number): boolean {
    const { marks, leastBytes, mostBytes } = this.#generation;
    return (this.#marks >= marks && bytes > leastBytes) || bytes > mostBytes;
  }

  /**
   * The entries of each file together. A write that failed was taken back, so that a later entry begins where it, or one
   * before it, had begun: those that it replaced are left out.
   */
  #groupByFile(entries: readonly Entry[]): Iterable<Entry[]> {
    const groups = new Map<string, Entry[]>();
    for (const entry of entries) {
      let group = groups.get(entry.path) ?? [];
      if (group.length > 0 && group[0]!.identity !== entry.identity) {
        // The file before was renamed; nothing of it was under way any more when the next one was begun.
        for (const { marks } of group) for (const mark of marks) this.#hold(mark);
        group = [];
      }
      while (group.length > 0 && group.at(-1)!.size >= entry.size) group.pop();
      group.push(entry);
      groups.set(entry.path, group);
    }
    return groups.values();
  }

  /** @param entries of one file, in order */
  #recover(entries: readonly Entry[]): void {
    const [first] = entries;
    const size = sizeOf(first!);
    let whole = -1;
    let end = first!.size;
    for (const entry of entries) {
      end = entry.size;
      if (end <= size) whole = end;
      for (const mark of entry.marks) {
        end += mark.bytes;
        if (end > size) continue;
        this.#hold(mark);
        whole = end;
      }
    }
    // Where it is longer than the last entry says, somebody else wrote there.
    if (whole >= 0 && size <= end) this.#found.set(first!.path, { size, whole });
  }

  #hold(mark: PacketMark): void {
    this.#held.add(mark);
    this.#heldUntil = Math.max(this.#heldUntil, mark.packetTime);
  }
}

/** Its size now, or 0 where the path names no file or another one. */
function sizeOf({ path: file, identity }: Entry): number {
  const found = fs.statSync(file, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}` === identity ? found.size : 0;
}

/** @param size of the file before the chunks */
function encodeEntry(names: Buffer, size: number, marks: readonly PacketMark[]): Buffer {
  const entry = Buffer.allocUnsafe(4 + names.length + 8 + marks.length * MARK_BYTES);
  let at = entry.writeUInt32LE(names.length);
  at += names.copy(entry, at);
  at = entry.writeDoubleLE(size, at);
  for (const mark of marks) {
    at = entry.writeBigUInt64LE(mark.packetId, at);
    at = entry.writeDoubleLE(mark.packetTime, at);
    at = entry.writeUInt32LE(mark.part, at);
    at = entry.writeUInt32LE(mark.bytes, at);
  }
  return entry;
}

/**
 * All whole entries of a journal, and whether it can be gone on with. What is torn at its end was never acted upon, and is cut
 * off; a journal that was barely begun is begun anew.
 *
 * @throws what the file system says, and where the file is of a newer version or not a journal.
 */
function readJournal(file: string): { entries: Entry[]; continues: boolean } {
  if (!fs.existsSync(file)) return { entries: [], continues: true };
  const { entries, state, continues } = readLogNow(file, JOURNAL);
  if (state.state === "begun") fs.truncateSync(file, 0);
  else if (state.state !== "read")
    throw new Error("it is not a journal that this version can read, move it away");
  else {
    const last = state.damages.at(-1);
    if (last?.to === state.size) fs.truncateSync(file, last.from);
  }
  return { entries: entries.map(({ body }) => decodeEntry(body)), continues };
}

function decodeEntry(entry: Buffer): Entry {
  let at = 4 + entry.readUInt32LE(0);
  const [file, identity] = JSON.parse(entry.toString("utf8", 4, at)) as [string, string];
  const size = entry.readDoubleLE(at);
  const marks: PacketMark[] = [];
  for (at += 8; at + MARK_BYTES <= entry.length; at += MARK_BYTES) {
    marks.push({
      packetId: entry.readBigUInt64LE(at),
      packetTime: entry.readDoubleLE(at + 8),
      part: entry.readUInt32LE(at + 16),
      bytes: entry.readUInt32LE(at + 20),
    });
  }
  return { path: file, identity, size, marks };
}
