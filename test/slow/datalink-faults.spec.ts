/**
 * A writer and a subscriber, each through a proxy that cuts, resets, half-closes, stalls, delays and splits what it carries,
 * against our own server or the one of the environment's DATALINK_FAULTS_URL (loopback, nothing else writing to it), for
 * DATALINK_FAULTS_SECONDS (default 30). Every packet of the ring arrives once, in order, and every packet that was
 * acknowledged is in the ring.
 */
import assert from "node:assert/strict";
import { parseAddress } from "../../lib/datalink/address.ts";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { type Subscription, type SubscriptionEvent, subscribe } from "../../lib/datalink/subscribe.ts";
import { PacketWriter, type WriterEvent } from "../../lib/datalink/writer.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { recordEvents } from "../support/events.ts";
import { FaultProxy, seededRandom } from "../support/network/fault-proxy.ts";

const SECONDS = Number(process.env.DATALINK_FAULTS_SECONDS ?? 30);
const SEED = Number(process.env.DATALINK_FAULTS_SEED ?? Date.now() % 1_000_000);
const PAYLOAD_BYTES = 400;
const backoff = { minDelay: 5, maxDelay: 100 };
const timeout = { connect: 2000, command: 2000 };

/** A packet whose payload tells its number, and is all filled with what follows from it. */
function payloadOf(n: number): Buffer {
  const payload = Buffer.alloc(PAYLOAD_BYTES, n % 251);
  payload.writeUInt32BE(n, 0);
  return payload;
}

describe("writing and reading through a network with faults", () => {
  it(`loses nothing, repeats nothing and keeps the order (${SECONDS} s, seed ${SEED})`, async function () {
    this.timeout((SECONDS + 300) * 1000);
    const external = process.env.DATALINK_FAULTS_URL;
    await using server = await DataLinkServer.listen({ port: 0, ringBytes: 512 * 1024 * 1024 });
    const { port } = parseAddress(external ?? server.url);
    const faults = (seed: number) => ({ random: seededRandom(seed), bytesToFault: 400_000, maxDelay: 300 });
    await using toWriter = await FaultProxy.listen(() => port, faults(SEED));
    await using toReader = await FaultProxy.listen(() => port, faults(SEED + 1));
    await using dali = await DataLinkClient.connect(`127.0.0.1:${port}`);
    const before = (await dali.info("STATUS")).status.latestPacketId ?? 0n;
    const start = before === 0n ? "earliest" : { packetId: before };

    const written = recordEvents<WriterEvent>();
    const read = recordEvents<SubscriptionEvent>();
    await using writer = new PacketWriter(toWriter.url, {
      backoff,
      timeout,
      maxInFlight: 64,
      onEvent: written.onEvent,
    });
    await using packets = subscribe(toReader.url, { backoff, timeout, from: start, onEvent: read.onEvent });
    const acknowledged = new Map<bigint, number>();
    const reading = readUntilTold(packets, before);

    let n = 0;
    const pending = new Set<Promise<void>>();
    for (const end = Date.now() + SECONDS * 1000; Date.now() < end; ) {
      await writer.ready();
      const number = n++;
      const write = writer
        .write({ streamId: "XX_FAULT/BIN", dataStart: number * 1000, payload: payloadOf(number) })
        .then((id) => void acknowledged.set(id, number));
      pending.add(write);
      void write.finally(() => pending.delete(write));
      // A writer has pauses, too.
      if (number % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await Promise.all(pending);
    const { latestPacketId } = (await dali.info("STATUS")).status;
    const numbers = await reading(latestPacketId!);

    assert.equal(acknowledged.size, n);
    for (const [id, number] of acknowledged) assert.equal(numbers[Number(id - before) - 1], number);
    let next = 0;
    for (const number of numbers) {
      // One that was sent again stands behind those that were sent with it.
      assert.ok(number <= next, `${number} before ${next}`);
      if (number === next) next++;
    }
    assert.equal(next, n);
    assert.equal(read.count("gap"), 0);
    const repeated = numbers.length - n;
    console.log(
      `      ${n} packets, ${repeated} of them twice in the ring; connections lost: writer ${written.count("disconnected")}, ` +
        `reader ${read.count("disconnected")}; faults: ${JSON.stringify([toWriter.made, toReader.made])}`,
    );
  });
});

/** Reads on; the function waits until a packet has come, and gives the numbers of all. */
function readUntilTold(packets: Subscription, before: bigint): (last: bigint) => Promise<number[]> {
  const numbers: number[] = [];
  let last = before;
  let wake = () => {};
  const reading = (async () => {
    for await (const packet of packets) {
      assert.equal(packet.packetId, last + 1n);
      const number = packet.payload.readUInt32BE(0);
      assert.ok(packet.payload.equals(payloadOf(number)), `packet ${packet.packetId}`);
      numbers.push(number);
      last = packet.packetId;
      wake();
    }
  })();
  return async (target) => {
    while (last < target) {
      await Promise.race([
        reading,
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
      ]);
    }
    return numbers;
  };
}
