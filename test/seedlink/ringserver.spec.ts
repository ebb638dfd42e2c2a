// The SeedLink client against a real ringserver, if one is on PATH: nothing lost and nothing twice, across cuts and restarts.
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { SeedLinkClient } from "../../lib/seedlink/client.ts";
import { copyPosition, type SeedLinkPosition } from "../../lib/seedlink/position.ts";
import type { SeedLinkPacket } from "../../lib/seedlink/protocol/packet.ts";
import { subscribeSeedLink } from "../../lib/seedlink/subscribe.ts";
import type { SeedLinkEvent, SeedLinkSubscribeOptions } from "../../lib/seedlink/subscription.ts";
import { FaultProxy } from "../support/network/fault-proxy.ts";
import { fill, hasRingServer, numberOf, RingServer, recordOf, STATIONS } from "./ring-server.ts";

const BACKOFF = { minDelay: 20, maxDelay: 200 };

/** Numbers that look random, the same ones each time. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

/** Reads and commits until the record of a number has come. */
async function readUntil(
  url: string,
  last: number,
  options: SeedLinkSubscribeOptions,
  onPacket: (packet: SeedLinkPacket, count: number) => Promise<void> | void = () => {},
): Promise<{ numbers: number[]; events: SeedLinkEvent[]; position: SeedLinkPosition | undefined }> {
  const numbers: number[] = [];
  const events: SeedLinkEvent[] = [];
  const packets = subscribeSeedLink(url, {
    backoff: BACKOFF,
    timeout: 5000,
    ...options,
    onEvent: (event) => events.push(event),
  });
  for await (const packet of packets) {
    numbers.push(numberOf(packet));
    packets.commit(packet);
    await onPacket(packet, numbers.length);
    if (numberOf(packet) >= last) break;
  }
  return { numbers, events, position: packets.position };
}

