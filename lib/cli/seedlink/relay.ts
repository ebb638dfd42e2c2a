/** `seedlink relay`: packets of a SeedLink server into the ring of a DataLink server. */
import { DataLinkClient } from "../../datalink/client.ts";
import type { ConnectOptions } from "../../datalink/connect.ts";
import type { PacketInput } from "../../datalink/protocol/packet.ts";
import { PacketWriter } from "../../datalink/writer.ts";
import type { SeedLinkPacket } from "../../seedlink/protocol/packet.ts";
import type { SeedLinkSubscription } from "../../seedlink/subscription.ts";
import { CommandError, defineCommand, EXIT_OK, usageError } from "../command.ts";
import { RelayProgress } from "../datalink/relay-progress.ts";
import { connectOptions as dataLinkOptions } from "../datalink/server-options.ts";
import {
  checkpointOf,
  FROM_OPTION,
  fromOption,
  readPackets,
  STATE_OPTION,
  STREAMS_OPTION,
} from "./reader.ts";
import { connectOptions, SERVER_OPTIONS } from "./server-options.ts";

/** Packets that were read and not yet acknowledged by the other server. */
const WINDOW = 1000;

export const relay = defineCommand({
  name: "seedlink relay",
  summary: "Pass the packets of a SeedLink server on to a DataLink server.",
  operands: "FROM TO",
  options: {
    streams: STREAMS_OPTION,
    from: FROM_OPTION,
    state: STATE_OPTION,
    verbose: { type: "boolean", short: "v", help: "show every packet that the other server has" },
    ...SERVER_OPTIONS,
  },
  notes: `FROM is host, host:port, seedlink://host:port, seedlinks://host:port (TLS),
ws://host:port/path or wss://host/path; TO the same with datalink:// and
datalinks://; user:password@ before a host logs in there.

A packet counts once the DataLink server has acknowledged it; only then the
position in --state moves behind it. Connections that are lost are made again.
At least once: nothing is lost, but packets whose acknowledgements were lost,
or that were acknowledged after the last position was kept (at most 200 ms
before a crash), may be in the ring twice. It runs until it is interrupted; a
packet that the DataLink server refuses ends it, and is the first one the next
time.`,
  async run({ options, operands, io }) {
    const [from, to, extra] = operands;
    if (from === undefined || to === undefined || extra !== undefined)
      throw usageError("give two servers: FROM (SeedLink) and TO (DataLink)");
    const reading = {
      ...(await connectOptions(options)),
      streams: options.streams,
      from: fromOption(options.from),
      checkpoint: checkpointOf(options.state, io),
      maxInFlight: WINDOW,
    };
    const writing = await dataLinkOptions(options);
    await checkWritable(to, { ...writing, signal: io.signal });
    const stop = new AbortController();
    let failure: Error | undefined;
    const fail = (error: Error) => {
      failure ??= error;
      stop.abort();
    };
    await using writer = new PacketWriter(to, {
      ...writing,
      maxInFlight: WINDOW,
      onEvent: (event) => {
        if (event.type === "disconnected") progress.note(`${event.error.message} Trying again.`);
      },
    });
    using progress = new RelayProgress(io, options.verbose === true);
    const passing = { ...io, signal: AbortSignal.any([io.signal, stop.signal]) };
    const pending = new Set<Promise<void>>();
    const take = async (packet: SeedLinkPacket, subscription: SeedLinkSubscription) => {
      const passed = writer
        .write(packetOf(packet))
        .then((id) => {
          progress.passed(packet, packet.sequence, packet.dataEnd, id);
          subscription.commit(packet);
        })
        .catch(fail)
        .finally(() => pending.delete(passed));
      pending.add(passed);
      await writer.ready();
      return true;
    };
    await readPackets(from, reading, passing, take, (line) => progress.note(line));
    // What is not acknowledged soon comes again the next time.
    await writer.close();
    await Promise.all(pending);
    await reading.checkpoint?.flush();
    if (failure && !io.signal.aborted) throw failure;
    return EXIT_OK;
  },
});

/** Says at once, before anything is read, whether packets can be written. */
async function checkWritable(url: string, options: ConnectOptions): Promise<void> {
  await using client = await DataLinkClient.connect(url, options);
  if (client.server.write) return;
  throw new CommandError(
    `${client.address} does not let this client write: log in, or ask its operator for permission.`,
  );
}

function packetOf({ streamId, dataStart, dataEnd, payload }: SeedLinkPacket): PacketInput {
  return { streamId, dataStart, dataEnd, payload };
}
