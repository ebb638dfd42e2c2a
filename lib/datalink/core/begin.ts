/**
 * Where a subscription's stream begins on a connection: so that the first packet that fits is delivered, nothing that
 * the server still holds is left out, and nothing comes twice.
 *
 * On the wire a position is the packet seen last: STREAM begins behind it, so the first packet is asked for with READ.
 * ringserver 4.0 to 4.5 remembers the place of that packet in its ring. If it is overwritten before the stream has begun,
 * the stream goes on behind what stands there now, which is the newest packet: all others are left out, silently.
 * So near the ring's end a range of packets is READ, with STREAM right behind in the same segment.
 */

import { info, positionAfter, positionSet, read } from "../protocol/client-requests.ts";
import { DataLinkError } from "../protocol/errors.ts";
import type { Packet } from "../protocol/packet.ts";
import { type Position, positionOf, type Start } from "../protocol/position.ts";
import type { PacketReply, Reply } from "../protocol/replies.ts";
import type { Feed, Jump } from "./feed.ts";
import type { ClientSession } from "./session.ts";

export interface Beginning {
  readonly session: ClientSession;
  readonly feed: Feed;
  /** Whether match or reject leave packets out. */
  readonly filtered: boolean;
  /** Hears with which packet a reader goes on that cannot go on behind its last one, before that is delivered. */
  readonly onEarliest: (first: Packet, last: Position) => void;
}

/**
 * How a reader with a position goes on: behind it (`position`); with the earliest packet, because the ring has moved past
 * it (`earliest`); or, because the ids have begun anew, with the first packet that the server accepted later (`restarted`).
 */
export type Resumption = "position" | "earliest" | "restarted";

/** What the ring holds. */
interface RingState {
  readonly earliest: bigint;
  readonly latest: bigint;
  /** Whether match and reject let a stream pass that has packets in the ring. */
  readonly selects: (streamId: string) => boolean;
}

/** A ring that moves on while it is asked for its earliest packet is asked for more of them. */
const MARGIN_BYTES = 1024 * 1024;
const MAX_ATTEMPTS = 5;

/** Sets the position and sends STREAM: from then on, packets go to the feed. */
export async function begin(it: Beginning, start: Start): Promise<Resumption | undefined> {
  switch (start.kind) {
    case "earliest":
      await beginEarliest(it);
      return undefined;
    case "latest":
      await beginLatest(it);
      return undefined;
    case "time":
      await beginAtTime(it, start.time);
      return undefined;
    case "after":
      return await resume(it, start.position);
  }
}

/**
 * The ids have jumped as far as they do when ringserver leaves packets out. Ends the stream, and begins it again with the
 * earliest packet if some of those left out are still there.
 */
export async function checkJump(it: Beginning, jump: Jump): Promise<void> {
  const { feed, session } = it;
  await session.connection.endStream();
  const ring = await ringState(it);
  feed.trustNext();
  if (ring && ring.earliest > jump.last && ring.earliest < jump.next) {
    feed.discard();
    // With all packets asked for, the gap in their ids tells it.
    await beginEarliest(it, it.filtered ? { packetId: jump.last } : undefined);
    return;
  }
  // Ids are far apart by nature, as in the ring of a relay: larger jumps only are worth asking.
  const distance = jump.next - jump.last;
  if (feed.suspiciousJump !== undefined && feed.suspiciousJump < distance * 2n) {
    feed.suspiciousJump = distance * 2n;
  }
  feed.release();
  session.connection.startStream(feed);
}

/** @param last the packet behind which the reader wanted to go on */
async function beginEarliest(it: Beginning, last?: Position): Promise<void> {
  let first: Packet | undefined;
  const note = (packet: Packet) => {
    if (first === undefined && last !== undefined) it.onEarliest(packet, last);
    first ??= packet;
  };
  let margin = marginOf(it);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++, margin *= 4) {
    const ring = await ringState(it);
    if (ring === undefined) return await beginEmpty(it);
    const ids = idsFrom(ring, ring.earliest, margin);
    const wanted = (packet: Packet) => {
      note(packet);
      return ring.selects(packet.streamId);
    };
    if (await readAndStream(it, ids, wanted)) return;
  }
  throw tooFast(it);
}

