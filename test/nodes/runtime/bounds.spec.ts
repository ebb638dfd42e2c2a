// What the nodes hold at a time, and for how long they keep everything else waiting.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Node, NodeAPI, NodeMessage, NodeMessageInFlow } from "node-red";
import { bzip2 } from "../../../lib/bzip2/compress.ts";
import { packRecords } from "../../../lib/index.ts";
import { DataLinkServer } from "../../../lib/server/server.ts";
import datalinkConnection from "../../../nodes/datalink-connection.ts";
import datalinkIn from "../../../nodes/datalink-in.ts";
import mseedDecode from "../../../nodes/mseed-decode.ts";
import { type Flow, startFlow } from "../../support/flow.ts";

/** A node that finishes with a message when the test says so. */
const held: { msg: NodeMessageInFlow; done: () => void }[] = [];
function holdNode(RED: NodeAPI): void {
  function Hold(this: Node, def: never): void {
    RED.nodes.createNode(this, def);
    this.on("input", (msg, _send, done) => {
      held.push({ msg, done });
      this.emit("held");
    });
  }
  RED.nodes.registerType("hold", Hold as never);
}

describe("bytes in the flow", () => {
  const PACKETS = 24;
  let server: DataLinkServer;
  let flow: Flow;

  beforeEach(async () => {
    held.length = 0;
    server = await DataLinkServer.listen({ port: 0, ringBytes: 64 << 20, packetSize: 1 << 20 });
  });
  afterEach(async () => {
    await flow.stop();
    await server.close();
  });

  async function start(settings: object): Promise<void> {
    flow = await startFlow(
      [datalinkConnection, datalinkIn, holdNode],
      [
        { id: "line", type: "datalink-connection", version: 1, address: server.url, auth: "none" },
        {
          id: "in",
          type: "datalink-in",
          version: 1,
          connection: "line",
          from: "earliest",
          wires: [["hold"], []],
          ...settings,
        },
        { id: "hold", type: "hold", wires: [] },
      ],
    );
  }

  /** Resolves when the reader waits for the flow, as its status says. */
  const paused = () => flow.status("in", ({ text }) => text === "datalink-in.status.paused");

  const mib = 1 << 20;
  const kinds: Record<string, { type: string; payload: Uint8Array; atMost: number }> = {
    "compressed JSON that becomes large": {
      type: "BZJSON",
      payload: bzip2(Buffer.from(`[${"[],".repeat(mib / 3 - 10)}[]]`)),
      atMost: 6,
    },
    "large JSON": {
      type: "JSON",
      payload: Buffer.from(JSON.stringify({ a: "x".repeat(mib - 100) })),
      atMost: 6,
    },
  };
  for (const commit of ["complete", "send"]) {
    for (const [name, { type, payload, atMost }] of Object.entries(kinds)) {
      it(`are bounded, counted as delivered on ${commit}: ${name}`, async () => {
        for (let i = 0; i < PACKETS; i++) {
          server.write({ streamId: `FDSN:XX_A__S_O_H/${type}`, dataStart: i * 1_000_000, payload });
        }
        await start({ commit, scope: ["hold"], maxInFlight: "1000" });
        await paused();
        assert.ok(held.length >= 1 && held.length <= atMost, `${held.length} messages of 1 MiB in the flow`);
        // What the flow finishes makes room, and all arrive, in order.
        const order: string[] = [];
        while (order.length < PACKETS) {
          const next = held.shift();
          if (!next) {
            await once(flow.node("hold"), "held");
            continue;
          }
          order.push((next.msg as unknown as { datalink: { dataStart: string } }).datalink.dataStart);
          next.done();
        }
        assert.deepEqual(order, [...order].sort());
        assert.equal(new Set(order).size, PACKETS);
      });
    }
  }
});

describe("long messages in mseed decode", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(settings: object = {}): Promise<void> {
    flow = await startFlow(
      [mseedDecode],
      [
        { id: "decode", type: "mseed-decode", version: 1, wires: [["out"]], ...settings },
        { id: "catch", type: "catch", scope: ["decode"], wires: [["errors"]] },
        { id: "complete", type: "complete", scope: ["decode"], wires: [["completed"]] },
        ...["out", "errors", "completed"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
    );
  }

  const series = (samples: Int32Array) => ({
    sourceId: "FDSN:XX_A_00_H_H_Z",
    startTime: "2026-01-01T00:00:00Z",
    sampleRate: 100,
    samples,
  });
  const file = Buffer.concat([
    ...packRecords(series(Int32Array.from({ length: 400_000 }, (_, i) => (i * 7919) % 100_003)), {
      formatVersion: 2,
      recordLength: 512,
    }),
  ]);
  const [small] = packRecords(series(Int32Array.of(1, 2, 3)), { formatVersion: 3 });

  /** Turns of the event loop until the work is done. */
  async function turnsDuring(work: Promise<unknown>): Promise<number> {
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await work;
    isOver = true;
    return turns;
  }

  it("leave turns to everything else, be they records or none", async () => {
    await start();
    const bytes = 4 * 1024 * 1024;
    const turnsOfFile = bytes / (256 * 1024);
    flow.node("decode").receive({ payload: Buffer.alloc(bytes) });
    const turns = await turnsDuring(flow.inbox("errors").next());
    assert.ok(turns > turnsOfFile, `${turns} turns for 4 MiB of zeros`);
    const times = Math.ceil(bytes / file.length);
    flow.node("decode").receive({ payload: Buffer.concat(Array.from({ length: times }, () => file)) });
    const turnsOfRecords = await turnsDuring(flow.inbox("completed").next());
    assert.ok(turnsOfRecords > turnsOfFile, `${turnsOfRecords} turns for 4 MiB of records`);
    assert.equal(flow.inbox("out").size, (file.length / 512) * times);
  });

  it("are sent before the messages that come later", async () => {
    await start();
    const records = file.length / 512;
    flow.node("decode").receive({ payload: file, mark: "long" } as NodeMessage);
    flow.node("decode").receive({ payload: small, mark: "short" } as NodeMessage);
    flow.node("decode").receive({ payload: file, mark: "long again" } as NodeMessage);
    const marks = (await flow.inbox("out").take(2 * records + 1)).map(
      (msg) => (msg as { mark?: string }).mark,
    );
    const inTurn = (mark: string, count: number) => Array.from({ length: count }, () => mark);
    assert.deepEqual(marks, [...inTurn("long", records), "short", ...inTurn("long again", records)]);
  });

  it("that fail because of a defect at their end send nothing, where any defect is to fail them", async () => {
    await start({ problems: "fail" });
    flow.node("decode").receive({ payload: Buffer.concat([file, Buffer.alloc(600, 1)]) });
    await flow.inbox("errors").next();
    flow.node("decode").receive({ payload: small });
    await flow.inbox("completed").next();
    assert.equal(flow.inbox("out").size, 1);
  });

  it("are refused where too many wait", async () => {
    await start();
    const payload = Buffer.alloc(33 * 1024 * 1024);
    for (let i = 0; i < 3; i++) flow.node("decode").receive({ payload });
    const errors = await flow.inbox("errors").take(3);
    assert.equal(errors.filter(({ error }) => /More than 64 MiB/.test(error.message)).length, 2);
  });
});
