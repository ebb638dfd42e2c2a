// The waveform node's picture in the editor: drawn for those who look, through all that editing does to a canvas.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { WebSocket as WebSocketOfPage } from "playwright-core";
import { contrast, READABLE } from "../../support/editor/contrast.ts";
import { Editor, needsChromium } from "../../support/editor/editor.ts";
import { freePort, NodeRed, needsNodeRed, PACKAGE, VERSIONS } from "../../support/node-red.ts";

/** Ten samples of the past half second, twice a second. */
const SAMPLES = `
const rate = 20;
const samples = Array.from({ length: rate / 2 }, (_, i) => Math.round(1000 * Math.sin(Date.now() / 900 + i / 4)));
msg.payload = {
  sourceId: "FDSN:XX_DEMO_00_H_H_Z",
  startTime: new Date(Math.floor(Date.now() / 500) * 500 - 500).toISOString(),
  sampleRate: rate,
  samples,
};
return msg;`;

/** A day and an hour of 2010 at 1 Hz, with a gap, once. */
const FILE = `
const start = Date.UTC(2010, 1, 27, 5);
const records = [];
for (let hour = 0; hour < 25; hour++) {
  if (hour === 9) continue;
  const samples = Array.from({ length: 3600 }, (_, i) => Math.round(1000 + 500 * Math.sin(i / 10)));
  const startTime = new Date(start + hour * 3600000).toISOString();
  for (const channel of ["Z", "N"]) {
    const own = channel === "Z" ? samples : samples.map((sample) => sample / 100);
    records.push({ payload: { sourceId: "FDSN:XX_FILE_00_L_H_" + channel, startTime, sampleRate: 1, samples: own } });
  }
}
return [records];`;

const EXAMPLE = JSON.parse(
  readFileSync(path.join(__dirname, "../../../examples/01 - First flow.json"), "utf8"),
) as { type: string }[];

const FLOWS = [
  { id: "tab", type: "tab", label: "Live" },
  { id: "other", type: "tab", label: "Other" },
  {
    id: "tick",
    type: "inject",
    z: "tab",
    x: 150,
    y: 60,
    repeat: "0.5",
    once: true,
    props: [],
    wires: [["make"]],
  },
  { id: "make", type: "function", z: "tab", x: 350, y: 60, func: SAMPLES, outputs: 1, wires: [["view"]] },
  // As an older version of the package would have saved it: what isn't there has its default.
  { id: "view", type: "waveform", z: "tab", x: 550, y: 60, active: true, seconds: "30", wires: [[]] },
  { id: "files", type: "tab", label: "Files" },
  {
    id: "once",
    type: "inject",
    z: "files",
    x: 100,
    y: 40,
    repeat: "",
    once: true,
    props: [],
    wires: [["file"]],
  },
  {
    id: "file",
    type: "function",
    z: "files",
    x: 300,
    y: 40,
    func: FILE,
    outputs: 1,
    wires: [["all", "day"]],
  },
  {
    id: "all",
    type: "waveform",
    z: "files",
    x: 120,
    y: 100,
    active: true,
    span: "all",
    scale: "common",
    wires: [[]],
  },
  { id: "day", type: "waveform", z: "files", x: 120, y: 340, active: true, seconds: "86400", wires: [[]] },
  { id: "note", type: "comment", z: "other", x: 150, y: 60, name: "nothing here", wires: [] },
];

