// lib/jetstream, what needs no server: one packet of a stream id at a time, what is stored already, where a relay goes on, what is open.
import assert from "node:assert/strict";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { JetStreamConnection } from "../../lib/jetstream/connection.ts";
import { OpenPackets } from "../../lib/jetstream/reading/open-packets.ts";
import { readDelivery } from "../../lib/jetstream/reading/pull.ts";
import { RelayPosition } from "../../lib/jetstream/relay-position.ts";
import { Lanes } from "../../lib/jetstream/writing/lanes.ts";
import { StoredIds } from "../../lib/jetstream/writing/stored-ids.ts";
import { nowMicroseconds } from "../../lib/time.ts";
import { temporaryFolder } from "../support/folders.ts";

describe("lanes", () => {
  it("have at most one of each out, keep each in order, and lose none", () => {
    const steps = fc.array(
      fc.oneof(fc.record({ add: fc.constantFrom("a", "b", "c") }), fc.constantFrom("take", "done")),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(steps, (given) => {
        const lanes = new Lanes<{ streamId: string; n: number }>();
        const out: { streamId: string; n: number }[] = [];
        const seen: { streamId: string; n: number }[] = [];
        let count = 0;
        const finish = () => {
          const item = out.shift();
          if (item) lanes.done(item);
        };
        const take = () => {
          const item = lanes.take();
          if (!item) return;
          assert.ok(!out.some(({ streamId }) => streamId === item.streamId));
          out.push(item);
          seen.push(item);
        };
        for (const step of given) {
          if (typeof step === "object") lanes.add({ streamId: step.add, n: count++ });
          else if (step === "take") take();
          else finish();
          assert.ok(lanes.length >= out.length);
        }
        while (lanes.length > 0) {
          take();
          finish();
        }
        assert.equal(seen.length, count);
        for (const id of ["a", "b", "c"]) {
          const numbers = seen.filter(({ streamId }) => streamId === id).map(({ n }) => n);
          assert.deepEqual(
            numbers,
            [...numbers].sort((x, y) => x - y),
          );
        }
      }),
    );
  });

  it("give back what was not taken", () => {
    const lanes = new Lanes<{ streamId: string }>();
    for (const streamId of ["a", "a", "b"]) lanes.add({ streamId });
    assert.equal(lanes.take()?.streamId, "a");
    assert.deepEqual(
      lanes.clear().map(({ streamId }) => streamId),
      ["b", "a"],
    );
    assert.equal(lanes.length, 0);
  });
});

describe("what is stored already", () => {
  const HOUR = 3_600_000_000;
  const old = nowMicroseconds() - HOUR;
  const ids = (sequence?: number, isOrdered = true) =>
    new StoredIds(120_000, { source: "a:1", isOrdered, sequence });

  it("is looked up at the start, and then only for what the servers may have forgotten", () => {
    const stored = ids();
    assert.ok(stored.needsScan(nowMicroseconds()));
    assert.deepEqual(stored.scanStart(old), { sequence: undefined, time: old - 60_000_000 });
    stored.scanned(1, 10, performance.now());
    assert.ok(!stored.needsScan(nowMicroseconds()));
    assert.ok(!stored.needsScan(old), "just looked up");
    assert.deepEqual(stored.scanStart(old), { sequence: 11, time: undefined });
    stored.scanned(11, 10, performance.now() - 61_000);
    assert.ok(stored.needsScan(old), "half a window ago");
    assert.ok(!stored.needsScan(nowMicroseconds()));
  });

  it("is looked up in all of the stream where a packet's time is still to come, and again as if that were old", () => {
    const stored = ids(7);
    const ahead = nowMicroseconds() + HOUR;
    for (const time of [ahead, 1e19]) assert.deepEqual(stored.scanStart(time), { sequence: 7, time: 0 });
    stored.found(7, `a:1:5:${old}`);
    stored.scanned(7, 11, performance.now() - 61_000);
    assert.equal(stored.take(`a:1:6:${ahead}`, ahead), undefined);
    assert.ok(stored.needsScan(ahead));
    assert.equal(stored.take(`a:1:5:${old}`, old), 7, "what is ahead ends nothing");
  });

  it("follows a window that was changed", () => {
    const stored = ids();
    stored.scanned(1, 10, performance.now() - 61_000);
    const recent = nowMicroseconds() - 30_000_000;
    assert.ok(!stored.needsScan(recent));
    stored.window = 10_000;
    assert.ok(stored.needsScan(recent));
  });

  it("is found once, and only of this source", () => {
    const stored = ids(7);
    assert.deepEqual(stored.scanStart(old), { sequence: 7, time: old - 60_000_000 });
    for (const [sequence, id] of [
      [7, `a:1:5:${old}`],
      [8, `a:12:6:${old}`],
      [9, `b:1:7:${old}`],
      [10, ""],
      [11, `a:1/XX_S:8:${old}`],
    ] as const)
      assert.equal(stored.found(sequence, id), sequence === 7 || sequence === 11, id);
    stored.scanned(7, 11, performance.now());
    assert.equal(stored.take(`a:1:5:${old}`, old), 7);
    assert.equal(stored.take(`a:1:5:${old}`, old), undefined);
    assert.equal(stored.take(`b:1:7:${old}`, old), undefined);
  });

  it("does not count what this writer has stored itself", () => {
    const stored = ids(1);
    stored.scanned(1, 0, performance.now());
    stored.stored(1, old);
    assert.ok(!stored.found(1, `a:1:5:${old}`));
    assert.ok(stored.found(2, `a:1:6:${old}`));
  });

  it("has the next start look where the last one began, while some of it is still to come", () => {
    const stored = ids(100);
    assert.equal(stored.mark(500), 0, "not looked up yet");
    stored.found(150, `a:1:5:${old}`);
    stored.scanned(100, 400, performance.now());
    assert.equal(stored.mark(500), 99);
    stored.take(`a:1:5:${old}`, old);
    assert.equal(stored.mark(500), 500);
  });

  it("is forgotten once the source has caught up; of one without order only later", () => {
    for (const [isOrdered, sequence] of [
      [true, undefined],
      [false, 2],
    ] as const) {
      const stored = ids(1, isOrdered);
      stored.found(1, `a:1:5:${old}`);
      stored.found(2, `a:1:6:${old}`);
      stored.scanned(1, 2, performance.now());
      stored.take(`a:1:5:${old}`, old);
      stored.take("a:1:9:9", nowMicroseconds());
      assert.equal(stored.take(`a:1:6:${old}`, old), sequence);
    }
  });
});

