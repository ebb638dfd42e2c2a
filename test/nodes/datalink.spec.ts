// datalink in and datalink out against the embedded server.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { packRecords } from "../../lib/mseed/pack.ts";
import { packetValue } from "../../lib/packets.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import datalinkIn from "../../nodes/datalink-in.ts";
import datalinkOut from "../../nodes/datalink-out.ts";
import jsonlArchive from "../../nodes/jsonl-archive.ts";
import mseedDecode from "../../nodes/mseed-decode.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { newFolder } from "../support/folders.ts";

const MODULES = [datalinkConnection, datalinkIn, datalinkOut, jsonlArchive, mseedDecode];
const ID = "FDSN:XX_TEST_00_S_O_H";

describe("datalink in and datalink out nodes", () => {
  let server: DataLinkServer;
  let flow: Flow | undefined;
  let userDir: string;

  beforeEach(async () => {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20, packetSize: 4096 });
    userDir = newFolder();
  });
  afterEach(async () => {
    await flow?.stop();
    flow = undefined;
    await server.close();
    await rm(userDir, { recursive: true, force: true });
  });

  async function start(nodes: Record<string, unknown>[], address = server.url): Promise<Flow> {
    const helpers = ["packets", "events", "written", "errors", "completed"];
    flow = await startFlow(
      MODULES,
      [
        { id: "server", type: "datalink-connection", version: 1, address, auth: "none", timeout: "5" },
        ...nodes,
        ...helpers.map((id) => ({ id, type: "helper", wires: [] })),
      ],
      { userDir, settings: { nodeCloseTimeout: 1000 } },
    );
    return flow;
  }

  const reader = (settings: object = {}) => ({
    id: "in",
    type: "datalink-in",
    version: 1,
    connection: "server",
    from: "earliest",
    resume: true,
    autoStart: true,
    commit: "send",
    wires: [["packets"], ["events"]],
    ...settings,
  });
  const writer = (settings: object = {}) => ({
    id: "out",
    type: "datalink-out",
    version: 1,
    connection: "server",
    ack: true,
    wires: [["written"]],
    ...settings,
  });
  const catcher = (scope: string) => ({ id: "catch", type: "catch", scope: [scope], wires: [["errors"]] });

  function writeJson(count: number, from = 0): void {
    for (let i = from; i < from + count; i++) {
      server.write({
        streamId: `${ID}/JSON`,
        dataStart: 1_000_000 + i,
        payload: JSON.stringify({ count: i }),
      });
    }
  }

  const counts = (messages: { payload?: unknown }[]) =>
    messages.map(({ payload }) => (payload as { count: number }).count);

  describe("datalink in", () => {
    it("sends one message per packet, as the message contract says", async () => {
      server.write({
        streamId: `${ID}/JSON`,
        dataStart: "2026-11-22T06:19:29.804015Z",
        dataEnd: "2026-11-22T06:19:30Z",
        payload: '{"count": 1}',
      });
      const { inbox } = await start([reader()]);
      const { topic, payload, datalink } = await inbox("packets").next();
      assert.equal(topic, `${ID}/JSON`);
      assert.deepEqual(payload, { count: 1 });
      const { packetTime, ...rest } = datalink;
      assert.match(packetTime!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      assert.deepEqual(rest, {
        streamId: `${ID}/JSON`,
        sourceId: ID,
        type: "JSON",
        packetId: String(server.status.newest?.packetId),
        dataStart: "2026-11-22T06:19:29.804015Z",
        dataEnd: "2026-11-22T06:19:30.000000Z",
        server: server.url,
      });
    });

    it("gives text as text, bytes as a Buffer, and what is no JSON as a Buffer with an event", async () => {
      server.write({ streamId: `${ID}/TEXT`, dataStart: 0, payload: "grüezi" });
      server.write({ streamId: `${ID}/RAW`, dataStart: 0, payload: Uint8Array.of(1, 2) });
      server.write({ streamId: `${ID}/JSON`, dataStart: 0, payload: "{oops" });
      const { inbox } = await start([reader()]);
      const messages = await inbox("packets").take(3);
      assert.deepEqual(
        messages.map(({ payload }) => payload),
        ["grüezi", Buffer.of(1, 2), Buffer.from("{oops")],
      );
      const events = await inbox("events").take(3);
      assert.deepEqual(
        events.map(({ topic }) => topic),
        ["connected", "started", "unreadable"],
      );
    });

    it("decompresses compressed JSON", async () => {
      // bzip2 of {"count": 1}, by its reference implementation.
      const bzip2 = "QlpoOTFBWSZTWTaqyKUAAAUZgFAAIBAIAYYKIAAiBoaaCAaaaAUKZHV3eLuSKcKEgbVWRSg=";
      server.write({ streamId: `${ID}/BZJSON`, dataStart: 0, payload: Buffer.from(bzip2, "base64") });
      const { inbox } = await start([reader()]);
      assert.deepEqual((await inbox("packets").next()).payload, { count: 1 });
    });

    it("gives every payload as a Buffer if asked to", async () => {
      writeJson(1);
      const { inbox } = await start([reader({ payload: "raw" })]);
      assert.deepEqual((await inbox("packets").next()).payload, Buffer.from('{"count":0}'));
    });

    it("selects streams by match and reject", async () => {
      for (const station of ["A", "B", "C"]) {
        server.write({ streamId: `FDSN:XX_${station}/TEXT`, dataStart: 0, payload: station });
      }
      const { inbox } = await start([reader({ match: "XX_[AB]", reject: "_B/" })]);
      server.write({ streamId: "FDSN:XX_A/TEXT", dataStart: 0, payload: "again" });
      const messages = await inbox("packets").take(2);
      assert.deepEqual(
        messages.map(({ payload }) => payload),
        ["A", "again"],
      );
    });

    it("goes on where it stopped, after the flow was stopped and started", async () => {
      writeJson(5);
      const first = await start([reader()]);
      assert.deepEqual(counts(await first.inbox("packets").take(5)), [0, 1, 2, 3, 4]);
      await first.stop();
      writeJson(5, 5);
      const second = await start([reader()]);
      assert.deepEqual(counts(await second.inbox("packets").take(5)), [5, 6, 7, 8, 9]);
      const events = await second.inbox("events").take(2);
      assert.equal(events[1]?.topic, "resumed");
    });

    it("tells with a selection how much the ring has lost meanwhile", async () => {
      const selecting = reader({ match: `^${ID}/JSON$` });
      writeJson(3);
      const first = await start([selecting]);
      await first.inbox("packets").take(3);
      await first.stop();
      for (let i = 0; i < 2500; i++)
        server.write({ streamId: `${ID}/OTHER`, dataStart: i, payload: Buffer.alloc(500) });
      writeJson(1, 3);
      const second = await start([selecting]);
      assert.deepEqual(counts([await second.inbox("packets").next()]), [3]);
      const [, resumed] = await second.inbox("events").take(2);
      const {
        how,
        packetId,
        first: earliest,
        idsBetween,
        message,
      } = resumed!.payload as {
        how: string;
        packetId: string;
        first: { packetId: string; packetTime: string };
        idsBetween: number;
        message: string;
      };
      assert.deepEqual([how, packetId], ["earliest", "3"]);
      assert.equal(BigInt(earliest.packetId), server.status.earliest?.packetId);
      assert.equal(idsBetween, Number(earliest.packetId) - 4);
      assert.match(earliest.packetTime, /^\d{4}-\d\d-\d\dT[\d:]+\.\d{6}Z$/);
      assert.deepEqual(second.warnings("in"), [message]);
    });

    it("forgets where it stopped if it is not to resume", async () => {
      writeJson(3);
      await (await start([reader()])).inbox("packets").take(3);
      await flow?.stop();
      const { inbox } = await start([reader({ resume: false })]);
      assert.deepEqual(counts(await inbox("packets").take(3)), [0, 1, 2]);
    });

    it("begins at a packet id, and at a time", async () => {
      writeJson(10);
      const earliest = server.status.earliest?.packetId as bigint;
      const byId = await start([reader({ from: "packet", fromPacket: String(earliest + 4n) })]);
      assert.deepEqual(counts(await byId.inbox("packets").take(6)), [4, 5, 6, 7, 8, 9]);
      await byId.stop();
      const byTime = await start([
        reader({ from: "time", fromTime: "1970-01-01T00:00:01.000007Z", resume: false }),
      ]);
      assert.deepEqual(counts(await byTime.inbox("packets").take(3)), [7, 8, 9]);
    });

    it("reconnects when the server comes back, and tells of it", async () => {
      const { inbox, warnings } = await start([reader()]);
      writeJson(1);
      await inbox("packets").next();
      const { port } = server;
      await server.close();
      server = await DataLinkServer.listen({ port, ringBytes: 1 << 20 });
      writeJson(1, 1);
      assert.deepEqual(counts([await inbox("packets").next()]), [1]);
      const topics: unknown[] = [];
      while (topics.at(-1) !== "resumed") topics.push((await inbox("events").next()).topic);
      assert.deepEqual(topics.slice(0, 3), ["connected", "started", "disconnected"]);
      assert.equal(warnings("in").length > 0, true);
    });

    it("says in its status that nothing answers, and when it tries again", async () => {
      const { url } = server;
      await server.close();
      const { status, warnings } = await start([reader()], url);
      await status("in", ({ fill, text }) => fill === "red" && text === "datalink-in.status.retry");
      assert.match(
        warnings("in")[0]!,
        /^Cannot connect to .*: nothing listens on this port.*Next attempt in \d/,
      );
    });

    it("stops, starts, moves and selects by control messages, and refuses others", async () => {
      const { inbox, node } = await start([reader({ autoStart: false }), catcher("in")]);
      writeJson(3);
      node("in").receive({ topic: "start" });
      assert.deepEqual(counts(await inbox("packets").take(3)), [0, 1, 2]);
      node("in").receive({ topic: "position", payload: "earliest" });
      assert.deepEqual(counts(await inbox("packets").take(3)), [0, 1, 2]);
      server.write({ streamId: "FDSN:XX_B/JSON", dataStart: 0, payload: '{"count": -1}' });
      assert.deepEqual(counts(await inbox("packets").take(1)), [-1]);
      node("in").receive({ topic: "match", payload: "XX_B" });
      node("in").receive({ topic: "position", payload: "earliest" });
      assert.deepEqual(counts(await inbox("packets").take(1)), [-1]);
      node("in").receive({ topic: "dance" });
      assert.match((await inbox("errors").next()).error.message, /give start, stop, position or match/);
      node("in").receive({ topic: "position", payload: "noon" });
      assert.match((await inbox("errors").next()).error.message, /msg\.payload is not a position/);
    });

    it("tells of settings that cannot be used", async () => {
      await start([reader({ connection: "" })]);
      assert.deepEqual(flow?.errors("in"), ["No server is chosen: choose one in the node's settings."]);
    });

    it("bounds how many packets are in a slow flow, and delivers them all", async () => {
      // A node that takes its time, one message after another.
      let inFlow = 0;
      let most = 0;
      writeJson(200);
      const { node, inbox } = await start([
        reader({ maxInFlight: "8", wires: [["slow"], ["events"]] }),
        { id: "slow", type: "helper", wires: [["packets"]] },
      ]);
      node("slow").on("input", (msg, send, done) => {
        most = Math.max(most, ++inFlow);
        setTimeout(() => {
          inFlow--;
          send(msg);
          done();
        }, 1);
      });
      assert.deepEqual(
        counts(await inbox("packets").take(200)),
        Array.from({ length: 200 }, (_, i) => i),
      );
      assert.ok(most <= 8, `${most} at a time`);
    });

    describe("with commit when complete", () => {
      const complete = (settings: object = {}) =>
        reader({ commit: "complete", scope: ["work"], ...settings });
      const work = { id: "work", type: "helper", wires: [] };

      it("moves its position only past what the chosen node has finished, and delivers the rest again", async () => {
        writeJson(6);
        const first = await start([complete({ wires: [["work"], []] }), work]);
        const finished: number[] = [];
        const all = new Promise<void>((resolve) => {
          let seen = 0;
          first.node("work").on("input", (msg, _send, done) => {
            const { count } = msg.payload as { count: number };
            if (count !== 3) {
              finished.push(count);
              done();
            }
            if (++seen === 6) resolve();
          });
        });
        await all;
        await first.stop();
        assert.deepEqual(finished, [0, 1, 2, 4, 5]);
        const second = await start([complete({ wires: [["packets", "work"], []] }), work]);
        second.node("work").on("input", (_msg, _send, done) => done());
        assert.deepEqual(counts(await second.inbox("packets").take(3)), [3, 4, 5]);
      }).timeout(8000);

      it("counts a packet that became several messages when all of them are finished", async () => {
        const records = packRecords(
          {
            sourceId: ID,
            startTime: 0,
            sampleRate: 100,
            samples: Int32Array.from({ length: 900 }, (_, i) => i * i),
          },
          { recordLength: 512 },
        );
        const payload = Buffer.concat([...records]);
        server.write({ streamId: `${ID}/MSEED3`, dataStart: 0, payload });
        const first = await start([
          complete({ wires: [["decode"], []] }),
          { id: "decode", type: "mseed-decode", version: 1, wires: [["work"]] },
          work,
        ]);
        let seen = 0;
        await new Promise<void>((resolve) => {
          first.node("work").on("input", (_msg, _send, done) => {
            // All but the second.
            if (++seen !== 2) done();
            if (seen === 3) resolve();
          });
        });
        await first.stop();
        const second = await start([complete({ wires: [["packets"], []] }), work]);
        assert.deepEqual((await second.inbox("packets").next()).payload, payload);
      }).timeout(8000);

      it("stops at an error if it is told to, and delivers that packet again after a start", async () => {
        writeJson(3);
        const { node, inbox, status, errors } = await start([
          complete({ onError: "stop", wires: [["work", "packets"], ["events"]] }),
          work,
        ]);
        let healthy = false;
        node("work").on("input", (msg, _send, done) => {
          const { count } = msg.payload as { count: number };
          done(count === 1 && !healthy ? new Error("no space") : undefined);
        });
        await status("in", ({ text }) => text === "datalink-in.status.failed");
        assert.match(errors("in").join(), /Stopped: a node failed with packet \d+ of .*\(no space\)/);
        await inbox("packets").take(inbox("packets").size);
        healthy = true;
        node("in").receive({ topic: "start" });
        assert.deepEqual(counts(await inbox("packets").take(2)), [1, 2]);
      });

      it("goes on after an error if it is told to", async () => {
        writeJson(3);
        const first = await start([complete({ onError: "continue", wires: [["work"], []] }), work]);
        await new Promise<void>((resolve) => {
          first.node("work").on("input", (msg, _send, done) => {
            const { count } = msg.payload as { count: number };
            done(count === 1 ? new Error("odd") : undefined);
            if (count === 2) resolve();
          });
        });
        await setImmediate();
        await first.stop();
        writeJson(1, 3);
        const second = await start([complete({ wires: [["packets"], []] }), work]);
        assert.deepEqual(counts(await second.inbox("packets").take(1)), [3]);
      });

      it("archives every packet once, across a stop in the middle", async () => {
        const archive = {
          id: "work",
          type: "jsonl-archive",
          version: 1,
          pattern: "all.jsonl",
          wires: [["written"]],
        };
        writeJson(300);
        const first = await start([complete({ wires: [["work"], []], maxInFlight: "16" }), archive]);
        await first.inbox("written").take(50);
        await first.stop();
        const second = await start([complete({ wires: [["work"], []] }), archive]);
        writeJson(1, 300);
        let last = -1;
        while (last !== 300) last = counts([await second.inbox("written").next()])[0] as number;
        const { readFile } = await import("node:fs/promises");
        const lines = (await readFile(path.join(userDir, "archive/all.jsonl"), "utf8")).trim().split("\n");
        assert.deepEqual(
          lines.map((line) => JSON.parse(line).count),
          Array.from({ length: 301 }, (_, i) => i),
        );
      });
    });
  });

  describe("datalink out", () => {
    it("writes miniSEED with stream id and times of the record, and passes it on with the packet's id", async () => {
      const [record] = packRecords({
        sourceId: "FDSN:CO_JSC_00_H_H_Z",
        startTime: "2026-11-22T06:19:29.123456Z",
        sampleRate: 10,
        samples: [1, 2, 3],
      });
      const { node, inbox } = await start([writer()]);
      node("out").receive({ payload: Buffer.from(record!), kept: 1 });
      const { datalink, kept } = await inbox("written").next();
      assert.equal(kept, 1);
      assert.deepEqual(datalink, {
        streamId: "FDSN:CO_JSC_00_H_H_Z/MSEED3",
        sourceId: "FDSN:CO_JSC_00_H_H_Z",
        type: "MSEED3",
        dataStart: "2026-11-22T06:19:29.123456Z",
        dataEnd: "2026-11-22T06:19:29.323456Z",
        server: server.url,
        packetId: String(server.status.newest?.packetId),
      });
      assert.equal(server.status.newest?.streamId, "FDSN:CO_JSC_00_H_H_Z/MSEED3");
    });

    it("writes a packet per record, and objects and text to the stream that the message names", async () => {
      const records = [
        ...packRecords(
          {
            sourceId: ID,
            startTime: 0,
            sampleRate: 100,
            samples: Int32Array.from({ length: 900 }, (_, i) => i * i),
          },
          { recordLength: 512 },
        ),
      ];
      const { node, inbox } = await start([writer()]);
      node("out").receive({ payload: Buffer.concat(records) });
      const { datalink } = await inbox("written").next();
      assert.equal((datalink.packetIds as unknown as string[]).length, records.length);
      node("out").receive({ payload: { volts: 12 }, topic: ID });
      assert.equal((await inbox("written").next()).datalink.streamId, `${ID}/JSON`);
      node("out").receive({
        payload: "hello",
        datalink: { streamId: `${ID}/TEXT`, dataStart: "2026-11-22T00:00:00Z" },
      });
      const text = (await inbox("written").next()).datalink;
      assert.deepEqual([text.streamId, text.dataStart], [`${ID}/TEXT`, "2026-11-22T00:00:00.000000Z"]);
    });

    it("compresses an object for a stream of compressed JSON", async () => {
      const { node, inbox } = await start([writer()]);
      const document = { text: "over and over ".repeat(200) };
      node("out").receive({ payload: document, topic: `${ID}/BZJSON` });
      const { datalink } = await inbox("written").next();
      await using client = await DataLinkClient.connect(server.url);
      const packet = await client.read(BigInt(datalink.packetId!));
      assert.deepEqual(packetValue(packet), { type: "BZJSON", value: document });
      assert.ok(packet.payload.length < 300, `${packet.payload.length} bytes`);
    });

    it("waits for the server, and writes then what waited", async () => {
      const { port, url } = server;
      await server.close();
      const { node, inbox, status } = await start([writer({ streamId: `${ID}/JSON` })], url);
      await status("out", ({ fill }) => fill === "red");
      node("out").receive({ payload: [1] });
      server = await DataLinkServer.listen({ port, ringBytes: 1 << 20 });
      assert.equal((await inbox("written").next()).datalink.streamId, `${ID}/JSON`);
    });

    it("fails a message that cannot be written, with a sentence", async () => {
      const { node, inbox } = await start([writer(), catcher("out")]);
      const complaints: [msg: Record<string, unknown>, sentence: RegExp][] = [
        [{ payload: { a: 1 } }, /has no stream id: put one such as/],
        [{ payload: { a: 1 }, topic: "with space" }, /"with space\/JSON" is not a stream id/],
        [{ payload: Buffer.from("garbage"), topic: ID }, /not only miniSEED records/],
        [{ topic: ID }, /msg\.payload is empty/],
        [{ payload: "{", topic: `${ID}/JSON` }, /cannot be written as JSON: .*position 1/],
        [{ payload: "{", topic: `${ID}/BZJSON` }, /cannot be written as BZJSON: .*position 1/],
        [{ payload: {}, topic: ID, datalink: { dataStart: "noon" } }, /dataStart is not a time/],
        [{ payload: "x".repeat(5000), topic: ID }, /5000/],
      ];
      for (const [msg, sentence] of complaints) {
        node("out").receive(msg);
        assert.match((await inbox("errors").next()).error.message, sentence);
      }
      node("out").receive({ payload: {}, topic: ID });
      await inbox("written").next();
    });
  });
});
