// lib/jetstream/reading/pull.ts: what is asked for, and when; and what is made of each of the servers' words.
import assert from "node:assert/strict";
import { type Delivery, Puller } from "../../lib/jetstream/reading/pull.ts";
import { Clock } from "./clock.ts";
import { FakeLink } from "./fake-servers.ts";

const NEXT = "$JS.API.CONSUMER.MSG.NEXT.S.g";
const WAIT = { expires: 2e9, idle_heartbeat: 5e8 };

/** A puller, and all that it does. */
class Pulling {
  readonly link = new FakeLink();
  readonly taken: Delivery[] = [];
  doubts = 0;
  room = { messages: 3, bytes: 5_000_000 };
  readonly puller: Puller;

  constructor(messages = 3) {
    this.room.messages = messages;
    this.puller = new Puller(this.link, "S", "g", {
      message: (_, delivery) => this.taken.push(delivery),
      room: () => this.room,
      doubt: () => {
        this.doubts++;
      },
    });
  }

  /** What has been asked for since the last time. */
  get asked(): unknown[] {
    return this.link.take(NEXT).map(({ payload }) => JSON.parse(payload) as unknown);
  }

  message(sequence: number, request = 1): void {
    this.link.deliver(`_INBOX.1.${request}`, { reply: `$JS.ACK.S.g.1.${sequence}.${sequence}.17.0` });
  }

  status(code: number, description = "", request = 1): void {
    this.link.status(`_INBOX.1.${request}`, code, description);
  }
}