describe("the position of a relay", () => {
  const format = {
    write: (n: number) => n,
    read: (value: unknown) => (typeof value === "number" ? value : undefined),
  };

  it("keeps where the stream was when the first packet was given that is not stored", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "relay.json");
    const failed: Error[] = [];
    const position = new RelayPosition<number>(file, format, (error) => failed.push(error));
    assert.equal(await position.sequence(), undefined);
    const [first, second, third] = [position.given(10), position.given(20), position.given(30)];
    position.stored(second, 55);
    position.save(1);
    await position.flush();
    assert.equal(await new RelayPosition<number>(file, format, assert.ifError).sequence(), 10);
    position.stored(first, 56);
    position.save(2);
    await position.flush();
    const again = new RelayPosition<number>(file, format, assert.ifError);
    assert.deepEqual([await again.sequence(), await again.load()], [30, 2]);
    position.stored(third, 57);
    position.save(3);
    await position.flush();
    assert.equal(await new RelayPosition<number>(file, format, assert.ifError).sequence(), 57);
    assert.deepEqual(failed, []);
  });

  it("knows no number before the stream has told one", async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "relay.json");
    const position = new RelayPosition<number>(file, format, assert.ifError);
    const first = position.given(0);
    position.given(0);
    position.stored(first, 5);
    position.save(1);
    await position.flush();
    const again = new RelayPosition<number>(file, format, assert.ifError);
    assert.deepEqual([await again.load(), await again.sequence()], [1, undefined]);
  });

  it("says that a file is not a position where the reader asks, and not before", async () => {
    await using folder = await temporaryFolder();
    const position = new RelayPosition<number>(path.join(folder.path, "relay.json"), format, assert.ifError);
    position.given(1);
    position.save("x" as unknown as number);
    await position.flush();
    const again = new RelayPosition<number>(path.join(folder.path, "relay.json"), format, assert.ifError);
    assert.equal(await again.sequence(), undefined);
    await assert.rejects(again.load(), { code: "DAMAGED_POSITION" });
  });
});

