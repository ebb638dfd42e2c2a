// The node seismograph-page: its page comes and goes with deploys, remembers across them, and says what it does.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Express } from "express";
import type { NodeAPI } from "node-red";
import { packRecords } from "../../lib/mseed/pack.ts";
import type { MarksFrame } from "../../lib/seismograph/frames.ts";
import seismographPage from "../../nodes/seismograph-page.ts";
import { FrameStream } from "../seismograph/helpers.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { newFolder } from "../support/folders.ts";

const SECOND = 1000;
const ID = "XX_DEMO_00_H_H_Z";

/** A record of the second `ago` seconds before now, as mseed decode sends it. */
function record(ago: number, more: object = {}) {
  const start = Math.floor(Date.now() / SECOND) * SECOND - ago * SECOND;
  const samples = Int32Array.from({ length: 100 }, (_, i) => 1000 + ((i * 37) % 50));
  return {
    sourceId: `FDSN:${ID}`,
    startTime: new Date(start).toISOString(),
    sampleRate: 100,
    samples,
    ...more,
  };
}

describe("seismograph-page", () => {
  let httpNode: Express;
  let flow: Flow;

  const module = (RED: NodeAPI) => {
    httpNode = RED.httpNode;
    return seismographPage(RED);
  };

  async function start(settings: object, options: Parameters<typeof startFlow>[2] = {}): Promise<void> {
    const page = {
      id: "page",
      type: "seismograph-page",
      version: 1,
      name: "",
      path: "/seismo",
      ...settings,
      wires: [],
    };
    flow = await startFlow(
      [module],
      [
        page,
        { id: "catch", type: "catch", scope: ["page"], wires: [["done"]] },
        { id: "complete", type: "complete", scope: ["page"], wires: [["done"]] },
        { id: "done", type: "helper", wires: [] },
      ],
      options,
    );
  }

  /** What the routes of HTTP nodes answer. */
  function ask(target: string): Promise<{ status: number; location: string | undefined; body: string }> {
    return new Promise((resolve, reject) => {
      const server = httpNode.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as { port: number };
        fetch(`http://127.0.0.1:${port}${target}`, { redirect: "manual" })
          .then(async (response) => {
            const location = response.headers.get("location") ?? undefined;
            resolve({ status: response.status, location, body: await response.text() });
          })
          .catch(reject)
          .finally(() => server.close());
      });
    });
  }

  const routes = () => (httpNode as unknown as { _router: { stack: unknown[] } })._router.stack.length;

  /** Gives a message to the node, and waits until it is done with it. */
  async function receive(payload: unknown, more: object = {}): Promise<void> {
    flow.node("page").receive({ payload, ...more });
    const { error } = await flow.inbox("done").next();
    if (error) throw Object.assign(new Error(error.message), error);
  }

  afterEach(async () => {
    await flow.stop();
  });

  it("has its page at its path, and no trace of it when it is stopped", async () => {
    await start({});
    const withPage = routes();
    assert.deepEqual(await ask("/seismo?wall"), { status: 302, location: "seismo/?wall", body: "" });
    assert.equal((await ask("/seismo/text?format=plain")).status, 200);
    assert.equal((await ask("/seismograph/text")).status, 404);
    await flow.stop();
    assert.equal(routes(), withPage - 1);
    assert.equal((await ask("/seismo/text")).status, 404);
    await start({});
    assert.equal(routes(), withPage);
  });

  it("shows records, raw or decoded, triggers and earthquakes, and fails what is none", async () => {
    await start({});
    await receive(record(3));
    const bytes = [...packRecords({ ...record(2), sourceId: "FDSN:XX_RAW_00_H_H_Z" })];
    await receive(Buffer.concat(bytes));
    await receive({ event: "on", id: "t", sourceId: `FDSN:${ID}`, onTime: record(3).startTime, ratio: 4.25 });
    // A catalogue in which nothing has happened.
    await receive({ type: "FeatureCollection", features: [] });
    await receive({ id: "q", time: Date.now(), latitude: 1, longitude: 1, magnitude: 5, place: "Sea" });
    const { body } = await ask("/seismo/text?format=plain&lang=en");
    assert.match(body, new RegExp(`^${ID}\t[\\d -:]+\t[\\d.]+ s\ttriggered 4\\.3?2?5?\t0$`, "m"));
    assert.match(body, /^XX_RAW_00_H_H_Z\t/m);
    await flow.status("page", ({ text }) => text === "seismograph-page.status.streams");
    await assert.rejects(
      receive({ sourceId: "X", samples: "text" }).then(() => receive({})),
      { code: "NOT_A_MARK" },
    );
    await assert.rejects(receive(record(1, { sampleRate: 0 })), { code: "BAD_SAMPLE_RATE" });
    await receive(undefined, { reset: true });
    assert.doesNotMatch((await ask("/seismo/text?format=plain")).body, /XX_/);
  });

  it("fills itself from the archive when Node-RED starts", async () => {
    const userDir = newFolder();
    const folder = path.join(userDir, "sds/2026");
    mkdirSync(folder, { recursive: true });
    const from = Math.floor(Date.now() / SECOND) * SECOND - 7200 * SECOND;
    const samples = Int32Array.from({ length: 360_000 }, (_, i) => i % 100);
    const series = { sourceId: `FDSN:${ID}`, startTime: new Date(from), sampleRate: 100, samples };
    writeFileSync(
      path.join(folder, "old.mseed"),
      Buffer.concat([...packRecords(series, { formatVersion: 2 })]),
    );
    await start({ archive: "sds", raw: "10" }, { userDir });
    await receive(record(2));
    await flow.status("page", ({ text }) => text === "seismograph-page.status.stream");
    const text = (await ask("/seismo/text?format=plain")).body;
    assert.match(text, new RegExp(`^${ID}\t`, "m"));
    const time = (offset: number) => new Date(from + offset * SECOND).toISOString();
    const { status, body } = await ask(
      `/seismo/data?id=${ID}&from=${time(100)}&to=${time(101)}&format=samples`,
    );
    assert.equal(status, 200);
    assert.ok(body.length > 400);
  });

  it("knows its triggers and earthquakes after a restart, until it is deleted", async () => {
    const userDir = newFolder();
    const file = path.join(userDir, "datalink/page.marks.json");
    const marks = async (): Promise<MarksFrame> => {
      const server = httpNode.listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const stream = await FrameStream.open(`http://127.0.0.1:${port}/seismo/stream?page=heli`);
      const frame = (await stream.until((one) => one.type === "marks" && one.events.length > 0)).at(-1);
      stream.close();
      server.close();
      return frame as MarksFrame;
    };
    await start({}, { userDir });
    await receive({
      event: "on",
      id: "t1",
      sourceId: `FDSN:${ID}`,
      onTime: record(3).startTime,
      ratio: 4.25,
    });
    await receive({ id: "q1", time: Date.now(), latitude: 1, longitude: 1, magnitude: 5, place: "Sea" });
    await flow.stop();
    assert.ok(existsSync(file));
    await start({ hours: "12" }, { userDir });
    await receive(record(2));
    const { triggers, events } = await marks();
    assert.deepEqual(
      events.map(({ id, place }) => [id, place]),
      [["q1", "Sea"]],
    );
    assert.deepEqual(
      triggers.map(({ id, off }) => [id, typeof off]),
      [["t1", "number"]],
    );
    await flow.node("page").close(true);
    assert.equal(existsSync(file), false);
  });

  for (const [settings, sentence] of [
    [{ path: "/a/../b" }, /Path is "\/a\/\.\.\/b"/],
    [{ path: "/with space" }, /Path is/],
    [{ views: "raw, 20-1" }, /20-1.*is not a band view/],
    [{ views: "1-2 1-3 1-4 1-5 1-6 1-7" }, /views is/],
    [{ hours: "1000" }, /Hours is "1000"/],
    [{ line: "7" }, /lineMinutes is 7/],
    [{ archive: "%Q/x" }, /%Q/],
  ] as const) {
    it(`says which setting cannot be used: ${JSON.stringify(settings)}`, async () => {
      await start(settings);
      assert.match(flow.errors("page").join(), sentence);
      await flow.status(
        "page",
        ({ fill, text }) => fill === "red" && text === "seismograph-page.status.settings",
      );
    });
  }

  it("refuses a path that another page has, and where Node-RED has no pages of nodes", async () => {
    const page = { type: "seismograph-page", version: 1, path: "seismo/", wires: [] };
    flow = await startFlow(
      [module],
      [
        { id: "page", ...page },
        { id: "two", ...page, path: "/seismo" },
      ],
    );
    assert.match(flow.errors("two").join(), /Another page has the path \/seismo/);
    await flow.stop();
    flow = await startFlow([module], [{ id: "page", ...page }], { settings: { httpNodeRoot: false } });
    assert.match(flow.errors("page").join(), /httpNodeRoot is false/);
  });
});