for (const version of VERSIONS) {
  describe(`the waveform's picture in Node-RED ${version}`, () => {
    let nodeRed: NodeRed;
    let editor: Editor;
    /** The editor's own. */
    let socket: WebSocketOfPage;
    /** Frames that the editor has received so far. */
    let frames = 0;

    before(async function () {
      this.timeout(300_000);
      needsChromium(this);
      await needsNodeRed(this, version);
      nodeRed = await NodeRed.start({ version, flows: FLOWS });
    });
    after(async () => {
      await editor?.close();
      await nodeRed?.stop();
    });

    /** Counts the frames of a while, which is long enough for several. */
    async function framesIn(milliseconds: number): Promise<number> {
      const before = frames;
      await editor.page.waitForTimeout(milliseconds);
      return frames - before;
    }

    const trace = () => editor.page.locator(".waveform-trace");
    const picture = () => editor.page.locator(".waveform-picture");

    /** Resolves when the picture shows something else than now. */
    async function moves(): Promise<string> {
      const before = (await trace().count()) > 0 ? await trace().getAttribute("d") : "";
      const changed = `(document.querySelector(".waveform-trace")?.getAttribute("d") ?? "") !== ${JSON.stringify(before)}`;
      await editor.page.waitForFunction(changed);
      return (await trace().getAttribute("d"))!;
    }

    it("is sent to no editor that doesn't ask", async () => {
      const socket = new WebSocket(`${nodeRed.url.replace("http", "ws")}/comms`);
      const topics: string[] = [];
      socket.onmessage = ({ data }) => {
        topics.push(...(JSON.parse(String(data)) as { topic: string }[]).map(({ topic }) => topic));
      };
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = () => reject(new Error("no connection to the editor's WebSocket"));
      });
      socket.send(JSON.stringify({ subscribe: "waveform/#" }));
      socket.send(JSON.stringify({ subscribe: "status/#" }));
      await new Promise((resolve) => setTimeout(resolve, 1500));
      socket.close();
      assert.ok(topics.includes("status/view"));
      assert.deepEqual(
        topics.filter((topic) => topic.startsWith("waveform/")),
        [],
      );
    });

    it("has a moving trace, and says of what, how large and how late", async () => {
      editor = await Editor.open(nodeRed.url);
      editor.page.on("websocket", (opened) => {
        socket = opened;
        socket.on("framereceived", ({ payload }) => {
          frames += String(payload).split('"topic":"waveform/view"').length - 1;
        });
      });
      await editor.page.reload();
      await picture().waitFor();
      await moves();
      await moves();
      const text = (await picture().textContent())!;
      assert.match(text, /XX_DEMO_00_H_H_Z20 Hz±1[02]00latency -?\d\.\d s/);
      assert.match(text, new RegExp(`${new Date().toISOString().slice(0, 10)} UTC`));
    });

    it("comes as often as there is something new", async () => {
      // A record every half second; what was held up on a busy machine, for up to three seconds, comes close together.
      const [begun, before] = [performance.now(), frames];
      while (frames < before + 16) await socket.waitForEvent("framereceived");
      const passed = performance.now() - begun;
      assert.ok(frames - before <= 2 * (passed / 1000) + 6, `${frames - before} frames in ${passed} ms`);
    });

    it("asks for itself again and again, as the runtime forgets an editor that falls silent", async () => {
      const asked = async () => {
        const { payload } = await socket.waitForEvent("framesent", {
          predicate: (frame) => String(frame.payload).includes('"topic":"waveform"'),
        });
        return (JSON.parse(String(payload)) as { data: { ids: string[] } }).data.ids;
      };
      assert.deepEqual(await asked(), ["view"]);
      assert.deepEqual(await asked(), ["view"]);
    });

    it("isn't drawn while another tab is shown, and is back with the tab", async () => {
      await editor.showTab("other");
      await editor.page.waitForFunction("!document.querySelector('.waveform-picture')");
      await framesIn(300);
      assert.equal(await framesIn(1500), 0);
      await editor.showTab("tab");
      await picture().waitFor();
      await moves();
    });

    it("follows its node, and zooms with the canvas", async () => {
      const paper = () =>
        editor.page.evaluate<{ x: number; y: number; width: number }>(
          "document.querySelector('.waveform-paper').getBoundingClientRect().toJSON()",
        );
      const before = await paper();
      // The canvas may take a while to get to its new size.
      const scaledAs = (scale: string) =>
        editor.page.waitForFunction(
          `${scale} && Math.abs(document.querySelector(".waveform-paper").getBoundingClientRect().width / ${before.width} / RED.view.scale() - 1) < 0.01`,
        );
      await editor.action("core:zoom-in");
      await scaledAs("RED.view.scale() > 1.05");
      await editor.action("core:zoom-reset");
      await scaledAs("RED.view.scale() === 1");
      const box = async () =>
        (await editor.page.locator("[id='view'] .red-ui-flow-node").first().boundingBox())!;
      const node = await box();
      const at = { x: node.x + 60, y: node.y + 15 };
      await editor.page.mouse.move(at.x, at.y);
      await editor.page.mouse.down();
      await editor.page.mouse.move(at.x + 100, at.y + 100, { steps: 8 });
      await editor.page.mouse.up();
      const [nodeAfter, after] = [await box(), await paper()];
      // How far a node moves depends on its width, too: its left edge goes to the grid.
      const moved = { x: nodeAfter.x - node.x, y: nodeAfter.y - node.y };
      assert.ok(moved.x > 80 && moved.y > 80, JSON.stringify(moved));
      assert.ok(Math.abs(after.x - before.x - moved.x) < 1 && Math.abs(after.y - before.y - moved.y) < 1);
      await moves();
    });

    it("keeps its trace over a full deploy", async () => {
      const length = (await moves()).length;
      await editor.page.evaluate("RED.nodes.dirty(true)");
      await editor.deploy();
      const after = await moves();
      assert.ok(after.length > 0.8 * length, `${after.length} characters after ${length}`);
    });

    it("goes and comes with the node's button, which can be undone", async () => {
      await editor.page.locator("[id='view'] .red-ui-flow-node-button").first().click();
      await picture().waitFor({ state: "hidden" });
      await framesIn(300);
      assert.equal(await framesIn(1500), 0);
      await editor.action("core:undo");
      await picture().waitFor({ state: "visible" });
      await moves();
    });

    it("goes with its node, and comes back when that is undone", async () => {
      await editor.page.evaluate("RED.view.select({ nodes: [RED.nodes.node('view')] })");
      await editor.action("core:delete-selection");
      await editor.page.waitForFunction("!document.querySelector('.waveform-picture')");
      await editor.action("core:undo");
      await picture().waitFor();
      await moves();
    });

    it("is held by its button, by mouse and by keyboard, and goes on with what came meanwhile", async () => {
      const button = editor.page.locator(".waveform-pause");
      const held = async () => {
        const shown = await trace().getAttribute("d");
        await framesIn(1500);
        assert.equal(await trace().getAttribute("d"), shown);
        assert.match((await picture().textContent())!, /held/);
      };
      await button.click();
      await held();
      await button.click();
      await moves();
      await button.focus();
      await editor.page.keyboard.press("Enter");
      await held();
      await editor.page.keyboard.press(" ");
      await moves();
      assert.equal(await editor.page.evaluate("RED.view.selection().nodes?.length ?? 0"), 0);
    });

    it("tells the time and the values under the mouse, and nothing when it has left", async () => {
      const paper = (await editor.page.locator(".waveform-paper").boundingBox())!;
      const cursor = editor.page.locator(".waveform-cursor");
      await editor.page.mouse.move(paper.x + paper.width - 40, paper.y + 30);
      await editor.page.waitForFunction("document.querySelector('.waveform-cursor text')");
      const [value, time] = await cursor.locator("text").allTextContents();
      assert.match(value!, /^-?[\d.]+( … -?[\d.]+)?$/);
      const ago = Date.now() - Date.parse(`${time!.replace(" ", "T")}Z`);
      assert.ok(ago > 0 && ago < 10_000, time);
      // It stays with the mouse when the picture is drawn anew.
      await moves();
      assert.equal((await cursor.locator("text").allTextContents()).length, 2);
      await editor.page.mouse.move(paper.x - 30, paper.y - 30);
      await editor.page.waitForFunction("!document.querySelector('.waveform-cursor text')");
    });

    it("shows all that came of a file, with hours, days, gaps and one scale, and no age", async () => {
      await editor.showTab("files");
      const text = (id: string) => editor.page.locator(`[id='${id}'] .waveform-picture`).first();
      await editor.page.waitForFunction("document.querySelectorAll('.waveform-trace').length === 4");
      const all = (await text("all").textContent())!;
      for (const part of ["12:00", "18:00", "2010-02-27 – 28 UTC", "±600"])
        assert.ok(all.includes(part), `${part} in ${all}`);
      assert.equal(all.split("±600").length, 3, all);
      assert.doesNotMatch(all, /latency|until| a\b/);
      assert.match((await text("all").locator(".waveform-gap").first().getAttribute("d"))!, /^M/);
      // The last day of it, and until when there is something.
      const day = (await text("day").textContent())!;
      assert.match(day, /until 2010-02-28 05:59/);
      assert.doesNotMatch(day, /latency/);
      await editor.showTab("tab");
      // Those of the other tab go.
      await editor.page.waitForFunction("document.querySelectorAll('.waveform-picture').length === 1");
    });

    it("has marks at round times, far enough apart, for every span from a second to centuries", async () => {
      const script = `import("/resources/${PACKAGE}/waveform/ticks.js")`;
      const spans = [
        1,
        7,
        60,
        3600,
        86_400,
        7 * 86_400,
        86_400 * 31,
        86_400 * 366,
        86_400 * 3660,
        86_400 * 366 * 300,
      ];
      for (const span of spans) {
        const end = Date.UTC(2026, 10, 22, 7, 21, 13);
        const distance = (64 / 420) * span * 1000;
        const ticks = await editor.page.evaluate<{ time: number; label: string }[]>(
          `${script}.then(({ ticksOf }) => ticksOf(${end - span * 1000}, ${end}, ${distance}))`,
        );
        assert.ok(ticks.length >= 1 && ticks.length <= 7, `${ticks.length} marks in ${span} s`);
        assert.equal(new Set(ticks.map(({ label }) => label)).size, ticks.length, JSON.stringify(ticks));
        for (const [i, { time, label }] of ticks.entries()) {
          assert.ok(time >= end - span * 1000 && time < end);
          assert.ok(new Date(time).toISOString().includes(label), `${label} at ${time}`);
          // Months are not of one length.
          if (i > 0) assert.ok(time - ticks[i - 1]!.time >= 0.9 * distance);
        }
      }
    });

    it("fits, with example 01, beside the sidebars of a window of 1180 pixels", async () => {
      const port = await freePort();
      const nodes = EXAMPLE.map((node) => ({
        ...node,
        ...(node.type === "datalink-connection" ? {} : { z: "first" }),
      }));
      const own = nodes.map((node) => {
        if (node.type === "datalink-server") return { ...node, port: String(port) };
        return node.type === "datalink-connection" ? { ...node, address: `127.0.0.1:${port}` } : node;
      });
      await using other = await NodeRed.start({
        version,
        flows: [{ id: "first", type: "tab", label: "First" }, ...own],
      });
      await using small = await Editor.open(other.url, { viewport: { width: 1180, height: 820 } });
      await small.page.locator(".waveform-trace").first().waitFor();
      const right = await small.page.evaluate<number>(
        `Math.max(...[...document.querySelectorAll(".red-ui-flow-node, .waveform-paper")].map((each) => each.getBoundingClientRect().right))`,
      );
      const edge = await small.page.evaluate<number>(
        `document.elementsFromPoint(1170, 400).at(0).closest("#red-ui-sidebar, #red-ui-sidebar-container, [id^=red-ui-sidebar]").getBoundingClientRect().left`,
      );
      assert.ok(right <= edge, `the flow reaches to ${right}, the sidebar begins at ${edge}`);
      assert.deepEqual(small.errors, []);
    });

    it("is readable on a light and on a dark ground", async () => {
      /** Of the ground, of a stream's name, and of the other texts. */
      const colours = () =>
        editor.page.evaluate(() => {
          const pixel = document.createElement("canvas").getContext("2d")!;
          return [".waveform-paper", ".waveform-id", ".waveform-end"].map((selector) => {
            pixel.fillStyle = getComputedStyle(document.querySelector(selector)!).fill;
            pixel.fillRect(0, 0, 1, 1);
            return `rgb(${pixel.getImageData(0, 0, 1, 1).data.slice(0, 3).join()})`;
          });
        });
      const isReadable = ([ground, ...texts]: string[]) => {
        for (const colour of texts) assert.ok(contrast(colour, ground!) > READABLE, `${colour} on ${ground}`);
      };
      isReadable(await colours());
      if (version !== "5") return;
      const paper = `getComputedStyle(document.querySelector(".waveform-paper")).fill`;
      const light = await editor.page.evaluate<string>(paper);
      await editor.page.evaluate("document.documentElement.classList.add('nr-theme-dark')");
      await editor.page.waitForFunction(`${paper} !== "${light}"`);
      isReadable(await colours());
    });

    it("leaves no error in the browser and no complaint in the log", () => {
      assert.deepEqual(editor.errors, []);
      assert.deepEqual(nodeRed.complaints(), []);
    });
  });
}
