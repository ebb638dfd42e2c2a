// What the specs of the seismograph share: made-up series, and a page on a port of its own.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { FrameReader } from "../../lib/seismograph/frame-reader.ts";
import type { Frame } from "../../lib/seismograph/frames.ts";
import { SeismographPage, type SeismographPageOptions } from "../../lib/seismograph/http/page.ts";
import type { Seismograph } from "../../lib/seismograph/seismograph.ts";

/** A whole second, in microseconds since 1970, that is the start of a day. */
export const DAY = Date.UTC(2026, 0, 2) * 1000;
export const ID = "XX_DEMO_00_H_H_Z";

/** A wave with an offset and some noise that is the same each time. */
export function wave(count: number, from = 0): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => {
    const at = from + i;
    return Math.round(16_384 + 500 * Math.sin(at / 7) + 120 * Math.sin(at / 61) + ((at * 7919) % 101) - 50);
  });
}

/** A record as mseed decode sends it: `count` samples of {@link wave} at 100 Hz, `seconds` behind DAY. */
export function record(seconds: number, count = 100, more: object = {}) {
  return {
    sourceId: `FDSN:${ID}`,
    startTime: new Date(DAY / 1000 + seconds * 1000).toISOString(),
    sampleRate: 100,
    samples: wave(count, Math.round(seconds * 100)),
    ...more,
  };
}

export interface Served {
  url: string;
  page: SeismographPage;
  server: Server;
  problems: Error[];
  close(): Promise<void>;
}

export async function serve(seismograph: Seismograph, options: SeismographPageOptions = {}): Promise<Served> {
  const problems: Error[] = [];
  const page = new SeismographPage(seismograph, {
    beat: 20,
    onProblem: (error) => problems.push(error),
    ...options,
  });
  const server = createServer((request, response) => page.handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    page.close();
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url, page, server, problems, close };
}

/** A stream that is read frame by frame. */
export class FrameStream {
  readonly #abort = new AbortController();
  readonly #reader = new FrameReader();
  readonly #frames: Frame[] = [];
  #body: AsyncIterator<Uint8Array> | undefined;
  bytes = 0;

  static async open(url: string): Promise<FrameStream> {
    const stream = new FrameStream();
    const response = await fetch(url, { signal: stream.#abort.signal });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    stream.#body = (response.body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    return stream;
  }

  /** The next frame; undefined at the end. */
  async next(): Promise<Frame | undefined> {
    while (this.#frames.length === 0) {
      const { done, value } = await this.#body!.next();
      if (done) return undefined;
      this.bytes += value.length;
      this.#frames.push(...this.#reader.push(value));
    }
    return this.#frames.shift();
  }

  /** Frames until one fits, that one included. */
  async until(fits: (frame: Frame) => boolean): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (;;) {
      const frame = await this.next();
      if (!frame) throw new Error("the stream has ended");
      frames.push(frame);
      if (fits(frame)) return frames;
    }
  }

  close(): void {
    this.#abort.abort();
  }
}
