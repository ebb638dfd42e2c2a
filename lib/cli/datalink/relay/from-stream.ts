/** Packets out of a stream of JetStream into the ring of a DataLink server. */
import { DataLinkClient } from "../../../datalink/client.ts";
import type { PacketInput } from "../../../datalink/protocol/packet.ts";
import { PacketWriter } from "../../../datalink/writer.ts";
import { JetStreamError } from "../../../jetstream/errors.ts";
import { jetStreamEventText } from "../../../jetstream/events.ts";
import type { JetStreamPacket } from "../../../jetstream/format/packet.ts";
import { subscribeJetStream } from "../../../jetstream/subscribe.ts";
import { CommandError, type Io, usageError } from "../../command.ts";
import { RelayProgress } from "../relay-progress.ts";
import { connectOptions } from "../server-options.ts";
import type { RelayOptions } from "./options.ts";
import { Passing } from "./passing.ts";
import { connectToStream, parseStreamAddress } from "./stream-address.ts";

/** Packets that were read and not yet acknowledged by the server. */
const WINDOW = 1000;

export async function relayFromStream(
  from: string,
  to: string,
  options: RelayOptions,
  io: Io,
): Promise<number> {
  const { servers, stream, group, filter, order } = parseStreamAddress(from);
  if (group === undefined)
    throw usageError(`${stream}: give the group that reads it, nats://…/${stream}?group=NAME`);
  if (options.state !== undefined)
    throw usageError("--state: the stream keeps the position of its groups itself");
  const begin = beginning(options.from);
  const writing = await connectOptions(options);
  await checkWritable(to, { ...writing, signal: io.signal });
  await using connection = await connectToStream(servers, options, io);
  using progress = new RelayProgress(io, options.verbose === true);
  await using writer = new PacketWriter(to, {
    ...writing,
    maxInFlight: WINDOW,
    onEvent: (event) => {
      if (event.type === "disconnected") progress.note(`${event.error.message} Trying again.`);
    },
  });
  const passing = new Passing(io, writer, progress);
  let hasStarted = false;
  const packets = subscribeJetStream(connection, {
    stream,
    group,
    filter,
    order,
    from: begin,
    maxInFlight: WINDOW,
    signal: passing.signal,
    onEvent: (event) => {
      // What is there once may be gone for a while: then it is tried again.
      if (event.type === "refused" && !hasStarted) passing.fail(event.error);
      else if (event.type === "started") hasStarted = true;
      else if (event.type !== "connected") progress.note(jetStreamEventText(event));
    },
  });
  const pass = async (packet: JetStreamPacket) => {
    const id = await writer.write(copyOf(packet));
    progress.passed(packet, BigInt(packet.sequence), packet.packetTime, id);
    packets.commit(packet);
  };
  try {
    for await (const packet of packets) {
      passing.add(pass(packet));
      if (!(await passing.room())) break;
    }
  } catch (error) {
    if (!(error instanceof JetStreamError && error.code === "ABORTED")) throw error;
  } finally {
    await packets.close();
  }
  return await passing.end("They come again, to whoever reads for the group.");
}

function beginning(text: string | undefined): string {
  if (text === undefined) return "earliest";
  if (/^\d{1,20}$/.test(text) && text.length !== 4)
    throw usageError(`--from ${text}: give earliest, latest or a time`);
  return text;
}

/** Says at once, before anything is read, whether packets can be written. */
async function checkWritable(url: string, options: object): Promise<void> {
  await using client = await DataLinkClient.connect(url, options);
  if (client.server.write) return;
  throw new CommandError(
    `${client.address} does not let this client write: log in, or ask its operator for permission.`,
  );
}

function copyOf({ streamId, dataStart, dataEnd, payload }: JetStreamPacket): PacketInput {
  return { streamId, dataStart: exact(dataStart), dataEnd: exact(dataEnd), payload };
}

/** Times beyond 2^53 (the year 2255) are passed on too, as they were told. */
function exact(microseconds: number): number | bigint {
  return Number.isSafeInteger(microseconds) ? microseconds : BigInt(microseconds) * 1000n;
}
