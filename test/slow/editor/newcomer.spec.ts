// A newcomer's way from an empty folder, by the mouse and with as few actions as there are: to one's own waveform, to an archive,
// to an alarm. An action is a click, a double click, a drag, or a field that is filled in.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { DataLinkServer, packRecords } from "../../../lib/index.ts";
import { Dialogs } from "../../support/editor/dialogs.ts";
import { Editor, needsChromium } from "../../support/editor/editor.ts";
import { NodeRed, needsNodeRed, VERSIONS } from "../../support/node-red.ts";

const SOURCE = "FDSN:XX_MINE_00_H_H_Z";
const RATE = 20;
const RECORD_SECONDS = 10;
const QUIET_SECONDS = 90;
const SECONDS = 120;

/** How many actions each way may take. */
const MOST = { waveform: 13, archive: 8, alarm: 12 };

/** Somebody with a mouse, whose actions are counted. */
class Newcomer {
  actions = 0;
  readonly #editor: Editor;
  readonly #dialogs: Dialogs;

  constructor(editor: Editor) {
    this.#editor = editor;
    this.#dialogs = new Dialogs(editor);
  }

  async drag(type: string, x: number, y: number): Promise<string> {
    this.actions++;
    return await this.#dialogs.drag(type, x, y);
  }

  /** From a node's first output to another's input. */
  async wire(from: string, to: string): Promise<void> {
    this.actions++;
    const { page } = this.#editor;
    const start = (await page.locator(`[id="${from}"] .red-ui-flow-port-output`).first().boundingBox())!;
    const end = (await page.locator(`[id="${to}"] .red-ui-flow-port-input`).first().boundingBox())!;
    await page.mouse.move(start.x + 5, start.y + 5);
    await page.mouse.down();
    await page.mouse.move(end.x + 5, end.y + 5, { steps: 10 });
    await page.mouse.up();
  }

  async openDialog(id: string): Promise<void> {
    this.actions++;
    await this.#dialogs.openDialog(id);
  }

  async click(selector: string): Promise<void> {
    this.actions++;
    await this.#editor.page.click(selector);
  }

  async fill(selector: string, text: string): Promise<void> {
    this.actions++;
    await this.#editor.page.fill(selector, text);
  }

  async done(): Promise<void> {
    this.actions++;
    await this.#dialogs.done();
  }

  async deploy(): Promise<void> {
    this.actions++;
    await this.#editor.deploy();
  }
}

/** Two minutes of a sensor, quiet at first, then shaken. */
function records(): Uint8Array[] {
  const samples = Int32Array.from({ length: SECONDS * RATE }, (_, i) => {
    const loud = i > QUIET_SECONDS * RATE ? 10_000 : 10;
    return Math.round(loud * Math.sin(i) * Math.cos(i * 7));
  });
  const begin = Date.now() - SECONDS * 1000;
  const length = RECORD_SECONDS * RATE;
  return Array.from({ length: SECONDS / RECORD_SECONDS }, (_, i) => {
    const startTime = new Date(begin + i * RECORD_SECONDS * 1000);
    const part = samples.subarray(i * length, (i + 1) * length);
    const series = { sourceId: SOURCE, startTime, sampleRate: RATE, samples: part };
    return [...packRecords(series, { formatVersion: 2, recordLength: 512 })];
  }).flat();
}

