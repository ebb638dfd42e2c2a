// Packets for a stream, and what tests ask of one.

import type { JetStreamManager } from "../../lib/jetstream/client.ts";
import { JetStreamError } from "../../lib/jetstream/errors.ts";
import type { JetStreamPacket } from "../../lib/jetstream/format/packet.ts";
import type { JetStreamConnection, JetStreamWriter, SourcePacket } from "../../lib/jetstream/index.ts";
import type { JetStreamSubscription } from "../../lib/jetstream/reading/subscription.ts";
import { nowMicroseconds } from "../../lib/time.ts";

/** The n-th packet of a source with some stations. */
export function packetOf(
  n: number,
  { source = "test:1", streams = 7, time = nowMicroseconds(), bytes = 64 } = {},
): SourcePacket {
  return {
    ...{ source, packetId: BigInt(n), packetTime: time, streamId: `FDSN:XX_S${n % streams}__H_H_Z/MSEED` },
    ...{ dataStart: n, dataEnd: n + 1, payload: Buffer.alloc(bytes, n % 256) },
  };
}

/** Writes so many packets, from a first number on. */
export async function writePackets(
  writer: JetStreamWriter,
  count: number,
  first = 1,
  options: Parameters<typeof packetOf>[1] = {},
): Promise<void> {
  const stored: Promise<unknown>[] = [];
  for (let n = first; n < first + count; n++) {
    await writer.ready();
    stored.push(writer.publish(packetOf(n, options)));
  }
  await Promise.all(stored);
}

/** The next packets of a subscription, which are committed where that is asked for. */
export async function take(
  packets: JetStreamSubscription,
  count: number,
  commit = true,
): Promise<JetStreamPacket[]> {
  const taken: JetStreamPacket[] = [];
  while (taken.length < count) {
    const { value, done } = await packets.next();
    if (done) throw new Error(`the subscription ended after ${taken.length} packets`);
    taken.push(value);
    if (commit) packets.commit(value);
  }
  return taken;
}

export async function managerOf(
  connection: JetStreamConnection,
): Promise<JetStreamManager & { streams: StreamCommands }> {
  return (await connection.link()).manager as JetStreamManager & { streams: StreamCommands };
}

interface StreamCommands {
  delete(stream: string): Promise<boolean>;
  purge(stream: string): Promise<unknown>;
}

/** What a stream has, in its order: read without any group, and begun anew where the servers do not answer, as a writer does. */
export async function idsOf(connection: JetStreamConnection, stream: string): Promise<string[]> {
  const { scanIds } = await import("../../lib/jetstream/writing/scan.ts");
  for (;;) {
    const ids: string[] = [];
    try {
      const link = await connection.link();
      await scanIds(connection.server, link, stream, { sequence: 1 }, (_, id) => ids.push(id));
      return ids;
    } catch (error) {
      if (!(error instanceof JetStreamError && error.code === "NO_ANSWER")) throw error;
    }
  }
}

/** How many of some texts there are more than once. */
export function countTwice(texts: readonly string[]): number {
  return texts.length - new Set(texts).size;
}
