// lib/jetstream/writing/writer.ts without a server: what is sent, when it counts as stored, what is sent again, and what is told.
import assert from "node:assert/strict";
import { JetStreamError } from "../../lib/jetstream/errors.ts";
import type { JetStreamWriterEvent } from "../../lib/jetstream/events.ts";
import type { SourcePacket, Stored } from "../../lib/jetstream/format/packet.ts";
import { JetStreamWriter, type JetStreamWriterOptions } from "../../lib/jetstream/writing/writer.ts";
import { Clock, settled } from "./clock.ts";
import { FakeConnection, type Sent } from "./fake-servers.ts";
import { packetOf } from "./packets.ts";

const BACKOFF = { minDelay: 1000, maxDelay: 1000 };

/** A packet of a stream id of its own, or of that of another. */
const packet = (n: number, stream = n, bytes = 64): SourcePacket => ({
  ...packetOf(n, { bytes }),
  streamId: `FDSN:XX_S${stream}__H_H_Z/MSEED`,
});

/** A writer to the stream S, and the servers that it writes to. */
class Writing implements AsyncDisposable {
  readonly connection = new FakeConnection();
  readonly fake = this.connection.fake;
  readonly events: JetStreamWriterEvent[] = [];
  writer!: JetStreamWriter;
  /** What became of each packet, by its number. */
  readonly outcomes = new Map<number, Stored | string>();

  async start(options: Partial<JetStreamWriterOptions> = {}): Promise<this> {
    const onEvent = (event: JetStreamWriterEvent) => void this.events.push(event);
    this.writer = new JetStreamWriter(this.connection, {
      stream: "S",
      backoff: BACKOFF,
      onEvent,
      ...options,
    });
    await settled();
    return this;
  }

  publish(given: SourcePacket): void {
    const n = Number(given.packetId);
    this.writer.publish(given).then(
      (stored) => this.outcomes.set(n, stored),
      (error: { code: string }) => this.outcomes.set(n, error.code),
    );
  }

  /** Numbers of packets that have been sent since the last time. */
  get sent(): number[] {
    return this.take().map(numberOf);
  }

  take(): Sent[] {
    return this.fake.take("seis.");
  }

  async acknowledge({ reply }: Sent, sequence: number, more: object = {}): Promise<void> {
    this.fake.deliver(reply, { data: JSON.stringify({ stream: "S", seq: sequence, ...more }) });
    await settled();
  }

  async refuse({ reply }: Sent, code: number, number: number): Promise<void> {
    const error = { code, err_code: number, description: "no" };
    this.fake.deliver(reply, { data: JSON.stringify({ error }) });
    await settled();
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer.close({ timeout: 0 });
  }
}

function numberOf({ headers }: Sent): number {
  return Number(headers.get("Nats-Msg-Id")!.split(":").at(-2));
}

