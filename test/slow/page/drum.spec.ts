// The drum in a browser: what is drawn, the strip that opens with a click, the filter for all of it at once, links and downloads.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Download } from "playwright-core";
import { readRecords } from "../../../lib/mseed/index.ts";
import { PALETTES } from "../../../lib/seismograph/drawing/index.ts";
import { needsChromium } from "../../support/editor/browser.ts";
import { SeismoSite } from "../../support/page/seismo-site.ts";
import { SeismoView } from "../../support/page/seismo-view.ts";

const { dark, light } = PALETTES;

/** Where the drawing has its traces: between its margins. */
const PLOT = { left: 52, right: 50, top: 28 };
const LINE = 30 * 60e6;

describe("the drum page", () => {
  let site: SeismoSite;
  let view: SeismoView;

  before(async function () {
    needsChromium(this);
    site = await SeismoSite.open({ views: ["raw", "1-9"], hours: 6, past: 6, quakes: [200, 1500, 3 * 3600] });
    view = await SeismoView.open(site.drum());
  });

  after(async () => {
    await view?.close();
    await site?.[Symbol.asyncDispose]();
  });

  beforeEach(() => view.goto(`${site.drum()}#hours=6`));

  afterEach(() => assert.deepEqual(view.errors, []));

  /** The place of a time on the page. */
  async function placeOf(time: number): Promise<{ x: number; y: number }> {
    const box = (await view.canvas.boundingBox())!;
    const last = Math.floor((Date.now() * 1000) / LINE);
    const spacing = 28;
    const line = Math.floor(time / LINE) - last + 11;
    const part = (time % LINE) / LINE;
    const width = box.width - PLOT.left - PLOT.right;
    return { x: box.x + PLOT.left + part * width, y: box.y + PLOT.top + (line + 0.5) * spacing };
  }

  /** The span in the address, in microseconds. */
  async function span(): Promise<{ from: number; to: number }> {
    const zoom = (await view.addressHas(/zoom=/)).get("zoom")!;
    const [from, to] = zoom.split("/").map((time) => Date.parse(time) * 1000);
    return { from: from!, to: to! };
  }

  /** Waits until the span in the address is this one, give or take a part of its length. */
  async function spanIs(from: number, to: number, part = 0.005): Promise<{ from: number; to: number }> {
    await view.page.waitForFunction(
      ([from, to, slack]) => {
        const zoom = new URLSearchParams(location.hash.slice(1)).get("zoom") ?? "";
        const [start, end] = zoom.split("/").map((time) => Date.parse(time) * 1000);
        return Math.abs(start! - from!) <= slack! && Math.abs(end! - to!) <= slack!;
      },
      [from, to, Math.max(2000, part * (to - from))],
    );
    return span();
  }

  /** Opens the strip on the newest minutes, as keys do. */
  async function openWithKeys(): Promise<{ from: number; to: number }> {
    await view.canvas.focus();
    await view.page.keyboard.press("Enter");
    await view.zoomed();
    return span();
  }

  it("draws lines in three colours, and the newest sample as a dot", async () => {
    const [ground, live, ...lines] = await view.countOf([dark.ground, dark.live, ...dark.lines]);
    assert.ok(ground! > 0.5 * 1280 * 820 && live! > 10);
    for (const count of lines) assert.ok(count > 5000);
  });

  it("opens the strip with a click: two minutes about it, with samples and a spectrogram", async () => {
    const time = site.shocks[1]!;
    const { x, y } = await placeOf(time);
    await view.page.mouse.click(x, y);
    await view.zoomed();
    const { from, to } = await span();
    assert.equal(to - from, 120e6);
    const pixel = LINE / (1280 - PLOT.left - PLOT.right);
    assert.ok(Math.abs((from + to) / 2 - time) <= pixel, `${(from + to) / 2 - time} µs beside it`);
    assert.equal(await view.strip.evaluate((node) => node === document.activeElement), true);
    assert.ok((await view.countOf([dark.trace], view.strip))[0]! > 500);
    assert.ok((await view.colorsBelow(0.6, view.strip)) > 50, "the spectrogram has colours");
  });

  it("opens the strip on what is dragged over", async () => {
    const time = site.shocks[1]!;
    const start = await placeOf(time);
    await view.page.mouse.move(start.x, start.y);
    await view.page.mouse.down();
    await view.page.mouse.move(start.x + 50, start.y, { steps: 3 });
    await view.page.mouse.up();
    await view.zoomed();
    const width = (50 / (1280 - PLOT.left - PLOT.right)) * LINE;
    await spanIs(time, time + width, 0.05);
  });

  it("is moved, narrowed and closed by keys", async () => {
    const { from, to } = await openWithKeys();
    const half = (to - from) / 2;
    await view.page.keyboard.press("ArrowLeft");
    await spanIs(from - half, to - half);
    await view.page.keyboard.press("ArrowRight");
    await spanIs(from, to);
    await view.page.keyboard.press("+");
    const narrow = half / Math.SQRT2;
    await spanIs(from + half - narrow, to - half + narrow);
    await view.page.keyboard.press("-");
    await spanIs(from, to);
    await view.page.keyboard.press("Escape");
    await view.page.waitForFunction(() => !location.hash.includes("zoom"));
    assert.equal(await view.page.isVisible(".zoom"), false);
    assert.equal(await view.canvas.evaluate((node) => node === document.activeElement), true);
  });

  it("is narrowed by the wheel about the pointer, and moved by dragging", async () => {
    const { from, to } = await openWithKeys();
    const length = to - from;
    const box = (await view.strip.boundingBox())!;
    const [left, width] = [box.x + 70, box.width - 84];
    await view.page.mouse.move(left + width * 0.25, box.y + 60);
    await view.page.mouse.wheel(0, -400);
    const narrow = await spanIs(from + length / 8, from + length / 8 + length / 2);
    await view.page.mouse.down();
    await view.page.mouse.move(left + width * 0.75, box.y + 60, { steps: 2 });
    await view.page.mouse.up();
    await spanIs(narrow.from - length / 4, narrow.to - length / 4);
  });

  it("is narrowed by two fingers", async () => {
    const { from, to } = await openWithKeys();
    const box = (await view.strip.boundingBox())!;
    const [left, width] = [box.x + 70, box.width - 84];
    const devtools = await view.page.context().newCDPSession(view.page);
    const y = box.y + 60;
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...xs: number[]) =>
      devtools.send("Input.dispatchTouchEvent", { type, touchPoints: xs.map((x, id) => ({ x, y, id })) });
    await touch("touchStart", 400, 600);
    await touch("touchMove", 300, 700);
    await touch("touchMove", 200, 800);
    await touch("touchEnd");
    // What was under the fingers still is.
    const perPixel = (to - from) / width;
    const under = from + (400 - left) * perPixel;
    const start = under - ((200 - left) * perPixel) / 3;
    await spanIs(start, start + (to - from) / 3, 0.03);
  });

  it("switches the filter of the whole drum at once", async () => {
    await view.keepPicture();
    await view.page.selectOption(".filter", "1-9");
    await view.drawn("1-9");
    const lines = Array.from(
      { length: 11 },
      (_, line) => [PLOT.top + line * 28 + 2, PLOT.top + line * 28 + 26] as const,
    );
    const changed = await view.changedSince(lines);
    for (const [line, count] of changed.entries()) assert.ok(count > 1000, `line ${line}: ${count} pixels`);
    assert.equal((await view.addressHas(/view=/)).get("view"), "1-9");
  });

  it("goes on with a view that there is where the address names another one", async () => {
    await view.goto(`${site.drum()}#view=3-4`);
    await view.drawn("raw");
    await view.page.waitForURL(({ hash }) => !hash.includes("view="), { waitUntil: "commit" });
  });

  it("shows another the same picture by its link", async () => {
    await view.page.selectOption(".filter", "1-9");
    await view.page.selectOption("select[title='Length of a line']", "15");
    await view.drawn("1-9");
    await view.page.click("button[title='Draw larger']");
    await openWithKeys();
    await view.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await view.page.click(".zoom >> text=Copy link");
    await view.page.waitForSelector(".notice");
    const link = await view.page.evaluate(() => navigator.clipboard.readText());
    const heading = await view.page.textContent(".zoom h2");
    await using other = await SeismoView.open(link);
    await other.drawn("1-9");
    await other.zoomed();
    assert.equal(await other.page.textContent(".zoom h2"), heading);
    assert.equal(await other.page.inputValue(".filter"), "1-9");
    assert.equal(await other.page.inputValue("select[title='Length of a line']"), "15");
    assert.equal(
      await other.page.textContent(".group button:nth-child(2)"),
      await view.page.textContent(".group button:nth-child(2)"),
    );
    assert.deepEqual(other.errors, []);
    // Where not all lines are seen, that of the link is.
    await using phone = await SeismoView.open(link, { viewport: { width: 390, height: 600 } });
    await phone.zoomed();
    await phone.page.waitForFunction(() => document.querySelector(".picture")!.scrollTop > 0);
  });

  it("holds a fixed scale, and goes back to its own", async () => {
    const auto = view.page.locator(".group button").nth(1);
    await auto.filter({ hasText: /^auto ±/ }).waitFor();
    await auto.click();
    await auto.filter({ hasText: /^fixed ±/ }).waitFor();
    const { fixed } = Object.fromEntries(await view.addressHas(/fixed=/));
    await view.changeAddress(() => view.page.keyboard.press("+"));
    const now = Number((await view.address()).get("fixed"));
    assert.ok(Math.abs(Number(fixed) / now - Math.SQRT2) < 0.001);
    await auto.click();
    await auto.filter({ hasText: /^auto ±/ }).waitFor();
  });

  async function download(selector: string): Promise<{ name: string; bytes: Buffer }> {
    const waiting: Promise<Download> = view.page.waitForEvent("download");
    await view.page.click(selector);
    const download = await waiting;
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  }

  it("gives the samples of the strip as miniSEED and as sound, and the drum as PNG", async () => {
    const { from, to } = await openWithKeys();
    const mseed = await download(".zoom >> text=miniSEED");
    const records = [...readRecords(mseed.bytes)];
    assert.ok(records.every(({ sourceId }) => sourceId.text === `FDSN:${site.options.ids[0]}`));
    const samples = records.flatMap(({ samples }) => [...(samples as Int32Array)]);
    const start = Number(records[0]!.startTime / 1000n);
    assert.ok(
      start >= from && start < from + 50_000 && Math.abs(samples.length - 20 * ((to - from) / 1e6)) <= 1,
    );
    const [piece] = site.seismograph.channels.get(site.options.ids[0]!)!.raw.pieces(from, to);
    assert.deepEqual(samples, [...piece!.samples]);
    const wav = await download(".zoom >> text=WAV");
    assert.equal(wav.bytes.toString("latin1", 0, 4) + wav.bytes.toString("latin1", 8, 12), "RIFFWAVE");
    await view.page.keyboard.press("Escape");
    await view.page.click("summary");
    const png = await download(".sheet >> text=PNG");
    assert.match(png.name, /^XX_DEMO_00_H_H_Z_\d{4}-\d\d-\d\d\.png$/);
    assert.equal(png.bytes.toString("latin1", 1, 4), "PNG");
    assert.equal(png.bytes.readUInt32BE(16), 1280);
    // Light, whatever the screen is.
    const image = await view.page.evaluate(
      async (bytes) => {
        const bitmap = await createImageBitmap(new Blob([Uint8Array.from(bytes)]));
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
        canvas.drawImage(bitmap, 0, 0);
        return [...canvas.getImageData(2, 2, 1, 1).data];
      },
      [...png.bytes],
    );
    assert.deepEqual(image.slice(0, 3), [0xfb, 0xfb, 0xf9], light.ground);
  });

  it("says where only the envelope is kept, and offers no samples", async () => {
    const { x, y } = await placeOf(site.shocks[2]!);
    await view.page.mouse.click(x, y);
    await view.zoomed(false);
    await view.page.waitForSelector("text=Only the envelope is kept of this time.");
    assert.equal(await view.page.locator('.zoom a[aria-disabled="true"]').count(), 2);
    assert.ok((await view.countOf([dark.trace], view.strip))[0]! > 500);
  });

  it("shows what comes: samples, triggers, earthquakes", async () => {
    const amber = async () => (await view.countOf([dark.trigger]))[0]!;
    const after = async (act: () => void): Promise<number> => {
      const before = await view.pictures();
      act();
      await view.pictureAfter(before);
      return amber();
    };
    const plain = await amber();
    const [id] = site.options.ids;
    const withTrigger = await after(() => site.trigger(id!, site.shocks[1]!, site.shocks[1]! + 60e6));
    assert.ok(withTrigger > plain + 20);
    const time = new Date(site.shocks[2]! / 1000 - 720_000).toISOString();
    const quake = {
      id: "x",
      time,
      latitude: -20,
      longitude: -174,
      depth: 30,
      magnitude: 6.8,
      place: "Tonga",
    };
    const withEvent = await after(() => void site.seismograph.take(quake));
    assert.ok(withEvent > withTrigger + 50, "the frame of the event's box");
    await after(() => site.push(20));
  });

  it("says that there is no such channel, and offers those that there are", async () => {
    await view.page.goto(site.drum("XX_NONE_00_H_H_Z"));
    await view.page.waitForSelector("text=There is no channel XX_NONE_00_H_H_Z here.");
    await view.page.selectOption(".name", site.options.ids[1]!);
    await view.page.waitForURL(/XX_DEMO_00_H_H_N/);
    await view.drawn();
  });
});
