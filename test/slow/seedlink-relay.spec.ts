// `seedlink relay` is killed again and again while records come: each of them is in the other server's ring in the end, at
// least once. From a server with SeisComP's habits, and from a real ringserver where PATH has one.
import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkClient, DataLinkServer } from "../../lib/index.ts";
import { start, temporaryFolder } from "../cli/shell.ts";
import { fill, hasRingServer, numberOf, RingServer, recordOf, STATIONS } from "../seedlink/ring-server.ts";
import { SeisCompServer } from "../seedlink/seiscomp-server.ts";

const KILLS = 15;
const PER_STEP = 50;

/** A SeedLink server that records can be added to. */
interface Source extends AsyncDisposable {
  readonly url: string;
  /** Adds the records `from` to before `to`. */
  add(from: number, to: number): Promise<void>;
}

async function seisComp(): Promise<Source> {
  const server = await SeisCompServer.start();
  for (const station of STATIONS) server.stations.set(station, { first: 0, records: [] });
  return {
    url: server.url,
    add: async (from, to) => {
      for (let n = from; n < to; n++) server.push(STATIONS[n % STATIONS.length]!, recordOf(n).bytes);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function ringServer(): Promise<Source> {
  const server = await RingServer.start("64M");
  return {
    url: `seedlink://${server.address}`,
    add: (from, to) => fill(server, from, to),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** How often each number is in the ring. */
async function relayed(ring: DataLinkServer): Promise<Map<number, number>> {
  await using client = await DataLinkClient.connect(ring.url);
  const { latestPacketId } = (await client.info("STATUS")).status;
  const counts = new Map<number, number>();
  for (let id = 1n; id <= latestPacketId; id++) {
    const packet = await client.read(id);
    const number = numberOf(packet);
    assert.deepEqual(Buffer.from(packet.payload), recordOf(number).bytes);
    counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  return counts;
}

describe("seedlink relay that is killed", () => {
  for (const [name, open, isThere] of [
    ["a server with SeisComP's habits", seisComp, true],
    ["ringserver (needs ringserver on PATH)", ringServer, hasRingServer],
  ] as const) {
    (isThere ? it : it.skip)(`has every record of ${name} after ${KILLS} kills`, async function () {
      this.timeout(300_000);
      await using folder = await temporaryFolder();
      await using source = await open();
      await using ring = await DataLinkServer.listen({ port: 0, ringBytes: 2 ** 28 });
      const state = path.join(folder.path, "relay.json");
      const argv = ["relay", "--from", "earliest", "--state", state, source.url, ring.url];
      const stop = new AbortController();
      // The very oldest record of a ringserver is never sent.
      await source.add(0, 1);
      let count = 1;
      const feeding = (async () => {
        while (!stop.signal.aborted) {
          await source.add(count, count + PER_STEP);
          count += PER_STEP;
          await delay(10);
        }
      })();
      for (let kill = 0; kill < KILLS; kill++) {
        const program = start("seedlink", argv);
        program.stdout.resume();
        program.stderr.resume();
        const before = ring.status.packetsIn;
        while (ring.status.packetsIn === before) await delay(5);
        await delay(Math.random() * 400);
        program.kill("SIGKILL");
        await once(program, "close");
      }
      stop.abort();
      await feeding;

      const last = start("seedlink", argv);
      last.stdout.resume();
      last.stderr.resume();
      const wanted = Array.from({ length: count - 1 }, (_, i) => i + 1);
      let counts = await relayed(ring);
      for (let attempt = 0; attempt < 100 && !wanted.every((n) => counts.has(n)); attempt++) {
        await delay(200);
        counts = await relayed(ring);
      }
      last.kill("SIGTERM");
      assert.deepEqual(await once(last, "close"), [0, null]);
      assert.deepEqual(
        wanted.filter((n) => !counts.has(n)),
        [],
      );
      const twice = [...counts.values()].reduce((sum, times) => sum + times - 1, 0);
      console.log(`      ${count} records, ${twice} of them again`);
    });
  }
});
