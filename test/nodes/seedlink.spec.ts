// seedlink in against a server that behaves as SeisComP's does.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { NodeAPI, NodeMessage } from "node-red";
import { recordPacket } from "../../lib/index.ts";
import { packRecords, readRecords } from "../../lib/mseed/index.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import datalinkIn from "../../nodes/datalink-in.ts";
import datalinkOut from "../../nodes/datalink-out.ts";
import editor from "../../nodes/editor.ts";
import mseedArchive from "../../nodes/mseed-archive.ts";
import mseedDecode from "../../nodes/mseed-decode.ts";
import seedlinkConnection from "../../nodes/seedlink-connection.ts";
import seedlinkIn from "../../nodes/seedlink-in.ts";
import { SeisCompServer } from "../seedlink/seiscomp-server.ts";
import { type Flow, type Message, startFlow } from "../support/flow.ts";
import { newFolder } from "../support/folders.ts";

const MODULES = [
  datalinkConnection,
  datalinkIn,
  datalinkOut,
  mseedArchive,
  mseedDecode,
  seedlinkConnection,
  seedlinkIn,
  editor,
];
const START = 1_700_000_000;

function record(station: string, n: number, channel = "H_H_Z"): Buffer {
  const series = {
    sourceId: `FDSN:${station}_00_${channel}`,
    startTime: BigInt(START + n) * 1_000_000_000n,
    sampleRate: 10,
    samples: Int32Array.from({ length: 10 }, (_, i) => 10 * n + i),
  };
  return Buffer.from([...packRecords(series, { formatVersion: 2, recordLength: 512 })][0]!);
}

function records(station: string, from: number, to: number): Buffer[] {
  return Array.from({ length: to - from }, (_, i) => record(station, from + i));
}

/** Which of the records above a message has. */
const second = ({ payload }: { payload?: unknown }) =>
  Number([...readRecords(payload as Buffer)][0]!.startTime / 1_000_000_000n) - START;
const seconds = (messages: Message[]) => messages.map(second);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const seedlinkOf = (msg: object) => (msg as { seedlink: Record<string, string> }).seedlink;