for (const version of VERSIONS) {
  describe(`a newcomer to Node-RED ${version}`, () => {
    let server: DataLinkServer;
    let nodeRed: NodeRed;
    let editor: Editor;

    before(async function () {
      this.timeout(300_000);
      needsChromium(this);
      await needsNodeRed(this, version);
      server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
      nodeRed = await NodeRed.start({ version });
      editor = await Editor.open(nodeRed.url);
    });
    after(async () => {
      await editor?.close();
      await nodeRed?.stop();
      await server?.close();
    });

    /** What a sensor sends, once the flow reads. */
    async function sense(id: string): Promise<void> {
      const status = editor.page.locator(`[id="${id}"] .red-ui-flow-node-status-label`);
      await status.filter({ hasText: /^streaming/ }).waitFor();
      for (const payload of records()) {
        server.write({ streamId: `${SOURCE}/MSEED`, dataStart: Date.now() * 1000, payload });
      }
    }

    beforeEach(async () => {
      await nodeRed.deploy([{ id: "empty", type: "tab", label: "empty" }]);
      await new Dialogs(editor).reload();
    });
    afterEach(() => assert.deepEqual(editor.errors.splice(0), [], "errors in the browser's console"));

    /** A node that reads from the server, with all that it needs. */
    async function reader(newcomer: Newcomer, type: string): Promise<string> {
      const source = await newcomer.drag(type, 160, 80);
      await newcomer.openDialog(source);
      await newcomer.fill("#datalink-first-address", `127.0.0.1:${server.port}`);
      await newcomer.done();
      return source;
    }

    for (const type of ["datalink-in", "seedlink-in"]) {
      it(`gets the own waveform from ${type} in at most ${MOST.waveform} actions`, async () => {
        const newcomer = new Newcomer(editor);
        const source = await reader(newcomer, type);
        const decode = await newcomer.drag("mseed-decode", 400, 80);
        const picture = await newcomer.drag("waveform", 600, 80);
        await newcomer.wire(source, decode);
        await newcomer.wire(decode, picture);
        await newcomer.deploy();
        await sense(source);
        await editor.page.locator(".waveform-trace").first().waitFor();
        assert.ok(newcomer.actions <= MOST.waveform, `${newcomer.actions} actions`);
      });
    }

    it(`gets an SDS archive in at most ${MOST.archive} actions`, async () => {
      const newcomer = new Newcomer(editor);
      const source = await reader(newcomer, "datalink-in");
      const archive = await newcomer.drag("mseed-archive", 450, 80);
      await newcomer.wire(source, archive);
      await newcomer.deploy();
      await sense(source);
      const status = editor.page.locator(`[id="${archive}"] .red-ui-flow-node-status-label`);
      await status.filter({ hasText: /packets/ }).waitFor();
      const year = String(new Date().getUTCFullYear());
      const folder = path.join(nodeRed.userDir, "archive", year, "XX/MINE/HHZ.D");
      assert.ok(existsSync(folder), folder);
      assert.ok(newcomer.actions <= MOST.archive, `${newcomer.actions} actions`);
    });

    it(`gets an alarm in at most ${MOST.alarm} actions`, async () => {
      const newcomer = new Newcomer(editor);
      const source = await reader(newcomer, "datalink-in");
      const decode = await newcomer.drag("mseed-decode", 360, 80);
      const trigger = await newcomer.drag("signal-trigger", 560, 80);
      const alarm = await newcomer.drag("debug", 760, 80);
      await newcomer.wire(source, decode);
      await newcomer.wire(decode, trigger);
      await newcomer.wire(trigger, alarm);
      await newcomer.deploy();
      await editor.action("core:show-debug-tab");
      await sense(source);
      await editor.page.locator(`.red-ui-debug-msg-node-${alarm}`).first().waitFor();
      assert.ok(newcomer.actions <= MOST.alarm, `${newcomer.actions} actions`);
    });

    it("makes the first connection that way, which undo takes back, and finds it chosen from then on", async () => {
      const newcomer = new Newcomer(editor);
      const dialogs = new Dialogs(editor);
      const connections = () =>
        editor.page.evaluate<number>(
          "RED.nodes.filterNodes ? (() => { let n = 0; RED.nodes.eachConfig((c) => { if (c.type === 'datalink-connection') n++; }); return n; })() : -1",
        );
      const source = await reader(newcomer, "datalink-in");
      assert.deepEqual(await dialogs.faults(source), []);
      assert.equal(await connections(), 1);
      await newcomer.openDialog(source);
      assert.equal(await editor.page.locator("#datalink-first-address").count(), 0);
      await dialogs.cancel();
      const other = await newcomer.drag("datalink-out", 400, 200);
      await newcomer.openDialog(other);
      await newcomer.done();
      assert.deepEqual(await dialogs.faults(other), []);
      for (let i = 0; i < 3; i++) await editor.action("core:undo");
      assert.equal(await connections(), 0);
    });
  });
}
