/**
 * A SeedLink subscriber behind a proxy that cuts, resets, half-closes, stalls, delays and splits what it carries, against our
 * own server, a real ringserver where PATH has one, and an old one where RINGSERVER_2020 names it: every record once, in order
 * of its station; from a ring that is too small all that it still held, and a gap told for the rest; across a server that is
 * killed and begins anew, and across the end of 24-bit numbers.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { SeedLinkPacket } from "../../lib/seedlink/protocol/packet.ts";
import { subscribeSeedLink } from "../../lib/seedlink/subscribe.ts";
import type { SeedLinkEvent, SeedLinkSubscribeOptions } from "../../lib/seedlink/subscription.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import {
  fill,
  hasRingServer,
  numberOf,
  oldRingServer,
  RingServer,
  recordOf,
  STATIONS,
  type Target,
} from "../seedlink/ring-server.ts";
import { tlsBridge } from "../support/network/bridges.ts";
import { certificateAuthority } from "../support/network/certificates.ts";
import { FaultProxy, seededRandom } from "../support/network/fault-proxy.ts";

const RECORDS = Number(process.env.SEEDLINK_FAULTS_RECORDS ?? 10_000);
const SEED = Number(process.env.SEEDLINK_FAULTS_SEED ?? Date.now() % 1_000_000);
const BACKOFF = { minDelay: 10, maxDelay: 100 };
const SMALL_RING = "70K";
const authority = certificateAuthority();
const certificate = authority.issue(["127.0.0.1"]);

type Protocol = "4.0" | "3.1";

interface Server extends Target, AsyncDisposable {
  readonly port: number;
  readonly tlsPort: number;
  start(): Promise<void>;
  kill(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly isThere: boolean;
  readonly protocols: readonly Protocol[];
  readonly schemes: readonly string[];
  /** The first record that is sent: ringserver never sends its very oldest one. */
  readonly first: number;
  /**
   * Whether a reader can tell all that it has lost. The old ringserver sends a reader that it has overtaken on with its oldest
   * packet, and ours with the oldest of each station: nothing that is held is lost, but numbers alone do not say what was.
   */
  readonly tellsAll: boolean;
  /** Whether writers choose packet ids. */
  readonly takesIds: boolean;
  start(ringSize: string): Promise<Server>;
}

/** Our own server, which can be killed like one in a process: what it held is gone. */
class OwnServer implements Server {
  #server!: DataLinkServer;
  #tls!: Awaited<ReturnType<typeof tlsBridge>>;
  readonly #bytes: number;
  port = 0;

  static async start(ringSize: string): Promise<OwnServer> {
    const server = new OwnServer(ringSize === SMALL_RING ? 70 * 1024 : 64 * 1024 * 1024);
    await server.start();
    server.#tls = await tlsBridge(server.port, certificate);
    return server;
  }

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get tlsPort(): number {
    return this.#tls.port;
  }

  async start(): Promise<void> {
    this.#server = await DataLinkServer.listen({
      host: "127.0.0.1",
      port: this.port,
      ringBytes: this.#bytes,
    });
    this.port = this.#server.port;
  }

  async kill(): Promise<void> {
    await this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    await this.#tls[Symbol.asyncDispose]();
  }
}

const KINDS: Kind[] = [
  {
    name: "our own server",
    isThere: true,
    protocols: ["4.0", "3.1"],
    schemes: ["seedlink", "seedlinks", "ws"],
    first: 0,
    tellsAll: false,
    takesIds: true,
    start: (ringSize) => OwnServer.start(ringSize),
  },
  {
    name: "ringserver 4 (needs ringserver on PATH)",
    isThere: hasRingServer,
    protocols: ["4.0", "3.1"],
    schemes: ["seedlink", "seedlinks", "ws"],
    first: 1,
    tellsAll: true,
    takesIds: true,
    start: (ringSize) => RingServer.start(ringSize, { tls: certificate }),
  },
  {
    name: "ringserver 2020.075 (needs it under RINGSERVER_2020)",
    isThere: oldRingServer !== undefined,
    protocols: ["3.1"],
    schemes: ["seedlink", "ws"],
    first: 1,
    tellsAll: false,
    takesIds: false,
    start: (ringSize) => RingServer.start(ringSize, { isOld: true }),
  },
];

/** Reads and commits until of each station a record from number `last` on has come. */
async function readUntil(
  url: string,
  last: number,
  options: SeedLinkSubscribeOptions,
  onPacket: (packet: SeedLinkPacket, count: number) => Promise<void> | void = () => {},
): Promise<{ numbers: number[]; events: SeedLinkEvent[] }> {
  const numbers: number[] = [];
  const events: SeedLinkEvent[] = [];
  const complete = new Set<string>();
  const packets = subscribeSeedLink(url, {
    backoff: BACKOFF,
    timeout: 5000,
    tls: url.startsWith("seedlinks:") ? { ca: authority.cert } : undefined,
    ...options,
    onEvent: (event) => events.push(event),
  });
  for await (const packet of packets) {
    const number = numberOf(packet);
    assert.ok(recordOf(number).bytes.equals(packet.payload), `record ${number}`);
    assert.equal(packet.station, STATIONS[number % STATIONS.length]);
    numbers.push(number);
    packets.commit(packet);
    await onPacket(packet, numbers.length);
    if (number >= last) complete.add(packet.station);
    if (complete.size === STATIONS.length) break;
  }
  return { numbers, events };
}

