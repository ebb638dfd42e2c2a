// A seismograph under load: twelve streams with a day behind them, twenty pages, a thousand who only pretend to read; what it costs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import path from "node:path";
import { MAX_PAGES } from "../../lib/limits.ts";
import { packRecords } from "../../lib/mseed/pack.ts";
import { readRecords } from "../../lib/mseed/reader.ts";
import { Seismograph } from "../../lib/seismograph/seismograph.ts";
import { type Seismo, type SeismoOptions, seismo } from "../../lib/seismograph/serve/seismo.ts";
import { FrameStream, ID, serve, wave } from "../seismograph/helpers.ts";
import { temporaryFolder } from "../support/folders.ts";
import { processorTime } from "../support/processor-time.ts";

const HOUR = 3600;
const STREAMS = ["AAA", "BBB", "CCC", "DDD"].flatMap((station) =>
  ["Z", "N", "E"].map((component) => `FDSN:XX_${station}_00_H_H_${component}`),
);

function text(url: string, target: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(target, url), { agent: false }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode!));
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** An archive of so many hours of twelve streams at 100 Hz, up to `end` (a whole second, in microseconds). */
function makeArchive(folder: string, hours: number, end: number): void {
  for (const sourceId of STREAMS) {
    mkdirSync(path.join(folder, sourceId.slice(8, 11)), { recursive: true });
    const start = end - hours * HOUR * 1e6;
    const samples = wave(100 * 600);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < hours * 6; at++) {
      const series = { sourceId, startTime: start + at * 600e6, sampleRate: 100, samples };
      pieces.push(...packRecords(series, { formatVersion: 2, recordLength: 512 }));
    }
    writeFileSync(path.join(folder, sourceId.slice(8, 11), sourceId.slice(-1)), Buffer.concat(pieces));
  }
}

/** Processor time of each turn of the event loop, in milliseconds, until it is stopped. */
function watchTurns(): { worst: () => number } {
  let worst = 0;
  let before = processorTime();
  let isOn = true;
  const look = () => {
    const now = processorTime();
    worst = Math.max(worst, now - before);
    before = now;
    if (isOn) setImmediate(look);
  };
  setImmediate(look);
  return {
    worst: () => {
      isOn = false;
      return worst;
    },
  };
}