function count(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

(hasRingServer ? describe : describe.skip)(
  "SeedLink from a real ringserver (needs ringserver on PATH)",
  function () {
    this.timeout(60_000);

    describe("with a ring for all", () => {
      let server: RingServer;
      const RECORDS = 2000;

      before(async () => {
        server = await RingServer.start("16M");
        await fill(server, 0, RECORDS);
      });

      after(async () => {
        await server?.[Symbol.asyncDispose]();
      });

      for (const [scheme, protocol] of [
        ["seedlink", "4.0"],
        ["seedlink", "3.1"],
        ["ws", "4.0"],
        ["ws", "3.1"],
      ] as const) {
        it(`is understood over ${scheme} in protocol ${protocol}`, async () => {
          await using client = await SeedLinkClient.connect(`${scheme}://${server.address}`, { protocol });
          assert.match(client.server.software, /^RingServer\/4/);
          assert.equal(client.server.protocol, protocol);
          const info = await client.info("STREAMS");
          assert.deepEqual(info.stations.map(({ id }) => id).sort(), [...STATIONS].sort());
          assert.equal(info.stations[0]!.streams[0]!.id, "00_H_H_Z");
          await assert.rejects(client.info("GAPS" as "ID"), { code: "INVALID_ARGUMENT" });
          if (protocol === "3.1") await assert.rejects(client.info("FORMATS"), { code: "SERVER_ERROR" });
          assert.equal((await client.info("ID")).software, client.server.software);
          const seen: number[] = [];
          const stream = client.stream({ streams: "AA_*:HHZ,CC_FIVE:BHZ", from: "earliest", dialUp: true });
          for await (const packet of stream) {
            seen.push(numberOf(packet));
            assert.deepEqual(packet.payload, recordOf(numberOf(packet)).bytes);
          }
          // The very oldest record, number 0, is never sent.
          assert.deepEqual(
            seen,
            count(1, RECORDS).filter((n) => n % 5 < 2),
          );
        });

        it(`comes once and in order over ${scheme} in protocol ${protocol} while the network breaks`, async () => {
          const random = randomNumbers(7);
          await using proxy = await FaultProxy.listen(() => server.port, {
            random,
            bytesToFault: 80_000,
            maxDelay: 20,
          });
          const url = `${scheme}://127.0.0.1:${proxy.port}`;
          const { numbers, events } = await readUntil(url, RECORDS - 1, { protocol, from: "earliest" });
          assert.deepEqual(numbers, count(1, RECORDS));
          assert.ok(events.filter((event) => event.type === "disconnected").length > 2);
        });
      }

      it("goes on behind what was committed, not what was handed out, after a restart of the reader", async () => {
        const url = `seedlink://${server.address}`;
        let saved: SeedLinkPosition | undefined;
        const checkpoint = {
          load: async () => saved && copyPosition(saved),
          save: (position: SeedLinkPosition) => {
            saved = copyPosition(position);
          },
          flush: async () => {},
        };
        const first = subscribeSeedLink(url, { from: "earliest", checkpoint });
        const held: SeedLinkPacket[] = [];
        for await (const packet of first) {
          held.push(packet);
          if (held.length < 100) first.commit(packet);
          if (held.length === 150) break;
        }
        assert.equal(numberOf(held[98]!), 99);
        const { numbers, events } = await readUntil(url, RECORDS - 1, { checkpoint });
        assert.deepEqual(numbers, count(100, RECORDS));
        assert.deepEqual(
          events.filter((event) => event.type === "resumed").map((event) => event.how),
          ["position"],
        );
      });

      it("tells of stations that there are not, by name, and sends the others", async () => {
        const url = `seedlink://${server.address}`;
        const { events } = await readUntil(url, 20, { streams: "AA_ONE,ZZ_NOPE", from: "earliest" });
        const missing = events.find((event) => event.type === "missing");
        assert.deepEqual(missing?.type === "missing" && missing.stations, ["ZZ_NOPE"]);
      });

      it("is refused as a whole, before END, where a SELECT is", async () => {
        await using client = await SeedLinkClient.connect(`seedlink://${server.address}`);
        const stream = client.stream({ streams: "AA_ONE:*_H_H_Z:a1234567890123456789" });
        await assert.rejects(async () => {
          for await (const _ of stream) break;
        }, /refused SELECT|SELECT/);
      });
    });

    it("comes from a ring of about 100 with pauses: all that the ring still held, and a gap for the rest", async () => {
      await using server = await RingServer.start("70K");
      await fill(server, 0, 50);
      let written = 50;
      const last = 2500;
      const url = `seedlink://${server.address}`;
      const write = (async () => {
        while (written <= last) {
          await fill(server, written, written + 30);
          written += 30;
          await delay(20);
        }
      })();
      const { numbers, events } = await readUntil(
        url,
        last,
        { from: "earliest", maxInFlight: 10 },
        async (_, n) => {
          if (n % 400 === 0) await delay(300);
        },
      );
      await write;
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
        "once and in order",
      );
      const lost = new Set(count(1, last).filter((n) => !numbers.includes(n)));
      for (const event of events) {
        if (event.type !== "gap") continue;
        // Numbers of the ring begin at 1, those of the records at 0; the very oldest of the ring is never sent.
        for (let n = event.firstSequence; n <= event.lastSequence + 1n; n++) lost.delete(Number(n) - 1);
      }
      assert.deepEqual([...lost], []);
    });

    for (const protocol of ["4.0", "3.1"] as const) {
      it(`goes on across the end of 24-bit numbers, in protocol ${protocol}`, async () => {
        const firstId = 0x1000000n - 300n;
        await using server = await RingServer.start("1M");
        await fill(server, 0, 250, firstId);
        await using proxy = await FaultProxy.listen(() => server.port);
        const cuts = new Set([100, 260, 320, 350]);
        let writing: Promise<void> | undefined;
        const { numbers, position } = await readUntil(
          `seedlink://127.0.0.1:${proxy.port}`,
          599,
          { protocol, from: "earliest" },
          (_, n) => {
            if (cuts.has(n)) proxy.cut();
            if (n === 200) writing = fill(server, 250, 600, firstId);
          },
        );
        await writing;
        assert.deepEqual(numbers, count(1, 600));
        assert.equal(position?.newest?.sequence, firstId + 599n);
      });

      it(`goes on after the server was killed and began anew, in protocol ${protocol}`, async () => {
        await using server = await RingServer.start("1M");
        await fill(server, 0, 300);
        const url = `seedlink://${server.address}`;
        let restarted: Promise<void> | undefined;
        const { numbers, events } = await readUntil(url, 599, { protocol, from: "earliest" }, (_, n) => {
          if (n !== 299) return;
          restarted = (async () => {
            await server.kill();
            await server.start();
            // What had been sent comes again, and more of it than the reader's number.
            await fill(server, 100, 600);
          })();
        });
        await restarted;
        assert.deepEqual(numbers, count(1, 600));
        const how = events.flatMap((event) => (event.type === "resumed" ? [event.how] : []));
        assert.ok(how.length > 0);
      });
    }
  },
);
