// lib/datalink/begin.ts against a ring with ringserver's flaw: on a full ring, nothing that is still there is left out.
import assert from "node:assert/strict";
import fc from "fast-check";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { type SubscribeOptions, type SubscriptionEvent, subscribe } from "../../lib/datalink/subscribe.ts";
import { recordEvents } from "../support/events.ts";
import { SlotRing } from "../support/network/slot-ring.ts";

const STREAMS = ["XX_A/TEXT", "XX_B/TEXT", "XX_C/TEXT"];

function open(ring: SlotRing, options: SubscribeOptions) {
  const events = recordEvents<SubscriptionEvent>();
  return { events, packets: subscribe(ring.url, { onEvent: events.onEvent, ...options }) };
}

const idsTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("a full ring of a server that keeps its readers' slots", () => {
  let ring: SlotRing;

  beforeEach(async () => {
    ring = await SlotRing.listen(50);
  });
  afterEach(() => ring[Symbol.asyncDispose]());

  it("leaves packets out for a client that only positions and streams", async () => {
    ring.write(120);
    await using dali = await DataLinkClient.connect(ring.url);
    assert.equal(await dali.positionSet("EARLIEST"), 71n);
    ring.write(2);
    const stream = dali.stream();
    assert.equal((await stream.next()).value?.packetId, 122n);
  });

  for (const filtered of [false, true]) {
    it(`loses nothing${filtered ? " of what match selects" : ""} while it moves on between commands`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(3), fc.nat(20), async (perCommand, afterStream) => {
          await using busy = await SlotRing.listen(50);
          busy.write(120, STREAMS);
          let earliest = 0;
          busy.beforeCommand = (header) => {
            if (header.startsWith("READ") && earliest === 0) earliest = busy.earliest;
            if (!header.startsWith("READ")) busy.write(perCommand, STREAMS);
          };
          const { packets, events } = open(busy, { from: "earliest", ...(filtered && { match: "_[AB]/" }) });
          await events.wait("started");
          busy.write(afterStream + 3, STREAMS);
          const last = busy.earliest + 49;
          const expected = idsTo(earliest, last).filter((id) => !filtered || id % 3 !== 2);
          const received: number[] = [];
          while (received.length < expected.length)
            received.push(Number((await packets.next()).value?.packetId));
          assert.deepEqual(received, expected);
          assert.equal(events.count("gap"), 0);
          await packets.close();
        }),
        { numRuns: 15 },
      );
    });

    it(`goes back for what is still there when a slow reader${filtered ? " with match" : ""} was overtaken`, async () => {
      ring.write(30, STREAMS);
      const { packets, events } = open(ring, { from: "earliest", ...(filtered && { match: "_[AB]/" }) });
      const wanted = (id: number) => !filtered || id % 3 !== 2;
      const take = async () => Number((await packets.next()).value?.packetId);
      for (const id of idsTo(1, 30).filter(wanted)) assert.equal(await take(), id);
      ring.held = true;
      ring.write(75, STREAMS);
      ring.held = false;
      ring.write(3, STREAMS);
      const received: number[] = [];
      const expected = idsTo(108 - 49, 108).filter(wanted);
      while (received.length < expected.length) received.push(await take());
      assert.deepEqual(received, expected);
      const gaps = events.all.flatMap((event) =>
        event.type === "gap" ? [[event.firstId, event.lastId]] : [],
      );
      assert.deepEqual(gaps, filtered ? [] : [[31n, 58n]]);
      const resumed = events.all.flatMap((event) =>
        event.type === "resumed"
          ? [[event.how, event.position.packetId, event.first?.packetId, event.idsBetween]]
          : [],
      );
      assert.deepEqual(resumed, filtered ? [["earliest", 30n, 59n, 28n]] : []);
      await packets.close();
    });
  }

  it("takes ids for what they are that are far apart by nature", async () => {
    ring.write(30, ["XX_A/TEXT", ...Array.from({ length: 59 }, () => "XX_B/TEXT")]);
    const { packets, events } = open(ring, { from: "earliest", match: "_A/" });
    await events.wait("started");
    for (let n = 1; n <= 5; n++) {
      for (let i = 0; i < 60; i++)
        ring.write(1, ["XX_A/TEXT", ...Array.from({ length: 59 }, () => "XX_B/TEXT")]);
      assert.equal((await packets.next()).value?.packetId, BigInt(n * 60));
    }
    await packets.close();
  });
});
