// lib/jetstream/reading/subscription.ts without a server: what is handed out, acknowledged, given back and told, and in which words to the
// servers.
import assert from "node:assert/strict";
import type { JetStreamEvent } from "../../lib/jetstream/events.ts";
import { messageId, writeHeaders } from "../../lib/jetstream/format/message.ts";
import type { JetStreamPacket, SourcePacket } from "../../lib/jetstream/format/packet.ts";
import type { JetStreamSubscribeOptions } from "../../lib/jetstream/reading/options.ts";
import { JetStreamSubscription } from "../../lib/jetstream/reading/subscription.ts";
import { Clock, settled } from "./clock.ts";
import { FakeConnection } from "./fake-servers.ts";
import { packetOf, take } from "./packets.ts";

const NEXT = "$JS.API.CONSUMER.MSG.NEXT.S.";
const ACK = "$JS.ACK.";

const MIB = 1024 * 1024;

function headersOf(packet: SourcePacket): Record<string, string> {
  const headers: Record<string, string> = {};
  writeHeaders(packet, messageId(packet), (name, value) => {
    headers[name] = value;
  });
  return headers;
}

/** A subscription to the stream S as group g, and the servers that it reads from. */
class Reading implements AsyncDisposable {
  readonly connection = new FakeConnection();
  readonly fake = this.connection.fake;
  readonly events: JetStreamEvent[] = [];
  packets!: JetStreamSubscription;

  async start(options: Partial<JetStreamSubscribeOptions> = {}): Promise<this> {
    const onEvent = (event: JetStreamEvent) => void this.events.push(event);
    this.packets = new JetStreamSubscription(this.connection, {
      stream: "S",
      group: "g",
      onEvent,
      ...options,
    });
    await settled();
    return this;
  }

  /** A message of the stream is delivered; where its acknowledgement goes. */
  deliver(
    sequence: number,
    { deliveries = 1, pending = 0, time = 17, headers = headersOf(packetOf(sequence)) } = {},
  ): string {
    const reply = `${ACK}S.g.${deliveries}.${sequence}.${sequence}.${time}.${pending}`;
    const [inbox = ""] = this.fake.listening.slice(-1);
    this.fake.deliver(inbox.replace("*", "1"), { reply, data: "x", headers });
    return reply;
  }

  /** So many milliseconds pass, in which the servers have nothing but say so. */
  async idle(clock: Clock, milliseconds: number): Promise<void> {
    for (let rest = milliseconds; rest > 0; rest -= 500) {
      await clock.pass(Math.min(rest, 500));
      for (const inbox of this.fake.listening) this.fake.status(inbox.replace("*", "x"), 100);
    }
  }

  /** What has been said of packets since the last time. */
  get words(): string[] {
    return this.fake
      .take(ACK)
      .map(({ subject, payload }) => `${payload} ${subject.split(".").slice(4, 6).join(".")}`);
  }

  /** Batches asked for since the last time. */
  get batches(): number[] {
    return this.fake.take(NEXT).map(({ payload }) => (JSON.parse(payload) as { batch: number }).batch);
  }

  told(type: JetStreamEvent["type"]): JetStreamEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.fake.isUp = false;
    await this.packets.close();
  }
}

const numbers = (packets: readonly JetStreamPacket[]) => packets.map(({ sequence }) => sequence);

