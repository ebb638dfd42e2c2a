// The nodes of JetStream in a Node-RED, against a real nats-server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Node, NodeAPI, NodeDef, NodeMessage } from "node-red";
import { connectJetStream, JetStreamConnection } from "../../../lib/jetstream/connection.ts";
import { createStream } from "../../../lib/jetstream/stream.ts";
import { packRecords } from "../../../lib/mseed/index.ts";
import datalinkOut from "../../../nodes/datalink-out.ts";
import editor from "../../../nodes/editor.ts";
import jetstreamConnection from "../../../nodes/jetstream-connection.ts";
import jetstreamIn from "../../../nodes/jetstream-in.ts";
import jetstreamOut from "../../../nodes/jetstream-out.ts";
import jsonlArchive from "../../../nodes/jsonl-archive.ts";
import { type Flow, type Message, startFlow } from "../../support/flow.ts";
import { freePort, newFolder } from "../../support/folders.ts";
import { type NatsServer, natsServer, needsNatsServer } from "../../support/network/nats-servers.ts";

const MODULES = [jetstreamConnection, jetstreamIn, jetstreamOut, jsonlArchive, datalinkOut, editor];
const ID = "FDSN:XX_A_00_H_H_Z";
const MIB = 1024 * 1024;

type Stored = Message & {
  jetstream: { stream: string; sequence: string; duplicate?: boolean; redelivered?: boolean };
};
const jetstreamOf = (msg: Message) => (msg as Stored).jetstream;
const countOf = ({ payload }: Message) => (payload as { count: number }).count;
const ascending = (a: number, b: number) => a - b;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

function record(second: number): Buffer {
  const series = {
    sourceId: ID,
    startTime: BigInt(1_700_000_000 + second) * 1_000_000_000n,
    sampleRate: 10,
    samples: Int32Array.from({ length: 10 }, (_, i) => 10 * second + i),
  };
  return Buffer.from([...packRecords(series, { formatVersion: 2, recordLength: 512 })][0]!);
}

/** As datalink in sends a packet. */
const packet = (count: number) => ({
  topic: `${ID}/JSON`,
  payload: { count },
  datalink: {
    ...{ streamId: `${ID}/JSON`, packetId: String(count), packetTime: new Date().toISOString() },
    ...{ dataStart: "2026-11-22T12:00:00Z", dataEnd: "2026-11-22T12:00:01Z" },
    server: "datalink://ring.example.org:16000",
  },
});

/** A node that sends a message on at once, and finishes with it when the test says. */
const holdingNode = (held: (() => void)[]) => (RED: NodeAPI) => {
  function Hold(this: Node, def: NodeDef): void {
    RED.nodes.createNode(this, def);
    this.on("input", (msg, sendOn, done) => {
      held.push(done);
      sendOn(msg);
    });
  }
  RED.nodes.registerType("hold", Hold);
};

