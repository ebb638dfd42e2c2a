// What `npm start` opens: the demo, as a newcomer meets it, and its flow as an example to import.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { Editor, needsChromium } from "../../support/editor/editor.ts";
import { newFolder } from "../../support/folders.ts";
import { freePort, NodeRed, needsNodeRed, PACKAGE, VERSIONS } from "../../support/node-red.ts";

const DEMO = path.join(__dirname, "../../../examples/demo.js");
const EXAMPLES = path.join(__dirname, "../../../examples");

/** What shows that an example does what it is for: a message of this Debug node, or else that traces move. */
const PROOF: Record<string, string | undefined> = {
  "01 - First flow": undefined,
  "02 - Write and read JSON": "read",
  "03 - Archive reliably": "archived",
  "04 - SDS archive": "archived",
  "05 - State of health to JSON Lines": "low voltage",
  "06 - Relay between two servers": undefined,
  "07 - Server status": "latencies",
  "12 - Files from disk": "archived",
  "13 - Alarm by mail and Telegram": "alarm",
  "21 - Seismometer to phone alert": undefined,
  "22 - Volcano tremor alarm": "RSAM of each station",
  "23 - Silent stations by mail": "report",
  "29 - Picture when the earth shakes": "mail: picture, name, words",
};

/** Those that do nothing by themselves, or need a world around them: test/slow/examples.spec.ts has it. */
const QUIET = [
  "08 - Live from EarthScope",
  "09 - Raspberry Shake by SeedLink",
  "10 - Data center to SDS archive",
  "11 - Raspberry Shake by UDP",
  "14 - Silent station",
  "15 - Backfill from an FDSN web service",
  "16 - Archive that keeps its size",
  "24 - Replay an earthquake",
  "25 - Seismograph page",
];
/** Complete, and of use only with servers of a cluster: test/nodes/jetstream has one. */
const OF_CLUSTERS = ["27 - Scale out, source", "28 - Scale out, worker"];
/** Cannot be imported without the package that it is about. */
const OF_OTHERS = ["17 - Dashboard", "26 - Seismograph page in a dashboard"];

/** The demo's process, and what it has printed. */
class Demo {
  readonly process: ChildProcess;
  output = "";

  constructor(environment: Record<string, string>) {
    this.process = spawn(process.execPath, [DEMO], { env: { ...process.env, ...environment } });
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
  }

  /** Resolves when it has printed what fits; rejects if it ends before. */
  async prints(pattern: RegExp): Promise<void> {
    const ended = once(this.process, "close").then(() => "ended" as const);
    while (!pattern.test(this.output)) {
      const next = await Promise.race([once(this.process.stdout!, "data"), ended]);
      if (next === "ended" && !pattern.test(this.output)) throw new Error(`The demo ended:\n${this.output}`);
    }
  }

  /** What it exits with, by itself or after Ctrl-C. */
  async exit(signal?: "SIGINT"): Promise<number | null> {
    const closed = this.process.exitCode === null ? once(this.process, "close") : undefined;
    if (signal) this.process.kill(signal);
    await closed;
    return this.process.exitCode;
  }
}