describe("a writer to a stream", () => {
  let clock: Clock;
  let writing: Writing;
  beforeEach(() => {
    clock = new Clock();
    writing = new Writing();
  });
  afterEach(async () => {
    const closing = writing[Symbol.asyncDispose]();
    await clock.pass(50);
    await closing;
    clock[Symbol.dispose]();
  });

  it("sends a packet under its subject and id, and counts it until the stream has it", async () => {
    await writing.start();
    const { writer } = writing;
    writing.publish(packet(1, 1, 100));
    assert.deepEqual(
      [writer.pending, writer.pendingBytes, writer.highestSequence, writer.mark],
      [1, 612, 0, 0],
    );
    const [sent] = writing.take() as [Sent];
    assert.match(sent.subject, /^seis\.\d\d\.FDSN\.XX\.S1\._\.H\.H\.Z\.MSEED$/);
    assert.match(sent.reply, /^_INBOX\.1\.1$/);
    assert.deepEqual(
      [sent.payload.length, sent.headers.get("Seis-Stream")],
      [100, "FDSN:XX_S1__H_H_Z/MSEED"],
    );
    await writing.acknowledge(sent, 7);
    assert.deepEqual(writing.outcomes.get(1), { sequence: 7, duplicate: false });
    assert.deepEqual(
      [writer.pending, writer.pendingBytes, writer.highestSequence, writer.mark],
      [0, 0, 7, 7],
    );
    writing.publish(packet(2));
    await writing.acknowledge(writing.take()[0]!, 5, { duplicate: true });
    assert.deepEqual(
      [writing.outcomes.get(2), writer.highestSequence],
      [{ sequence: 5, duplicate: true }, 7],
    );
    // It came twice.
    await writing.acknowledge(sent, 8);
    assert.deepEqual([writer.pending, writer.pendingBytes, writer.highestSequence], [0, 0, 7]);
  });

  it("has one packet of a stream id on its way, and no more of all than it may", async () => {
    await writing.start({ maxInFlight: 2 });
    for (const [n, stream] of [
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 3],
    ] as const)
      writing.publish(packet(n, stream));
    const first = writing.take();
    assert.deepEqual(first.map(numberOf), [1, 3]);
    await writing.acknowledge(first[1]!, 1);
    const [fourth] = writing.take();
    assert.deepEqual(fourth && numberOf(fourth), 4);
    await writing.acknowledge(first[0]!, 2);
    assert.deepEqual(writing.sent, [2]);
    assert.equal(writing.writer.pending, 2);
  });

  it("is ready as long as twice what may be on its way, or half of the bytes, does not wait", async () => {
    await writing.start({ maxInFlight: 2, maxWaitingBytes: 20_000 });
    const isReady = async () => {
      let ready = false;
      void writing.writer.ready().then(
        () => (ready = true),
        () => {},
      );
      await settled();
      return ready;
    };
    for (const n of [1, 2, 3]) writing.publish(packet(n));
    assert.equal(await isReady(), true);
    writing.publish(packet(4));
    assert.equal(await isReady(), false);
    for (const sent of writing.take()) await writing.acknowledge(sent, 1);
    for (const sent of writing.take()) await writing.acknowledge(sent, 1);
    assert.equal(writing.writer.pending, 0);
    writing.publish(packet(5, 5, 10_000 - 512));
    assert.equal(await isReady(), true);
    writing.publish(packet(6, 6, 0));
    assert.equal(await isReady(), false);
  });

  it("takes one packet whatever its size, and no more bytes than may wait", async () => {
    await writing.start({ maxWaitingBytes: 2000 });
    writing.publish(packet(1, 1, 5000));
    await assert.rejects(writing.writer.publish(packet(2)), { code: "QUEUE_FULL", message: /2000 bytes/ });
    await writing.acknowledge(writing.take()[0]!, 1);
    for (const n of [3, 4]) writing.publish(packet(n, n, 1000 - 512));
    assert.equal(writing.writer.pendingBytes, 2000);
    await assert.rejects(writing.writer.publish(packet(5, 5, 0)), { code: "QUEUE_FULL" });
  });

  it("fails a packet that the stream refuses for itself, and goes on with the next of its stream id", async () => {
    await writing.start();
    const codes: unknown[] = [];
    for (const [n, code, number] of [
      [1, 400, 10_054],
      [2, 500, 10_097],
      [3, 400, 10_060],
    ] as const) {
      writing.publish(packet(n, 1));
      await writing.refuse(writing.take()[0]!, code, number);
      codes.push(writing.outcomes.get(n));
    }
    assert.deepEqual(codes, ["TOO_LARGE", "TOO_LARGE", "PACKET_REFUSED"]);
    assert.deepEqual([writing.writer.pending, writing.writer.pendingBytes, writing.events], [0, 0, []]);
  });

  for (const [what, trouble] of [
    ["a full account", (sent: Sent) => writing.refuse(sent, 400, 10_002)],
    ["a full stream", (sent: Sent) => writing.refuse(sent, 503, 10_077)],
    ["another stream that takes its subjects", (sent: Sent) => writing.acknowledge(sent, 9, { stream: "T" })],
    [
      "no server that takes packets",
      async (sent: Sent) => {
        writing.fake.status(sent.reply, 503);
        await settled();
      },
    ],
  ] as const)
    it(`waits at ${what}, and then tries one packet first`, async () => {
      await writing.start();
      for (const n of [1, 2, 3]) writing.publish(packet(n));
      for (const sent of writing.take()) await trouble(sent);
      await clock.pass(450);
      assert.deepEqual([writing.sent, writing.writer.pending, writing.writer.highestSequence], [[], 3, 0]);
      await clock.pass(1000);
      const [again, ...others] = writing.take();
      assert.deepEqual([again && numberOf(again), others], [1, []]);
      await writing.acknowledge(again!, 4);
      assert.deepEqual(writing.sent, [2, 3]);
      assert.deepEqual(writing.outcomes.get(1), { sequence: 4, duplicate: false });
    });

  it("sends again what is not acknowledged in time, under the same id, one at first", async () => {
    await writing.start({ ackTimeout: 2000 });
    for (const n of [1, 2]) writing.publish(packet(n));
    const first = writing.take();
    for (const data of ["", "null", "[]", "{", '{"seq":"1"}', '{"seq":1.5}', '{"stream":"S"}'])
      writing.fake.deliver(first[0]!.reply, { data });
    await clock.pass(1950);
    assert.deepEqual([writing.sent, writing.writer.pending], [[], 2]);
    await clock.pass(300);
    const again = writing.take();
    assert.deepEqual(
      again.map(({ reply, headers }) => [reply, [...headers]]),
      [[first[0]!.reply, [...first[0]!.headers]]],
    );
    // The first answer may come all the same.
    await writing.acknowledge(first[1]!, 1);
    await writing.acknowledge(again[0]!, 2);
    assert.deepEqual([writing.writer.pending, writing.sent], [0, []]);
  });

  it("sends again what was on its way when the connection was lost, and sends nothing meanwhile", async () => {
    await writing.start();
    for (const n of [1, 2]) writing.publish(packet(n));
    await writing.acknowledge(writing.take()[0]!, 1);
    writing.connection.lose();
    writing.publish(packet(3));
    await clock.pass(20_000);
    assert.deepEqual([writing.sent, writing.types()], [[], []]);
    writing.connection.comeBack();
    assert.deepEqual(writing.sent, [2, 3]);
    assert.deepEqual(writing.types(), ["connected"]);
  });

  it("fails a packet that the client does not send", async () => {
    await writing.start();
    writing.fake.client.publish = () => {
      throw new Error("max_payload exceeded");
    };
    writing.publish(packet(1, 1, 1_048_576 - 2048 + 1));
    writing.publish(packet(2, 2, 1_048_576 - 2048));
    await settled();
    assert.deepEqual(
      [...writing.outcomes],
      [
        [1, "TOO_LARGE"],
        [2, "PACKET_REFUSED"],
      ],
    );
    assert.deepEqual([writing.writer.pending, writing.writer.pendingBytes], [0, 0]);
  });

  it("tells of 5 s without an acknowledgement, again when it has doubled, and that it is over", async () => {
    await writing.start({ ackTimeout: 60_000 });
    await clock.pass(20_000);
    assert.equal(writing.events.length, 0, "nothing waits");
    writing.publish(packet(1));
    await clock.pass(4900);
    assert.equal(writing.events.length, 0);
    await clock.pass(16_000);
    const seconds = writing.events.map((event) => event.type === "stalled" && Math.floor(event.seconds));
    assert.deepEqual(seconds, [5, 10, 20]);
    await writing.acknowledge(writing.take()[0]!, 1);
    const recovered = writing.events.at(-1);
    assert.ok(recovered?.type === "recovered" && Math.floor(recovered.seconds) === 20);
    writing.publish(packet(2));
    await clock.pass(5300);
    assert.deepEqual(writing.types(), ["stalled", "stalled", "stalled", "recovered", "stalled"]);
  });

  it("says why nothing is acknowledged", async () => {
    await writing.start({ ackTimeout: 60_000 });
    writing.publish(packet(1));
    await writing.refuse(writing.take()[0]!, 503, 10_077);
    writing.fake.denials = ["elsewhere.1"];
    await clock.pass(6000);
    writing.fake.denials.push("seis.07.FDSN");
    await clock.pass(6000);
    assert.deepEqual(
      writing.events.map((event) => event.type === "stalled" && event.error.code),
      ["SERVER_ERROR", "NOT_PERMITTED"],
    );
  });

  it("follows a stream whose subjects were changed", async () => {
    await writing.start({ ackTimeout: 60_000 });
    writing.publish(packet(1, 1));
    writing.fake.stream.config.subjects = ["other.>"];
    await clock.pass(31_000);
    await writing.acknowledge(writing.take()[0]!, 1);
    writing.publish(packet(2, 1));
    assert.match(writing.fake.take("other.")[0]!.subject, /^other\.\d\d\.FDSN\.XX\.S1\./);
  });

  it("waits for its packets when it is closed, and fails those that are not stored in time", async () => {
    await writing.start();
    for (const n of [1, 2]) writing.publish(packet(n));
    let isClosed = false;
    const closing = writing.writer.close({ timeout: 3000 }).then(() => {
      isClosed = true;
    });
    await writing.acknowledge(writing.take()[0]!, 1);
    await assert.rejects(writing.writer.publish(packet(3)), { code: "CLOSED" });
    await assert.rejects(writing.writer.ready(), { code: "CLOSED" });
    await clock.pass(2950);
    assert.deepEqual([isClosed, writing.outcomes.get(2)], [false, undefined]);
    await clock.pass(100);
    await closing;
    assert.deepEqual(
      [
        writing.outcomes.get(2),
        writing.writer.pending,
        writing.writer.pendingBytes,
        writing.connection.listeners,
      ],
      ["CLOSED", 0, 0, 0],
    );
    const other = await new Writing().start();
    other.publish(packet(1));
    const stored = other.writer.close();
    await other.acknowledge(other.take()[0]!, 1);
    await stored;
    assert.deepEqual(other.outcomes.get(1), { sequence: 1, duplicate: false });
  });

  it("waits for a stream that is not there, says so, and goes on when it is", async () => {
    writing.fake.failure = Object.assign(new Error("stream not found"), { code: 10_059 });
    await writing.start();
    writing.publish(packet(1));
    assert.deepEqual(writing.sent, []);
    const [refused] = writing.events;
    assert.ok(refused?.type === "refused");
    assert.deepEqual([refused.error.code, refused.attempt], ["STREAM_NOT_FOUND", 1]);
    await clock.pass(1050);
    assert.deepEqual([writing.sent, writing.types()], [[1], ["refused", "connected"]]);
  });

  it("fails what waits, and takes no more, where the connection is closed for good", async () => {
    writing.connection.failure = new JetStreamError("CLOSED", "The connection was closed.");
    await writing.start();
    await assert.rejects(writing.writer.publish(packet(1)), { code: "CLOSED" });
    assert.deepEqual([writing.types(), writing.writer.pending], [[], 0]);
    const other = new Writing();
    other.connection.failure = new JetStreamError("CONNECT_FAILED", "Nothing listens.");
    await other.start();
    other.publish(packet(1));
    await clock.pass(1050);
    assert.deepEqual([other.types(), other.writer.pending], [["disconnected", "disconnected"], 1]);
    other.connection.failure = undefined;
    await clock.pass(1050);
    await other.acknowledge(other.take()[0]!, 1);
    await other.writer.close();
  });

  describe("that looks up what the stream has of its source", () => {
    const old = (n: number) => ({ ...packet(n), packetTime: 1_700_000_000_000_000 + n });
    /** Ids of messages are delivered to whoever reads them: to the inbox that was made last. */
    function deliver(sequence: number, id: string, pending: number): void {
      const [inbox = ""] = writing.fake.listening.slice(-1);
      const reply = `$JS.ACK.S.c.1.${sequence}.${sequence}.17.${pending}`;
      writing.fake.deliver(inbox.replace("*", "1"), { reply, headers: { "Nats-Msg-Id": id } });
    }
    const lookUp = { source: "test:1", isOrdered: true, sequence: 1 };
    const idOf = ({ source, packetId, packetTime }: SourcePacket) => `${source}:${packetId}:${packetTime}`;

    beforeEach(() => {
      writing.fake.stream.state = { messages: 3, bytes: 3, first_seq: 1, last_seq: 3 };
    });

    it("sends nothing that is old before it has, and what is there not again", async () => {
      await writing.start({ lookUp });
      for (const n of [1, 2]) writing.publish(old(n));
      await settled();
      assert.deepEqual([writing.sent, writing.fake.consumers.size], [[], 1]);
      deliver(1, idOf(old(2)), 2);
      deliver(2, "other:1:2:3", 1);
      deliver(3, "", 0);
      await settled();
      assert.deepEqual(writing.sent, [1]);
      assert.deepEqual(writing.outcomes.get(2), { sequence: 1, duplicate: true });
      assert.deepEqual(
        writing.events.map((event) => event.type === "scanned" && [event.read, event.found, event.dropped]),
        [[3, 1, 0]],
      );
      await clock.pass(3000);
      assert.equal(writing.fake.consumers.size, 0, "they are not left behind");
    });

    it("looks again where that fails, after a pause", async () => {
      await writing.start({ lookUp });
      writing.publish(old(1));
      await settled();
      writing.fake.isUp = false;
      await clock.pass(500);
      writing.fake.isUp = true;
      await clock.pass(1500);
      for (const sequence of [1, 2, 3]) deliver(sequence, "", 3 - sequence);
      await clock.pass(300);
      assert.deepEqual([writing.sent, writing.types()], [[1], ["scanned"]]);
    });
  });

  for (const lookUp of [undefined, { source: "test:1", isOrdered: true }])
    it(`looks before it sends again what the servers may have forgotten, ${lookUp ? "and" : "but does not"} look up what is old`, async () => {
      await writing.start({ ackTimeout: 59_000, lookUp });
      // Half a window is a minute.
      for (const n of [1, 2]) writing.publish({ ...packet(n), packetTime: (Date.now() + 3_600_000) * 1000 });
      await settled();
      const sent = writing.take();
      assert.deepEqual(sent.map(numberOf), [1, 2]);
      await clock.pass(59_300);
      assert.deepEqual(writing.sent, [1], "not forgotten yet");
      writing.fake.stream.state = { messages: 3, bytes: 3, first_seq: 1, last_seq: 3 };
      writing.events.length = 0;
      await clock.pass(60_000);
      assert.deepEqual(writing.sent, []);
      const [consumer] = [...writing.fake.consumers.values()];
      assert.deepEqual([consumer?.config.opt_start_seq, writing.fake.consumers.size], [1, 1]);
      for (const [i, id] of ["a:1:2", sent[1]!.headers.get("Nats-Msg-Id")!, ""].entries()) {
        const [inbox = ""] = writing.fake.listening.slice(-1);
        const reply = `$JS.ACK.S.c.1.${i + 1}.${i + 1}.17.${2 - i}`;
        writing.fake.deliver(inbox.replace("*", "1"), { reply, headers: { "Nats-Msg-Id": id } });
      }
      await settled();
      assert.deepEqual(writing.outcomes.get(2), { sequence: 2, duplicate: true });
      assert.deepEqual(writing.sent, [1]);
      assert.deepEqual(
        writing.events.flatMap((event) =>
          event.type === "scanned" ? [[event.read, event.found, event.dropped]] : [],
        ),
        [[3, 1, 0]],
      );
    });

  it("is not begun with settings that cannot be used", () => {
    for (const options of [
      { maxInFlight: 0 },
      { maxWaitingBytes: 0.5 },
      { ackTimeout: Number.NaN },
      { stream: "a b" },
    ])
      assert.throws(() => new JetStreamWriter(writing.connection, { stream: "S", ...options }), {
        code: "INVALID_ARGUMENT",
      });
    writing.writer = new JetStreamWriter(writing.connection, {
      stream: "S",
      maxInFlight: 1,
      maxWaitingBytes: 1,
      ackTimeout: 1,
    });
  });
});
