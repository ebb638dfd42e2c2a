// nodes/mseed-encode.ts, filling records: whatever the messages, no sample is lost, also over deploys and restarts.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import fsPromises, { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { mock } from "node:test";
import { readRecords } from "../../lib/mseed/index.ts";
import mseedEncode from "../../nodes/mseed-encode.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { newFolder } from "../support/folders.ts";

const START = Date.parse("2026-11-22T06:00:00Z");

/** The n-th message of a stream: 25 samples at 100 Hz. */
function piece(n: number, station = "A", change: object = {}) {
  return {
    payload: {
      sourceId: `FDSN:XX_${station}_00_H_H_Z`,
      startTime: new Date(START + 250 * n).toISOString(),
      sampleRate: 100,
      samples: Int32Array.from({ length: 25 }, (_, i) => Math.round(300 * Math.sin((25 * n + i) / 9))),
      ...change,
    },
    topic: `${station}${n}`,
    _msgid: `id-${station}${n}`,
  };
}

const recordsOf = (payload: unknown) => [...readRecords(payload as Buffer)];

describe("mseed encode, filling records", () => {
  let flow: Flow;
  let userDir: string;
  beforeEach(() => {
    userDir = newFolder();
  });
  afterEach(async () => {
    await flow.stop();
    await rm(userDir, { recursive: true, force: true });
  });

  async function start(settings: object = {}): Promise<void> {
    flow = await startFlow(
      [mseedEncode],
      [
        {
          id: "encode",
          type: "mseed-encode",
          version: 1,
          fill: "full",
          wait: "60",
          wires: [["out"]],
          ...settings,
        },
        { id: "catch", type: "catch", scope: ["encode"], wires: [["errors"]] },
        { id: "complete", type: "complete", scope: ["encode"], wires: [["completed"]] },
        ...["out", "errors", "completed"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
      { userDir },
    );
  }

  const receive = (from: number, to: number, station?: string) => {
    for (let n = from; n < to; n++) flow.node("encode").receive(piece(n, station));
  };

  it("sends full records, each with the properties of the message that its first sample came with", async () => {
    await start();
    receive(0, 100);
    const sent = await flow.inbox("out").take(2);
    let samples = 0;
    for (const { payload, topic, _msgid } of sent) {
      const [record] = recordsOf(payload);
      assert.ok(record!.sampleCount > 300, `${record!.sampleCount} samples`);
      const first = Math.floor(samples / 25);
      assert.deepEqual([topic, _msgid], [`A${first}`, `id-A${first}`]);
      assert.equal(record!.startTime, BigInt(START + 10 * samples) * 1_000_000n);
      samples += record!.sampleCount;
    }
  });

  it("is done with a message when its samples have been sent, and not before", async () => {
    await start();
    receive(0, 100);
    const first = await flow.inbox("out").next();
    const { sampleCount } = recordsOf(first.payload)[0]!;
    const done = await flow.inbox("completed").take(Math.floor(sampleCount / 25));
    assert.deepEqual(
      done.map(({ _msgid }) => _msgid),
      done.map((_, n) => `id-A${n}`),
    );
    // What has been sent so far, and no more.
    const rest = recordsOf(
      Buffer.concat(
        flow
          .inbox("out")
          .all()
          .map(({ payload }) => payload as Buffer),
      ),
    );
    const sent = rest.reduce((sum, record) => sum + record.sampleCount, sampleCount);
    assert.equal(flow.inbox("completed").size + done.length, Math.floor(sent / 25));
  });

  it("sends what is not full after the longest wait, with all that came meanwhile", async () => {
    await start({ wait: "0.3" });
    receive(0, 3);
    const begun = performance.now();
    const { payload } = await flow.inbox("out").next();
    assert.ok(performance.now() - begun > 250);
    assert.equal(recordsOf(payload)[0]!.sampleCount, 75);
    await flow.inbox("completed").take(3);
  });

  it("sends at once what the next samples do not follow", async () => {
    await start();
    receive(0, 2);
    flow.node("encode").receive(piece(3));
    flow.node("encode").receive(piece(4, "A", { sampleRate: 50 }));
    flow.node("encode").receive(piece(4, "A", { sampleRate: 0, samples: "note" }));
    const sent = await flow.inbox("out").take(4);
    assert.deepEqual(
      sent.map(({ payload }) => recordsOf(payload)[0]!.sampleCount),
      [50, 25, 25, 4],
    );
  });

  it("fails a message that cannot be encoded, and keeps the others", async () => {
    await start({ encoding: "steim2" });
    receive(0, 1);
    flow.node("encode").receive(piece(1, "A", { samples: [0.5] }));
    assert.equal((await flow.inbox("errors").next()).error.code, "SAMPLE_RANGE");
    flow.node("encode").receive({ payload: Buffer.from("x") });
    assert.match((await flow.inbox("errors").next()).error.message, /not an object with samples/);
    receive(1, 2);
    await flow.node("encode").close(false);
    assert.equal(recordsOf((await flow.inbox("out").next()).payload)[0]!.sampleCount, 50);
  });

  it("puts what is ready at the same time in one message, if asked to", async () => {
    await start({ output: "buffer", wait: "0.2" });
    const samples = Array.from({ length: 2000 }, (_, i) => (i * i) % 1000);
    flow.node("encode").receive(piece(0, "A", { samples }));
    const { payload, topic } = await flow.inbox("out").next();
    const full = recordsOf(payload);
    assert.ok(full.length > 1, `${full.length} records`);
    assert.equal(topic, "A0");
    const rest = recordsOf((await flow.inbox("out").next()).payload);
    const count = [...full, ...rest].reduce((sum, { sampleCount }) => sum + sampleCount, 0);
    assert.equal(count, samples.length);
    await flow.inbox("completed").next();
  });

  it("sends what it holds when nothing comes any more and many messages wait for it", async () => {
    await start();
    for (let i = 0; i < 40; i++) receive(0, 1, `S${i}`);
    assert.equal((await flow.inbox("out").take(40)).length, 40);
  });

  it("sends what it has collected when it is stopped alone, as by a deploy of this node", async () => {
    await start();
    receive(0, 3);
    await flow.node("encode").close(false);
    assert.equal(recordsOf((await flow.inbox("out").next()).payload)[0]!.sampleCount, 75);
    assert.deepEqual(readdirSync(userDir), []);
  });

  it("keeps it for the next start when all nodes are stopped, and sends it then, once", async () => {
    await start();
    receive(0, 3);
    receive(0, 2, "B");
    await flow.stop();
    const kept = path.join(userDir, "datalink", "encode.left-over");
    assert.ok(existsSync(kept));
    await start();
    const sent = await flow.inbox("out").take(2);
    assert.deepEqual(
      sent.map(({ payload }) => recordsOf(payload)[0]!.sampleCount),
      [75, 50],
    );
    // In the very turn in which they arrive it is not known yet that they have.
    await new Promise((resolve) => setImmediate(resolve));
    receive(3, 4);
    await flow.stop();
    await start();
    assert.equal(recordsOf((await flow.inbox("out").next()).payload)[0]!.sampleCount, 25);
    while (existsSync(kept)) await new Promise((resolve) => setImmediate(resolve));
    await flow.stop();
    assert.equal(existsSync(kept), false);
  });

  it("says so where it cannot take away what it has sent, or what is left of a node that is removed", async () => {
    await start();
    receive(0, 3);
    await flow.stop();
    const told: string[] = [];
    let hasTried = () => {};
    const tried = new Promise<void>((resolve) => {
      hasTried = resolve;
    });
    mock.method(fsPromises, "rm", async (file: string) => {
      assert.match(file, /encode\.left-over$/);
      hasTried();
      // As a disk does, in its own time.
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error("the disk is read-only");
    });
    try {
      await start();
      await flow.inbox("out").next();
      await tried;
      const encode = flow.node("encode");
      while (flow.errors("encode").length === 0) await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(flow.errors("encode"), ["the disk is read-only"]);
      encode.error = (text: unknown) => told.push(String(text));
      await encode.close(true);
      assert.deepEqual(told, ["the disk is read-only"]);
    } finally {
      mock.restoreAll();
    }
  });

  it("is not upset by a file of the last stop that is no longer what it was", async () => {
    await start();
    receive(0, 1);
    await flow.stop();
    await writeFile(path.join(userDir, "datalink", "encode.left-over"), Buffer.alloc(1000, 0x41));
    await start({ wait: "0.1" });
    receive(0, 1);
    assert.equal(recordsOf((await flow.inbox("out").next()).payload)[0]!.sampleCount, 25);
    assert.deepEqual(flow.errors("encode"), []);
  });

  it("loses nothing of any number of messages, stopped at any moment", async function () {
    this.timeout(60_000);
    let sent = 0;
    let got = 0;
    for (const count of [1, 18, 17, 40, 66]) {
      await start();
      receive(sent, sent + count);
      sent += count;
      // Some of it is on its way still, and may be lost with the nodes that it was for.
      for (let turns = 0; turns < count % 3; turns++) await Promise.resolve();
      await flow.stop();
      for (const { payload } of flow.inbox("out").all()) got += recordsOf(payload)[0]!.sampleCount;
    }
    await start();
    while (got < 25 * sent) got += recordsOf((await flow.inbox("out").next()).payload)[0]!.sampleCount;
    assert.equal(got, 25 * sent);
  });

  it("goes on as before where it was saved without the setting", async () => {
    await start({ fill: undefined, wait: undefined });
    receive(0, 2);
    const sent = await flow.inbox("out").take(2);
    assert.deepEqual(
      sent.map(({ payload, topic }) => [recordsOf(payload)[0]!.sampleCount, topic]),
      [
        [25, "A0"],
        [25, "A1"],
      ],
    );
  });
});