async function occupy(port: number): Promise<net.Server> {
  const server = net.createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Resolves when there is a line more in the file than at the first look. */
async function grows(page: Editor["page"], file: string): Promise<string[]> {
  const read = async () => (await readFile(file, "utf8").catch(() => "")).split("\n").slice(0, -1);
  const before = (await read()).length;
  for (let tries = 0; tries < 60; tries++) {
    const lines = await read();
    if (lines.length > before) return lines;
    await page.waitForTimeout(500);
  }
  throw new Error(`${file} has ${before} lines, and gets no more`);
}

/** The archive's file of this hour. */
function archiveFile(userDir: string): string {
  const now = new Date();
  const day = Math.floor((now.getTime() - Date.UTC(now.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
  const [year, ordinal] = [now.getUTCFullYear(), String(day).padStart(3, "0")];
  const name = `XX.DEMO..SOH.${year}.${ordinal}.${String(now.getUTCHours()).padStart(2, "0")}.jsonl`;
  return path.join(userDir, "archive/XX/DEMO", String(year), ordinal, name);
}

/** Resolves when all traces, at least so many, show something else than now. */
async function tracesMove({ page }: Editor, count = 1): Promise<void> {
  await page.waitForFunction(`document.querySelectorAll('.waveform-trace').length >= ${count}`);
  const traces = "[...document.querySelectorAll('.waveform-trace')].map((trace) => trace.getAttribute('d'))";
  const before = await page.evaluate<string[]>(traces);
  await page.waitForFunction(`${traces}.every((d, i) => d !== ${JSON.stringify(before)}[i])`);
}

describe("npm start", () => {
  let folder: string;
  let environment: Record<string, string>;
  let ports: number[];

  beforeEach(async () => {
    folder = newFolder();
    ports = [await freePort(), await freePort()];
    environment = { DEMO_DIR: folder, PORT: String(ports[0]), DATALINK_PORT: String(ports[1]) };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("opens the demo flow running: traces move, the archive grows, Ctrl-C ends it", async function () {
    needsChromium(this);
    const demo = new Demo(environment);
    try {
      await demo.prints(/Stop +Ctrl-C/);
      assert.match(demo.output, /^\nNode-RED 5\.\d+\.\d+ is running with the demo flow\.$/m);
      assert.ok(demo.output.includes(`http://127.0.0.1:${ports[0]}`));
      assert.ok(demo.output.includes(`datalink://127.0.0.1:${ports[1]}`));
      assert.ok(demo.output.includes(folder));
      await using editor = await Editor.open(`http://127.0.0.1:${ports[0]}`);
      await tracesMove(editor, 3);
      const picture = (await editor.page.locator(".waveform-picture").textContent())!;
      assert.match(picture, /XX_DEMO_00_H_H_E100 Hz±\d+latency \d\.\d s/);
      const lines = await grows(editor.page, archiveFile(folder));
      assert.deepEqual(Object.keys(JSON.parse(lines.at(-1)!)), [
        "time",
        "voltage",
        "temperature",
        "diskFree",
      ]);
      await editor.action("core:show-import-dialog");
      await editor.page.click("#red-ui-clipboard-dialog-import-tabs >> text=Examples");
      const tree = editor.page.locator("#red-ui-clipboard-dialog-import-tab-examples");
      await tree.getByText(PACKAGE).click();
      await tree.getByText("01 - First flow").waitFor();
      assert.deepEqual(editor.errors, []);
    } finally {
      assert.equal(await demo.exit("SIGINT"), 0);
    }
    // Not a word about anything that went wrong.
    assert.match(demo.output, /Ctrl-C\n\nStopping\.\n$/);
  });

  it("starts again with the flow as it was left", async () => {
    for (const label of ["First flow", "Mine"]) {
      const demo = new Demo(environment);
      await demo.prints(/Stop +Ctrl-C/);
      const { flows, rev } = (await (
        await fetch(`http://127.0.0.1:${ports[0]}/flows`, { headers: { "Node-RED-API-Version": "v2" } })
      ).json()) as { rev: string; flows: { type: string; label?: string }[] };
      const tab = flows.find(({ type }) => type === "tab")!;
      assert.equal(tab.label, label);
      tab.label = "Mine";
      await fetch(`http://127.0.0.1:${ports[0]}/flows`, {
        method: "POST",
        headers: { "Node-RED-API-Version": "v2", "content-type": "application/json" },
        body: JSON.stringify({ flows, rev }),
      });
      assert.equal(await demo.exit("SIGINT"), 0);
    }
  });

  const busy: [string, number, string][] = [
    ["PORT", 0, "the editor"],
    ["DATALINK_PORT", 1, "the flow's DataLink server"],
  ];
  for (const [variable, which, purpose] of busy) {
    it(`says in a sentence that the port of ${purpose} is taken`, async () => {
      const server = await occupy(ports[which]!);
      const demo = new Demo(environment);
      assert.equal(await demo.exit(), 1);
      server.close();
      const port = ports[which]!;
      assert.equal(
        demo.output,
        `Port ${port} for ${purpose} cannot be had: another program uses it. ` +
          `Stop that program, or choose another port: ${variable}=${port + 1} npm start\n`,
      );
    });
  }

  it("says in a sentence what is wrong with its settings", async () => {
    const demo = new Demo({ ...environment, PORT: "high" });
    assert.equal(await demo.exit(), 1);
    assert.equal(demo.output, 'PORT is "high": it must be a number from 1 to 65535.\n');
  });
});

/** What the page knows of the nodes of the tab that it shows. */
const ON_TAB = "RED.nodes.filterNodes({ z: RED.workspaces.active() })";

/** Gives the servers of the shown tab, and the connections to them, ports that are free on this machine. */
async function moveToFreePorts({ page }: Editor): Promise<void> {
  const ports = await page.evaluate<string[]>(
    `${ON_TAB}.filter((n) => n.type === "datalink-server").map((n) => n.port)`,
  );
  for (const port of ports) {
    const free = await freePort();
    await page.evaluate(`{
      for (const n of ${ON_TAB}) if (n.type === "datalink-server" && n.port === "${port}") n.port = "${free}";
      RED.nodes.eachConfig((n) => { if (n.address === "127.0.0.1:${port}") n.address = "127.0.0.1:${free}"; });
    }`);
  }
}

for (const version of VERSIONS) {
  describe(`each example, imported in Node-RED ${version}`, () => {
    let nodeRed: NodeRed;
    let editor: Editor;

    before(async function () {
      this.timeout(300_000);
      needsChromium(this);
      await needsNodeRed(this, version);
      nodeRed = await NodeRed.start({ version });
      editor = await Editor.open(nodeRed.url);
      await editor.page.evaluate(
        "{ window.debugged = []; RED.comms.subscribe('debug', (_, m) => debugged.push(m.name)); }",
      );
    });
    after(async () => {
      await editor?.close();
      await nodeRed?.stop();
    });

    async function importOnNewTab(name: string): Promise<void> {
      const tab = await editor.page.evaluate<string>("RED.workspaces.active()");
      await editor.action("core:add-flow");
      await editor.page.waitForFunction(`RED.workspaces.active() !== "${tab}"`);
      await editor.importExample(PACKAGE, name, { x: 40, y: 40 });
      const nodes = JSON.parse(readFileSync(path.join(EXAMPLES, `${name}.json`), "utf8")) as { x?: number }[];
      const count = nodes.filter(({ x }) => x !== undefined).length;
      await editor.page.waitForFunction(`${ON_TAB}.length === ${count}`);
      assert.deepEqual(
        await editor.page.evaluate(`${ON_TAB}.filter((n) => !n.valid).map((n) => n.type)`),
        [],
      );
    }

    /** Presses an Inject node's button, as soon as the node is there: a deploy is answered before its nodes are made. */
    async function inject(id: string): Promise<void> {
      for (let tries = 0; ; tries++) {
        try {
          return await nodeRed.request(`/inject/${id}`, { method: "POST" });
        } catch (error) {
          if (tries === 100 || !String(error).includes("404")) throw error;
          await editor.page.waitForTimeout(100);
        }
      }
    }

    for (const [name, proof] of Object.entries(PROOF)) {
      it(`${name}: does what it is for as soon as it is deployed`, async () => {
        await importOnNewTab(name);
        await moveToFreePorts(editor);
        await editor.deploy();
        await editor.page.evaluate("debugged.length = 0");
        if (proof === undefined) return tracesMove(editor);
        const button = `${ON_TAB}.find((n) => n.type === "inject" && !n.once)?.id`;
        const id = await editor.page.evaluate<string | undefined>(button);
        if (id) await inject(id);
        await editor.page.waitForFunction(`debugged.includes("${proof}")`);
      });
    }

    for (const name of QUIET) {
      it(`${name}: is complete, and silent until it is told to begin`, async () => {
        await importOnNewTab(name);
        await moveToFreePorts(editor);
        await editor.deploy();
      });
    }

    for (const name of OF_CLUSTERS) {
      it(`${name}: is complete`, async () => {
        await importOnNewTab(name);
      });
    }

    it("is in one of these lists", () => {
      const files = readdirSync(EXAMPLES).filter((file) => file.endsWith(".json"));
      assert.deepEqual(
        files.map((file) => file.replace(/\.json$/, "")),
        [...Object.keys(PROOF), ...QUIET, ...OF_CLUSTERS, ...OF_OTHERS].sort(),
      );
    });

    it("leaves no error in the browser, and no complaint in the log", () => {
      assert.deepEqual(editor.errors, []);
      // Readers say so while the server has nothing for them yet, or a station nothing for seconds, and a picture that is due after the
      // next deploy is given up.
      const expected =
        /No stream of \S+ matches|No data has come for|pictures that it waited with are not made/;
      const complaints = nodeRed.complaints().filter((line) => !expected.test(line));
      assert.deepEqual(complaints, []);
    });
  });
}