describe("seedlink in", () => {
  let server: SeisCompServer;
  let flow: Flow | undefined;
  let userDir: string;

  beforeEach(async () => {
    server = await SeisCompServer.start();
    server.stations.set("CO_JSC", { first: 0, records: records("CO_JSC", 0, 5) });
    server.stations.set("CO_HAW", { first: 0xff_ff_fe, records: records("CO_HAW", 0, 4) });
    userDir = newFolder();
  });
  afterEach(async () => {
    await flow?.stop();
    flow = undefined;
    await server[Symbol.asyncDispose]();
    await rm(userDir, { recursive: true, force: true });
  });

  async function start(nodes: Record<string, unknown>[], connection: object = {}): Promise<Flow> {
    const helpers = ["packets", "events", "errors"];
    flow = await startFlow(
      MODULES,
      [
        {
          ...{ id: "server", type: "seedlink-connection", version: 1, address: server.url, auth: "none" },
          ...{ timeout: "3", ...connection },
        },
        ...nodes,
        ...helpers.map((id) => ({ id, type: "helper", wires: [] })),
      ],
      { userDir, settings: { nodeCloseTimeout: 1000 } },
    );
    return flow;
  }

  const reader = (settings: object = {}) => ({
    id: "in",
    type: "seedlink-in",
    version: 1,
    connection: "server",
    streams: "CO_JSC",
    from: "earliest",
    resume: true,
    autoStart: true,
    commit: "send",
    wires: [["packets"], ["events"]],
    ...settings,
  });

  it("sends one message per packet, as the message contract says", async () => {
    const { inbox } = await start([reader()]);
    const msg = await inbox("packets").next();
    const bytes = record("CO_JSC", 0);
    assert.equal(msg.topic, "FDSN:CO_JSC_00_H_H_Z/MSEED");
    assert.deepEqual(msg.payload, bytes);
    assert.equal(msg.datalink, undefined);
    assert.deepEqual(seedlinkOf(msg), {
      station: "CO_JSC",
      sequence: "0",
      format: "2",
      subformat: "D",
      dataStart: "2023-11-14T22:13:20.000000Z",
      dataEnd: "2023-11-14T22:13:20.900000Z",
      protocol: "3.0",
      server: server.url,
    });
    const [packet] = [...readRecords(bytes)].map(recordPacket);
    assert.equal(msg.topic, packet!.streamId, "as datalink in has it");
  });

  it("tells of the connection in words, and in its status", async () => {
    const { inbox, status } = await start([reader()]);
    const [connected, started] = await inbox("events").take(2);
    assert.equal(connected!.topic, "connected");
    assert.deepEqual(connected!.payload, {
      server: server.url,
      software: "SeedLink v3.3 (2024.020)",
      organization: "Test",
      protocol: "3.0",
      message: `Connected to ${server.url} (SeedLink v3.3 (2024.020), SeedLink 3.0).`,
    });
    assert.equal(started!.topic, "started");
    await status("in", ({ fill, text }) => fill === "green" && text === "seedlink-in.status.streaming");
  });

  it("reads what comes while it is there, of the channels that are asked for", async () => {
    const { inbox } = await start([reader({ streams: "CO_JSC:HHN, CO_HAW:HHZ", from: "latest" })]);
    assert.equal((await inbox("events").take(2))[1]!.topic, "started");
    await server.heard("END", 1);
    server.push("CO_JSC", record("CO_JSC", 9));
    server.push("CO_JSC", record("CO_JSC", 9, "H_H_N"));
    server.push("CO_HAW", record("CO_HAW", 9));
    const topics = (await inbox("packets").take(2)).map(({ topic }) => topic);
    assert.deepEqual(topics, ["FDSN:CO_JSC_00_H_H_N/MSEED", "FDSN:CO_HAW_00_H_H_Z/MSEED"]);
  });

  it("begins at a time", async () => {
    server.habits.answers = { TIME: "OK\r\n" };
    await start([reader({ from: "time", fromTime: "2023-11-14T22:13:22Z" })]);
    await server.heard("END", 1);
    assert.ok(server.commands.some((command) => /^(TIME|DATA) .*2023,11,14,22,13,22/.test(command)));
  });

  it("goes on where it stopped, after the flow was stopped and started, at each station", async () => {
    const streams = "CO_JSC, CO_HAW";
    const first = await start([reader({ streams })]);
    await first.inbox("packets").take(9);
    await first.stop();
    server.stations.get("CO_JSC")!.records.push(...records("CO_JSC", 5, 7));
    server.stations.get("CO_HAW")!.records.push(record("CO_HAW", 4));
    const second = await start([reader({ streams })]);
    const messages = await second.inbox("packets").take(3);
    assert.deepEqual(messages.map((msg) => `${seedlinkOf(msg).station} ${seconds([msg]).join()}`).sort(), [
      "CO_HAW 4",
      "CO_JSC 5",
      "CO_JSC 6",
    ]);
    // Numbers of 24 bits go on over their end.
    const numbers = messages.map(seedlinkOf).filter(({ station }) => station === "CO_HAW");
    assert.equal(numbers[0]!.sequence, String(0x1_00_00_02));
    const events = await second.inbox("events").take(2);
    assert.equal(events[1]!.topic, "resumed");
    assert.deepEqual((events[1]!.payload as { stations: string[] }).stations, ["CO_JSC", "CO_HAW"]);
  });

  it("forgets where it stopped if it is not to resume", async () => {
    await (await start([reader()])).inbox("packets").take(5);
    await flow?.stop();
    const { inbox } = await start([reader({ resume: false })]);
    assert.deepEqual(seconds(await inbox("packets").take(5)), range(0, 5));
  });

  it("reconnects when the connection is lost, and goes on", async () => {
    const { inbox } = await start([reader()]);
    await inbox("packets").take(5);
    server.stations.get("CO_JSC")!.records.push(record("CO_JSC", 5));
    server.cut();
    assert.deepEqual(seconds([await inbox("packets").next()]), [5]);
    const topics: unknown[] = [];
    while (topics.at(-1) !== "resumed") topics.push((await inbox("events").next()).topic);
    assert.deepEqual(topics, ["connected", "started", "disconnected", "connected", "resumed"]);
  });

  it("tells of what the server does not have any more", async () => {
    await (await start([reader()])).inbox("packets").take(5);
    await flow?.stop();
    server.stations.set("CO_JSC", { first: 8, records: records("CO_JSC", 8, 10) });
    const { inbox, warnings } = await start([reader()]);
    assert.deepEqual(seconds(await inbox("packets").take(2)), [8, 9]);
    const events = await inbox("events").take(3);
    const gap = events.find(({ topic }) => topic === "gap")!;
    assert.deepEqual(gap.payload, {
      server: server.url,
      station: "CO_JSC",
      firstSequence: "5",
      lastSequence: "7",
      packets: 3,
      message: `Packets 5 to 7 of CO_JSC are missing: ${server.url} does not have them any more.`,
    });
    assert.ok(warnings("in").includes((gap.payload as { message: string }).message));
  });

  it("names the stations that are missing, reads the others, and reads those too when they are there", async () => {
    const { inbox, status, warnings } = await start([reader({ streams: "CO_JSC, XX_NOPE" })]);
    assert.deepEqual(seconds(await inbox("packets").take(5)), range(0, 5));
    await status("in", ({ fill }) => fill === "yellow");
    const events = await inbox("events").take(2);
    assert.deepEqual(
      events.map(({ topic }) => topic),
      ["connected", "missing"],
    );
    assert.deepEqual((events[1]!.payload as { stations: string[] }).stations, ["XX_NOPE"]);
    assert.ok(warnings("in").some((text) => text.startsWith(`${server.url} has no station XX_NOPE`)));
    server.stations.set("XX_NOPE", { first: 0, records: records("XX_NOPE", 0, 2) });
    server.cut();
    assert.deepEqual(seconds(await inbox("packets").take(2)), [0, 1]);
    await status(
      "in",
      ({ fill, text }) => fill === "green" && text !== undefined && !text.includes("missing"),
    );
  });

  it("stops, starts, moves and selects by control messages, and refuses others", async () => {
    const catcher = { id: "catch", type: "catch", scope: ["in"], wires: [["errors"]] };
    const { inbox, node } = await start([reader({ autoStart: false }), catcher]);
    node("in").receive({ topic: "start" });
    assert.deepEqual(seconds(await inbox("packets").take(5)), range(0, 5));
    node("in").receive({ topic: "position", payload: "earliest" });
    assert.deepEqual(seconds(await inbox("packets").take(5)), range(0, 5));
    node("in").receive({ topic: "streams", payload: "CO_HAW" });
    assert.equal(seedlinkOf(await inbox("packets").next()).station, "CO_HAW");
    const problems: [object, RegExp][] = [
      [{ topic: "dance" }, /give start, stop, position or streams/],
      [{ topic: "position", payload: "noon" }, /msg\.payload is not a position/],
      [{ topic: "position", payload: 1_700_000_000 }, /seconds, milliseconds or microseconds/],
      [{ topic: "streams", payload: 7 }, /msg\.payload is not text/],
      [{ topic: "streams", payload: "CO JSC" }, /The streams entry "CO JSC" cannot be read/],
    ];
    for (const [msg, sentence] of problems) {
      node("in").receive(msg as NodeMessage);
      assert.match((await inbox("errors").next()).error.message, sentence);
    }
  });

  it("tells of settings that cannot be used", async () => {
    for (const [settings, sentence] of [
      [{ connection: "" }, /^No server is chosen/],
      [{ streams: "CO_JSC:" }, /^The streams entry "CO_JSC:" cannot be read/],
      [{ from: "time", fromTime: "noon" }, /^Time "noon" is not a time/],
      [{ commit: "complete", scope: [] }, /^No node is chosen that has to finish/],
    ] as const) {
      const { errors, stop } = await start([reader(settings)]);
      assert.match(errors("in")[0]!, sentence);
      await stop();
    }
    flow = undefined;
  });

  it("keeps the position behind what the chosen nodes have finished with", async () => {
    const settings = { commit: "complete", scope: ["next"], wires: [["next"], ["events"]] };
    const held: (() => void)[] = [];
    const next = (RED: NodeAPI) => {
      RED.nodes.registerType("holder", function holder(this: import("node-red").Node, def) {
        RED.nodes.createNode(this, def);
        this.on("input", (msg, send, done) => {
          // The third record is never finished with.
          if (second(msg as Message) === 2) held.push(done);
          else done();
          send(msg);
        });
      });
    };
    MODULES.push(next);
    try {
      const node = { id: "next", type: "holder", wires: [["packets"]] };
      const first = await start([reader(settings), node]);
      assert.deepEqual(seconds(await first.inbox("packets").take(5)), range(0, 5));
      await first.stop();
      const again = await start([reader(settings), node]);
      assert.deepEqual(seconds(await again.inbox("packets").take(3)), range(2, 5));
    } finally {
      MODULES.splice(MODULES.indexOf(next), 1);
    }
  });

  it("feeds mseed-decode, mseed-archive and datalink-out unchanged", async () => {
    await using target = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    const line = { id: "line", type: "datalink-connection", version: 1, address: target.url, auth: "none" };
    const { inbox } = await start([
      line,
      reader({ wires: [["decode", "archive", "out"], ["events"]] }),
      { id: "decode", type: "mseed-decode", version: 1, samples: "counts", wires: [["packets"]] },
      {
        id: "archive",
        type: "mseed-archive",
        version: 1,
        directory: "sds",
        layout: "SDS",
        wires: [["archived"]],
      },
      { id: "out", type: "datalink-out", version: 1, connection: "line", ack: true, wires: [["written"]] },
      ...["archived", "written"].map((id) => ({ id, type: "helper", wires: [] })),
    ]);
    const decoded = await inbox("packets").take(5);
    const { sourceId, sampleCount } = decoded[0]!.payload as { sourceId: string; sampleCount: number };
    assert.deepEqual([sourceId, sampleCount], ["FDSN:CO_JSC_00_H_H_Z", 10]);
    assert.equal(seedlinkOf(decoded[4]!).sequence, "4", "msg.seedlink passes through");
    const archived = await inbox("archived").take(5);
    assert.equal(
      path.relative(userDir, archived[4]!.archive.file),
      "sds/2023/CO/JSC/HHZ.D/CO.JSC.00.HHZ.D.2023.318",
    );
    const written = await inbox("written").take(5);
    const { streamId, dataStart, dataEnd } = written[1]!.datalink;
    assert.deepEqual(
      [streamId, dataStart, dataEnd],
      ["FDSN:CO_JSC_00_H_H_Z/MSEED", "2023-11-14T22:13:21.000000Z", "2023-11-14T22:13:21.900000Z"],
    );
    assert.equal(target.status.packets, 5);
  });

  it("runs beside datalink in: both follow their packets through the flow", async () => {
    await using source = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    source.write({ streamId: "FDSN:XX_A/TEXT", dataStart: 0, payload: "hello" });
    const line = { id: "line", type: "datalink-connection", version: 1, address: source.url, auth: "none" };
    const complete = { commit: "complete", scope: ["packets"] };
    const other = {
      ...{ id: "other", type: "datalink-in", version: 1, connection: "line", from: "earliest", resume: true },
      ...{ autoStart: true, wires: [["packets"], []], ...complete },
    };
    const { inbox, errors } = await start([line, reader(complete), other]);
    assert.equal((await inbox("packets").take(6)).length, 6);
    assert.deepEqual([...errors("in"), ...errors("other")], []);
  });

  describe("what its dialogs ask", () => {
    it("says what a server answers, or why it does not", async () => {
      const { post } = await start([]);
      const answer = await post("/datalink/seedlink/test", { id: "new", address: server.url, auth: "none" });
      assert.deepEqual(answer, {
        software: "SeedLink v3.3 (2024.020)",
        organization: "Test",
        protocol: "3.0",
      });
      const nothing = await post("/datalink/seedlink/test", { address: "127.0.0.1:1" });
      assert.match((nothing as { error: string }).error, /nothing listens on this port/);
      const wrong = await post("/datalink/seedlink/test", { address: server.url, protocol: "4.0" });
      assert.match((wrong as { error: string }).error, /does not speak protocol 4/);
    });

    it("lists the streams of a server", async () => {
      server.stations.get("CO_JSC")!.records.push(record("CO_JSC", 5, "H_H_N"));
      const { post } = await start([]);
      assert.deepEqual(await post("/datalink/seedlink/streams", { id: "server" }), {
        streams: ["CO_HAW_00_H_H_Z", "CO_JSC_00_H_H_N", "CO_JSC_00_H_H_Z"],
        total: 3,
      });
    });

    it("sends a login without TLS to this computer only, unless it is allowed", async () => {
      const { post } = await start([]);
      const question = {
        ...{ id: "new", address: "192.0.2.1:18000", auth: "password", timeout: "0.1" },
        credentials: { user: "a", password: "b" },
      };
      const { error } = (await post("/datalink/seedlink/test", question)) as { error: string };
      assert.match(error, /^Credentials would go to seedlink:\/\/192\.0\.2\.1:18000 for all to read/);
      const allowed = (await post("/datalink/seedlink/test", { ...question, plainAuth: true })) as {
        error: string;
      };
      assert.doesNotMatch(allowed.error, /Credentials would go/);
    });
  });
});