describe("messages of a consumer", () => {
  let clock: Clock;
  beforeEach(() => {
    clock = new Clock();
  });
  afterEach(() => clock[Symbol.dispose]());

  it("are asked for as there is room, 500 at most, in one request at a time", () => {
    const pulling = new Pulling(501);
    const [sent] = pulling.link.sent;
    assert.deepEqual(
      [sent?.subject, sent?.reply, pulling.link.listening],
      [NEXT, "_INBOX.1.1", ["_INBOX.1.*"]],
    );
    assert.deepEqual(pulling.asked, [{ batch: 500, max_bytes: 5_000_000, ...WAIT }]);
    pulling.puller.more();
    assert.deepEqual(pulling.asked, []);
    assert.deepEqual(new Pulling(3).asked, [{ batch: 3, max_bytes: 5_000_000, ...WAIT }]);
  });

  it("are not asked for without room, and are once there is some", () => {
    const pulling = new Pulling(0);
    assert.deepEqual(pulling.asked, []);
    pulling.room.messages = 1;
    pulling.puller.more();
    assert.deepEqual(pulling.asked, [{ batch: 1, max_bytes: 5_000_000, ...WAIT }]);
  });

  it("are asked for again when all have come, and not before", () => {
    const pulling = new Pulling(2);
    assert.equal(pulling.asked.length, 1);
    pulling.message(1);
    assert.deepEqual(pulling.asked, []);
    pulling.message(2);
    assert.equal(pulling.asked.length, 1);
    assert.deepEqual(
      pulling.taken.map(({ sequence }) => sequence),
      [1, 2],
    );
    // One more than was asked for is taken all the same.
    pulling.room.messages = 0;
    for (const sequence of [3, 4, 5]) pulling.message(sequence, 2);
    assert.equal(pulling.taken.length, 5);
    assert.deepEqual(pulling.asked, []);
  });

  for (const [code, description, requests, doubts] of [
    [100, "Idle Heartbeat", 0, 0],
    [404, "No Messages", 1, 0],
    [408, "Request Timeout", 1, 0],
    [409, "Batch Completed", 1, 0],
    [409, "Consumer Deleted", 0, 1],
    [409, "Leadership Change", 0, 1],
    [503, "", 0, 1],
  ] as const)
    it(`the word ${code} ${description} is followed by ${requests} requests and ${doubts} doubts`, async () => {
      const pulling = new Pulling();
      assert.equal(pulling.asked.length, 1);
      pulling.status(code, description, 0);
      assert.deepEqual([pulling.asked.length, pulling.doubts], [0, 0], "of an earlier request");
      pulling.status(code, description);
      assert.deepEqual([pulling.asked.length, pulling.doubts], [requests, doubts]);
      await clock.pass(500);
      assert.deepEqual([pulling.asked.length, pulling.doubts], [doubts, doubts], "in a while");
    });

  it("that are larger than the room are asked for alone, whatever their size; others come between", () => {
    const full = "Message Size Exceeds MaxBytes";
    const pulling = new Pulling();
    pulling.message(1);
    pulling.status(409, full);
    assert.deepEqual(
      pulling.asked.map((each) => (each as { batch: number }).batch),
      [3, 3],
      "some came: there was no room for more",
    );
    pulling.status(409, full, 2);
    assert.deepEqual(pulling.asked, [{ batch: 1, ...WAIT }]);
    pulling.message(2, 3);
    assert.deepEqual(pulling.asked, [{ batch: 3, max_bytes: 5_000_000, ...WAIT }]);
    assert.equal(pulling.doubts, 0);
  });

  it("are told from the servers' words, whatever headers somebody stored", () => {
    const pulling = new Pulling();
    const reply = "$JS.ACK.S.g.1.5.5.17.0";
    pulling.link.deliver("_INBOX.1.1", { reply, headers: { code: 404, description: "No Messages" } });
    assert.deepEqual(
      pulling.taken.map(({ sequence }) => sequence),
      [5],
    );
    pulling.link.deliver("_INBOX.1.1", { reply: "somewhere" });
    pulling.link.deliver("_INBOX.1.1");
    assert.deepEqual([pulling.taken.length, pulling.doubts, pulling.asked.length], [1, 0, 1]);
  });

  it("that do not come are in doubt after 1.5 s without a sign of life, and are asked for anew", async () => {
    const pulling = new Pulling();
    await clock.pass(1500);
    assert.deepEqual([pulling.asked.length, pulling.doubts, pulling.puller.silence], [1, 0, 1500]);
    await clock.pass(500);
    assert.deepEqual([pulling.asked.length, pulling.doubts], [1, 1]);
    // Nobody has answered yet.
    await clock.pass(500);
    assert.equal(pulling.puller.silence, 2500);
    pulling.status(100, "", 2);
    assert.equal(pulling.puller.silence, 0);
    for (let i = 0; i < 10; i++) {
      await clock.pass(500);
      pulling.status(100, "", 2);
    }
    assert.deepEqual([pulling.asked.length, pulling.doubts], [0, 1]);
  });

  it("are not in doubt because nothing ran here: what has come is read first", async () => {
    const pulling = new Pulling();
    clock.stand(10_000);
    await clock.pass(500);
    assert.equal(pulling.doubts, 0);
    await clock.pass(500);
    assert.equal(pulling.doubts, 1);
  });

  it("are not asked for while the connection is lost, nor is that silence, and are when it is back", async () => {
    const pulling = new Pulling();
    assert.equal(pulling.asked.length, 1);
    pulling.link.isUp = false;
    await clock.pass(5000);
    assert.deepEqual([pulling.asked.length, pulling.doubts, pulling.puller.silence], [0, 0, 0]);
    pulling.link.isUp = true;
    await clock.pass(500);
    assert.equal(pulling.asked.length, 1);
  });

  it("are in doubt where they may not be listened for", () => {
    const pulling = new Pulling();
    pulling.link.deny();
    assert.equal(pulling.doubts, 1);
  });

  describe("that are asked for no more", () => {
    /** Whether it has stopped. */
    async function stopping(pulling: Pulling): Promise<() => boolean> {
      let isOver = false;
      void pulling.puller.stop().then(() => {
        isOver = true;
      });
      await clock.pass(0);
      return () => isOver;
    }

    it("still come until the request that is out has ended", async () => {
      const pulling = new Pulling();
      const isOver = await stopping(pulling);
      pulling.message(1);
      await clock.pass(1000);
      assert.equal(isOver(), false);
      pulling.status(408);
      await clock.pass(100);
      assert.equal(isOver(), true);
      assert.deepEqual([pulling.taken.length, pulling.asked.length, pulling.link.listening], [1, 1, []]);
      await clock.pass(5000);
      assert.deepEqual([pulling.asked.length, pulling.doubts], [0, 0]);
    });

    it("are waited for as long as a request lasts, and no longer", async () => {
      const pulling = new Pulling();
      for (let i = 0; i < 2; i++) {
        await clock.pass(500);
        pulling.status(100);
      }
      const isOver = await stopping(pulling);
      await clock.pass(1450);
      assert.equal(isOver(), false);
      await clock.pass(1100);
      assert.equal(isOver(), true);
    });

    it("are waited for where a request was given up that may still be answered", async () => {
      const pulling = new Pulling(1);
      await clock.pass(2000);
      assert.equal(pulling.doubts, 1);
      pulling.room.messages = 0;
      pulling.message(1, 2);
      const isOver = await stopping(pulling);
      await clock.pass(450);
      assert.equal(isOver(), false);
      await clock.pass(100);
      assert.equal(isOver(), true);
    });

    it("are waited for no time where none were asked for", async () => {
      const isOver = await stopping(new Pulling(0));
      await clock.pass(50);
      assert.equal(isOver(), true);
    });
  });
});
