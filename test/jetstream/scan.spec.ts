// lib/jetstream/writing/scan.ts without a server: from where to where a stream is read, and when that counts as whole.
import assert from "node:assert/strict";
import { type ScanResult, type ScanStart, scanIds } from "../../lib/jetstream/writing/scan.ts";
import { Clock, settled } from "./clock.ts";
import { FakeLink } from "./fake-servers.ts";

describe("the ids that a stream has", () => {
  let clock: Clock;
  let link: FakeLink;
  /** Numbers and ids as they were read. */
  let read: string[];
  let outcome: ScanResult | undefined;
  let failure: string;
  beforeEach(() => {
    clock = new Clock();
    link = new FakeLink();
    link.stream.state = { messages: 10, bytes: 10, first_seq: 11, last_seq: 20 };
    read = [];
  });
  afterEach(() => clock[Symbol.dispose]());

  async function start(from: ScanStart): Promise<void> {
    outcome = undefined;
    failure = "";
    scanIds("fake", link, "S", from, (sequence, id) => read.push(`${sequence} ${id}`)).then(
      (result) => {
        outcome = result;
      },
      (error: { code: string; message: string }) => {
        failure = `${error.code} ${error.message}`;
      },
    );
    await settled();
  }

  async function deliver(sequence: number, consumerSequence: number, pending: number): Promise<void> {
    const [inbox = ""] = link.listening;
    const reply = `$JS.ACK.S.c.1.${sequence}.${consumerSequence}.17.${pending}`;
    link.deliver(inbox.replace("*", "1"), { reply, headers: { "Nats-Msg-Id": `id${sequence}` } });
    await settled();
  }

  const begins = () =>
    [...link.consumers.values()].map(({ config }) => [
      config.deliver_policy,
      config.opt_start_seq ?? config.opt_start_time,
    ]);

  it("are read from a number to the end, without payloads, and nothing is left behind", async () => {
    await start({ sequence: 19 });
    const [consumer] = [...link.consumers.values()];
    assert.deepEqual(consumer?.config, {
      ...{ deliver_policy: "by_start_sequence", opt_start_seq: 19, ack_policy: "none", headers_only: true },
      ...{ mem_storage: true, num_replicas: 1, inactive_threshold: 30e9 },
    });
    const [sent] = link.take("$JS.API.CONSUMER.MSG.NEXT.S.");
    assert.deepEqual(JSON.parse(sent!.payload), {
      batch: 500,
      max_bytes: 8 << 20,
      expires: 2e9,
      idle_heartbeat: 5e8,
    });
    await deliver(19, 1, 1);
    assert.equal(outcome, undefined);
    await deliver(20, 2, 0);
    await clock.pass(3000);
    assert.deepEqual([read, outcome], [["19 id19", "20 id20"], { first: 19, last: 20, read: 2 }]);
    assert.deepEqual([link.consumers.size, link.listening], [0, []]);
  });

  for (const [what, from, begin] of [
    ["the first, where no message can have a lower number", { sequence: 0 }, ["by_start_sequence", 1]],
    ["a time", { time: 1_700_000_000_000_000 }, ["by_start_time", "2023-11-14T22:13:20.000Z"]],
    ["the first of a stream that was made anew", { sequence: 22 }, ["by_start_sequence", 1]],
    ["the last", { sequence: 20 }, ["by_start_sequence", 20]],
  ] as const)
    it(`are read from ${what}`, async () => {
      await start(from);
      assert.deepEqual(begins(), [begin]);
    });

  for (const [what, from] of [
    ["behind the last", { sequence: 21 }],
    ["of no place", {}],
  ] as const)
    it(`are none ${what}`, async () => {
      await start(from);
      assert.deepEqual([outcome, link.consumers.size], [{ first: 21, last: 20, read: 0 }, 0]);
    });

  it("are none of an empty stream", async () => {
    link.stream.state.messages = 0;
    await start({ sequence: 1 });
    assert.deepEqual([outcome, link.consumers.size], [{ first: 21, last: 20, read: 0 }, 0]);
  });

  for (const [stands, sequence, begin] of [
    [14, 14, "by_start_sequence"],
    [14, 15, "by_start_time"],
    // It finds nothing as late as that.
    [30, 20, "by_start_sequence"],
    [30, 21, "by_start_time"],
  ] as const)
    it(`are read from the earlier of ${sequence} and a time behind ${stands}`, async () => {
      link.deliveredFirst = stands;
      await start({ sequence, time: 1_700_000_000_000_000 });
      assert.deepEqual(
        begins().map(([policy]) => policy),
        [begin],
      );
    });

  it("are not whole where one was lost on the way, nothing comes any more, or the connection is lost", async () => {
    await start({ sequence: 11 });
    await deliver(11, 1, 9);
    await deliver(13, 3, 7);
    await clock.pass(3000);
    assert.match(failure, /^NO_ANSWER .*lost on the way/);
    await start({ sequence: 11 });
    await clock.pass(9500);
    assert.equal(failure, "");
    await clock.pass(4000);
    assert.match(failure, /^NO_ANSWER .*nothing came any more/);
    await start({ sequence: 11 });
    link.isUp = false;
    await clock.pass(3500);
    assert.match(failure, /^NO_ANSWER .*connection was lost/);
  });

  describe("of a copy that is behind the others", () => {
    it("are awaited where the leader has more, and not for ever", async () => {
      link.manager.streams.getMessage = async (_, { seq }) => ({ seq: seq + 1 });
      await start({ sequence: 11 });
      await deliver(11, 1, 0);
      assert.equal(outcome, undefined);
      await deliver(13, 2, 1);
      await deliver(20, 3, 0);
      await clock.pass(3000);
      assert.deepEqual(outcome, { first: 11, last: 20, read: 3 });
      await start({ sequence: 11 });
      await deliver(11, 1, 0);
      for (let i = 0; i < 30; i++) {
        for (const inbox of link.listening) link.status(inbox.replace("*", "1"), 100);
        await clock.pass(500);
      }
      assert.match(failure, /^NO_ANSWER .*message 13 does not come/);
    });

    it("are all where the leader has no more, the rest being deleted", async () => {
      await start({ sequence: 11 });
      await deliver(11, 1, 0);
      await clock.pass(3000);
      assert.deepEqual(outcome, { first: 11, last: 11, read: 1 });
    });
  });
});
