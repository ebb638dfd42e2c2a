// The examples of SeedLink as they are imported, with our own server in place of the instrument and the data center.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { PacketWriter } from "../../lib/index.ts";
import { packRecords, readRecords } from "../../lib/mseed/index.ts";
import { recordPacket } from "../../lib/packets.ts";
import datalinkServer from "../../nodes/datalink-server.ts";
import mseedArchive from "../../nodes/mseed-archive.ts";
import mseedDecode from "../../nodes/mseed-decode.ts";
import seedlinkConnection from "../../nodes/seedlink-connection.ts";
import seedlinkIn from "../../nodes/seedlink-in.ts";
import waveform from "../../nodes/waveform.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { freePort } from "../support/folders.ts";

const MODULES = [datalinkServer, mseedArchive, mseedDecode, seedlinkConnection, seedlinkIn, waveform];
const EXAMPLES = path.join(__dirname, "../../examples");

/** What the test helper does not have: messages end there, and the buttons are pressed by the test. */
const ENDS = new Set(["debug"]);
const BUTTONS = new Set(["inject", "comment"]);

interface ExampleNode extends Record<string, unknown> {
  id: string;
  type: string;
  wires?: string[][];
}

async function record(port: number, stations: string[], count: number): Promise<void> {
  await using writer = new PacketWriter(`127.0.0.1:${port}`);
  const second = BigInt(Math.floor(Date.UTC(2026, 10, 22, 12) / 1000) + count);
  for (const station of stations) {
    const series = { sourceId: `FDSN:${station}`, sampleRate: 20, samples: new Int32Array(20).fill(count) };
    const bytes = [
      ...packRecords(
        { ...series, startTime: second * 1_000_000_000n },
        { formatVersion: 2, recordLength: 512 },
      ),
    ];
    for (const each of bytes.flatMap((one) => [...readRecords(one)])) await writer.write(recordPacket(each));
  }
}

describe("examples of SeedLink", () => {
  let flow: Flow | undefined;
  let port: number;

  afterEach(async () => {
    await flow?.stop();
    flow = undefined;
  });

  /** Starts the example whose name begins so, on a server of ours, and presses its start. */
  async function start(number: string): Promise<{ flow: Flow; reader: string }> {
    const name = readdirSync(EXAMPLES).find((file) => file.startsWith(number))!;
    const nodes = JSON.parse(readFileSync(path.join(EXAMPLES, name), "utf8")) as ExampleNode[];
    port = await freePort();
    const running = await startFlow(MODULES, [
      { id: "own", type: "datalink-server", version: 1, port: String(port), access: "loopback", wires: [[]] },
      ...nodes
        .filter(({ type }) => !BUTTONS.has(type))
        .map((node) => (ENDS.has(node.type) ? { ...node, type: "helper" } : node))
        .map((node) => ("address" in node ? { ...node, address: `127.0.0.1:${port}` } : node)),
    ]);
    flow = running;
    const reader = nodes.find(({ type }) => type === "seedlink-in")!.id;
    running.node(reader).receive({ topic: "start" });
    return { flow: running, reader };
  }

  /** The events of the reader, up to one of this topic. */
  async function until(events: ReturnType<Flow["inbox"]>, topic: string): Promise<string[]> {
    const topics: string[] = [];
    while (topics.at(-1) !== topic) topics.push((await events.next()).topic!);
    return topics;
  }

  it("09: a Raspberry Shake's trace is decoded and drawn, of the geophone alone", async () => {
    const { flow: running, reader } = await start("09");
    const events = running.inbox("5eed000000000907");
    assert.deepEqual(await until(events, "started"), ["connected", "started"]);
    await record(port, ["AM_R1E2A_00_E_N_Z", "AM_R1E2A_00_E_H_Z", "GE_WLF_00_E_H_Z"], 1);
    const decoded = new Promise((resolve) => running.node("5eed000000000906").on("input", resolve));
    const { payload, topic } = (await decoded) as {
      payload: { sourceId: string; sampleCount: number };
      topic: string;
    };
    assert.equal(topic, "FDSN:AM_R1E2A_00_E_H_Z/MSEED");
    assert.equal(payload.sourceId, "FDSN:AM_R1E2A_00_E_H_Z");
    assert.equal(payload.sampleCount, 20);
    assert.deepEqual(running.errors(reader), []);
  });

  it("10: a data center's records are in an SDS archive, and count once they are; a stop in between loses none", async () => {
    const { flow: running, reader } = await start("10");
    const archived = running.inbox("5eed000000000a06");
    await until(running.inbox("5eed000000000a07"), "started");
    const stations = ["GE_WLF__B_H_Z", "GE_STU__B_H_N", "GE_STU__H_H_Z", "CO_JSC_00_B_H_Z"];
    await record(port, stations, 1);
    const files = (await archived.take(2))
      .map(({ archive }) => path.relative(running.userDir, archive.file))
      .sort();
    assert.deepEqual(files, [
      "sds/2026/GE/STU/BHN.D/GE.STU..BHN.D.2026.326",
      "sds/2026/GE/WLF/BHZ.D/GE.WLF..BHZ.D.2026.326",
    ]);
    running.node(reader).receive({ topic: "stop" });
    await running.status(reader, ({ text }) => text === "seedlink-in.status.stopped");
    await record(port, stations, 2);
    running.node(reader).receive({ topic: "start" });
    await archived.take(2);
    const bytes = readFileSync(path.join(running.userDir, files[1]!));
    assert.deepEqual(
      [...readRecords(bytes)].map(({ samples }) => samples[0]),
      [1, 2],
    );
    assert.deepEqual(running.errors(reader), []);
  });
});