describe("a seismograph under load", function () {
  this.timeout(300_000);
  const end = Math.floor(Date.now() / 1000) * 1e6;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let seismograph: Seismograph;

  before(async () => {
    folder = await temporaryFolder();
    makeArchive(folder.path, 24, end);
  });

  after(async () => {
    seismograph.close();
    await folder[Symbol.asyncDispose]();
  });

  it("has its day back from an archive in slices that hold nothing up", async () => {
    seismograph = new Seismograph({ archive: folder.path });
    const turns = watchTurns();
    const before = processorTime();
    await seismograph.refill(end);
    const cost = processorTime() - before;
    const worst = turns.worst();
    assert.equal(seismograph.size, 12);
    for (const channel of seismograph.channels.values()) {
      assert.equal(channel.gaps, 0);
      for (const bins of channel.coarse) assert.ok(bins.end - bins.begin > 172_000);
    }
    console.log(
      `        24 h of 12 streams: ${Math.round(cost)} ms of processor time, the longest turn ${worst.toFixed(0)} ms, ` +
        `${(seismograph.bytes / 12 / 1e6).toFixed(2)} MB a stream with 3 views`,
    );
    assert.ok(cost < 60_000, `${cost} ms`);
    assert.ok(seismograph.bytes < 12 * 7e6, String(seismograph.bytes));
  });

  it("gives a new page its first picture, and a drum its day, soon", async () => {
    const served = await serve(seismograph);
    for (const [name, query, most] of [
      ["live, 12 streams", "page=live", 2e6],
      ["one drum", `page=heli&channels=${STREAMS[0]!.slice(5)}`, 2e6],
      ["12 drums", "page=heli", 20e6],
    ] as const) {
      const before = processorTime();
      const began = performance.now();
      const stream = await FrameStream.open(`${served.url}/stream?${query}`);
      const wanted = query.includes("channels") ? 1 : 12;
      const last = new Set<number>();
      await stream.until((frame) => {
        if (frame.type !== "bins" || frame.min.length === 0) return false;
        const channel = [...seismograph.channels.values()].find(({ number }) => number === frame.channel)!;
        const bins = (query.startsWith("page=live") ? channel.fine : channel.coarse)[0]!;
        const factor = query.startsWith("page=live") ? 4 : 1;
        if (frame.first + frame.min.length >= Math.floor(bins.end / factor)) last.add(frame.channel);
        return last.size === wanted;
      });
      const cost = processorTime() - before;
      console.log(
        `        ${name}: ${(stream.bytes / 1e6).toFixed(2)} MB in ${(performance.now() - began).toFixed(0)} ms, both ends ${cost.toFixed(0)} ms of processor time`,
      );
      stream.close();
      assert.ok(stream.bytes < most, `${name}: ${stream.bytes} bytes`);
    }
    await served.close();
  });

  it("takes 12 streams at 100 Hz, and sends them to 20 pages, with little, and keeps its memory", async () => {
    const served = await serve(seismograph, { beat: 250 });
    const paths = ["page=live", "page=live&view=1-20", "page=live&span=60&samples=1", "page=heli&view=0.7-2"];
    // Readers of another thread would be fairer; here theirs is counted too, but for what they decode.
    const readers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const response = await fetch(`${served.url}/stream?${paths[i % 4]}`);
        const body = response.body!.getReader();
        const read = async () => {
          let bytes = 0;
          for (;;) {
            const { done, value } = await body.read();
            if (done) return bytes;
            bytes += value.length;
          }
        };
        return { cancel: () => body.cancel(), done: read().catch(() => 0) };
      }),
    );
    const packed = STREAMS.map((sourceId) => ({ sourceId, sampleRate: 100 }));
    let at = 0;
    const oneSecond = () => {
      const samples = wave(100, at * 100);
      for (const series of packed) {
        const [bytes] = packRecords({ ...series, startTime: end + at * 1e6, samples }, { recordLength: 512 });
        const [record] = readRecords(bytes!);
        seismograph.takeMiniSeed(record!, end + at * 1e6 + 1.1e6);
      }
      at++;
    };
    // Without pages first: what records cost, as they come from a server.
    const before = processorTime();
    for (let i = 0; i < 600; i++) oneSecond();
    const share = (processorTime() - before) / 600 / 10;
    const memory = seismograph.bytes;
    const turns = watchTurns();
    const began = processorTime();
    const beats = 40;
    for (let i = 0; i < beats; i++) {
      if (i % 4 === 0) oneSecond();
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const cost = processorTime() - began;
    const worst = turns.worst();
    for (const reader of readers) await reader.cancel();
    await Promise.all(readers.map(({ done }) => done));
    await served.close();
    console.log(
      `        records (packed, read, filtered twice): ${share.toFixed(2)} % of a core; with 20 pages, readers included: ` +
        `${(cost / (beats * 2.5)).toFixed(1)} %, the longest turn ${worst.toFixed(0)} ms; memory ${(memory / 1e6).toFixed(1)} MB, then ${(seismograph.bytes / 1e6).toFixed(1)} MB`,
    );
    assert.ok(share < 10, `${share} %`);
    assert.ok(worst < 250, `${worst} ms`);
    assert.ok(Math.abs(seismograph.bytes - memory) < 2e6, String(seismograph.bytes - memory));
  });
});

describe("seismo", () => {
  let page: Seismo | undefined;
  afterEach(() => page?.close());

  async function start(options: SeismoOptions = {}): Promise<string> {
    page = await seismo({ port: 0, beat: 20, ...options });
    return page.url;
  }

  async function hasData(url: string): Promise<void> {
    const stream = await FrameStream.open(`${url}stream`);
    await stream.until((frame) => frame.type === "status" && frame.channels.some(({ newest }) => newest > 0));
    stream.close();
  }

  it("goes on for the others while a thousand only pretend to read", async function () {
    this.timeout(300_000);
    const url = await start();
    const port = Number(new URL(url).port);
    const sockets: Socket[] = [];
    const open = async (words: string): Promise<void> => {
      const socket = connect(port, "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => {});
      socket.pause();
      await once(socket, "connect");
      socket.write(words);
    };
    try {
      for (let i = 0; i < 500; i++) await open("GET /stream HTTP/1.1\r\nHost: loc");
      for (let i = 0; i < 500; i++) await open("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
      // The page's own count: every one of them has been answered or has a stream.
      while (page!.readers < MAX_PAGES) assert.equal(await text(url, "text"), 200);
      assert.equal(await text(url, "stream"), 503);
      assert.equal(await text(url, "text"), 200);
      assert.equal(page!.readers, MAX_PAGES);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    while (page!.readers > 0) assert.equal(await text(url, "text"), 200);
    page!.seismograph.take({
      sourceId: `FDSN:${ID}`,
      startTime: new Date(),
      sampleRate: 100,
      samples: wave(100),
    });
    await hasData(url);
  });
});
