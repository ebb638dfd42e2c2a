// What became of the packets that a server has in its ring: archived, missing, or there more often than in the ring; read from the
// archive's files and from the ring itself, by nothing that is being soaked but the plain client.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { keyOfRecord, RECORD, sdsNameOf } from "./keys.ts";

/** How often there is each packet. */
export type Copies = Map<string, number>;

/** Reads what comes into a ring, from time to time; it must not have moved on meanwhile. */
export class RingAudit {
  readonly copies: Copies = new Map();
  /** Packets in all. */
  packets = 0;
  /** The first one. */
  oldest: string | undefined;
  #next: bigint | undefined;

  /** Reads on to the newest packet; what is in the ring for the first time. */
  async read(url: string): Promise<string[]> {
    await using client = await DataLinkClient.connect(url);
    const { earliestPacketId, latestPacketId } = (await client.info("STATUS")).status;
    // An empty ring has no packet, or one with the number 0.
    if (!earliestPacketId || !latestPacketId) return [];
    this.#next ??= earliestPacketId;
    if (earliestPacketId > this.#next)
      throw new Error(
        `The ring of ${url} has moved past packet ${this.#next}: it is too small for this soak.`,
      );
    const fresh: string[] = [];
    for (; this.#next <= latestPacketId; this.#next++) {
      const { streamId, payload } = await client.read(this.#next);
      const key = streamId.endsWith("/MSEED") ? keyOfRecord(payload) : payload.toString();
      if (!this.copies.has(key)) fresh.push(key);
      count(this.copies, key);
      this.oldest ??= key;
      this.packets++;
    }
    return fresh;
  }
}

/** What is in an archive's files. */
export class ArchiveScan {
  readonly copies: Copies = new Map();
  /** Records and lines that are not whole, or no data at all. */
  torn = 0;
  /** Those in a file where they do not belong. */
  strange = 0;
  /** Of pieces that were set aside after a crash. */
  setAside = 0;
  readonly #folder: string;
  readonly #kind: "records" | "lines";
  /** Of each file, the bytes that were read: whole records and lines. */
  readonly #read = new Map<string, number>();

  constructor(folder: string, kind: "records" | "lines") {
    this.#folder = folder;
    this.#kind = kind;
  }

  /** Reads what was added; an end that is not whole may still be being written, and waits. */
  readOn(): void {
    for (const file of this.#files()) this.#readFile(file, false);
  }

  /** Reads the rest, when nobody writes any more. */
  finish(): void {
    for (const file of this.#files()) this.#readFile(file, true);
  }

  #files(): string[] {
    if (!existsSync(this.#folder)) return [];
    const entries = readdirSync(this.#folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => path.join(parentPath, name));
  }

  #readFile(file: string, isFinished: boolean): void {
    const from = this.#read.get(file) ?? 0;
    const bytes = readFileSync(file).subarray(from);
    if (file.endsWith(".torn")) {
      this.#read.set(file, from + bytes.length);
      this.setAside += bytes.length;
      return;
    }
    const whole = this.#kind === "records" ? this.#records(file, bytes) : this.#lines(bytes);
    if (isFinished && whole < bytes.length) this.torn++;
    this.#read.set(file, from + whole);
  }

  #records(file: string, bytes: Buffer): number {
    let at = 0;
    for (; at + RECORD <= bytes.length; at += RECORD) {
      const record = bytes.subarray(at, at + RECORD);
      // A number of six digits and the quality: what every record of miniSEED 2 begins with.
      if (!/^\d{6}[DRQM] $/.test(record.toString("latin1", 0, 8))) this.torn++;
      else if (sdsNameOf(record) !== path.basename(file)) this.strange++;
      else count(this.copies, keyOfRecord(record));
    }
    return at;
  }

  #lines(bytes: Buffer): number {
    const whole = bytes.lastIndexOf("\n") + 1;
    for (const line of bytes.toString("utf8", 0, whole).split("\n").slice(0, -1)) {
      if (/^\{"(feed|flow)":("[^"]*"|\d+)\}$/.test(line)) count(this.copies, line);
      else this.torn++;
    }
    return whole;
  }
}

/** What became of a ring's packets in an archive. */
export interface Entry {
  inRing: number;
  archived: number;
  missing: number;
  /** Of those in the archive, what the ring does not have so often. */
  repeated: number;
  /** Some of those that are missing or repeated. */
  examples: string[];
}

const MOST_EXAMPLES = 5;

/** @param belongs whether a packet of the ring is one for this archive */
export function compare(ring: Copies, archive: Copies, belongs: (key: string) => boolean): Entry {
  const ours = [...ring.keys()].filter(belongs);
  const missing = ours.filter((key) => !archive.has(key));
  const more = ([key, copies]: [string, number]) => copies - (belongs(key) ? (ring.get(key) ?? 0) : 0);
  const repeated = [...archive].filter((entry) => more(entry) > 0);
  return {
    inRing: ours.length,
    archived: archive.size,
    missing: missing.length,
    repeated: repeated.reduce((sum, entry) => sum + more(entry), 0),
    examples: [...missing, ...repeated.map(([key]) => key)].slice(0, MOST_EXAMPLES),
  };
}

/** Packets that were written again since their acknowledgement was lost. */
export function twiceIn(ring: Copies): number {
  return [...ring.values()].reduce((sum, copies) => sum + copies - 1, 0);
}

function count(copies: Copies, key: string): void {
  copies.set(key, (copies.get(key) ?? 0) + 1);
}
