// What a page gets: a snapshot, then what is new, the same as the seismograph has; and nobody who does not read holds anything up.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { MAX_PAGES } from "../../../lib/limits.ts";
import { FrameReader } from "../../../lib/seismograph/frame-reader.ts";
import type { BinsFrame, Frame, StatusFrame } from "../../../lib/seismograph/frames.ts";
import { Seismograph } from "../../../lib/seismograph/seismograph.ts";
import { COARSE, FINE } from "../../../lib/seismograph/store/channel.ts";
import { TraceBins } from "../../../lib/waveform/bins.ts";
import { DAY, FrameStream, ID, record, type Served, serve } from "../helpers.ts";

const clock = (at: number) => DAY + at * 1e6 + 1.5e6;
const isStatus = (frame: Frame): frame is StatusFrame => frame.type === "status";

/** What a page has after these frames. */
class Page {
  bins: TraceBins | undefined;
  samples: number[] = [];
  seen: Frame["type"][] = [];

  take(frames: Frame[]): void {
    for (const frame of frames) {
      this.seen.push(frame.type);
      if (frame.type === "hello") this.bins = new TraceBins(frame.binWidth, 172_800, "float32");
      if (frame.type === "bins") this.#set(frame);
      if (frame.type === "samples") this.samples.push(...frame.samples);
    }
  }

  #set({ isReset, first, min, max }: BinsFrame): void {
    if (isReset) this.bins!.clear();
    this.bins!.set(first, min, max);
  }
}

function assertSame(got: TraceBins, want: TraceBins, from: number, to: number): void {
  const range = (bins: TraceBins) =>
    [Math.floor((DAY + from * 1e6) / bins.width), Math.floor((DAY + to * 1e6) / bins.width)] as const;
  assert.deepEqual(got.slice(...range(got)), want.slice(...range(got)));
}

