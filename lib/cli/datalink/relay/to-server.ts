/** Packets of one DataLink server to another. */
import { DataLinkClient } from "../../../datalink/client.ts";
import { PositionFile } from "../../../datalink/position-file.ts";
import { isPacketId, type Packet } from "../../../datalink/protocol/packet.ts";
import type { Subscription } from "../../../datalink/subscribe.ts";
import { PacketWriter } from "../../../datalink/writer.ts";
import type { Io } from "../../command.ts";
import { parseFromOption, readPackets } from "../reader.ts";
import { RelayProgress } from "../relay-progress.ts";
import { connectOptions } from "../server-options.ts";
import type { RelayOptions } from "./options.ts";
import { Passing, whatIsLeft } from "./passing.ts";

/** Packets that were read and not yet acknowledged by the other server. */
const WINDOW = 1000;

export async function relayToServer(
  from: string,
  to: string,
  options: RelayOptions,
  io: Io,
): Promise<number> {
  const connect = await connectOptions(options);
  const latest = await latestId(to, { ...connect, signal: io.signal });
  const file = options.state;
  const told = (error: Error) => io.stderr.write(`${file}: the position was not kept: ${error.message}\n`);
  const checkpoint = file === undefined ? undefined : new PositionFile(file, told);
  const { match, reject } = options;
  const reading = {
    ...connect,
    match,
    reject,
    from: parseFromOption(options.from),
    checkpoint,
    maxInFlight: WINDOW,
  };

  let keepsIds: boolean | undefined;
  using progress = new RelayProgress(io, options.verbose === true);
  await using writer = new PacketWriter(to, {
    ...connect,
    maxInFlight: WINDOW,
    onEvent: (event) => {
      if (event.type === "disconnected") progress.note(`${event.error.message} Trying again.`);
    },
  });
  const passing = new Passing(io, writer, progress);
  const pass = async (packet: Packet, subscription: Subscription, isKept: boolean) => {
    const id = await writer.write(copyOf(packet, isKept));
    progress.passed(packet, packet.packetId, packet.packetTime, id);
    subscription.commit(packet);
  };
  try {
    await readPackets(from, reading, { ...io, signal: passing.signal }, async (packet, subscription) => {
      keepsIds ??= latest !== undefined && isPacketId(packet.packetId) && packet.packetId > latest;
      passing.add(pass(packet, subscription, keepsIds));
      return await passing.room();
    });
    return await passing.end(whatIsLeft(file));
  } finally {
    await checkpoint?.flush();
  }
}

/** The latest packet id of a server that takes ids from writers, 0 while its ring is empty; else `undefined`. */
async function latestId(url: string, options: object): Promise<bigint | undefined> {
  await using client = await DataLinkClient.connect(url, options);
  if (client.server.protocol === "1.0") return undefined;
  return (await client.info("STATUS")).status.latestPacketId;
}

function copyOf(packet: Packet, keepsId: boolean) {
  const { streamId, dataStart, dataEnd, payload, packetId } = packet;
  const times = { dataStart: timeToWrite(dataStart), dataEnd: timeToWrite(dataEnd) };
  return { streamId, ...times, payload, packetId: keepsId && isPacketId(packetId) ? packetId : undefined };
}

/** Times beyond 2^53 (the year 2255) are passed on too, as they were told. */
function timeToWrite(microseconds: number): number | bigint {
  return Number.isSafeInteger(microseconds) ? microseconds : BigInt(microseconds) * 1000n;
}
