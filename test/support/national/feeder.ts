// A national network's data as its instruments send them: records of thousands of streams in turn, at a steady rate, over a
// midnight, some of them late. Every packet that the server has acknowledged is noted.
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkClient } from "../../../lib/datalink/client.ts";
import { packRecords } from "../../../lib/mseed/index.ts";

export interface FeederOptions {
  /** The server's address. */
  url: string;
  streams: number;
  /** Packets per second, at most 10,000. */
  rate: number;
  /** The part of the packets that comes late. */
  late: number;
  /** Seconds from the beginning until midnight, by the data's times. */
  midnightIn: number;
}

/** The midnight that the data's times go over: microseconds since 1970. */
const MIDNIGHT = Date.UTC(2026, 10, 22) * 1000;
/** Times of miniSEED 2 have steps of 0.1 ms. */
const STEP = 100;
/** Packets that are on their way to the server at most. */
const IN_FLIGHT = 2000;
const TICK_MS = 10;
const LATE_MS = { least: 3000, most: 20_000 };

/** What was fed: packets by their number. */
export class Feeder {
  /** Of each packet, the id that the server acknowledged; 0 where it has not (yet). */
  readonly acknowledged: number[] = [];
  latestId = 0;
  readonly #options: FeederOptions;
  readonly #begin: number;
  readonly #templates: Buffer[];
  readonly #numbers = new Map<number, number>();
  readonly #late: { at: number; number: number }[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #open = 0;
  #failure: Error | undefined;

  /** Begins at once. */
  constructor(options: FeederOptions) {
    this.#options = options;
    this.#begin = MIDNIGHT - options.midnightIn * 1_000_000;
    this.#templates = Array.from({ length: options.streams }, (_, i) => recordOf(i));
    this.#running = this.#run();
    // Told by `stop`.
    this.#running.catch(() => {});
  }

  /** The number of the packet with this record; `undefined` where none was fed. */
  numberOf(stream: number, start: number): number | undefined {
    const number = this.#numbers.get(start);
    return number !== undefined && number % this.#options.streams === stream ? number : undefined;
  }

  /** Stops; resolves when the late ones are sent too and all is acknowledged. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    await using client = await DataLinkClient.connect(this.#options.url);
    const begun = performance.now();
    let next = 0;
    while (!this.#stop.signal.aborted || this.#late.length > 0 || this.#open > 0) {
      if (this.#failure !== undefined) throw this.#failure;
      const now = performance.now();
      const isOver = this.#stop.signal.aborted;
      while (this.#late.length > 0 && (isOver || this.#late[0]!.at <= now) && this.#open < IN_FLIGHT) {
        this.#send(client, this.#late.shift()!.number);
      }
      const due = isOver ? next : Math.floor(((now - begun) * this.#options.rate) / 1000);
      for (; next < due && this.#open < IN_FLIGHT; next++) this.#feed(client, next, now);
      await delay(TICK_MS);
    }
  }

  #feed(client: DataLinkClient, number: number, now: number): void {
    this.#numbers.set(this.#startOf(number), number);
    this.acknowledged.push(0);
    if (chance(number) >= this.#options.late) {
      this.#send(client, number);
      return;
    }
    const at = now + LATE_MS.least + chance(number + 0.5) * (LATE_MS.most - LATE_MS.least);
    // Few, and in the order of their time.
    const place = this.#late.findIndex((other) => other.at > at);
    this.#late.splice(place < 0 ? this.#late.length : place, 0, { at, number });
  }

  #send(client: DataLinkClient, number: number): void {
    const stream = number % this.#options.streams;
    const dataStart = this.#startOf(number);
    const payload = Buffer.from(this.#templates[stream]!);
    writeStart(payload, dataStart);
    this.#open++;
    client.write({ streamId: `FDSN:${nameOf(stream)}_00_H_H_Z/MSEED`, dataStart, payload }).then(
      (id) => {
        this.#open--;
        this.acknowledged[number] = Number(id);
        this.latestId = Math.max(this.latestId, Number(id));
      },
      (error: Error) => {
        this.#open--;
        this.#failure ??= error;
      },
    );
  }

  #startOf(number: number): number {
    return this.#begin + Math.round((number * 1_000_000) / this.#options.rate / STEP) * STEP;
  }
}

/** `N3_S0013`: network and station of a stream. */
export function nameOf(stream: number): string {
  return `N${stream % 10}_S${String(stream).padStart(4, "0")}`;
}

function recordOf(stream: number): Buffer {
  const samples = Int32Array.from({ length: 300 }, (_, k) => Math.round(1000 * Math.sin(k / 9 + stream)));
  const series = { sourceId: `FDSN:${nameOf(stream)}_00_H_H_Z`, startTime: 0n, sampleRate: 100, samples };
  const [bytes] = packRecords(series, { formatVersion: 2, encoding: "steim2", recordLength: 512 });
  return Buffer.from(bytes!);
}

const MICROSECONDS_PER_DAY = 86_400_000_000;

/** The start time of a record of miniSEED 2 (BTIME at byte 20), in microseconds since 1970. */
export function readStart(record: Buffer): number {
  const day = Date.UTC(record.readUInt16BE(20), 0, record.readUInt16BE(22)) * 1000;
  const seconds = record[24]! * 3600 + record[25]! * 60 + record[26]!;
  return day + seconds * 1_000_000 + record.readUInt16BE(28) * STEP;
}

function writeStart(record: Buffer, start: number): void {
  const year = new Date(start / 1000).getUTCFullYear();
  const day = Math.floor((start - Date.UTC(year) * 1000) / MICROSECONDS_PER_DAY) + 1;
  const rest = start % MICROSECONDS_PER_DAY;
  const seconds = Math.floor(rest / 1_000_000);
  record.writeUInt16BE(year, 20);
  record.writeUInt16BE(day, 22);
  record[24] = Math.floor(seconds / 3600);
  record[25] = Math.floor(seconds / 60) % 60;
  record[26] = seconds % 60;
  record.writeUInt16BE((rest % 1_000_000) / STEP, 28);
}

/** From 0 to below 1, always the same for a number. */
function chance(number: number): number {
  const x = Math.sin(number * 12.9898 + 78.233) * 43_758.5453;
  return x - Math.floor(x);
}