describe("streams of a seismograph", () => {
  let seismograph: Seismograph;
  let served: Served;
  const open: FrameStream[] = [];

  beforeEach(async () => {
    seismograph = new Seismograph({ views: ["raw", "1-20"], hours: 2 });
    served = await serve(seismograph);
  });

  afterEach(async () => {
    for (const stream of open.splice(0)) stream.close();
    await served.close();
    assert.deepEqual(served.problems, []);
  });

  async function stream(query: string): Promise<FrameStream> {
    const one = await FrameStream.open(`${served.url}/stream?${query}`);
    open.push(one);
    return one;
  }

  /** Frames up to a status that tells of a newest sample so many seconds behind DAY, and to the next one. */
  const upTo = (seconds: number) => (frame: Frame) =>
    isStatus(frame) && frame.channels.every(({ newest }) => newest >= DAY + seconds * 1e6 - 10_000);

  for (const [query, view, level, width] of [
    [`page=heli&view=raw&channels=${ID}`, 0, "coarse", COARSE],
    [`page=heli&view=1-20&channels=${ID}`, 1, "coarse", COARSE],
    ["page=live&view=1-20&span=60", 1, "fine", FINE],
  ] as const) {
    it(`bring what the seismograph has, and what comes: ${query}`, async () => {
      for (let at = 0; at < 50; at++) seismograph.take(record(at), clock(at));
      const one = await stream(query);
      const page = new Page();
      page.take(await one.until(isStatus));
      assert.deepEqual(page.seen, ["hello", "channels", "marks", "status"]);
      assert.equal(page.bins!.width, width);
      for (let at = 50; at < 55; at++) seismograph.take(record(at), clock(at));
      page.take(await one.until(upTo(55)));
      // A gap, and what comes late in it.
      for (let at = 57; at < 60; at++) seismograph.take(record(at), clock(at));
      page.take(await one.until(upTo(60)));
      for (let at = 55; at < 57; at++) seismograph.take(record(at), clock(60));
      for (let at = 60; at < 61; at++) seismograph.take(record(at), clock(at));
      page.take(await one.until(upTo(61)));
      assertSame(page.bins!, seismograph.channels.get(ID)![level][view]!, 2, 61);
    });
  }

  it("bring bins that are wider where more time is to be seen, and samples where they are asked for", async () => {
    for (let at = 0; at < 30; at++) seismograph.take(record(at), clock(at));
    const one = await stream("page=live&view=raw&span=300&samples=1");
    const page = new Page();
    page.take(await one.until(({ type }) => type === "samples"));
    for (let at = 30; at < 33; at++) seismograph.take(record(at), clock(at));
    page.take(await one.until(upTo(33)));
    assert.equal(page.bins!.width, 100_000);
    const whole = new TraceBins(100_000, 6000, "float32");
    for (let at = 0; at < 33; at++) whole.add(DAY + at * 1e6, 10_000, record(at).samples);
    assertSame(page.bins!, whole, 0, 33);
    assert.deepEqual(page.samples, Array.from({ length: 33 }, (_, at) => [...record(at).samples]).flat());
  });

  it("keep their frames whole, however slowly a large snapshot is taken while more comes", async () => {
    // Half a day of bins of many streams: much more than a socket takes at once.
    await served.close();
    seismograph = new Seismograph({ views: ["raw"], hours: 12 });
    served = await serve(seismograph, { beat: 10 });
    const sources = Array.from({ length: 12 }, (_, i) => `FDSN:XX_S${i}_00_B_H_Z`);
    const all = (at: number, count: number) => {
      for (const sourceId of sources)
        seismograph.take(record(at, count, { sourceId, sampleRate: 10 }), clock(at + count / 10));
    };
    all(0, 432_000);
    const socket = connect(Number(new URL(served.url).port), "127.0.0.1");
    const reader = new FrameReader();
    socket.write("GET /stream?page=heli HTTP/1.0\r\nHost: localhost\r\n\r\n");
    const bins = new Map(sources.map((_source, i) => [i, new TraceBins(COARSE, 86_400, "float32")]));
    let head: Buffer | undefined = Buffer.alloc(0);
    let at = 43_200;
    const isWhole = () => [...bins.values()].every((one) => one.end - one.begin >= 86_400);
    for await (const piece of socket as AsyncIterable<Buffer>) {
      // More comes between any two pieces.
      all(at++, 10);
      let bytes: Buffer = piece;
      if (head) {
        head = Buffer.concat([head, piece]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) continue;
        bytes = head.subarray(end + 4);
        head = undefined;
      }
      for (const frame of reader.push(bytes)) {
        if (frame.type === "bins") bins.get(frame.channel)!.set(frame.first, frame.min, frame.max);
      }
      if (isWhole()) break;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.ok(isWhole());
  });

  it("name channels that come and go, and tell of triggers and earthquakes", async () => {
    const one = await stream(`page=heli&channels=${ID}`);
    await one.until(isStatus);
    seismograph.take(record(0), clock(0));
    const frames = await one.until((frame) => frame.type === "bins");
    const named = frames.find((frame) => frame.type === "channels");
    assert.deepEqual(
      named?.channels.map(({ id }) => id),
      [ID],
    );
    seismograph.take(
      { event: "on", id: "t", sourceId: `FDSN:${ID}`, onTime: "2026-01-02T00:00:00.5Z", ratio: 4 },
      clock(1),
    );
    seismograph.take({
      id: "e",
      time: "2026-01-02T00:00:00Z",
      latitude: 1,
      longitude: 2,
      magnitude: 5,
      place: "Sea",
    });
    const [marks] = (await one.until(({ type }) => type === "marks")).slice(-1);
    assert.ok(marks?.type === "marks");
    assert.deepEqual(marks.triggers, [
      { id: "t", channel: ID, on: DAY + 500_000, off: null, ratio: 4, peakRatio: null },
    ]);
    assert.equal(marks.events[0]?.place, "Sea");
    const [status] = (await one.until(isStatus)).slice(-1);
    assert.ok(
      status && isStatus(status) && status.channels[0]!.isTriggered && status.channels[0]!.ratio === 4,
    );
    seismograph.clear();
    const [forgotten] = (await one.until((frame) => frame.type === "marks")).slice(-1);
    assert.deepEqual(forgotten, { type: "marks", isReset: true, triggers: [], events: [] });
  });

  it("tell of channels that are gone", async () => {
    seismograph.take(record(0), clock(0));
    const one = await stream("page=live");
    await one.until(isStatus);
    seismograph.clear();
    const [gone] = (await one.until((frame) => frame.type === "channels")).slice(-1);
    assert.deepEqual(gone?.type === "channels" && gone.gone, [0]);
  });

  it("bring many earthquakes to many stations, each page what it shows of them", async () => {
    const channel = (n: number) => `XX_S${n}_00_H_H_Z`;
    for (let n = 0; n < 200; n++) {
      const place = { latitude: (n % 90) - 45, longitude: n };
      seismograph.take(record(0, 10, { sourceId: `FDSN:${channel(n)}`, ...place }), clock(0));
    }
    const features = Array.from({ length: 500 }, (_, i) => ({
      ...{ type: "Feature", id: `e${i}` },
      properties: { time: (DAY - i * 60e6) / 1000, mag: 5, place: "Sea" },
      geometry: { coordinates: [i / 3, i / 6, 10] },
    }));
    seismograph.take({ features });
    assert.equal(Object.keys(seismograph.marks.events[0]!.arrivals).length, 200);
    const arrivalsOf = (frame: Frame | undefined) =>
      frame?.type === "marks"
        ? frame.events.map(({ id, arrivals }) => [id, Object.keys(arrivals).length] as const)
        : [];
    for (const query of ["page=live", `page=heli&channels=${channel(3)}`]) {
      const one = await stream(query);
      const [marks] = (await one.until(({ type }) => type === "marks")).slice(-1);
      assert.ok(one.bytes < 400_000, `${one.bytes} bytes of ${query}`);
      const counts = new Map(arrivalsOf(marks));
      assert.equal(counts.size, 500);
      assert.deepEqual([counts.get("e0"), counts.get("e9")], query === "page=live" ? [200, 0] : [1, 1]);
      // It goes on, and so does what changes: the one that is the newest from now on is told whole.
      await one.until(isStatus);
      await one.until(isStatus);
      features[0]!.properties.time -= 7200e3;
      features[7]!.properties.mag++;
      seismograph.take({ features });
      const [changed] = (await one.until(({ type }) => type === "marks")).slice(-1);
      const told = new Map(arrivalsOf(changed));
      if (query === "page=live" && told.has("e1")) assert.equal(told.get("e1"), 200);
      assert.ok(told.has("e7") && told.size <= 3, [...told.keys()].join());
    }
  });

  it("end with a frame that says when to come again", async () => {
    const one = await stream("page=live");
    served.page.close();
    const frames = await one.until(({ type }) => type === "end");
    assert.deepEqual(frames.at(-1), { type: "end", reason: "closing", retry: 1000 });
    assert.equal(await one.next(), undefined);
    assert.equal((await fetch(`${served.url}/stream`)).status, 503);
  });

  it("are cut off where nobody reads, and the others go on", async () => {
    const many = Array.from({ length: 20 }, (_, i) => `FDSN:XX_S${i}_00_H_H_Z`);
    const all = (at: number, count: number) => {
      for (const sourceId of many) seismograph.take(record(at, count, { sourceId }), clock(at + count / 100));
    };
    all(0, 6000);
    const socket = connect(Number(new URL(served.url).port), "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.pause();
    socket.write("GET /stream?page=live&span=60&samples=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const reader = await stream("page=live&span=60");
    while (served.page.readers < 2) await reader.next();
    // More than sockets take: what comes now waits for the one who does not read.
    let at = 60;
    while (served.page.readers > 1) {
      all(at, 6000);
      at += 60;
      await reader.until(upTo(at));
    }
    assert.equal(served.page.readers, 1);
    socket.destroy();
  });

  it("are as many as there may be, and who comes then is told", async () => {
    await served.close();
    served = await serve(seismograph, { beat: 500 });
    const streams = await Promise.all(Array.from({ length: MAX_PAGES }, () => stream("page=live")));
    const refused = await fetch(`${served.url}/stream`);
    assert.equal(refused.status, 503);
    assert.equal(((await refused.json()) as { code: string }).code, "BUSY");
    streams[0]!.close();
    while (served.page.readers === MAX_PAGES) await streams[1]!.next();
    await stream("page=live");
  });
});
