// Twenty waveform nodes at 100 Hz on one screen: what they cost the page and the runtime, while someone looks and while
// nobody does. The figures are printed; what is asserted leaves room for a busy machine. WAVEFORM_SECONDS makes the look at
// the memory last longer.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { CDPSession, Page } from "playwright-core";
import { packRecords } from "../../../lib/mseed/pack.ts";
import { DataLinkServer } from "../../../lib/server/server.ts";
import { Editor, needsChromium } from "../../support/editor/editor.ts";
import { newFolder } from "../../support/folders.ts";
import { installProbe } from "../../support/inventory.ts";
import { NodeRed } from "../../support/node-red.ts";
import type { Held } from "../../support/probe.ts";

const SECONDS = Number(process.env.WAVEFORM_SECONDS ?? 12);
/** Looks at the memory, in three thirds. */
const LOOKS = 12;
const CPU_SECONDS = Math.max(3, SECONDS / 20);
/** Inputs of a kind with the pictures on, and as many with them off; in two turns. */
const INPUTS = 100;
/** The part of its time that the page's main thread may be busy with the pictures. */
const MOST_BUSY = 0.3;
const MIB = 1024 * 1024;

/**
 * By how much each figure may grow from the first to the last third, besides a twentieth of it. The elements of all pictures
 * may be there twice, where new ones are drawn behind the collection of garbage.
 */
const SLACK = {
  "MiB of the runtime's heap": 4,
  "MiB of the runtime": 30,
  "MiB of the page's heap": 4,
  "MiB of the page": 30,
  elements: 500,
  listeners: 20,
};
type Figure = keyof typeof SLACK;
const FIGURES = Object.keys(SLACK) as Figure[];

const COUNT = 20;
const COLUMNS = 4;
const RATE = 100;
/** Records of a quarter of a second: there is something new for each picture that may be sent. */
const RECORD_SECONDS = 0.25;

const indexes = Array.from({ length: COUNT }, (_, i) => i);

/** Noise, and every forty seconds a quake. */
function samples(station: number, start: number): Int32Array {
  return Int32Array.from({ length: RECORD_SECONDS * RATE }, (_, i) => {
    const time = start + i / RATE;
    const quake = 3000 * Math.exp(-((time + 7 * station) % 40) / 4) * Math.sin(30 * time);
    return Math.round((200 + quake) * (Math.random() - 0.5));
  });
}

/** Writes the stations' records into a server as they are due. */
function keepWriting(server: DataLinkServer): NodeJS.Timeout {
  let written = Math.floor(Date.now() / 1000 / RECORD_SECONDS);
  return setInterval(() => {
    for (; written < Math.floor(Date.now() / 1000 / RECORD_SECONDS) - 1; written++) {
      const start = written * RECORD_SECONDS;
      for (const station of indexes) {
        const sourceId = `FDSN:XX_S${station}_00_H_H_Z`;
        const series = {
          sourceId,
          startTime: new Date(start * 1000),
          sampleRate: RATE,
          samples: samples(station, start),
        };
        for (const payload of packRecords(series, { formatVersion: 3, encoding: "steim2" })) {
          server.write({ streamId: `${sourceId}/MSEED3`, dataStart: start * 1e6, payload });
        }
      }
    }
  }, 50);
}

/** A tab that the records come from, and one with nothing but pictures; they may be switched off as disabled nodes are. */
function flows(url: string, views: "on" | "disabled"): object[] {
  const node = (z: string, id: string, type: string, x: number, y: number, settings: object) => ({
    ...{ id, type, z, x, y, version: 1, ...settings },
  });
  const func = "const all = []; all[Number(msg.payload.station.slice(1))] = msg; return all;";
  const reader = { connection: "server", from: "latest", resume: false, autoStart: true, commit: "send" };
  const picture = {
    active: true,
    seconds: "30",
    width: "280",
    height: "44",
    ...(views === "disabled" && { d: true }),
  };
  return [
    { id: "views", type: "tab", label: "views" },
    { id: "source", type: "tab", label: "source" },
    { id: "server", type: "datalink-connection", version: 1, address: url, auth: "none" },
    node("source", "in", "datalink-in", 100, 40, { ...reader, wires: [["decode"], []] }),
    node("source", "decode", "mseed-decode", 350, 40, { wires: [["route"]] }),
    node("source", "route", "function", 550, 40, {
      func,
      outputs: COUNT,
      wires: indexes.map((i) => [`out${i}`]),
    }),
    ...indexes.flatMap((i) => {
      const x = 40 + (i % COLUMNS) * 320;
      const y = 40 + Math.floor(i / COLUMNS) * 150;
      return [
        node("source", `out${i}`, "link out", 800, 40 + 40 * i, {
          mode: "link",
          links: [`in${i}`],
          wires: [],
        }),
        node("views", `in${i}`, "link in", x, y, { links: [`out${i}`], wires: [[`view${i}`]] }),
        node("views", `view${i}`, "waveform", x + 115, y, { ...picture, name: `S${i}`, wires: [[]] }),
      ];
    }),
  ];
}

