// lib/jetstream against one real nats-server: streams, writers, groups, and what goes wrong.
import assert from "node:assert/strict";
import net from "node:net";
import {
  checkStream,
  connectJetStream,
  createStream,
  type JetStreamConnection,
  type JetStreamEvent,
  type JetStreamSubscribeOptions,
  JetStreamWriter,
  type JetStreamWriterEvent,
  type JetStreamWriterOptions,
  subscribeJetStream,
} from "../../../lib/jetstream/index.ts";
import { countTwice, idsOf, managerOf, packetOf, take, writePackets } from "../../jetstream/packets.ts";
import { recordEvents } from "../../support/events.ts";
import { type NatsServer, natsServer, needsNatsServer } from "../../support/network/nats-servers.ts";

const fast = { minDelay: 5, maxDelay: 100 };

describe("JetStream, one server", function () {
  this.timeout(300_000);
  let server: NatsServer & AsyncDisposable;
  let connection: JetStreamConnection;
  let count = 0;
  const opened: { close(): Promise<void> }[] = [];

  before(async function () {
    needsNatsServer(this);
    server = await natsServer();
    connection = await connectJetStream({ servers: server.url });
  });

  after(async () => {
    await connection?.close();
    await server?.[Symbol.asyncDispose]();
  });

  afterEach(async () => {
    for (const it of opened.splice(0)) await it.close();
  });

  /** A new, empty stream. */
  async function newStream(settings: Partial<Parameters<typeof createStream>[1]> = {}): Promise<string> {
    const stream = `S${++count}`;
    const info = await createStream(connection, {
      stream,
      prefix: `p${count}`,
      replicas: 1,
      maxBytes: 1e8,
      ...settings,
    });
    assert.equal(info.messages, 0);
    return stream;
  }

  function newWriter(stream: string, options: Partial<JetStreamWriterOptions> = {}) {
    const events = recordEvents<JetStreamWriterEvent>();
    const writer = new JetStreamWriter(connection, {
      stream,
      backoff: fast,
      onEvent: events.onEvent,
      ...options,
    });
    opened.push({ close: () => writer.close({ timeout: 0 }) });
    return { writer, events };
  }

  function newGroup(stream: string, options: Partial<JetStreamSubscribeOptions> = {}) {
    const events = recordEvents<JetStreamEvent>();
    const packets = subscribeJetStream(connection, {
      stream,
      group: "g",
      backoff: fast,
      onEvent: events.onEvent,
      ...options,
    });
    opened.push(packets);
    return { packets, events };
  }

  describe("streams", () => {
    it("are made as they have to be, and made twice without harm", async () => {
      const settings = {
        stream: "made",
        prefix: "made",
        replicas: 1,
        maxBytes: 5e6,
        maxAge: 3600,
        duplicateWindow: 30,
      };
      const info = await createStream(connection, settings);
      assert.deepEqual(info, {
        ...settings,
        messages: 0,
        bytes: 0,
        firstSequence: 0,
        lastSequence: 0,
        // Servers from 2.10 name it where there is one alone, too.
        leader: info.leader,
        created: info.created,
      });
      const { leader } = info;
      assert.ok(Date.parse(info.created) <= Date.now());
      assert.deepEqual({ ...(await createStream(connection, settings)), leader }, info);
      assert.deepEqual({ ...(await checkStream(connection, "made")), leader }, info);
      const { config } = await (await managerOf(connection)).streams.info("made");
      assert.deepEqual(
        [
          config.subjects,
          config.retention,
          (config as { storage?: string }).storage,
          (config as { discard?: string }).discard,
        ],
        [["made.>"], "limits", "file", "old"],
      );
    });

    it("are never changed: what differs is said", async () => {
      const stream = await newStream({ maxAge: 3600 });
      for (const part of [
        { replicas: 3 },
        { maxBytes: 7e6 },
        { maxAge: 60 },
        { duplicateWindow: 5 },
        { prefix: "other" },
      ])
        await assert.rejects(
          createStream(connection, { stream, replicas: 1, maxBytes: 1e8, maxAge: 3600, ...part }),
          {
            code: "STREAM_DIFFERS",
            message: new RegExp(Object.keys(part)[0]!),
          },
        );
    });

    it("cannot take subjects of another", async () => {
      await newStream();
      await assert.rejects(
        createStream(connection, { stream: "overlap", prefix: `p${count}`, replicas: 1, maxBytes: 1e6 }),
        {
          code: "STREAM_DIFFERS",
          message: /another stream takes subjects that begin with/,
        },
      );
    });

    it("that are not there, or are not for packets, are named", async () => {
      await assert.rejects(checkStream(connection, "missing"), {
        code: "STREAM_NOT_FOUND",
        message: /missing.*there is no such stream/,
      });
      const { streams } = await managerOf(connection);
      await streams.add({ name: "narrow", subjects: ["only.one"], storage: "memory" });
      await assert.rejects(checkStream(connection, "narrow"), {
        code: "STREAM_DIFFERS",
        message: /only\.one/,
      });
      await streams.add({ name: "queue", subjects: ["queue.>"], storage: "memory", retention: "workqueue" });
      await assert.rejects(checkStream(connection, "queue"), {
        code: "STREAM_DIFFERS",
        message: /workqueue/,
      });
      await assert.rejects(checkStream(connection, "no.name"), { code: "INVALID_ARGUMENT" });
    });

    it("are not made of nonsense", async () => {
      for (const part of [
        { maxBytes: 0 },
        { replicas: 6 },
        { prefix: "a b" },
        { prefix: ">" },
        { maxAge: -1 },
        { maxAge: 60, duplicateWindow: 61 },
      ])
        await assert.rejects(createStream(connection, { stream: "x", replicas: 1, maxBytes: 1e6, ...part }), {
          code: "INVALID_ARGUMENT",
        });
      await assert.rejects(createStream(connection, { stream: "three", prefix: "three", maxBytes: 1e6 }), {
        code: "SERVER_ERROR",
      });
    });
  });

  it("are made of times that are not whole nanoseconds, and are the same when they are asked for again", async () => {
    for (const part of [{ duplicateWindow: 2.3 }, { maxAge: 1.1 * 86_400, duplicateWindow: 1.1 }]) {
      const stream = await newStream(part);
      const prefix = `p${count}`;
      const again = await createStream(connection, { stream, prefix, replicas: 1, maxBytes: 1e8, ...part });
      assert.equal(again.stream, stream);
    }
  });

  describe("packets", () => {
    it("come back as they were, with source, number and stream", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      const { packets, events } = newGroup(stream);
      const given = [packetOf(1), { ...packetOf(2), payload: Buffer.alloc(0), streamId: "größe>*/TEXT" }];
      for (const packet of given) await writer.publish(packet);
      const taken = await take(packets, 2);
      assert.deepEqual(
        taken,
        given.map((packet, i) => ({ ...packet, stream, sequence: i + 1, deliveries: 1, redelivered: false })),
      );
      assert.deepEqual(
        [packets.open, packets.redeliveries, packets.position],
        [0, 0, { stream, sequence: 2 }],
      );
      assert.equal((await events.wait("started")).created, true);
    });

    it("are stored once, however often they are given", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      const first = await Promise.all(
        [1, 2, 3].map((n) => writer.publish(packetOf(n, { streams: 1, time: 5 }))),
      );
      const second = await Promise.all(
        [3, 2, 1].map((n) => writer.publish(packetOf(n, { streams: 1, time: 5 }))),
      );
      assert.deepEqual(
        first,
        [1, 2, 3].map((sequence) => ({ sequence, duplicate: false })),
      );
      assert.deepEqual(
        second,
        [3, 2, 1].map((sequence) => ({ sequence, duplicate: true })),
      );
    });

    it("are given to one worker each, and only those of the filter", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      await writePackets(writer, 700);
      const filter = { station: "S3" };
      const workers = [
        newGroup(stream, { filter, maxInFlight: 10 }),
        newGroup(stream, { filter, maxInFlight: 10 }),
      ];
      const seen: bigint[] = [];
      let wake = () => {};
      const all = new Promise<void>((resolve) => {
        wake = resolve;
      });
      for (const { packets } of workers)
        void (async () => {
          for await (const packet of packets) {
            assert.match(packet.streamId, /_S3_/);
            seen.push(packet.packetId);
            packets.commit(packet);
            if (seen.length === 100) wake();
          }
        })();
      await all;
      assert.equal(new Set(seen).size, 100);
    });

    it("wait where the stream is behind a window, and no more are asked for than may be open", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      await writePackets(writer, 300);
      const { packets } = newGroup(stream, { maxInFlight: 20 });
      const first = await take(packets, 20, false);
      const { num_ack_pending, num_pending } = await (await managerOf(connection)).consumers.info(
        stream,
        "g",
      );
      assert.deepEqual([num_ack_pending, num_pending, packets.open, packets.lag], [20, 280, 20, 280]);
      for (const packet of first) packets.commit(packet);
      await take(packets, 280);
    });

    it("of a station come in order, whichever worker gets them, where order is kept", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      const workers = [1, 2, 3].map(() => newGroup(stream, { order: "kept", ackWait: 1000 }).packets);
      const last = new Map<string, bigint>();
      let seen = 0;
      let outOfOrder = 0;
      const total = 2000;
      const reading = workers.map(async (packets, worker) => {
        for await (const packet of packets) {
          // The first one dies in the middle, with a packet in its hands.
          if (worker === 0 && seen > total / 3) return await packets.close();
          await new Promise(setImmediate);
          const before = last.get(packet.streamId);
          if (before !== undefined && packet.packetId < before) outOfOrder++;
          if (before === undefined || packet.packetId > before) seen++;
          last.set(packet.streamId, packet.packetId);
          packets.commit(packet);
          if (seen === total) for (const other of workers) other.close().catch(assert.ifError);
        }
      });
      await writePackets(writer, total, 1, { streams: 40 });
      await Promise.all(reading);
      assert.deepEqual([seen, outOfOrder], [total, 0]);
    });

    it("that are not committed come again after ackWait; a late commit is in time as long as they are in the same hands", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      await writePackets(writer, 1);
      const { packets } = newGroup(stream, { ackWait: 300 });
      const [packet] = await take(packets, 1, false);
      const manager = await managerOf(connection);
      let info = await manager.consumers.info(stream, "g");
      while (((info as { num_redelivered?: number }).num_redelivered ?? 0) === 0)
        info = await manager.consumers.info(stream, "g");
      packets.commit(packet!);
      while (info.num_ack_pending > 0) info = await manager.consumers.info(stream, "g");
      await writePackets(writer, 1, 2);
      assert.equal((await take(packets, 1))[0]?.packetId, 2n, "and not the first one again");
      assert.equal(packets.redeliveries, 0);
    });

    it("of a worker that went away go to another, and say so", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      await writePackets(writer, 10);
      const first = newGroup(stream, { ackWait: 300 });
      await take(first.packets, 3, false);
      await first.packets.close();
      const second = newGroup(stream, { ackWait: 300 });
      const taken = await take(second.packets, 10);
      assert.equal(new Set(taken.map(({ packetId }) => packetId)).size, 10);
      assert.ok(taken.filter(({ redelivered }) => redelivered).length >= 3);
      assert.equal(second.packets.redeliveries, taken.filter(({ deliveries }) => deliveries > 1).length);
    });
  });

  describe("a worker that is closed", () => {
    it("gives back at once what it has not handed out, and what is on its way to it", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      await writePackets(writer, 1500, 1, { bytes: 1000 });
      const ackWait = 600_000;
      for (let round = 0; round < 5; round++) {
        const { packets } = newGroup(stream, { ackWait });
        await take(packets, 1);
        await packets.close();
      }
      const { packets } = newGroup(stream, { ackWait });
      // What this server sent when it no longer knew of anybody waits for its time: one of each round, perhaps.
      const taken = await take(packets, 1450);
      assert.equal(new Set(taken.map(({ packetId }) => packetId)).size, 1450);
    });
  });

  describe("a packet that is given back", () => {
    it("comes again at once, also from a worker that is being closed", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      await writePackets(writer, 2);
      const ackWait = 600_000;
      const first = newGroup(stream, { ackWait }).packets;
      const [one, two] = await take(first, 2, false);
      first.giveBack(one!);
      const [again] = await take(first, 1);
      assert.deepEqual([again!.sequence, again!.redelivered], [1, true]);
      const closed = first.close();
      first.giveBack(two!);
      await closed;
      const [last] = await take(newGroup(stream, { ackWait }).packets, 1);
      assert.equal(last!.sequence, 2);
    });
  });

  describe("groups", () => {
    it("are never changed: another filter, order or ackWait is refused in words", async () => {
      const stream = await newStream();
      const { events } = newGroup(stream);
      await events.wait("started");
      const before = await (await managerOf(connection)).consumers.info(stream, "g");
      for (const [part, words] of [
        [{ filter: { station: "S1" } }, /filter p\d+\.>, not p\d+\.\*/],
        [{ ackWait: 999 }, /ackWait 30 s, not 0.999 s/],
      ] as const) {
        const refused = await newGroup(stream, part).events.wait("refused");
        assert.equal(refused.error.code, "GROUP_DIFFERS");
        assert.match(refused.error.message, words);
      }
      const after = await (await managerOf(connection)).consumers.info(stream, "g");
      assert.deepEqual(after.config, before.config);
    });

    it("are not read in order here and in any order there", async () => {
      const stream = await newStream();
      for (const [group, first, second] of [
        ["any", "any", "kept"],
        ["kept", "kept", "any"],
      ] as const) {
        await newGroup(stream, { group, order: first }).events.wait("started");
        const refused = await newGroup(stream, { group, order: second }).events.wait("refused");
        assert.equal(refused.error.code, "GROUP_DIFFERS");
        assert.match(refused.error.message, new RegExp(`order ${first}, not ${second}`));
      }
    });

    it("are refused where they leave out payloads, or give packets up", async () => {
      const stream = await newStream();
      const { consumers } = await managerOf(connection);
      const config = {
        ack_policy: "explicit",
        deliver_policy: "all",
        ack_wait: 30e9,
        max_ack_pending: 10_000,
        filter_subject: `p${count}.>`,
      } as const;
      for (const [name, part, words] of [
        ["bare", { headers_only: true }, /payloads left out, not sent/],
        ["few", { max_deliver: 3 }, /deliveries 3, not without a limit/],
        ["grows", { backoff: [30e9, 60e9], max_deliver: 3 }, /times to acknowledge that grow/],
      ] as const) {
        await consumers.add(stream, { durable_name: name, ...config, ...part });
        const refused = await newGroup(stream, { group: name }).events.wait("refused");
        assert.equal(refused.error.code, "GROUP_DIFFERS");
        assert.match(refused.error.message, words);
      }
    });

    it("that began with the latest go on behind what was acknowledged, where somebody deleted them", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      await writePackets(writer, 5);
      const { packets, events } = newGroup(stream, { from: "latest" });
      await events.wait("started");
      await writePackets(writer, 5, 6);
      await take(packets, 5);
      await (await managerOf(connection)).consumers.delete(stream, "g");
      await writePackets(writer, 5, 11);
      const seen = new Set<bigint>();
      while (seen.size < 5)
        for (const { packetId } of await take(packets, 1)) if (packetId > 10n) seen.add(packetId);
    });

    it("hand out everything of a stream that was made anew, also to a worker that finds the group made by another", async () => {
      const stream = await newStream();
      const prefix = `p${count}`;
      const { writer } = newWriter(stream);
      await writePackets(writer, 20);
      await using own = await connectJetStream({ servers: server.url });
      const events = recordEvents<JetStreamEvent>();
      await using packets = subscribeJetStream(own, {
        stream,
        group: "g",
        // It comes back when the other one has made the group.
        backoff: { minDelay: 2000 },
        onEvent: events.onEvent,
      });
      await take(packets, 20);
      const { streams } = await managerOf(connection);
      await streams.delete(stream);
      await createStream(connection, { stream, prefix, replicas: 1, maxBytes: 1e8 });
      const other = newGroup(stream, { maxInFlight: 1 });
      await other.events.wait("started");
      await writePackets(writer, 20, 21);
      // It gives back what it has.
      await events.wait("started", () => events.count("started") === 2);
      await other.packets.close();
      const taken = await take(packets, 20);
      assert.deepEqual(
        taken.map(({ packetId }) => Number(packetId)).sort((a, b) => a - b),
        Array.from({ length: 20 }, (_, i) => 21 + i),
      );
    });

    it("begin where they are told, and go on where they were", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      await writePackets(writer, 5);
      const latest = newGroup(stream, { group: "latest", from: "latest" });
      await latest.events.wait("started");
      await writePackets(writer, 1, 6);
      assert.equal((await take(latest.packets, 1))[0]?.packetId, 6n);
      await latest.packets.close();
      await writePackets(writer, 1, 7);
      const again = newGroup(stream, { group: "latest", from: "earliest" });
      assert.equal((await take(again.packets, 1))[0]?.packetId, 7n);
      assert.equal((await again.events.wait("started")).created, false);
      const timed = newGroup(stream, { group: "timed", from: "2000-01-01T00:00:00Z" });
      assert.equal((await take(timed.packets, 1))[0]?.packetId, 1n);
    });

    it("are told what the stream's limits took from them", async () => {
      const stream = await newStream({ maxBytes: 20_000 });
      const { writer } = newWriter(stream);
      await writePackets(writer, 10);
      const first = newGroup(stream);
      await take(first.packets, 10);
      await first.packets.close();
      // What it asked for last is still out.
      const { consumers } = await managerOf(connection);
      while ((await consumers.info(stream, "g")).num_waiting > 0) await new Promise(setImmediate);
      await writePackets(writer, 500, 11);
      const { firstSequence } = await checkStream(connection, stream);
      const gap = await newGroup(stream).events.wait("gap");
      assert.deepEqual([gap.firstSequence, gap.lastSequence], [11, firstSequence - 1]);
    });

    it("wait for a stream that is not there, and say so", async () => {
      const { packets, events } = newGroup("later");
      assert.equal((await events.wait("refused")).error.code, "STREAM_NOT_FOUND");
      await createStream(connection, { stream: "later", prefix: "later", replicas: 1, maxBytes: 1e6 });
      const { writer } = newWriter("later");
      await writePackets(writer, 1);
      assert.equal((await take(packets, 1)).length, 1);
    });

    it("are made again where somebody deleted them", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      const { packets, events } = newGroup(stream);
      await writePackets(writer, 1);
      await take(packets, 1);
      await (await managerOf(connection)).consumers.delete(stream, "g");
      assert.match((await events.wait("refused")).error.message, /consumer not found|there is no/);
      await writePackets(writer, 1, 2);
      assert.deepEqual(
        (await take(packets, 2)).map(({ packetId }) => packetId),
        [1n, 2n],
        "as for any new group",
      );
    });

    it("pass over what is not a packet, once and for all", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      const { client } = await connection.link();
      await writePackets(writer, 1);
      client.publish(`p${count}.anything`, "hello");
      await client.flush();
      await writePackets(writer, 1, 2);
      const first = newGroup(stream, { ackWait: 300 });
      assert.deepEqual(
        (await take(first.packets, 2)).map(({ packetId }) => packetId),
        [1n, 2n],
      );
      const { sequence, subject, error } = await first.events.wait("unreadable");
      assert.deepEqual([sequence, subject, error.code], [2, `p${count}.anything`, "UNREADABLE"]);
      let info = await (await managerOf(connection)).consumers.info(stream, "g");
      while (info.num_ack_pending > 0) info = await (await managerOf(connection)).consumers.info(stream, "g");
      assert.equal(info.num_pending, 0);
    });

    it("pass over what somebody stored with headers that nobody can read, or that look like a server's word", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      const socket = net.connect(server.port, "127.0.0.1");
      socket.write('CONNECT {"verbose":false,"headers":true}\r\n');
      const odd = [
        ["NATS/1.0\r\nbad key: v\r\n\r\n", "hello"],
        ["garbage", ""],
        ["NATS/1.0 404 No Messages\r\n\r\n", ""],
        ["NATS/1.0 100 Idle Heartbeat\r\n\r\n", ""],
        ["NATS/1.0 409 Consumer Deleted\r\n\r\n", ""],
        ["NATS/1.0\r\n\xff\xfe: \xff\r\n\r\n", "\xff"],
        [`NATS/1.0\r\nNats-Msg-Id: a:1:1\r\nx: ${"y".repeat(60_000)}\r\n\r\n`, ""],
      ] as const;
      await writePackets(writer, 1);
      for (const [headers, payload] of odd) {
        const sizes = `${headers.length} ${headers.length + payload.length}`;
        socket.write(Buffer.from(`HPUB p${count}.odd ${sizes}\r\n${headers}${payload}\r\n`, "latin1"));
      }
      socket.write("PING\r\n");
      for await (const chunk of socket) if (String(chunk).includes("PONG")) break;
      await writePackets(writer, 1, 2);
      const { packets, events } = newGroup(stream);
      assert.deepEqual(
        (await take(packets, 2)).map(({ packetId }) => packetId),
        [1n, 2n],
      );
      assert.equal(events.count("unreadable"), odd.length);
      assert.equal((await idsOf(connection, stream)).length, odd.length + 2);
      const { consumers } = await managerOf(connection);
      while ((await consumers.info(stream, "g")).num_ack_pending > 0) await new Promise(setImmediate);
    });

    it("end with the caller's signal, and without one when they are closed", async () => {
      const stream = await newStream();
      const stop = new AbortController();
      const { packets } = newGroup(stream, { signal: stop.signal });
      const next = packets.next();
      stop.abort();
      await assert.rejects(next, { code: "ABORTED" });
      const other = newGroup(stream).packets;
      const ended = other.next();
      await other.close();
      assert.deepEqual(await ended, { value: undefined, done: true });
      assert.throws(() => newGroup(stream, { maxInFlight: 0 }), { code: "INVALID_ARGUMENT" });
      assert.throws(() => newGroup(stream, { group: "a.b" }), { code: "INVALID_ARGUMENT" });
    });

    it("do not begin with a filter that fits no packet, or a time that is none", async () => {
      const stream = await newStream();
      for (const part of [
        { filter: "other.>" },
        { from: "yesterday" },
        { filter: `p${count}.07.>`, order: "kept" },
      ] as const)
        await assert.rejects(newGroup(stream, { group: "nonsense", ...part }).packets.next(), {
          code: "INVALID_ARGUMENT",
        });
    });
  });

  describe("trouble", () => {
    it("with a packet that is too large is that packet's alone", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      const large = writer.publish(packetOf(1, { bytes: 2 * 1024 * 1024 }));
      await assert.rejects(large, { code: "TOO_LARGE", message: /2097152 bytes/ });
      await writePackets(writer, 3, 1);
      assert.equal(writer.pending, 0);
    });

    it("with one whose headers make it too large is its own too", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream);
      const packet = {
        ...packetOf(1, { source: "s".repeat(255), bytes: 1024 * 1024 - 1024 }),
        streamId: "\u4e2d".repeat(255),
      };
      await assert.rejects(writer.publish(packet), { code: "TOO_LARGE", message: /max_payload/ });
      assert.equal((await writer.publish({ ...packet, payload: Buffer.alloc(0) })).sequence, 1);
    });

    it("with packets that are larger than a worker has room for is none: they come one at a time", async () => {
      await using large = await natsServer({ lines: "max_payload: 8MB" });
      await using own = await connectJetStream({ servers: large.url });
      await createStream(own, { stream: "L", replicas: 1, maxBytes: 1e9 });
      await using writer = new JetStreamWriter(own, { stream: "L" });
      await writePackets(writer, 4, 1, { bytes: 3_000_000 });
      await using packets = subscribeJetStream(own, {
        stream: "L",
        group: "g",
        maxInFlightBytes: 2 * 1024 * 1024,
      });
      assert.equal((await take(packets, 4)).length, 4);
    });

    it("with a limit of the account, or another stream that takes the subjects, is told, and packets wait", async () => {
      await Promise.all([withAccountLimit(), withOtherStream()]);
    });

    async function withAccountLimit(): Promise<void> {
      const lines = "accounts { A { jetstream: { max_file: 50KB }, users: [ { user: a, password: a } ] } }";
      await using limited = await natsServer({ lines });
      await using own = await connectJetStream({ servers: limited.url, auth: { user: "a", password: "a" } });
      const { streams } = await managerOf(own);
      await streams.add({ name: "S", subjects: ["seis.>"], storage: "file" });
      const events = recordEvents<JetStreamWriterEvent>();
      await using writer = new JetStreamWriter(own, { stream: "S", backoff: fast, onEvent: events.onEvent });
      const writing = writePackets(writer, 300, 1, { bytes: 500 });
      const { error } = await events.wait("stalled");
      assert.match(error.message, /resource limits exceeded for account/);
      const emptying = setInterval(() => void streams.purge("S"), 100);
      await writing.finally(() => clearInterval(emptying));
    }

    async function withOtherStream(): Promise<void> {
      const stream = await newStream();
      const prefix = `p${count}`;
      const { writer, events } = newWriter(stream);
      await writePackets(writer, 1);
      const { streams } = await managerOf(connection);
      await streams.delete(stream);
      await createStream(connection, { stream: `${stream}b`, prefix, replicas: 1, maxBytes: 1e6 });
      const writing = writer.publish(packetOf(2));
      const { error } = await events.wait("stalled");
      assert.match(error.message, new RegExp(`are taken by stream ${stream}b`));
      await streams.delete(`${stream}b`);
      await createStream(connection, { stream, prefix, replicas: 1, maxBytes: 1e6 });
      assert.equal((await writing).sequence, 1);
    }

    it("with a stream that takes only small ones is that packet's too", async () => {
      const stream = "small";
      await (await managerOf(connection)).streams.add({
        name: stream,
        subjects: ["small.>"],
        storage: "memory",
        max_msg_size: 1000,
      });
      const { writer } = newWriter(stream);
      await assert.rejects(writer.publish(packetOf(1, { bytes: 2000 })), {
        code: "TOO_LARGE",
        message: /the stream answers/,
      });
      assert.equal((await writer.publish(packetOf(1))).sequence, 1);
    });

    it("with a full stream that keeps what it has is told, and packets wait", async () => {
      const stream = "full";
      const { streams } = await managerOf(connection);
      await streams.add({
        name: stream,
        subjects: ["full.>"],
        storage: "memory",
        discard: "new",
        max_bytes: 5000,
      });
      const { writer, events } = newWriter(stream);
      const writing = writePackets(writer, 60, 1, { streams: 60 });
      const stalled = await events.wait("stalled");
      assert.match(stalled.error.message, /maximum bytes exceeded/);
      assert.equal(stalled.error.code, "SERVER_ERROR");
      const had = await idsOf(connection, stream);
      const emptying = setInterval(() => void streams.purge(stream), 100);
      await writing.finally(() => clearInterval(emptying));
      await events.wait("recovered");
      assert.ok(had.length > 0 && had.length < 60);
    });

    it("with a stream that is deleted is told, and ends when it is there again", async () => {
      const stream = await newStream();
      const { writer, events } = newWriter(stream);
      await writePackets(writer, 1);
      const { streams } = await managerOf(connection);
      const { config } = await streams.info(stream);
      await streams.delete(stream);
      const writing = writePackets(writer, 100, 2);
      const { error } = await events.wait("stalled");
      assert.match(error.message, /No server takes packets/);
      assert.doesNotMatch(error.message, /not enabled/);
      await streams.add(config);
      await writing;
      await events.wait("recovered");
      assert.equal((await idsOf(connection, stream)).length, 100);
    });

    it("with a caller that writes faster than the stream ends in QUEUE_FULL, not in memory", async () => {
      const stream = await newStream();
      const { writer } = newWriter(stream, { maxWaitingBytes: 10_000 });
      const results = await Promise.allSettled(
        Array.from({ length: 100 }, (_, n) => writer.publish(packetOf(n, { bytes: 500 }))),
      );
      const codes = results.map((it) =>
        it.status === "fulfilled" ? "stored" : (it.reason as { code: string }).code,
      );
      assert.deepEqual([...new Set(codes)].sort(), ["QUEUE_FULL", "stored"]);
      assert.ok(writer.pendingBytes === 0);
    });

    it("leaves what was not stored with CLOSED", async () => {
      const { writer } = newWriter("never");
      const waiting = writer.publish(packetOf(1));
      const failed = assert.rejects(waiting, { code: "CLOSED" });
      await writer.close({ timeout: 50 });
      await failed;
      await assert.rejects(writer.publish(packetOf(2)), { code: "CLOSED" });
      await assert.rejects(writer.ready(), { code: "CLOSED" });
    });

    it("with the server, killed and started again in the middle, loses nothing and stores nothing twice", async () => {
      const stream = await newStream();
      const { writer, events } = newWriter(stream, { ackTimeout: 500 });
      const { packets } = newGroup(stream, { ackWait: 1000 });
      const total = 4000;
      const writing = writePackets(writer, total);
      const seen = new Set<bigint>();
      let kills = 0;
      for await (const packet of packets) {
        seen.add(packet.packetId);
        packets.commit(packet);
        if (kills < 2 && seen.size > (kills + 1) * 1000) {
          kills++;
          await server.kill();
          await server.start();
        }
        if (seen.size === total) break;
      }
      await writing;
      assert.equal(kills, 2);
      await events.wait("disconnected");
      const ids = await idsOf(connection, stream);
      assert.deepEqual([ids.length, countTwice(ids)], [total, 0]);
      const last = new Map<string, number>();
      for (const id of ids) {
        const n = Number(id.split(":")[2]);
        const of = String(n % 7);
        assert.ok(n > (last.get(of) ?? 0), "in order per stream id");
        last.set(of, n);
      }
    });
  });

  describe("a relay that was away for longer than the window", () => {
    const old = 1_600_000_000_000_000;
    const source = { source: "ring:1", time: old, streams: 20 };

    /** Writes 1 to `to` in two runs, the second from `from` on: as after a position that is a little old. */
    async function twice(
      stream: string,
      options: { isOrdered: boolean; sequence?: number } | undefined,
    ): Promise<string[]> {
      const lookUp = options && { source: source.source, ...options };
      const first = newWriter(stream, { lookUp });
      await writePackets(first.writer, 600, 1, source);
      await first.writer.close();
      // The window is over when the stream takes its first packet a second time.
      const probe = newWriter(stream);
      const mark = packetOf(1, { source: "probe:1", time: old });
      await probe.writer.publish(mark);
      for (let again = await probe.writer.publish(mark); again.duplicate; )
        again = await probe.writer.publish(mark);
      const second = newWriter(stream, { lookUp });
      await writePackets(second.writer, 700, 301, source);
      return (await idsOf(connection, stream)).filter((id) => id.startsWith("ring:1:"));
    }

    it("stores nothing twice, because it looks first", async () => {
      const ids = await twice(await newStream({ duplicateWindow: 0.5 }), { isOrdered: true, sequence: 200 });
      assert.deepEqual([ids.length, countTwice(ids)], [1000, 0]);
    });

    it("nor where its position is lost, or its source has no order", async () => {
      const ids = await twice(await newStream({ duplicateWindow: 0.5 }), { isOrdered: false });
      assert.deepEqual([ids.length, countTwice(ids)], [1000, 0]);
    });

    it("nor where a packet has a time that no clock has", async () => {
      const stream = await newStream();
      for (const [n, time] of [1e19, 253_402_300_800_000_000, 1_830_000_000_000_000_000, -5e15].entries()) {
        const { writer } = newWriter(stream, { lookUp: { source: source.source, isOrdered: true } });
        const packet = packetOf(n, { ...source, time });
        assert.equal((await writer.publish(packet)).duplicate, false);
        const again = newWriter(stream, { lookUp: { source: source.source, isOrdered: true } });
        assert.equal((await again.writer.publish(packet)).duplicate, true);
        assert.equal((await again.events.wait("scanned")).found, n + 1);
      }
    });

    it("would store some twice if it did not", async () => {
      const ids = await twice(await newStream({ duplicateWindow: 0.5 }), undefined);
      assert.equal(countTwice(ids), 300);
    });

    it("looks again where another relay is ahead of it", async () => {
      const stream = await newStream({ duplicateWindow: 2 });
      const lookUp = { source: source.source, isOrdered: true };
      const [ahead, behind] = [newWriter(stream, { lookUp }), newWriter(stream, { lookUp })];
      for (let n = 0; n < 12; n++) {
        await writePackets(ahead.writer, 100, 200 + n * 100, source);
        await writePackets(behind.writer, 100, 1 + n * 100, source);
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
      const ids = await idsOf(connection, stream);
      assert.equal(countTwice(ids), 0);
      assert.equal(ids.length, 1399);
      assert.ok(behind.events.count("scanned") > 1);
    });
  });
});
