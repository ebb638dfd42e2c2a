// The examples that need a world around them, in a real Node-RED: a server that plays Telegram, one that plays fdsnws, a disk that is
// too small, and the dashboard of others.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { packRecords, readRecords } from "../../lib/mseed/index.ts";
import { BrowserPage, needsChromium } from "../support/editor/browser.ts";
import { freePort, NodeRed } from "../support/node-red.ts";

const run = promisify(execFile);
const ROOT = path.join(__dirname, "../..");

interface ExampleNode {
  id: string;
  type: string;
  name?: string;
  x?: number;
  z?: string;
  port?: string;
  address?: string;
}

/** An example on a tab of its own, with its server on a port that is free. */
async function flowOf(name: string): Promise<ExampleNode[]> {
  const file = path.join(ROOT, "examples", `${name}.json`);
  const nodes = JSON.parse(readFileSync(file, "utf8")) as ExampleNode[];
  const port = String(await freePort());
  for (const node of nodes) {
    if (node.x !== undefined) node.z = "tab";
    if (node.type === "datalink-server") node.port = port;
    if (node.address !== undefined) node.address = `127.0.0.1:${port}`;
  }
  return [{ id: "tab", type: "tab" }, ...nodes];
}

/** What is in the log; readers say there that the server has nothing for them yet. */
const complaintsOf = (nodeRed: NodeRed): string[] =>
  nodeRed.complaints().filter((line) => !/No stream of \S+ matches/.test(line));

const idOf = (flow: ExampleNode[], name: string): string => flow.find((node) => node.name === name)!.id;

/** A web server on this machine; `url` is its address. */
async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<AsyncDisposable & { url: string; server: Server }> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Resolves when the answer is not `undefined` any more. */
async function eventually<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  const until = Date.now() + 30_000;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > until) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe("example 13 - Alarm by mail and Telegram", function () {
  this.timeout(300_000);

  it("sends a sentence to Telegram's API when the ground shakes, once", async () => {
    const posts: { url: string; body: string; type: string | undefined }[] = [];
    await using telegram = await listen((request, response) => {
      let body = "";
      request.on("data", (text) => {
        body += text;
      });
      request.on("end", () => {
        posts.push({ url: request.url!, body, type: request.headers["content-type"] });
        response.setHeader("content-type", "application/json");
        response.end('{"ok":true}');
      });
    });
    const flows = await flowOf("13 - Alarm by mail and Telegram");
    const env = { TELEGRAM_API: telegram.url, TELEGRAM_TOKEN: "123:secret", TELEGRAM_CHAT: "42" };
    await using nodeRed = await NodeRed.start({ flows, env });
    await nodeRed.request(`/inject/${idOf(flows, "shake!")}`, { method: "POST" });
    await once(telegram.server, "request");
    const [post] = await eventually("the alarm", async () => (posts.length > 0 ? posts : undefined));
    assert.equal(post!.url, "/bot123:secret/sendMessage");
    assert.match(post!.type!, /json/);
    const { chat_id, text } = JSON.parse(post!.body) as { chat_id: string; text: string };
    assert.equal(chat_id, "42");
    assert.match(
      text,
      /^Shaking at XX_QUAKE_00_H_H_Z, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: \d+\.\d times louder than before, peak so far \d+ counts\.$/,
    );
    // The rest of the shaking is the same event.
    await nodeRed.request(`/inject/${idOf(flows, "shake!")}`, { method: "POST" });
    await new Promise((resolve) => setTimeout(resolve, 6000));
    assert.equal(posts.length, 1);
    assert.ok(!nodeRed.log.join("\n").includes("secret"), "the token is in the log");
    assert.deepEqual(complaintsOf(nodeRed), []);
  });

  it("says in words that Telegram does not take it, without the token", async () => {
    await using telegram = await listen((_request, response) => {
      response.statusCode = 401;
      response.setHeader("content-type", "application/json");
      response.end('{"ok":false,"error_code":401,"description":"Unauthorized"}');
    });
    const flows = await flowOf("13 - Alarm by mail and Telegram");
    // Without its Catch node, what it would get is in the log.
    const uncaught = flows.filter(({ type }) => type !== "catch");
    const env = { TELEGRAM_API: telegram.url, TELEGRAM_TOKEN: "123:secret", TELEGRAM_CHAT: "42" };
    await using nodeRed = await NodeRed.start({ flows: uncaught, env });
    await nodeRed.request(`/inject/${idOf(flows, "shake!")}`, { method: "POST" });
    const line = await nodeRed.logged(/Telegram does not take it/);
    assert.match(line, /401 Unauthorized/);
    assert.ok(!nodeRed.log.join("\n").includes("secret"), "the token is in the log");
  });
});

