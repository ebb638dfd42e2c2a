// seisplotjs, the seismologists' library for web pages, reads from the embedded server by WebSocket and draws: from the
// server's own port, and from Node-RED's.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { build } from "esbuild";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { packRecords } from "../../lib/mseed/pack.ts";
import { readRecords } from "../../lib/mseed/reader.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { BrowserPage, needsChromium } from "../support/editor/browser.ts";
import type { Decoded, Ink } from "../support/editor/seismograph-page.ts";
import { freePort, NodeRed } from "../support/node-red.ts";

const START = Date.parse("2026-11-22T06:00:00Z");
const SECONDS = 60;
const RATE = 100;
/** Seconds that are packed at a time. */
const PIECE = 5;
const SCALE = 1000;
/** Seconds between which there are no data. */
const GAP = [25, 30] as const;
/** Pixels that a line may be off: half its own width, and rounding. */
const NEAR = 3;

/** The streams of the test: a format each, and how large the first and the second half of its trace are. */
const STREAMS = [
  { id: "FDSN:XX_PAGE_00_H_H_Z/MSEED", formatVersion: 2, amplitudes: [200, 800] },
  { id: "FDSN:XX_PAGE_00_H_H_N/MSEED3", formatVersion: 3, amplitudes: [600, 100] },
] as const;
type Stream = (typeof STREAMS)[number];

/** The sample at a time in seconds after the start, or nothing in the gap. */
function sampleAt({ amplitudes }: Stream, index: number): number | undefined {
  const seconds = index / RATE;
  if (seconds >= GAP[0] && seconds < GAP[1]) return undefined;
  const amplitude = amplitudes[seconds < SECONDS / 2 ? 0 : 1];
  // Integers have no -0.
  return Math.round(amplitude * Math.sin(2 * seconds)) + 0;
}

/** The samples of a stream from one second to another. */
function samples(stream: Stream, from: number, to: number): number[] {
  return Array.from({ length: (to - from) * RATE }, (_, i) => sampleAt(stream, from * RATE + i)!);
}

/** Writes that part of the streams, some seconds of each in turn; gives how many records. */
async function write(dali: DataLinkClient, from: number, to: number): Promise<number> {
  let written = 0;
  for (let second = from; second < to; second += PIECE) {
    for (const stream of STREAMS) {
      const { id, formatVersion } = stream;
      const series = {
        sourceId: id.replace(/\/.*/, ""),
        startTime: new Date(START + second * 1000),
        sampleRate: RATE,
        samples: samples(stream, second, second + PIECE),
      };
      for (const payload of packRecords(series, { formatVersion, recordLength: 512 })) {
        const { startTime, endTime } = [...readRecords(payload)][0]!;
        await dali.write({ streamId: id, dataStart: startTime, dataEnd: endTime, payload });
        written++;
      }
    }
  }
  return written;
}

/** Connects; Node-RED may say that its flows run before the port of a server in them is open. */
async function connectSoon(address: string): Promise<DataLinkClient> {
  for (let tries = 0; ; tries++) {
    try {
      return await DataLinkClient.connect(address);
    } catch (error) {
      if (tries === 50) throw error;
      await delay(100);
    }
  }
}