/** The packets to come. The latest one is read, not delivered, so that it is known where to go on after a reconnect. */
async function beginLatest(it: Beginning): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const ring = await ringState(it);
    if (ring === undefined) return await beginEmpty(it);
    const latest = await it.session.connection.run(positionSet("LATEST"));
    const note = (packet: Packet) => {
      it.feed.beginAfter(positionOf(packet));
      return false;
    };
    if (await readAndStream(it, [latest], note)) return;
  }
  throw tooFast(it);
}

async function beginAtTime(it: Beginning, time: number): Promise<void> {
  let margin = marginOf(it);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++, margin *= 4) {
    const ring = await ringState(it);
    if (ring === undefined) return await beginEmpty(it);
    // AFTER wants a data end later than its time, and names the latest packet where there is none.
    const { connection, server } = it.session;
    const first = await unlessNotFound(connection.run(positionAfter(time - 1, server)));
    if (first === undefined) return await beginLatest(it);
    // The server looks only at what match and reject let pass.
    const wanted = (packet: Packet) =>
      packet.packetId === first ? packet.dataEnd >= time : ring.selects(packet.streamId);
    if (await beginAt(it, ring, first, margin, wanted)) return;
  }
  throw tooFast(it);
}

/** With a packet, and those behind it: READ knows of no match and reject, so each that it gives is looked at. */
async function beginAt(
  it: Beginning,
  ring: RingState,
  first: bigint,
  margin: number,
  wanted = (packet: Packet) => ring.selects(packet.streamId),
): Promise<boolean> {
  const nearEnd = first - ring.earliest < BigInt(margin);
  const ids = nearEnd ? idsFrom(ring, first, margin) : [first];
  return await readAndStream(it, ids, wanted);
}

/** While the ring is empty, STREAM delivers whatever arrives; but it may have arrived before STREAM did. */
async function beginEmpty(it: Beginning): Promise<void> {
  const { feed, session } = it;
  feed.beginAfter(undefined);
  feed.hold();
  session.connection.startStream(feed);
  const ring = await ringState(it);
  if (ring === undefined) {
    feed.release();
    return;
  }
  await session.connection.endStream();
  feed.discard();
  await beginEarliest(it);
}

async function resume(it: Beginning, position: Position): Promise<Resumption> {
  if (await streamBehind(it, position)) return "position";
  const ring = await ringState(it);
  it.feed.trustNext();
  if (ring && isPast(ring, position.packetId)) {
    await beginEarliest(it, position);
    return "earliest";
  }
  it.feed.beginAfter(undefined);
  if (ring === undefined) await beginEmpty(it);
  else await beginAfterRestart(it, ring, position);
  return "restarted";
}

/**
 * Streams behind the packet of a position. False where the server does not have that packet. READ tells it exactly, where
 * POSITION SET with a packet time, in ringserver 4.5, compares whole seconds.
 */
async function streamBehind(it: Beginning, position: Position): Promise<boolean> {
  const { feed, session } = it;
  let same = false;
  feed.hold();
  const known = readInPlace(it, position.packetId, (packet) => {
    same = isSamePacket(packet, position);
  });
  session.connection.startStream(feed);
  await known;
  if (same) {
    feed.release();
    return true;
  }
  await session.connection.endStream();
  feed.discard();
  return false;
}

/** A ring that was rebuilt for another packet size keeps ids and data, but not packet times. */
function isSamePacket(packet: Packet, { packetTime, dataEnd }: Position): boolean {
  return packetTime === undefined || packet.packetTime === packetTime || packet.dataEnd === dataEnd;
}

/** Whether the ring holds only packets that came after the one of this id. Ids of old servers wrap. */
function isPast(ring: RingState, packetId: bigint): boolean {
  const wrapped = ring.earliest > ring.latest;
  return packetId < ring.earliest && (wrapped ? packetId > ring.latest : true);
}

