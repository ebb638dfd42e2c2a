// Stations that write to a server and never rest: records of their ground motion, and a number as JSON now and then. Notes what the
// server has acknowledged.
import { PacketWriter, type WriterEvent } from "../../lib/datalink/writer.ts";
import { packRecords } from "../../lib/mseed/index.ts";
import { keyOfRecord } from "./keys.ts";

export interface FeederOptions {
  /** Network code of its stations: two characters. */
  network: string;
  stations: number;
  /** Records per second. */
  rate: number;
  /** Every so many records, a packet of JSON; 0 for none. */
  jsonEvery: number;
}

const TICK_MS = 50;
const SAMPLE_RATE = 100;
/** Every minute the ground shakes for some seconds. */
const SHAKE_EVERY_S = 60;
const SHAKE_S = 6;

export class Feeder {
  /** Of what was acknowledged. */
  readonly acknowledged = new Set<string>();
  /** What the server would not take. */
  readonly refused: Error[] = [];
  /** How often the connection was lost. */
  lost = 0;
  readonly #options: FeederOptions;
  readonly #writer: PacketWriter;
  readonly #pending = new Set<Promise<void>>();
  readonly #begin = Math.floor(Date.now() / 1000) * 1_000_000;
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  /** Begins at once. */
  constructor(url: string, options: FeederOptions) {
    this.#options = options;
    const onEvent = (event: WriterEvent) => {
      if (event.type === "disconnected") this.lost++;
    };
    this.#writer = new PacketWriter(url, { onEvent, backoff: { minDelay: 50, maxDelay: 500 } });
    this.#timer = setInterval(() => this.#feed(), TICK_MS);
  }

  /** Writes no more; resolves when all is acknowledged. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    await this.#writer.close();
  }

  #feed(): void {
    const due = Math.floor(((performance.now() - this.#started) * this.#options.rate) / 1000);
    for (; this.#next < due; this.#next++) {
      this.#writeRecord(this.#next);
      const { jsonEvery } = this.#options;
      if (jsonEvery > 0 && this.#next % jsonEvery === 0) this.#writeJson(this.#next / jsonEvery);
    }
  }

  #writeRecord(number: number): void {
    const { network, stations, rate } = this.#options;
    const station = `S${String(number % stations).padStart(3, "0")}`;
    const sourceId = `FDSN:${network}_${station}_00_H_H_Z`;
    const length = Math.round((stations / rate) * SAMPLE_RATE);
    const index = Math.floor(number / stations);
    const start = this.#begin + Math.round((index * length * 1_000_000) / SAMPLE_RATE);
    const samples = Int32Array.from({ length }, (_, k) => motion(index * length + k));
    const series = { sourceId, startTime: BigInt(start) * 1000n, sampleRate: SAMPLE_RATE, samples };
    const records = [...packRecords(series, { formatVersion: 2, encoding: "steim2", recordLength: 512 })];
    if (records.length !== 1) throw new Error(`${length} samples are ${records.length} records, not one`);
    const payload = Buffer.from(records[0]!);
    const dataEnd = start + Math.round(((length - 1) * 1_000_000) / SAMPLE_RATE);
    this.#write({ streamId: `${sourceId}/MSEED`, dataStart: start, dataEnd, payload }, keyOfRecord(payload));
  }

  #writeJson(number: number): void {
    const payload = `{"feed":${number}}`;
    const dataStart = Date.now() * 1000;
    this.#write({ streamId: `FDSN:${this.#options.network}_FEED__S_O_H/JSON`, dataStart, payload }, payload);
  }

  #write(packet: Parameters<PacketWriter["write"]>[0], key: string): void {
    const written = this.#writer.write(packet).then(
      () => void this.acknowledged.add(key),
      (error: Error) => void this.refused.push(error),
    );
    this.#pending.add(written);
    void written.then(() => this.#pending.delete(written));
  }
}

/** Counts at a sample: noise, and shaking now and then. */
function motion(sample: number): number {
  const isShaking = (sample / SAMPLE_RATE) % SHAKE_EVERY_S > SHAKE_EVERY_S - SHAKE_S;
  const noise = Math.sin(sample * 12.9898) * 43_758.5453;
  return Math.round((noise - Math.floor(noise) - 0.5) * (isShaking ? 3000 : 60));
}