describe("a subscription to a stream", () => {
  let clock: Clock;
  let reading: Reading;
  beforeEach(() => {
    clock = new Clock();
    reading = new Reading();
  });
  afterEach(async () => {
    await reading[Symbol.asyncDispose]();
    clock[Symbol.dispose]();
  });

  it("hands out packets as they were, and acknowledges each where its last delivery says, once", async () => {
    await reading.start();
    const { packets } = reading;
    assert.equal(packets.position, undefined);
    reading.deliver(1, { pending: 2 });
    reading.deliver(2, { deliveries: 2, pending: 1 });
    reading.deliver(3);
    assert.equal(packets.open, 0);
    const [one, two, three] = (await take(packets, 3, false)) as [
      JetStreamPacket,
      JetStreamPacket,
      JetStreamPacket,
    ];
    const { payload, packetId, streamId } = one;
    assert.deepEqual([String(payload), packetId, streamId, one.stream], ["x", 1n, packetOf(1).streamId, "S"]);
    assert.deepEqual(
      [one, two, three].map(({ sequence, deliveries, redelivered }) => [sequence, deliveries, redelivered]),
      [
        [1, 1, false],
        [2, 2, true],
        [3, 1, false],
      ],
    );
    assert.deepEqual([packets.open, packets.redeliveries, packets.lag], [3, 1, 0]);
    reading.deliver(3, { deliveries: 2 });
    packets.commit(three);
    packets.commit(three);
    packets.commit(one);
    assert.deepEqual(reading.words, ["+ACK 2.3", "+ACK 1.1"]);
    assert.deepEqual([packets.position, packets.open], [{ stream: "S", sequence: 1 }, 1]);
    // Its acknowledgement was lost.
    reading.deliver(1, { deliveries: 2 });
    assert.deepEqual(reading.words, ["+ACK 2.1"]);
    assert.deepEqual([packets.open, packets.redeliveries], [1, 1]);
  });

  it("knows how far its group is behind: the sum of what its consumers have to deliver", async () => {
    await reading.start({ order: "kept" });
    assert.equal(reading.fake.consumers.size, 16);
    assert.equal(reading.packets.lag, 0);
    reading.deliver(1, { pending: 7 });
    assert.equal(reading.packets.lag, 7);
    assert.deepEqual(reading.batches, Array<number>(16).fill(64));
    for (const { num_pending: _, config } of reading.fake.consumers.values())
      assert.equal(config.max_ack_pending, 1);
  });

  it("passes over what is not a packet, once and for all, and goes on", async () => {
    await reading.start();
    reading.deliver(1, { headers: {} });
    reading.deliver(2);
    assert.deepEqual(numbers(await take(reading.packets, 1)), [2]);
    assert.deepEqual(reading.words, ["+TERM 1.1", "+ACK 1.2"]);
    const [event] = reading.told("unreadable");
    assert.ok(event?.type === "unreadable" && event.sequence === 1 && event.error.code === "UNREADABLE");
  });

  it("gives back a packet at once, which then cannot be committed", async () => {
    await reading.start();
    reading.deliver(1);
    const [one] = (await take(reading.packets, 1, false)) as [JetStreamPacket];
    reading.packets.giveBack(one);
    reading.packets.giveBack(one);
    reading.packets.commit(one);
    assert.deepEqual(reading.words, ["-NAK 1.1"]);
    assert.equal(reading.packets.position, undefined);
    reading.deliver(1, { deliveries: 2 });
    assert.deepEqual(numbers(await take(reading.packets, 1, false)), [1]);
  });

  it("acknowledges when the connection is back what was committed while it was lost", async () => {
    await reading.start();
    for (const sequence of [1, 2, 3]) reading.deliver(sequence);
    const [one, two, three] = (await take(reading.packets, 3, false)) as [
      JetStreamPacket,
      JetStreamPacket,
      JetStreamPacket,
    ];
    reading.connection.lose();
    reading.packets.commit(two);
    reading.packets.giveBack(three);
    assert.deepEqual(reading.words, []);
    reading.connection.comeBack();
    assert.deepEqual(reading.words, ["+ACK 1.2"]);
    reading.packets.commit(one);
    assert.deepEqual(reading.words, ["+ACK 1.1"]);
    assert.deepEqual(
      reading.events.map(({ type }) => type),
      ["started", "connected"],
    );
  });

  it("has no more open than it may, and asks for more in steps of a quarter", async () => {
    await reading.start({ maxInFlight: 8 });
    assert.deepEqual(reading.batches, [8]);
    for (let sequence = 1; sequence <= 8; sequence++) reading.deliver(sequence);
    const packets = await take(reading.packets, 8, false);
    assert.deepEqual(reading.batches, []);
    reading.packets.commit(packets[0]!);
    assert.deepEqual(reading.batches, []);
    reading.packets.commit(packets[1]!);
    assert.deepEqual(reading.batches, [2]);
  });

  it("has no more bytes open than it may", async () => {
    await reading.start({ maxInFlightBytes: 2 * MIB, maxInFlight: 100 });
    const [sent] = reading.fake.take(NEXT);
    assert.equal((JSON.parse(sent!.payload) as { max_bytes: number }).max_bytes, 2 * MIB);
    reading.fake.status("_INBOX.1.1", 404);
    assert.deepEqual(reading.batches, [100]);
    // Larger than there is room for: taken all the same, and nothing is asked for until it is committed.
    const reply = `${ACK}S.g.1.1.1.17.0`;
    reading.fake.deliver("_INBOX.1.2", { reply, data: "x".repeat(3 * MIB), headers: headersOf(packetOf(1)) });
    reading.fake.status("_INBOX.1.2", 404);
    assert.deepEqual(reading.batches, []);
    await take(reading.packets, 1);
    assert.deepEqual(reading.batches, [100]);
  });

  it("gives back what was not handed out when it is closed, and what comes on its way; what was handed out can be committed", async () => {
    await reading.start();
    for (const sequence of [1, 2, 3]) reading.deliver(sequence);
    const [one, two] = (await take(reading.packets, 2, false)) as [JetStreamPacket, JetStreamPacket];
    const closing = reading.packets.return();
    await settled();
    reading.deliver(4);
    reading.packets.giveBack(two);
    assert.deepEqual(await closing, { value: undefined, done: true });
    assert.deepEqual(await reading.packets.next(), { value: undefined, done: true });
    assert.deepEqual(reading.words, []);
    reading.fake.status("_INBOX.1.1", 408);
    await clock.pass(100);
    await Promise.all(reading.connection.held);
    assert.deepEqual(new Set(reading.words), new Set(["-NAK 1.2", "-NAK 1.3", "-NAK 1.4"]));
    reading.packets.commit(one);
    assert.deepEqual(reading.words, ["+ACK 1.1"]);
    assert.deepEqual([reading.connection.listeners, reading.fake.listening, reading.batches], [0, [], [500]]);
  });

  describe("tells what the stream's limits took", () => {
    /** A group that was given all up to a message, and a stream that begins later. */
    async function behind(delivered: number, pending: number): Promise<unknown[]> {
      reading.fake.stream.state = { messages: 10, bytes: 10, first_seq: 11, last_seq: 20 };
      await reading.start();
      await reading.packets.close();
      reading = new Reading();
      reading.fake.stream.state = { messages: 10, bytes: 10, first_seq: 11, last_seq: 20 };
      const consumer = reading.fake.makeConsumer({
        ...{ durable_name: "g", ack_policy: "explicit", deliver_policy: "all", ack_wait: 30e9 },
        ...{ max_ack_pending: 10_000, filter_subject: "seis.>" },
      });
      consumer.delivered.stream_seq = delivered;
      consumer.num_pending = pending;
      await reading.start();
      return reading.told("gap").map((gap) => gap.type === "gap" && [gap.firstSequence, gap.lastSequence]);
    }

    for (const [delivered, pending, gaps] of [
      [5, 10, [[6, 10]]],
      [9, 10, [[10, 10]]],
      [10, 10, []],
      [15, 5, []],
      // It has had all that is for it.
      [5, 0, []],
      // It is new.
      [0, 10, []],
    ] as const)
      it(`before it was given ${delivered + 1}, with ${pending} to come: ${JSON.stringify(gaps)}`, async () => {
        assert.deepEqual(await behind(delivered, pending), gaps);
      });

    it("also while it reads, once", async () => {
      await reading.start();
      const consumer = reading.fake.consumers.get("g")!;
      consumer.delivered.stream_seq = 5;
      consumer.num_pending = 10;
      reading.fake.stream.state = { messages: 10, bytes: 10, first_seq: 1, last_seq: 15 };
      await reading.idle(clock, 5000);
      assert.deepEqual([reading.told("gap"), reading.packets.lag], [[], 10]);
      reading.fake.stream.state.first_seq = 9;
      await reading.idle(clock, 10_000);
      const [gap, ...more] = reading.told("gap");
      assert.ok(gap?.type === "gap");
      assert.deepEqual([gap.firstSequence, gap.lastSequence, more], [6, 8, []]);
    });
  });

  it("makes a group again that began with the latest behind what was acknowledged", async () => {
    await reading.start({ from: "latest" });
    assert.deepEqual(reading.fake.consumers.get("g")!.config.deliver_policy, "new");
    reading.fake.consumers.get("g")!.ack_floor.stream_seq = 41;
    await reading.idle(clock, 5000);
    reading.fake.consumers.clear();
    await reading.idle(clock, 10_000);
    const { config } = reading.fake.consumers.get("g")!;
    assert.deepEqual([config.deliver_policy, config.opt_start_seq], ["by_start_sequence", 42]);
    assert.deepEqual(
      reading.events.map((event) => (event.type === "started" ? event.created : event.type)),
      [true, "refused", true],
    );
  });

  it("hands out again what a stream that was made anew has under the same numbers, from its beginning", async () => {
    await reading.start({ from: "latest" });
    reading.deliver(1);
    const [old] = (await take(reading.packets, 1, false)) as [JetStreamPacket];
    reading.fake.consumers.clear();
    reading.fake.stream.created = "2026-01-02T00:00:00Z";
    await reading.idle(clock, 10_000);
    assert.equal(reading.fake.consumers.get("g")!.config.deliver_policy, "all");
    assert.deepEqual([reading.packets.open, reading.packets.lag], [0, 0]);
    reading.fake.take(ACK);
    reading.packets.commit(old);
    assert.deepEqual(reading.words, []);
    reading.deliver(1, { time: 18 });
    assert.deepEqual(numbers(await take(reading.packets, 1)), [1]);
  });

  it("tells of silence after 5 s, twice as long each time, and when it is over", async () => {
    await reading.start();
    await clock.pass(31_000);
    const seconds = reading
      .told("stalled")
      .map((event) => event.type === "stalled" && Math.round(event.seconds));
    assert.equal(seconds.length, 3, seconds.join());
    for (const [i, least] of [5, 10, 20].entries())
      assert.ok(Number(seconds[i]) >= least && Number(seconds[i]) <= least + 5);
    assert.deepEqual(reading.told("recovered"), []);
    const [inbox = ""] = reading.fake.listening;
    reading.fake.deliver(inbox.replace("*", "x"), {
      reply: `${ACK}S.g.1.1.1.17.0`,
      headers: headersOf(packetOf(1)),
    });
    const [recovered] = reading.told("recovered");
    assert.ok(recovered?.type === "recovered" && recovered.seconds >= 30 && recovered.seconds < 32);
  });

  it("says what it may not, and tries again", async () => {
    await reading.start({ backoff: { minDelay: 100, maxDelay: 100 } });
    for (const subject of [`${NEXT}g`, "$JS.ACK.S.g.1"]) {
      reading.fake.denials = [subject];
      await reading.idle(clock, 5100);
    }
    assert.deepEqual(
      reading.events.map((event) => (event.type === "refused" ? event.error.code : event.type)),
      ["started", "NOT_PERMITTED", "started", "NOT_PERMITTED", "started"],
    );
  });

  it("goes on through an election, and begins anew where the servers answer something else", async () => {
    await reading.start({ backoff: { minDelay: 100, maxDelay: 100 } });
    reading.fake.failure = Object.assign(new Error("no majority"), { code: 10_008 });
    await reading.idle(clock, 5500);
    assert.deepEqual(reading.told("started").length, 1);
    reading.fake.failure = Object.assign(new Error("something else"), { code: 10_999 });
    await reading.idle(clock, 5500);
    assert.deepEqual(
      reading.events.map((event) => (event.type === "refused" ? event.error.code : event.type)),
      ["started", "SERVER_ERROR", "started"],
    );
  });

  it("ends with the caller's signal, and with what the caller's handler throws", async () => {
    const abort = new AbortController();
    await reading.start({ signal: abort.signal });
    const next = assert.rejects(reading.packets.next(), { code: "ABORTED" });
    abort.abort();
    await next;
    const throwing = new Reading();
    const onEvent = () => {
      throw new Error("of the caller");
    };
    await throwing.start({ onEvent });
    await assert.rejects(throwing.packets.next(), /of the caller/);
    await clock.pass(5000);
    assert.equal(throwing.connection.listeners, 0);
  });

  it("is not begun with settings that cannot be used", async () => {
    await reading.start();
    for (const options of [
      { maxInFlight: 0 },
      { maxInFlight: Number.NaN },
      { maxInFlightBytes: 2 * MIB - 1 },
      { ackWait: 99 },
      { group: "a.b" },
      { stream: "" },
    ])
      assert.throws(
        () => new JetStreamSubscription(reading.connection, { stream: "S", group: "g", ...options }),
        {
          code: "INVALID_ARGUMENT",
        },
      );
    const least = { maxInFlight: 1, maxInFlightBytes: 2 * MIB, ackWait: 100 };
    await new JetStreamSubscription(new FakeConnection(), { stream: "S", group: "g", ...least }).close();
  });
});