describe("example 14 - Silent station", function () {
  this.timeout(300_000);

  it("tells once that a station is silent, and once that it is back", async () => {
    const flows = await flowOf("14 - Silent station");
    Object.assign(flows.find(({ name }) => name === "silent or back")!, { console: true });
    await using nodeRed = await NodeRed.start({ flows });
    const { port } = flows.find(({ type }) => type === "datalink-server")!;
    // It listens soon after Node-RED has started.
    await using dali = await eventually("the flow's server", () =>
      DataLinkClient.connect(`127.0.0.1:${port}`).catch(() => undefined),
    );
    await eventually("packets of both stations", async () =>
      (await dali.info("STREAMS")).totalStreams === 2 ? true : undefined,
    );
    await nodeRed.request(`/inject/${idOf(flows, "BRAVO fails")}`, { method: "POST" });
    await nodeRed.logged(/XX_BRAVO_00_B_H_Z\/MSEED3 is silent since \d{4}-/);
    await nodeRed.request(`/inject/${idOf(flows, "BRAVO works again")}`, { method: "POST" });
    await nodeRed.logged(/XX_BRAVO_00_B_H_Z\/MSEED3 is back/);
    assert.equal(nodeRed.log.filter((line) => /is silent|is back/.test(line)).length, 2);
    assert.deepEqual(complaintsOf(nodeRed), []);
  });
});

describe("example 15 - Backfill from an FDSN web service", function () {
  this.timeout(300_000);
  const HOUR = 3_600_000;

  it("archives what the service has, asks again where it is busy, and goes on where it has nothing", async () => {
    const asked: string[] = [];
    await using service = await listen((request, response) => {
      const { searchParams } = new URL(request.url!, "http://127.0.0.1");
      const [start, end] = [searchParams.get("start")!, searchParams.get("end")!];
      asked.push(start.slice(11, 13));
      assert.equal(Date.parse(`${end}Z`) - Date.parse(`${start}Z`), HOUR);
      if (asked.length === 1) {
        response.statusCode = 503;
        response.end("busy");
        return;
      }
      if (start.includes("T08")) {
        response.statusCode = 404;
        response.end();
        return;
      }
      const samples = Int32Array.from({ length: 3600 }, (_, i) => (i * 7919) % 1000);
      const series = { sourceId: "FDSN:IU_ANMO_00_L_H_Z", startTime: `${start}Z`, sampleRate: 1, samples };
      response.end(Buffer.concat([...packRecords(series, { formatVersion: 2, recordLength: 512 })]));
    });
    const flows = await flowOf("15 - Backfill from an FDSN web service");
    await using nodeRed = await NodeRed.start({
      flows,
      env: { FDSN_SERVICE: `${service.url}/fdsnws/dataselect/1/query` },
    });
    assert.equal(asked.length, 0, "it asks before it is told to");
    await nodeRed.request(`/inject/${idOf(flows, "fetch")}`, { method: "POST" });
    const file = path.join(nodeRed.userDir, "sds/2024/IU/ANMO/LHZ.D/IU.ANMO.00.LHZ.D.2024.001");
    const bytes = await eventually("the archive", async () => readFile(file).catch(() => undefined));
    let count = 0;
    for (const record of readRecords(bytes)) count += record.sampleCount;
    assert.equal(count, 3600);
    assert.deepEqual(
      asked.sort((a, b) => Number(a) - Number(b)),
      ["07", "07", "08"],
    );
    assert.deepEqual(complaintsOf(nodeRed), []);
  });
});