/** Fails unless the records of each station are in order, and each there once. */
function assertOrdered(numbers: readonly number[]): void {
  const latest = new Map<number, number>();
  for (const number of numbers) {
    const station = number % STATIONS.length;
    assert.ok(number > (latest.get(station) ?? -1), `${number} behind ${latest.get(station)}`);
    latest.set(station, number);
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

for (const kind of KINDS) {
  (kind.isThere ? describe : describe.skip)(`SeedLink from ${kind.name}`, function () {
    this.timeout(300_000);

    for (const scheme of kind.schemes) {
      for (const protocol of kind.protocols) {
        it(`brings ${RECORDS} records once and in order over ${scheme}:// in ${protocol} (seed ${SEED})`, async () => {
          await using server = await kind.start("32M");
          await fill(server, 0, RECORDS / 2);
          const port = scheme === "seedlinks" ? server.tlsPort : server.port;
          await using proxy = await FaultProxy.listen(() => port, {
            random: seededRandom(SEED),
            bytesToFault: 200_000,
            maxDelay: 50,
          });
          const url = `${scheme}://127.0.0.1:${proxy.port}`;
          let writing: Promise<void> | undefined;
          const { numbers, events } = await readUntil(
            url,
            RECORDS - STATIONS.length,
            { protocol, from: "earliest" },
            (_, n) => {
              writing ??= n < RECORDS / 10 ? undefined : fill(server, RECORDS / 2, RECORDS);
            },
          );
          await writing;
          assertOrdered(numbers);
          assert.deepEqual(sorted(numbers), range(kind.first, RECORDS));
          assert.deepEqual(
            events.filter((event) => event.type === "gap"),
            [],
          );
          const lost = events.filter((event) => event.type === "disconnected").length;
          assert.ok(lost > 2, `${lost} connections lost`);
          console.log(`        connections lost: ${lost}; faults: ${JSON.stringify(proxy.made)}`);
        });
      }
    }

    for (const protocol of kind.protocols) {
      it(`brings all that a ring of about 100 still held, and tells the rest, in ${protocol}`, async () => {
        await using server = await kind.start(SMALL_RING);
        await fill(server, 0, 50);
        const last = 2500;
        const write = async () => {
          for (let written = 50; written <= last; written += 30) {
            await fill(server, written, written + 30);
            await delay(20);
          }
        };
        let writing: Promise<void> | undefined;
        const url = `seedlink://${server.address}`;
        const { numbers, events } = await readUntil(
          url,
          last,
          { protocol, from: "earliest", maxInFlight: 10 },
          async (_, n) => {
            // From the first packet on nothing may be missing without a word.
            writing ??= write();
            if (n % 400 === 0) await delay(300);
          },
        );
        await writing;
        assertOrdered(numbers);
        const delivered = new Set(numbers);
        const lost = new Set(range(kind.first, last).filter((n) => !delivered.has(n)));
        // Packet ids begin at 1, numbers of records at 0; the very oldest record of the ring may not have been sent.
        for (const event of events) {
          if (event.type !== "gap") continue;
          for (let id = event.firstSequence; id <= event.lastSequence; id++) {
            assert.ok(!delivered.has(Number(id) - 1), `record ${Number(id) - 1} was told as lost`);
            lost.delete(Number(id) - 1);
          }
          if (kind.first > 0) lost.delete(Number(event.lastSequence));
        }
        if (kind.tellsAll) assert.deepEqual([...lost], []);
      });

      it(`goes on after the server was killed and began anew, in ${protocol}`, async () => {
        await using server = await kind.start("4M");
        await fill(server, 0, 300);
        let restarted: Promise<void> | undefined;
        const url = `seedlink://${server.address}`;
        const { numbers } = await readUntil(url, 595, { protocol, from: "earliest" }, (_, n) => {
          if (n !== 300 - kind.first) return;
          restarted = (async () => {
            await server.kill();
            await server.start();
            // What had been sent comes again, and more of it than the reader's number.
            await fill(server, 100, 600);
          })();
        });
        await restarted;
        assertOrdered(numbers);
        assert.deepEqual(sorted(numbers), range(kind.first, 600));
      });

      (kind.takesIds ? it : it.skip)(`goes on across the end of 24-bit numbers, in ${protocol}`, async () => {
        const firstId = 0x1000000n - 300n;
        await using server = await kind.start("4M");
        await fill(server, 0, 250, firstId);
        await using proxy = await FaultProxy.listen(() => server.port);
        const cuts = new Set([100, 260, 320, 350]);
        let writing: Promise<void> | undefined;
        const url = `seedlink://127.0.0.1:${proxy.port}`;
        const { numbers } = await readUntil(url, 595, { protocol, from: "earliest" }, (_, n) => {
          if (cuts.has(n)) proxy.cut();
          if (n === 200) writing = fill(server, 250, 600, firstId);
        });
        await writing;
        assertOrdered(numbers);
        assert.deepEqual(sorted(numbers), range(kind.first, 600));
      });
    }
  });
}