describe("open packets", () => {
  const packet = (sequence: number) => ({
    ...{
      source: "a:1",
      stream: "S",
      sequence,
      deliveries: 1,
      redelivered: false,
      streamId: "x",
      packetId: 1n,
    },
    ...{ packetTime: 1, dataStart: 1, dataEnd: 1, payload: Buffer.alloc(100) },
  });

  it("are acknowledged where the last delivery says, and once", () => {
    const open = new OpenPackets();
    const one = packet(1);
    open.add(one, 17, "first");
    assert.ok(open.bytes > 100);
    assert.ok(open.renew(1, 17, "second"));
    assert.equal(open.commit(packet(1)), undefined, "another object");
    assert.equal(open.commit(one), "second");
    assert.equal(open.commit(one), undefined);
    assert.deepEqual(
      [open.size, open.bytes, open.renew(1, 17, "third"), open.wasCommitted(1, 17)],
      [0, 0, false, true],
    );
  });

  it("are told from those of another stream with the same numbers", () => {
    const open = new OpenPackets();
    const [old, done] = [packet(1), packet(2)];
    open.add(old, 17, "old");
    open.add(done, 18, "done");
    open.commit(done);
    assert.ok(!open.renew(1, 19, "new"), "it is to be handed out");
    assert.ok(!open.wasCommitted(2, 20));
    assert.deepEqual([open.size, open.bytes, open.commit(old)], [0, 0, undefined]);
    open.add(packet(2), 20, "new");
    assert.ok(open.renew(2, 20, "again"));
  });

  it("are all forgotten where the group begins anew, with what was committed", () => {
    const open = new OpenPackets();
    const [one, two] = [packet(1), packet(2)];
    open.add(one, 17, "one");
    open.add(two, 17, "two");
    open.commit(one);
    open.forget();
    assert.deepEqual(
      [open.size, open.bytes, open.commit(two), open.wasCommitted(1, 17)],
      [0, 0, undefined, false],
    );
  });

  it("are told from those given back", () => {
    const open = new OpenPackets();
    const one = packet(1);
    open.add(one, 17, "reply");
    assert.equal(open.remove(one), "reply");
    assert.ok(!open.wasCommitted(1, 17));
  });
});

describe("what the servers say of a delivery", () => {
  const told = { deliveries: 2, sequence: 345, consumerSequence: 67, pending: 9, time: 1.7e18 };
  for (const reply of [
    "$JS.ACK.S.g.2.345.67.1700000000000000000.9",
    "$JS.ACK._.hash.S.g.2.345.67.1700000000000000000.9",
    "$JS.ACK.hub.hash.S.g.2.345.67.1700000000000000000.9.x",
  ])
    it(`is read from ${reply}`, () => assert.deepEqual(readDelivery(reply), { ...told, reply }));

  it("is not read from anything else", () => {
    for (const reply of [
      "",
      "_INBOX.x",
      "$JS.ACK.S.g.2.345",
      "$JS.ACK.S.g.2.345.67.1",
      "$JS.ACK._.hash.S.g.2.345.67.1",
      "$XX.ACK.S.g.2.345.67.1.9",
      "$JS.NAK.S.g.2.345.67.1.9",
      "ACK.$JS.S.g.2.345.67.1.9",
      "$JS.ACK.S.g.2.345.67.x.9",
      "$JS.ACK.S.g.x.345.67.1.9",
      "$JS.ACK.S.g.2.345.x.1.9",
      "$JS.ACK.S.g.2.345.67.1.x",
      "$JS.ACK.S.g.2.x.67.1.9",
      "$JS.ACK.S.g.2.1e300.67.1.9",
    ])
      assert.equal(readDelivery(reply), undefined, reply);
    fc.assert(fc.property(fc.string(), (text) => readDelivery(text) === undefined));
  });
});

describe("addresses of NATS servers", () => {
  const of = (servers: string | string[]) => new JetStreamConnection({ servers }).server;

  it("are lists, and are shown without user name and password", () => {
    assert.equal(of("a"), "nats://a:4222");
    assert.equal(of("nats://u:secret@a,b:4223, [::1]"), "nats://a:4222,nats://b:4223,nats://[::1]:4222");
    assert.equal(of(["tls://a", "b"]), "tls://a:4222,tls://b:4222");
  });

  for (const servers of ["", ",", "ws://a", "http://a", "nats://a/b", "nats://a:99999", []])
    it(`are not ${JSON.stringify(servers)}`, () =>
      assert.throws(() => of(servers as string), { code: "INVALID_ADDRESS" }));

  it("are not connected to any more once the connection was closed", async () => {
    const connection = new JetStreamConnection({ servers: "127.0.0.1:1" });
    await connection.close();
    await assert.rejects(connection.link(), {
      code: "CLOSED",
      message: /nats:\/\/127\.0\.0\.1:1 was closed/,
    });
    await connection.close();
  });

  it("are given from 1 to 64, and so many milliseconds as can be waited for", () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => `s${i}`);
    assert.equal(of(names(64)).split(",").length, 64);
    assert.throws(() => of(names(65)), { code: "INVALID_ADDRESS" });
    for (const timeout of [1, 600_000]) new JetStreamConnection({ servers: "a", timeout });
    for (const timeout of [0, 600_001, Number.NaN])
      assert.throws(() => new JetStreamConnection({ servers: "a", timeout }), { code: "INVALID_ARGUMENT" });
  });

  it("fail at once where nothing listens, and name what to do", async () => {
    await using connection = new JetStreamConnection({ servers: "127.0.0.1:1", timeout: 2000 });
    await assert.rejects(connection.link(), {
      code: "CONNECT_FAILED",
      message: /nothing listens on this port/,
    });
    await pause(0);
    assert.equal(connection.isConnected, false);
  });
});
