/** A seismograph with made-up ground behind it, and its page on a port of its own: below a path, as Node-RED has it. */
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SeismographPage } from "../../../lib/seismograph/http/page.ts";
import { Seismograph, type SeismographOptions } from "../../../lib/seismograph/seismograph.ts";
import { nowMicroseconds } from "../../../lib/time.ts";
import { type Quake, syntheticGround } from "./synthetic-ground.ts";

export type SiteOptions = SeismographOptions & Partial<Ground>;

/** Seconds of a record of the past: as many as are quickly taken. */
const RECORD = 600;

/** What is made up. */
interface Ground {
  ids: readonly string[];
  sampleRate: number;
  /** Hours of ground that are there at the beginning. */
  past: number;
  /** Seconds before the end of the past, each with a quake. */
  quakes: readonly number[];
  units: string;
  /** Where the stations are, in degrees. */
  place: { latitude: number; longitude: number };
}

const DEFAULTS: Ground = {
  ids: ["XX_DEMO_00_H_H_Z", "XX_DEMO_00_H_H_N", "CO_JSC_00_H_H_Z"],
  sampleRate: 20,
  past: 24,
  quakes: [60, 3 * 3600, 12 * 3600],
  units: "counts",
  place: { latitude: 50.1, longitude: 8.7 },
};

export class SeismoSite implements AsyncDisposable {
  seismograph: Seismograph;
  readonly options: SiteOptions & Ground;
  /** Time behind the newest sample, in microseconds. */
  end = Math.floor(Date.now() / 1000) * 1e6;
  /** When the ground shook, in microseconds: the newest first. */
  readonly shocks: readonly number[];
  /** Time behind the past. */
  readonly #begun = this.end;
  /** Requests that have come, without their query. */
  readonly asked: string[] = [];
  #page: SeismographPage;
  #server: Server | undefined;
  #port = 0;
  readonly #responses = new Set<ServerResponse>();

  static async open(options: SiteOptions = {}): Promise<SeismoSite> {
    const site = new SeismoSite({ ...DEFAULTS, ...options });
    await site.start();
    return site;
  }

  private constructor(options: SiteOptions & Ground) {
    this.options = options;
    this.shocks = options.quakes.map((before) => this.end - before * 1e6);
    this.seismograph = new Seismograph(options);
    this.#page = new SeismographPage(this.seismograph);
    this.#fill();
  }

  /** Address of the live page. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/seismo/`;
  }

  drum(id = this.options.ids[0]!): string {
    return `${this.url}heli/${id}`;
  }

  /** More ground of all channels, in seconds. */
  push(seconds: number, seed = 1): void {
    for (const [i, id] of this.options.ids.entries()) this.#take(id, this.end, seconds, seed + i, []);
    this.end += seconds * 1e6;
  }

  trigger(id: string, on: number, off?: number): void {
    const trigger = { sourceId: `FDSN:${id}`, onTime: iso(on), ratio: 12.4, peakRatio: 14 };
    const change = off === undefined ? { event: "on" } : { event: "off", offTime: iso(off) };
    this.seismograph.take({ ...change, ...trigger });
  }

  /** Listens, on the port it had before. */
  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      const target = request.url!.replace(/^\/seismo/, "");
      this.asked.push(target.split("?")[0]!);
      this.#responses.add(response);
      response.once("close", () => this.#responses.delete(response));
      this.#page.handle(request, response, target);
    });
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Stops listening, and cuts all connections. */
  async stop(): Promise<void> {
    const closed = once(this.#server!, "close");
    this.#server!.close();
    this.#server!.closeAllConnections();
    await closed;
  }

  /** Cuts what is being answered, as a network does. */
  cut(): void {
    for (const response of this.#responses) response.destroy();
  }

  /** A seismograph that has begun anew, and has the same past. */
  renew(): void {
    this.#page.close();
    this.seismograph.close();
    this.seismograph = new Seismograph(this.options);
    this.#page = new SeismographPage(this.seismograph);
    this.#fill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#page.close();
    this.seismograph.close();
    await this.stop();
  }

  #fill(): void {
    const seconds = this.options.past * 3600;
    const start = this.#begun - seconds * 1e6;
    for (const [i, id] of this.options.ids.entries()) {
      const quakes = this.shocks.map((p, n): Quake => {
        return {
          p: p + 2e6 * i,
          sAfter: 8 + 4 * n,
          peak: 4000,
          frequency: n === 2 ? 1.2 : 5,
          fade: n === 2 ? 400 : 20,
        };
      });
      this.#take(id, start, seconds, i + 1, quakes);
    }
  }

  #take(id: string, start: number, seconds: number, seed: number, quakes: readonly Quake[]): void {
    const { sampleRate, units, place } = this.options;
    const samples = syntheticGround({ start, seconds, sampleRate, seed, quakes });
    for (let at = 0; at < samples.length; at += RECORD * sampleRate) {
      const startTime = iso(start + (at / sampleRate) * 1e6);
      const part = samples.subarray(at, at + RECORD * sampleRate);
      const payload = { sourceId: `FDSN:${id}`, startTime, sampleRate, samples: part, units, ...place };
      // Ground that is made faster than time passes comes when it is over: from far ahead of the clock it would not be believed.
      this.seismograph.take(payload, Math.max(nowMicroseconds(), start + seconds * 1e6));
    }
  }
}

const iso = (time: number): string => new Date(time / 1000).toISOString();