/** Of a process, in per cent of a core, over some seconds; those after a start or a deploy go into compiling. */
async function processorLoad(pid: number): Promise<number> {
  const seconds = () => {
    const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    const [user, system] = fields.split(" ").slice(11, 13).map(Number);
    return (user! + system!) / 100;
  };
  await delay(3000);
  const [before, since] = [seconds(), performance.now()];
  await delay(CPU_SECONDS * 1000);
  return (100 * (seconds() - before)) / ((performance.now() - since) / 1000);
}

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
}

const median = (values: readonly number[]) => quantile(values, 0.5);

/** In the page: for each input, the milliseconds until the main thread is through with the frame after it. */
const WATCH_INPUTS = `{
  window.latencies = [];
  const painted = new MessageChannel();
  const inputs = [];
  painted.port1.onmessage = () => {
    for (const time of inputs.splice(0)) latencies.push(performance.now() - time);
  };
  const onInput = (event) => {
    // A move that the browser has put together with those after it counts from the first of them on.
    const [first = event] = event.getCoalescedEvents?.() ?? [];
    requestAnimationFrame(() => {
      inputs.push(first.timeStamp);
      painted.port2.postMessage(undefined);
    });
  };
  for (const type of ["keydown", "pointermove"]) addEventListener(type, onInput, true);
  // What the browser itself says, up to the picture on the screen; in steps of 8 ms, and nothing below 16 ms.
  window.shown = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "keydown") shown.push(entry.duration);
  }).observe({ type: "event", durationThreshold: 16 });
}`;

interface Latencies {
  drag: number[];
  keys: number[];
  /** Of the keys, by the browser's own event timing; those that took less than 16 ms are not among them. */
  shown: number[];
  /** The part of the time that the page's main thread was on a processor, in each turn. */
  busy: number[];
}