/** The page, bundled, at an address of its own: another origin than the DataLink server's. */
async function servePage(file = "seismograph-page.ts"): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: [path.join(__dirname, "../support/editor", file)],
    bundle: true,
    write: false,
    format: "iife",
    logLevel: "error",
  });
  const script = outputFiles[0]!.text;
  const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Seismographs</title>
    <style>sp-seismograph { height: 300px }</style><body><script src="page.js"></script>`;
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", `text/${isScript ? "javascript" : "html"}; charset=utf-8`);
    response.end(isScript ? script : html);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

describe("seisplotjs", () => {
  let web: Server;

  before(async function () {
    this.timeout(300_000);
    needsChromium(this);
    web = await servePage();
  });
  after(() => {
    web?.close();
    web?.closeAllConnections();
  });

  it("draws what is in the embedded server's ring and what arrives", async () => {
    await using server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    await drawFrom(`127.0.0.1:${server.port}`, `ws://127.0.0.1:${server.port}/datalink`);
  });

  it("draws from the path that a datalink-server has on Node-RED's own port", async function () {
    this.timeout(300_000);
    const port = await freePort();
    const settings = {
      version: 1,
      access: "loopback",
      packetSize: "512",
      ringSize: "1",
      webPath: "/datalink",
    };
    await using nodeRed = await NodeRed.start({
      flows: [
        { id: "tab", type: "tab", label: "test" },
        {
          id: "server",
          type: "datalink-server",
          z: "tab",
          x: 100,
          y: 100,
          port: `${port}`,
          ...settings,
          wires: [[]],
        },
      ],
    });
    await drawFrom(`127.0.0.1:${port}`, `ws://127.0.0.1:${nodeRed.port}/datalink`);
    assert.deepEqual(nodeRed.complaints(), []);
  });

  it("reads by SeedLink, protocols 3 and 4, what is in the ring and what arrives", async () => {
    await using server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    await using dali = await connectSoon(`127.0.0.1:${server.port}`);
    const written = await write(dali, 0, 10);
    const page4 = await servePage("seedlink-page.ts");
    await using browser = await BrowserPage.blank();
    const { page, errors } = browser;
    await page.goto(`http://127.0.0.1:${(page4.address() as AddressInfo).port}/`);
    const url = `ws://127.0.0.1:${server.port}/seedlink`;
    const later = 4;
    for (const [protocol, commands] of [
      [4, ["STATION XX_PAGE", "SELECT *_H_H_?", "DATA ALL"]],
      [3, ["STATION PAGE XX", "SELECT 00HH?"]],
    ] as const) {
      const count = server.status.packets + later;
      const reading = page.evaluate(
        ([url, protocol, commands, count]) => window.readSeedLink(url, protocol, [...commands], count),
        [url, protocol, commands, count] as const,
      );
      while (
        !server.connections.some(({ type, sent }) => type === "SeedLink:WebSocket" && sent.packets >= written)
      )
        await delay(20);
      for (let i = 0; i < later / 2; i++) await write(dali, PIECE * i, PIECE * (i + 1));
      const records = await reading;
      assert.deepEqual(
        records.map(({ sequence }) => sequence),
        Array.from({ length: count }, (_, i) => i + 1),
      );
      assert.equal(new Set(records.map(({ channel }) => channel)).size, STREAMS.length);
    }
    assert.deepEqual(errors, []);
    page4.close();
    page4.closeAllConnections();
  });

  async function drawFrom(address: string, url: string): Promise<void> {
    await using dali = await connectSoon(address);
    const written = await write(dali, 0, 20);
    await using browser = await BrowserPage.blank();
    const { page, errors } = browser;
    await page.goto(`http://127.0.0.1:${(web.address() as AddressInfo).port}/`);

    const answers = await page.evaluate(
      (view) => {
        window.seismographs = new window.SeismographPage(view);
        return window.seismographs.open();
      },
      {
        url,
        match: "^FDSN:XX_PAGE",
        start: new Date(START).toISOString(),
        seconds: SECONDS,
        amplitude: SCALE,
      },
    );
    assert.match(answers.id, /^DataLink .* :: DLPROTO:1/);
    assert.equal(answers.totalStreams, STREAMS.length);
    assert.deepEqual([...answers.streams].sort(), STREAMS.map(({ id }) => id).sort());
    await hasDrawn(written);
    assert.equal(await inkedSeconds(STREAMS[0].id), 20);

    const later = (await write(dali, 20, GAP[0])) + (await write(dali, GAP[1], SECONDS));
    await hasDrawn(written + later);
    for (const stream of STREAMS) {
      checkSamples(stream, await page.evaluate((id) => window.seismographs.records(id), stream.id));
      checkInk(stream, await inkOf(stream.id));
    }
    await page.evaluate(() => window.seismographs.close());
    assert.deepEqual(errors, []);

    async function hasDrawn(count: number): Promise<void> {
      await page.waitForFunction((wanted) => window.seismographs.drawn >= wanted, count);
      assert.equal(await page.evaluate(() => window.seismographs.received), count, "each packet comes once");
    }

    function inkOf(streamId: string): Promise<{ width: number; height: number; columns: Ink[] }> {
      return page.evaluate((id) => window.seismographs.ink(id), streamId);
    }

    /** How far the trace reaches from the left. */
    async function inkedSeconds(streamId: string): Promise<number> {
      const { columns, width } = await inkOf(streamId);
      return Math.round(((columns.findLastIndex(Boolean) + 1) / width) * SECONDS);
    }
  }
});

/** Each record has the samples of its time, and together they have all. */
function checkSamples(stream: Stream, records: Decoded[]): void {
  let from = 0;
  for (const { start, sampleRate, samples } of records) {
    assert.equal(sampleRate, RATE);
    if (from === GAP[0] * RATE) from = GAP[1] * RATE;
    assert.equal(start, new Date(START + (from / RATE) * 1000).toISOString());
    const sent = samples.map((_, i) => sampleAt(stream, from + i));
    assert.deepEqual(samples, sent, `${stream.id} at ${start}`);
    from += samples.length;
  }
  assert.equal(from, SECONDS * RATE);
}

/** In every column of pixels the trace reaches as far up and down as the samples of that time do. */
function checkInk(
  stream: Stream,
  { width, height, columns }: { width: number; height: number; columns: Ink[] },
): void {
  assert.ok(width > 500 && height > 100, `a canvas of ${width} × ${height}`);
  const row = (sample: number) => ((SCALE - sample) / (2 * SCALE)) * (height - 1);
  const range = (from: number, to: number) => {
    const found: number[] = [];
    const first = Math.max(Math.floor((from / width) * SECONDS * RATE), 0);
    const last = Math.min(Math.ceil((to / width) * SECONDS * RATE), SECONDS * RATE - 1);
    for (let index = first; index <= last; index++) found.push(sampleAt(stream, index) ?? Number.NaN);
    return found;
  };
  for (const [x, ink] of columns.entries()) {
    const around = range(x - NEAR, x + 1 + NEAR);
    const shown = around.filter((sample) => !Number.isNaN(sample));
    if (shown.length === 0) {
      assert.equal(ink, undefined, `${stream.id}: the gap is open at column ${x}`);
      continue;
    }
    // At the ends of the gap and of the canvas a column may be inked or not.
    if (shown.length < around.length || x < NEAR || x >= width - NEAR) continue;
    assert.ok(ink, `${stream.id}: something is drawn at column ${x}`);
    const what = `${stream.id}, column ${x}: rows ${ink.top} to ${ink.bottom}`;
    assert.ok(ink.top >= row(Math.max(...shown)) - NEAR, `${what}, too high`);
    assert.ok(ink.bottom <= row(Math.min(...shown)) + NEAR, `${what}, too low`);
    // The line of a column reaches over its own samples, at least.
    const own = range(x, x + 1).slice(1, -1);
    if (own.length === 0) continue;
    assert.ok(ink.top <= row(Math.max(...own)) + NEAR, `${what}, not high enough`);
    assert.ok(ink.bottom >= row(Math.min(...own)) - NEAR, `${what}, not low enough`);
  }
}