describe("example 16 - Archive that keeps its size", function () {
  this.timeout(300_000);

  it("deletes the oldest days of the archive that it writes", async () => {
    const flows = await flowOf("16 - Archive that keeps its size");
    const now = flows.find(({ name }) => name === "now") as ExampleNode & { props: object[] };
    now.props = [{ p: "limit", v: "0", vt: "num" }];
    await using nodeRed = await NodeRed.start({ flows });
    const archive = path.join(nodeRed.userDir, "sds");
    const old = path.join(archive, "2020/XX/SWELL/BHZ.D");
    mkdirSync(old, { recursive: true });
    writeFileSync(path.join(old, "XX.SWELL.00.BHZ.D.2020.001.gz"), "old");
    writeFileSync(path.join(old, "XX.SWELL.00.BHZ.D.2020.002"), "old");
    const today = String(new Date().getUTCFullYear());
    const written = () =>
      readdirSync(archive, { recursive: true, encoding: "utf8" }).filter((file) =>
        file.includes(`D.${today}.`),
      );
    await eventually("a record in the archive", async () => written()[0]);
    await eventually("the oldest day is gone", async () => {
      await nodeRed.request(`/inject/${idOf(flows, "now")}`, { method: "POST" });
      return readdirSync(old).length < 2 ? true : undefined;
    });
    // Of the three days the last two stay.
    assert.deepEqual(readdirSync(old), ["XX.SWELL.00.BHZ.D.2020.002"]);
    assert.ok(written().length > 0);
  });
});

const DASHBOARD = "@flowfuse/node-red-dashboard";

/** The dashboard's folder, installed into a cache; `undefined` where it cannot be had. */
async function dashboardFolder(): Promise<string | undefined> {
  const folder = path.join(ROOT, "node_modules/.cache/dashboard");
  const installed = path.join(folder, "node_modules", DASHBOARD);
  if (existsSync(path.join(installed, "package.json"))) return installed;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), '{"private":true}');
  const options = ["--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"];
  try {
    await run("npm", ["install", ...options, `${DASHBOARD}@1`], { cwd: folder });
  } catch {
    return undefined;
  }
  return installed;
}

describe("examples with the dashboard of others", function () {
  this.timeout(300_000);
  let folder: string;

  before(async function () {
    needsChromium(this);
    const found = await dashboardFolder();
    if (found === undefined) {
      this.test!.parent!.title += ": the dashboard could not be fetched";
      this.skip();
    }
    folder = found;
  });

  it("17: shows each stream with its latency, and a trace of few points", async () => {
    const flows = await flowOf("17 - Dashboard");
    await using nodeRed = await NodeRed.start({ flows, others: { [DASHBOARD]: folder } });
    await using browser = await BrowserPage.blank();
    const { page } = browser;
    await page.goto(`${nodeRed.url}/dashboard/seismic`);
    const row = page.locator("tbody tr").filter({ hasText: "XX_DEMO_00_H_H_Z" });
    await row.getByText(/^\d+\.\d s$/).waitFor();
    assert.equal(await page.locator("tbody tr").count(), 3);
    assert.match((await row.textContent())!, /\d+\.\d sok\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    const chart = page.locator(".nrdb-ui-chart canvas").first();
    await chart.waitFor();
    // It moves.
    const before = await chart.screenshot();
    await eventually("another picture", async () =>
      (await chart.screenshot()).equals(before) ? undefined : true,
    );
    assert.deepEqual(complaintsOf(nodeRed), []);
    assert.deepEqual(browser.errors, []);
  });

  it("26: frames the seismograph page, which goes on drawing there", async () => {
    const flows = await flowOf("26 - Seismograph page in a dashboard");
    await using nodeRed = await NodeRed.start({ flows, others: { [DASHBOARD]: folder } });
    await using browser = await BrowserPage.blank();
    const { page } = browser;
    await page.goto(`${nodeRed.url}/dashboard/seismograms`);
    const canvas = page.frameLocator("iframe").locator(".picture canvas[data-pictures]");
    await canvas.waitFor();
    const pictures = async () => Number(await canvas.getAttribute("data-pictures"));
    const before = await pictures();
    await eventually("another picture", async () => ((await pictures()) > before ? true : undefined));
    assert.deepEqual(complaintsOf(nodeRed), []);
    assert.deepEqual(browser.errors, []);
  });
});