describe("the nodes of JetStream", () => {
  let nats: (NatsServer & AsyncDisposable) | undefined;
  /** Where the server tells of itself. */
  let monitor = 0;
  let flow: Flow | undefined;
  let userDir: string;
  /** A stream of its own for each test. */
  let stream = "";
  let streams = 0;

  before(async function () {
    needsNatsServer(this);
    monitor = await freePort();
    nats = await natsServer({ lines: `http: 127.0.0.1:${monitor}` });
  });
  after(async () => {
    await nats?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    userDir = newFolder();
    stream = `S${++streams}`;
    await makeStream();
  });
  afterEach(async () => {
    await flow?.stop();
    flow = undefined;
    await rm(userDir, { recursive: true, force: true });
  });

  async function makeStream(maxBytes = 64 * MIB): Promise<void> {
    await using connection = await connectJetStream({ servers: nats!.url });
    await createStream(connection, { stream, replicas: 1, maxBytes, prefix: `p${streams}` });
  }

  async function connections(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${monitor}/connz`);
    return ((await answer.json()) as { num_connections: number }).num_connections;
  }

  async function start(nodes: Record<string, unknown>[], connection: object = {}): Promise<Flow> {
    const helpers = ["stored", "packets", "events", "errors", "other"];
    flow = await startFlow(
      MODULES,
      [
        {
          id: "line",
          type: "jetstream-connection",
          version: 1,
          address: nats!.url,
          auth: "none",
          ...connection,
        },
        { id: "catch", type: "catch", scope: null, wires: [["errors"]] },
        ...nodes,
        ...helpers.map((id) => ({ id, type: "helper", wires: [] })),
      ],
      { userDir, settings: { nodeCloseTimeout: 8000 } },
    );
    return flow;
  }

  const writer = (settings: object = {}) => ({
    ...{ id: "out", type: "jetstream-out", version: 1, connection: "line", stream, wires: [["stored"]] },
    ...settings,
  });
  const reader = (settings: object = {}) => ({
    ...{ id: "in", type: "jetstream-in", version: 1, connection: "line", stream, group: "workers" },
    ...{ from: "earliest", commit: "send", ackWait: "2", wires: [["packets"], ["events"]], ...settings },
  });
  const send = (...messages: object[]) => {
    for (const msg of messages) flow!.node("out").receive(structuredClone(msg) as NodeMessage);
  };

  it("pass a message on when the stream has it, and bring it as datalink in does", async () => {
    const { inbox } = await start([writer(), reader()]);
    send(packet(1));
    const stored = await inbox("stored").next();
    assert.deepEqual(jetstreamOf(stored), { stream, sequence: "1", duplicate: false });
    assert.equal(stored.datalink.streamId, `${ID}/JSON`);
    const msg = await inbox("packets").next();
    assert.equal(msg.topic, `${ID}/JSON`);
    assert.deepEqual(msg.payload, { count: 1 });
    const { packetTime, ...datalink } = msg.datalink;
    assert.match(packetTime!, /^\d{4}-.*\.\d{6}Z$/);
    assert.deepEqual(datalink, {
      ...{ streamId: `${ID}/JSON`, sourceId: ID, type: "JSON", packetId: "1" },
      ...{ dataStart: "2026-11-22T12:00:00.000000Z", dataEnd: "2026-11-22T12:00:01.000000Z" },
      server: "ring.example.org:16000",
    });
    assert.deepEqual(jetstreamOf(msg), { stream, sequence: "1", redelivered: false });
    await flow!.status(
      "out",
      ({ fill, text }) => fill === "green" && text === "jetstream-out.status.writing",
    );
    await flow!.status(
      "in",
      ({ fill, text }) => fill === "green" && text === "jetstream-in.status.streaming",
    );
    const topics = (await inbox("events").take(2)).map(({ topic }) => topic);
    assert.deepEqual(topics, ["connected", "started"]);
  });

  it("store once what is sent twice, and what was made of it besides", async () => {
    const { inbox } = await start([writer()]);
    const twice = packet(1);
    send(twice, twice, { ...twice, payload: { count: 1, filtered: true } });
    const stored = (await inbox("stored").take(3)).map(jetstreamOf);
    assert.deepEqual(
      stored.map(({ sequence, duplicate }) => [sequence, duplicate]),
      [
        ["1", false],
        ["1", true],
        ["2", false],
      ],
    );
  });

  it("write a packet for each record of a Buffer", async () => {
    const { inbox } = await start([writer(), reader()]);
    send({ payload: Buffer.concat([record(0), record(1)]) });
    const stored = await inbox("stored").next();
    assert.deepEqual(jetstreamOf(stored), { stream, sequence: "2", duplicate: false, sequences: ["1", "2"] });
    const packets = await inbox("packets").take(2);
    assert.deepEqual(
      packets.map(({ payload }) => payload),
      [record(0), record(1)],
    );
    assert.equal(packets[0]!.topic, `${ID}/MSEED`);
  });

  it("fail what cannot become a packet, with its code, and go on", async () => {
    const { inbox } = await start([writer()]);
    send({ payload: Buffer.from("no miniSEED".repeat(50)) }, { payload: { no: "stream id" } }, packet(1));
    const failed = await inbox("errors").take(2);
    const codes = failed.map(({ error }) => String(error.code));
    assert.deepEqual(codes.sort(), ["INVALID_MESSAGE", "NOT_MINISEED"]);
    assert.equal(jetstreamOf(await inbox("stored").next()).sequence, "1");
  });

  it("share the packets of a group between workers, and give all of them to another group", async () => {
    const { inbox } = await start([
      writer(),
      reader({ id: "a" }),
      reader({ id: "b" }),
      reader({ id: "c", group: "", wires: [["other"], []] }),
    ]);
    send(...range(0, 20).map(packet));
    const shared = await inbox("packets").take(20);
    assert.deepEqual(shared.map(countOf).sort(ascending), range(0, 20));
    assert.deepEqual((await inbox("other").take(20)).map(countOf), range(0, 20));
    assert.equal(inbox("packets").size, 0);
  });

  it("take only what is asked for", async () => {
    const { inbox } = await start([writer(), reader({ network: "XX", location: "--", channel: "?H?" })]);
    for (const id of ["XX_A_00_H_H_Z", "XX_A__H_H_Z", "YY_A__H_H_Z", "XX_A__H_N_Z"])
      send({ payload: "x", topic: `FDSN:${id}/TEXT` });
    send({ payload: "x", topic: "FDSN:XX_B__B_H_E/TEXT" });
    const topics = (await inbox("packets").take(2)).map(({ topic }) => String(topic));
    assert.deepEqual(topics.sort(), ["FDSN:XX_A__H_H_Z/TEXT", "FDSN:XX_B__B_H_E/TEXT"]);
  });

  it("acknowledge when the chosen nodes have finished, and bring the rest again after a restart", async () => {
    const held: (() => void)[] = [];
    const holding = { id: "hold", type: "hold", wires: [["packets"]] };
    const nodes = [
      writer(),
      reader({ commit: "complete", scope: ["hold"], wires: [["hold"], ["events"]] }),
      holding,
    ];
    MODULES.push(holdingNode(held));
    try {
      await start(nodes);
      send(...range(0, 5).map(packet));
      while (held.length < 5) await flow!.inbox("packets").next();
      // Not in their order, and not all.
      for (const i of [4, 0, 2]) held[i]!();
      await flow!.stop();
      held.length = 0;
      await start(nodes);
      const again = await flow!.inbox("packets").take(2);
      assert.deepEqual(again.map(countOf).sort(ascending), [1, 3]);
      assert.ok(again.every((msg) => jetstreamOf(msg).redelivered));
      for (const finish of held) finish();
    } finally {
      MODULES.pop();
    }
  });

  it("keep the order of each stream id where that is chosen", async () => {
    const { inbox } = await start([
      writer(),
      reader({ id: "a", keepOrder: true }),
      reader({ id: "b", keepOrder: true }),
    ]);
    send(...range(0, 30).map(packet));
    assert.deepEqual((await inbox("packets").take(30)).map(countOf), range(0, 30));
  });

  it("refuse another filter for a group that is there, in words, and tell it in the status", async () => {
    await start([reader()]);
    await flow!.inbox("events").take(2);
    await flow!.stop();
    const { inbox } = await start([reader({ network: "YY" })]);
    let event = await inbox("events").next();
    while (event.topic !== "refused") event = await inbox("events").next();
    const payload = event.payload as unknown as Record<string, string>;
    assert.equal(payload.code, "GROUP_DIFFERS");
    assert.match(payload.message!, /filter .* Next attempt in/);
    await flow!.status("in", ({ text, fill }) => text === "jetstream-in.status.refused" && fill === "red");
  });

  it("wait for a stream that is not there yet, and say so", async () => {
    stream = "LATER";
    streams++;
    const { inbox } = await start([writer(), reader()]);
    send(packet(1));
    await flow!.status("out", ({ text }) => text === "jetstream-out.status.refused");
    await flow!.status("in", ({ text }) => text === "jetstream-in.status.refused");
    assert.ok(flow!.warnings("out").some((line) => /no such stream/.test(line)));
    await makeStream();
    assert.equal(countOf(await inbox("packets").next()), 1);
    await flow!.status("out", ({ text }) => text === "jetstream-out.status.writing");
    await flow!.status("in", ({ text }) => text === "jetstream-in.status.streaming");
  });

  it("tell of what the stream's limits have removed before the group took it", async () => {
    streams++;
    stream = "SMALL";
    await makeStream(20_000);
    const big = (count: number) => ({ ...packet(count), payload: { count, filling: "x".repeat(2000) } });
    await start([writer(), reader()]);
    send(big(0));
    assert.equal(countOf(await flow!.inbox("packets").next()), 0);
    await flow!.stop();
    await start([writer()]);
    send(...range(1, 30).map(big));
    await flow!.inbox("stored").take(29);
    await flow!.stop();
    const { inbox } = await start([reader()]);
    let event = await inbox("events").next();
    while (event.topic !== "gap") event = await inbox("events").next();
    const { firstSequence, lastSequence, packets, message } = event.payload as unknown as Record<
      string,
      string
    >;
    assert.equal(firstSequence, "2");
    assert.equal(Number(packets), Number(lastSequence) - 1);
    assert.match(message!, /the stream's limits removed/);
    assert.equal(countOf(await inbox("packets").next()), Number(lastSequence));
  });

  it("go on by themselves when the server comes back", async () => {
    await using own = await natsServer();
    await using connection = await connectJetStream({ servers: own.url });
    await createStream(connection, { stream, replicas: 1, maxBytes: MIB });
    const { inbox } = await start([writer(), reader()], { address: own.url });
    send(packet(1));
    assert.equal(countOf(await inbox("packets").next()), 1);
    await own.kill();
    await flow!.status("out", ({ fill }) => fill === "red" || fill === "yellow");
    send(packet(2));
    await own.start();
    assert.equal(countOf(await inbox("packets").next()), 2);
    await flow!.status("out", ({ fill }) => fill === "green");
    await flow!.status("in", ({ fill }) => fill === "green");
    assert.deepEqual(flow!.errors("out"), []);
  });

  it("say that nothing is acknowledged, and that it goes on", async () => {
    await using own = await natsServer();
    await using connection = await connectJetStream({ servers: own.url });
    await createStream(connection, { stream, replicas: 1, maxBytes: MIB });
    const { inbox } = await start([writer()], { address: own.url });
    send(packet(1));
    await inbox("stored").next();
    own.signal("SIGSTOP");
    try {
      send(packet(2));
      // A machine that is slow notices first that the connection is dead.
      const told = /^jetstream-out\.status\.(silent|retry)$/;
      await flow!.status("out", ({ text, fill }) => told.test(text ?? "") && fill === "red");
    } finally {
      own.signal("SIGCONT");
    }
    assert.equal(jetstreamOf(await inbox("stored").next()).sequence, "2");
    await flow!.status("out", ({ fill }) => fill === "green");
  });

  it("say which settings cannot be used", async () => {
    const cases: [object, RegExp][] = [
      [writer({ stream: "a.b" }), /^Stream is "a\.b"/],
      [writer({ source: "a b" }), /^Source is "a b"/],
      [writer({ connection: "" }), /^No server is chosen/],
      [reader({ id: "out", channel: "HHZZ" }), /^Channel is "HHZZ"/],
      [reader({ id: "out", group: "*" }), /^Group is "\*"/],
      [reader({ id: "out", ackWait: "0" }), /^Time to ack is "0"/],
    ];
    for (const [node, sentence] of cases) {
      await start([node as Record<string, unknown>]);
      assert.match(flow!.errors("out").join("\n"), sentence);
      await flow!.stop();
    }
    const { errors } = await start([writer()], { address: "ftp://a" });
    assert.match(errors("out").join("\n"), /use nats:\/\/|nats:\/\//);
  });

  it("test a connection from the dialog", async () => {
    await start([]);
    const answer = (await flow!.post("/datalink/jetstream/test", { address: nats!.url, auth: "none" })) as {
      software: string;
      streams: string[];
    };
    assert.match(answer.software, /^\d+\.\d+/);
    assert.ok(answer.streams.includes(stream));
    const nowhere = await flow!.post("/datalink/jetstream/test", {
      address: "127.0.0.1:1",
      auth: "none",
      timeout: "1",
    });
    assert.match(
      (nowhere as { error: string }).error,
      /^Cannot connect to nats:\/\/127\.0\.0\.1:1: nothing listens/,
    );
    await using guarded = await natsServer({ lines: 'authorization { user: seis, password: "hush" }' });
    const ask = (credentials: object) =>
      flow!.post("/datalink/jetstream/test", { address: guarded.url, auth: "password", credentials });
    assert.match(
      ((await ask({ user: "seis", password: "no" })) as { error: string }).error,
      /does not let this client in/,
    );
    const inside = (await ask({ user: "seis", password: "hush" })) as { streams: string[] };
    assert.deepEqual(inside.streams, []);
  });

  it("share one connection, which is closed with the last of them", async () => {
    await start([writer(), reader(), reader({ id: "more", group: "more" })]);
    await flow!.status("in", ({ fill }) => fill === "green");
    await flow!.status("more", ({ fill }) => fill === "green");
    assert.equal(await connections(), 1);
    await flow!.stop();
    flow = undefined;
    while ((await connections()) > 0) await pause(20);
  });

  it("end in an archive, each packet once", async () => {
    const { inbox } = await start([
      writer(),
      reader({ commit: "complete", scope: ["archive"], wires: [["archive"], ["events"]] }),
      {
        ...{ id: "archive", type: "jsonl-archive", version: 1, directory: path.join(userDir, "data") },
        ...{ pattern: "%n.jsonl", sync: "every", once: true, wires: [["packets"]] },
      },
    ]);
    send(...range(0, 10).map(packet));
    const archived = await inbox("packets").take(10);
    assert.deepEqual(archived.map(countOf).sort(ascending), range(0, 10));
    assert.deepEqual(flow!.errors("archive"), []);
  });
});

describe("the nodes of JetStream without a server", () => {
  for (const type of ["jetstream-in", "jetstream-out"]) {
    it(`${type} has a text for all that its connection tells`, () => {
      const catalog = readFileSync(path.join(__dirname, `../../../nodes/locales/en-US/${type}.json`), "utf8");
      const { status } = (JSON.parse(catalog) as Record<string, { status: Record<string, string> }>)[type]!;
      for (const key of ["connecting", "retry", "refused", "silent", "no-client", "settings"])
        assert.ok(status[key], key);
    });
  }

  it("open nothing before they are needed", () => {
    const connection = new JetStreamConnection({ servers: "a:4222, b , nats://c" });
    assert.equal(connection.server, "nats://a:4222,nats://b:4222,nats://c:4222");
    assert.equal(connection.isConnected, false);
  });
});