async function beginAfterRestart(it: Beginning, ring: RingState, position: Position): Promise<void> {
  const { packetTime, dataEnd } = position;
  if (packetTime !== undefined) {
    const first = await firstAcceptedAfter(it, ring, packetTime);
    if (first === "none") return await beginLatest(it);
    if (first !== "unknown" && (await beginAt(it, ring, first, marginOf(it)))) return;
  }
  if (dataEnd !== undefined) return await beginAtTime(it, dataEnd + 1);
  await beginEarliest(it);
}

/** Looks for the first packet that the server accepted after a time: packet times ascend with the ids. */
async function firstAcceptedAfter(
  it: Beginning,
  ring: RingState,
  time: number,
): Promise<bigint | "none" | "unknown"> {
  if (ring.earliest > ring.latest) return "unknown";
  let [low, high] = [ring.earliest, ring.latest + 1n];
  while (low < high) {
    const middle = (low + high) / 2n;
    const packet = await unlessNotFound(it.session.connection.run(read(middle)));
    if (packet === undefined) return "unknown";
    if (packet.packetTime > time) high = middle;
    else low = middle + 1n;
  }
  return low > ring.latest ? "none" : low;
}

/**
 * READs packets and STREAMs behind the last one that is there, all in one segment. False where none of them is there any
 * more. A packet that is not `wanted` is not delivered.
 */
async function readAndStream(
  it: Beginning,
  ids: readonly bigint[],
  wanted: (packet: Packet) => boolean,
): Promise<boolean> {
  const { feed, session } = it;
  let found = 0;
  feed.hold();
  feed.trustNext();
  const reads = ids.map((id) =>
    readInPlace(it, id, (packet, flaw) => {
      found++;
      if (wanted(packet)) feed.packet(packet, flaw);
    }),
  );
  session.connection.startStream(feed);
  try {
    await Promise.all(reads);
  } catch (error) {
    // What came before the connection was lost is in order, and stays.
    if (found > 0 && error === session.connection.failure) feed.release();
    throw error;
  }
  if (found > 0) {
    feed.release();
    return true;
  }
  await session.connection.endStream();
  feed.discard();
  return false;
}

/**
 * READs a packet and hands it over at once, where it stands among the replies: packets of the stream may lie right behind
 * it, and a promise would be later than they are.
 */
async function readInPlace(
  it: Beginning,
  packetId: bigint,
  take: (packet: Packet, flaw: string | undefined) => void,
): Promise<void> {
  const command = read(packetId);
  const reading = {
    ...command,
    read: (reply: Reply) => take(command.read(reply), (reply as PacketReply).flaw),
  };
  await unlessNotFound(it.session.connection.run(reading));
}

/** What the ring holds now; `undefined` while it is empty. */
async function ringState(it: Beginning): Promise<RingState | undefined> {
  const { connection, server } = it.session;
  const { status, streams } = it.filtered
    ? await connection.run(info("STREAMS", undefined, server))
    : { ...(await connection.run(info("STATUS", undefined, server))), streams: [] };
  const { earliestPacketId: earliest, latestPacketId: latest, maximumPackets } = status;
  if (latest === 0n) return undefined;
  if (/^RingServer\/4\./.test(server.software)) {
    it.feed.suspiciousJump ??= maximumPackets > 0 ? BigInt(maximumPackets) : latest - earliest + 1n;
  }
  const names = new Set(streams.map((stream) => stream.streamId));
  return { earliest, latest, selects: it.filtered ? (streamId) => names.has(streamId) : () => true };
}

/** How many packets from the earliest one on may be overwritten soon. */
function marginOf(it: Beginning): number {
  const packetSize = it.session.server.packetSize ?? 512;
  return Math.min(256, Math.max(16, Math.floor(MARGIN_BYTES / packetSize)));
}

function idsFrom(ring: RingState, first: bigint, count: number): bigint[] {
  const there = ring.latest >= first ? Number(ring.latest - first) + 1 : count;
  return Array.from({ length: Math.min(count, there) }, (_, i) => first + BigInt(i));
}

async function unlessNotFound<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DataLinkError && error.code === "PACKET_NOT_FOUND") return undefined;
    throw error;
  }
}

function tooFast(it: Beginning): DataLinkError {
  return new DataLinkError(
    "SERVER_ERROR",
    `The ring of ${it.session.connection.name} moves on faster than its earliest packet can be asked for: make it larger.`,
  );
}
