// nodes/mseed-file-in.ts: records of files as datalink in would bring them, each once, with back-pressure and a position.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { packRecords, readRecords } from "../../lib/mseed/index.ts";
import mseedArchive from "../../nodes/mseed-archive.ts";
import mseedDecode from "../../nodes/mseed-decode.ts";
import mseedFileIn from "../../nodes/mseed-file-in.ts";
import { type Flow, type Message, startFlow } from "../support/flow.ts";
import { newFolder } from "../support/folders.ts";

const START = 1_700_000_000;

function record(n: number, station = "A"): Buffer {
  const series = {
    sourceId: `FDSN:XX_${station}_00_H_H_Z`,
    startTime: BigInt(START + n) * 1_000_000_000n,
    sampleRate: 10,
  };
  return Buffer.concat([
    ...packRecords(
      { ...series, samples: Int32Array.of(n, n + 1, n + 2) },
      { formatVersion: 2, recordLength: 256 },
    ),
  ]);
}

const records = (from: number, to: number, station?: string) =>
  Buffer.concat(Array.from({ length: to - from }, (_, i) => record(from + i, station)));
const read = ({ payload }: { payload?: unknown }) => [...readRecords(payload as Buffer)][0]!;
const second = (msg: Message) => Number(read(msg).startTime / 1_000_000_000n) - START;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe("mseed file in", () => {
  let flow: Flow;
  let userDir: string;

  beforeEach(() => {
    userDir = newFolder();
  });
  afterEach(async () => {
    await flow.stop();
    await rm(userDir, { recursive: true, force: true });
  });

  async function start(settings: object = {}, nodes: Record<string, unknown>[] = []): Promise<void> {
    flow = await startFlow(
      [mseedFileIn, mseedDecode, mseedArchive],
      [
        {
          id: "in",
          type: "mseed-file-in",
          version: 1,
          path: "data",
          wires: [["out"], ["events"]],
          ...settings,
        },
        { id: "catch", type: "catch", scope: ["in"], wires: [["errors"]] },
        ...["out", "events", "errors"].map((id) => ({ id, type: "helper", wires: [] })),
        ...nodes,
      ],
      { userDir },
    );
  }

  async function write(name: string, bytes: Uint8Array): Promise<void> {
    const file = path.join(userDir, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }

  async function eventOf(topic: string): Promise<Message> {
    for (;;) {
      const msg = await flow.inbox("events").next();
      if (msg.topic === topic) return msg;
    }
  }

  it("sends the records of all files in the order of their time, as datalink in would", async () => {
    await write("data/b/1.mseed", records(0, 3, "B"));
    await write("data/a.mseed", records(0, 3));
    await start();
    const sent = await flow.inbox("out").take(6);
    assert.deepEqual(sent.map(second), [0, 0, 1, 1, 2, 2]);
    const [first] = sent;
    assert.deepEqual(first!.payload, record(0));
    assert.equal(first!.topic, "FDSN:XX_A_00_H_H_Z/MSEED");
    assert.deepEqual(first!.datalink, {
      streamId: "FDSN:XX_A_00_H_H_Z/MSEED",
      sourceId: "FDSN:XX_A_00_H_H_Z",
      type: "MSEED",
      dataStart: "2023-11-14T22:13:20.000000Z",
      dataEnd: "2023-11-14T22:13:20.200000Z",
    });
    assert.deepEqual((first as unknown as { file: object }).file, {
      name: path.join(userDir, "data/a.mseed"),
      record: 0,
    });
    await eventOf("ended");
    await flow.status("in", ({ text }) => text === "mseed-file-in.status.ended");
  });

  it("reads what an archive node has written, between two times", async () => {
    await start(
      {
        source: "archive",
        pattern: "SDS@archive",
        after: "2023-11-14T22:13:22Z",
        before: "2023-11-14T22:13:24Z",
        autoStart: false,
      },
      [
        { id: "archive", type: "mseed-archive", version: 1, directory: "archive", wires: [["written"]] },
        { id: "written", type: "helper", wires: [] },
      ],
    );
    flow.node("archive").receive({ payload: records(0, 9) });
    await flow.inbox("written").next();
    flow.node("in").receive({ topic: "start" });
    assert.deepEqual((await flow.inbox("out").take(3)).map(second), [2, 3, 4]);
    await eventOf("ended");
  });

  it("goes on behind the last record after a restart, none twice, and begins again when it is told to", async () => {
    await write("data/a.mseed", records(0, 40));
    await start({ pace: "time", speed: "20" });
    const before = await flow.inbox("out").take(5);
    await flow.stop();
    const arrived = [...before, ...flow.inbox("out").all()].map(second);
    await start();
    const after = await flow.inbox("out").take(40 - arrived.length);
    assert.deepEqual([...arrived, ...after.map(second)], range(0, 40));
    await eventOf("ended");
    assert.equal(flow.inbox("out").size, 0);
    flow.node("in").receive({ topic: "position", payload: "earliest" });
    assert.deepEqual((await flow.inbox("out").take(40)).map(second), range(0, 40));
  });

  it("begins anew at each start where it is not to go on", async () => {
    await write("data/a.mseed", records(0, 3));
    for (let starts = 0; starts < 2; starts++) {
      await start({ resume: false });
      assert.deepEqual((await flow.inbox("out").take(3)).map(second), [0, 1, 2]);
      await eventOf("ended");
      await flow.stop();
    }
  });

  it("holds no more in the flow than it may, until the chosen node has finished", async () => {
    await write("data/a.mseed", records(0, 30));
    await start({ commit: "complete", scope: ["slow"], maxInFlight: "4", wires: [["slow"], ["events"]] }, [
      { id: "slow", type: "helper", wires: [] },
    ]);
    const waiting: (() => void)[] = [];
    let got = 0;
    flow.node("slow").removeAllListeners("input");
    flow.node("slow").on("input", (_msg, _send, done) => {
      got++;
      waiting.push(done);
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(got, 4);
    while (got < 30) {
      for (const done of waiting.splice(0)) done();
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(waiting.length <= 4);
    }
    assert.equal(got, 30);
    // Those that are not finished come again.
    await flow.stop();
    await start({ commit: "complete", scope: ["out"] });
    const again = (await flow.inbox("out").take(waiting.length)).map(second);
    assert.deepEqual(again, range(30 - waiting.length, 30));
  });

  it("moves all times to now by the same amount", async () => {
    await write("data/a.mseed", records(0, 3));
    const begun = Date.now();
    await start({ times: "now" });
    const moved = (await flow.inbox("out").take(3)).map((msg) => Number(read(msg).startTime / 1_000_000n));
    assert.ok(moved[0]! >= begun - 1 && moved[0]! <= Date.now() + 1, new Date(moved[0]!).toISOString());
    assert.deepEqual([moved[1]! - moved[0]!, moved[2]! - moved[1]!], [1000, 1000]);
  });

  it("says what is not there, and what in a file is not a record, and reads on", async () => {
    await write("data/a.mseed", Buffer.concat([record(0), Buffer.alloc(99, 7), record(1)]));
    await write("data/notes.txt", Buffer.from("no record"));
    await start();
    assert.deepEqual((await flow.inbox("out").take(2)).map(second), [0, 1]);
    await eventOf("ended");
    assert.equal(flow.warnings("in").length, 2);
    assert.match(
      flow.warnings("in").join(),
      /notes\.txt: there is no miniSEED record in it.*a\.mseed: 99 bytes/s,
    );
    await flow.stop();
    await start({ path: "data; nothing" });
    const { payload } = await eventOf("stopped");
    assert.match((payload as { message: string }).message, /There is no file and no folder .*nothing\./);
    await flow.status("in", ({ text }) => text === "mseed-file-in.status.failed");
  });

  it("cannot be upset by messages, settings and a position file that is damaged", async () => {
    await write("data/a.mseed", records(0, 2));
    await write("datalink/in.position.json", Buffer.from('{"time":"x"}'));
    await start();
    assert.deepEqual((await flow.inbox("out").take(2)).map(second), [0, 1]);
    assert.match(flow.warnings("in").join(), /does not hold a position/);
    for (const message of [{ topic: "go" }, { topic: "position", payload: 7 }, {}]) {
      flow.node("in").receive(message as object as Parameters<ReturnType<Flow["node"]>["receive"]>[0]);
      assert.match(
        (await flow.inbox("errors").next()).error.message,
        /give (start, stop or position|"earliest")/,
      );
    }
    await flow.stop();
    for (const settings of [
      { path: "" },
      { source: "archive", pattern: "%q%z" },
      { pace: "time", speed: "fast" },
      { after: "noon" },
    ]) {
      await start(settings);
      assert.equal(flow.errors("in").length, 1, JSON.stringify(settings));
      await flow.stop();
    }
  });

  it("forgets its position with the node", async () => {
    await write("data/a.mseed", records(0, 2));
    await start();
    await eventOf("ended");
    const file = path.join(userDir, "datalink/in.position.json");
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
    await flow.node("in").close(true);
    assert.equal(existsSync(file), false);
  });
});