describe("20 waveforms at 100 Hz", function () {
  this.timeout((SECONDS + 300) * 1000);
  let server: DataLinkServer;
  let userDir: string;
  let nodeRed: NodeRed;
  let editor: Editor;
  let page: Page;
  let devTools: CDPSession;
  let timer: NodeJS.Timeout | undefined;
  const load: Record<"without" | "unseen" | "seen", number> = { without: 0, unseen: 0, seen: 0 };

  before(async function () {
    if (process.platform !== "linux") this.skip();
    needsChromium(this);
    server = await DataLinkServer.listen({ port: 0 });
    timer = keepWriting(server);
    userDir = newFolder();
    await installProbe(userDir);
    nodeRed = await NodeRed.start({ userDir, flows: flows(server.url, "disabled") });
  });
  after(async () => {
    clearInterval(timer);
    await editor?.close();
    await nodeRed?.stop();
    await server?.close();
    if (userDir) await rm(userDir, { recursive: true, force: true });
  });

  /** Switches all pictures on or off, as their buttons do. */
  async function switchPictures(active: boolean): Promise<void> {
    await page.evaluate(`
      for (const node of RED.nodes.filterNodes({ type: "waveform" })) Object.assign(node, { active: ${active}, dirty: true });
      RED.view.redraw();
    `);
    await (active ? allMove() : delay(500));
  }

  /** Resolves when each picture shows something else than now. */
  async function allMove(): Promise<void> {
    const traces =
      "[...document.querySelectorAll('.waveform-trace')].map((trace) => trace.getAttribute('d'))";
    await page.waitForFunction(`document.querySelectorAll('.waveform-trace').length === ${COUNT}`);
    const before = await page.evaluate<string[]>(traces);
    await page.waitForFunction(`${traces}.every((d, i) => d !== ${JSON.stringify(before)}[i])`);
  }

  /**
   * Gives so many inputs, at times that have nothing to do with those of the pictures. It does not wait for what becomes of
   * one before it gives the next, as people don't: else a page that is held up would meet few inputs.
   */
  async function giveInputs(inputs: number, give: (input: number) => Promise<unknown>): Promise<void> {
    const given: Promise<unknown>[] = [];
    for (let input = 0; input < inputs; input++) {
      const one = give(input);
      // What fails is told of at the end.
      one.catch(() => {});
      given.push(one);
      await delay(10 + 50 * Math.random());
    }
    await Promise.all(given);
  }

  async function drag(moves: number): Promise<void> {
    const node = (await page.locator("[id='view5'] .red-ui-flow-node").first().boundingBox())!;
    const at = { x: node.x + 60, y: node.y + 15 };
    await page.mouse.move(at.x, at.y);
    await page.mouse.down();
    await giveInputs(moves, (move) =>
      devTools.send("Input.dispatchMouseEvent", {
        type: "mouseMoved",
        x: at.x + 40 * Math.sin(move / 10),
        y: at.y + 20 * Math.sin(move / 7),
        button: "left",
        buttons: 1,
      }),
    );
    await page.mouse.move(at.x, at.y);
    await page.mouse.up();
  }

  async function type(keys: number): Promise<void> {
    const field = page.locator("#node-input-name");
    await page.locator("[id='in5'] .red-ui-flow-node").first().dblclick();
    // A dialog gives the focus away when it is open.
    await page.waitForFunction("document.activeElement.closest('.red-ui-tray')");
    await field.click();
    await page.evaluate("latencies.length = shown.length = 0");
    await giveInputs(keys, async () => {
      const key = { key: "a", code: "KeyA", windowsVirtualKeyCode: 65 };
      const down = devTools.send("Input.dispatchKeyEvent", { ...key, type: "keyDown", text: "a" });
      await devTools.send("Input.dispatchKeyEvent", { ...key, type: "keyUp" });
      await down;
    });
    assert.equal((await field.inputValue()).length, keys);
  }

  /** Seconds that the page's main thread has been on a processor. */
  async function pageTime(): Promise<number> {
    const { metrics } = await devTools.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")!.value;
  }

  async function addLatencies(latencies: Latencies, inputs: number): Promise<void> {
    const [begun, before] = [performance.now(), await pageTime()];
    await page.evaluate("latencies.length = 0");
    await drag(inputs);
    latencies.drag.push(...(await page.evaluate<number[]>("latencies.splice(0)")));
    await type(inputs);
    latencies.keys.push(...(await page.evaluate<number[]>("latencies.splice(0)")));
    latencies.shown.push(...(await page.evaluate<number[]>("shown.splice(0)")));
    latencies.busy.push((1000 * ((await pageTime()) - before)) / (performance.now() - begun));
    await page.click("#node-dialog-cancel");
    await page.locator("#node-input-name").waitFor({ state: "detached" });
  }

  it("are not drawn for anybody while no editor is open", async () => {
    load.without = await processorLoad(nodeRed.pid);
    await nodeRed.deploy(flows(server.url, "on"));
    const socket = new WebSocket(`${nodeRed.url.replace("http", "ws")}/comms`);
    const topics: string[] = [];
    socket.onmessage = ({ data }) => {
      topics.push(...(JSON.parse(String(data)) as { topic: string }[]).map(({ topic }) => topic));
    };
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("no connection to the editor's WebSocket"));
    });
    for (const topic of ["waveform/#", "status/#"]) socket.send(JSON.stringify({ subscribe: topic }));
    load.unseen = await processorLoad(nodeRed.pid);
    socket.close();
    assert.ok(indexes.every((i) => topics.includes(`status/view${i}`)));
    assert.deepEqual(
      topics.filter((topic) => topic.startsWith("waveform/")),
      [],
    );
  });

  it("are all in sight, and all move", async () => {
    editor = await Editor.open(nodeRed.url);
    page = editor.page;
    devTools = await page.context().newCDPSession(page);
    await devTools.send("Performance.enable", { timeDomain: "threadTicks" });
    await editor.action("core:toggle-sidebar");
    await editor.action("core:toggle-palette");
    await allMove();
    const papers =
      "[...document.querySelectorAll('.waveform-paper')].map((paper) => paper.getBoundingClientRect())";
    // The canvas takes a while to get to its new place.
    await page.waitForFunction(`${papers}.filter((paper) => paper.left >= 0 && paper.top >= 0 &&
      paper.right <= innerWidth && paper.bottom <= innerHeight).length === ${COUNT}`);
  });

  it("cost the runtime little", async () => {
    load.seen = await processorLoad(nodeRed.pid);
    const { without, unseen, seen } = load;
    console.log(
      `      runtime, in per cent of a core: ${without.toFixed(1)} without the nodes, ${unseen.toFixed(1)} with them ` +
        `unseen, ${seen.toFixed(1)} with them in an editor`,
    );
    assert.ok(unseen - without < 10 && seen - without < 10);
  });

  it("leave the page usable", async () => {
    await page.evaluate(WATCH_INPUTS);
    const on: Latencies = { drag: [], keys: [], shown: [], busy: [] };
    const off: Latencies = { drag: [], keys: [], shown: [], busy: [] };
    for (const [active, latencies] of [
      [true, on],
      [false, off],
      [true, on],
      [false, off],
    ] as const) {
      await switchPictures(active);
      await addLatencies(latencies, INPUTS / 2);
    }
    await switchPictures(true);
    for (const kind of ["drag", "keys", "shown"] as const) {
      const figures = (values: number[]) =>
        `${median(values).toFixed(0)} and ${quantile(values, 0.95).toFixed(0)} (${values.length})`;
      console.log(
        `      ${kind}: median and 95 % of the latencies in ms: ${figures(on[kind])}, without pictures ${figures(off[kind])}`,
      );
    }
    const busy = (latencies: Latencies) => `${(100 * median(latencies.busy)).toFixed(0)} %`;
    console.log(`      the page's main thread is busy: ${busy(on)}, without pictures ${busy(off)}`);
    // By what the thread has to do, which other work of the machine does not change much, as it does latencies.
    assert.ok(median(on.busy) - median(off.busy) < MOST_BUSY);
  });

  it(`keep the memory of page and runtime as it is, for ${SECONDS} s`, async () => {
    const browser = await page.context().browser()!.newBrowserCDPSession();
    const looks: Record<Figure, number>[] = [];
    for (let look = 0; look < LOOKS; look++) {
      await delay((SECONDS * 1000) / LOOKS);
      // Each time the pictures are taken away, too, and made anew.
      await editor.showTab("source");
      await page.waitForFunction("!document.querySelector('.waveform-picture')");
      await editor.showTab("views");
      await allMove();
      await devTools.send("HeapProfiler.collectGarbage");
      const { metrics } = await devTools.send("Performance.getMetrics");
      const { processInfo } = await browser.send("SystemInfo.getProcessInfo");
      const renderers = processInfo.filter(({ type }) => type === "renderer");
      const metric = (name: string) => metrics.find((one) => one.name === name)!.value;
      looks.push({
        "MiB of the runtime's heap": (await nodeRed.request<Held>("/probe")).heap / MIB,
        "MiB of the runtime": residentMegabytes(nodeRed.pid),
        "MiB of the page's heap": metric("JSHeapUsedSize") / MIB,
        "MiB of the page": Math.max(...renderers.map(({ id }) => residentMegabytes(id))),
        elements: metric("Nodes"),
        listeners: metric("JSEventListeners"),
      });
    }
    const third = LOOKS / 3;
    for (const what of FIGURES) {
      const values = looks.map((look) => look[what]);
      const [first, last] = [median(values.slice(0, third)), median(values.slice(-third))];
      console.log(`      ${what}: ${first.toFixed(1)} in the first third, ${last.toFixed(1)} in the last`);
      assert.ok(last < 1.05 * first + SLACK[what], `${what}: ${values.join(", ")}`);
    }
  });

  it("leave no error in the browser and no complaint in the log", () => {
    assert.deepEqual(editor.errors, []);
    assert.deepEqual(nodeRed.complaints(), []);
  });
});
