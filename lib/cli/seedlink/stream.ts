/** `seedlink stream`: shows, passes on or archives packets as they come. */
import { MiniSeedArchive } from "../../archive/mini-seed.ts";
import { SeedLinkClient } from "../../seedlink/client.ts";
import type { SeedLinkPacket } from "../../seedlink/protocol/packet.ts";
import type { SeedLinkSubscribeOptions, SeedLinkSubscription } from "../../seedlink/subscription.ts";
import { formatMicroseconds } from "../../time.ts";
import { defineCommand, EXIT_OK, type Io, usageError } from "../command.ts";
import { JSON_OPTION, onlyServer } from "../datalink/server-options.ts";
import { numberOption } from "../numbers.ts";
import { printable } from "../printable.ts";
import {
  checkpointOf,
  FROM_OPTION,
  fromOption,
  readPackets,
  STATE_OPTION,
  STREAMS_OPTION,
  timeOption,
} from "./reader.ts";
import { ADDRESSES, connectOptions, SERVER_OPTIONS } from "./server-options.ts";

export const stream = defineCommand({
  name: "seedlink stream",
  summary: "Show, pass on or archive packets as they come.",
  operands: "SERVER",
  options: {
    streams: STREAMS_OPTION,
    from: FROM_OPTION,
    to: { type: "string", value: "TIME", help: "end at a time; --from is a time then, too" },
    state: STATE_OPTION,
    count: { type: "string", short: "n", value: "N", help: "end after so many packets" },
    json: JSON_OPTION,
    raw: { type: "boolean", help: "the records alone, as they are" },
    write: { type: "string", value: "PATTERN", help: "archive records to files, such as SDS@/data" },
    ...SERVER_OPTIONS,
  },
  notes: `${ADDRESSES}

Without --to it runs until it is interrupted, and connects again when the
connection is lost.`,
  async run({ options, operands, io }) {
    const { json, raw, write, state, to } = options;
    if ([json, raw, write !== undefined].filter(Boolean).length > 1) {
      throw usageError("choose one of --json, --raw and --write");
    }
    if (raw && io.stdout.isTTY)
      throw usageError("raw records are nothing to read on a terminal: redirect them");
    if (to !== undefined && state !== undefined) throw usageError("a time window (--to) has no --state");
    const count = numberOption("count", options.count) ?? Number.POSITIVE_INFINITY;
    await using archive = write === undefined ? undefined : new MiniSeedArchive({ pattern: write });
    const reading = {
      ...(await connectOptions(options)),
      streams: options.streams,
      from: fromOption(options.from),
    };
    let taken = 0;
    const take = async (packet: SeedLinkPacket, subscription?: SeedLinkSubscription) => {
      if (archive) await archive.write(packet);
      else await print(io, raw ? packet.payload : `${json ? asJson(packet) : asLine(packet)}\n`);
      subscription?.commit(packet);
      return ++taken < count;
    };
    const server = onlyServer(operands);
    if (to !== undefined) await readWindow(server, reading, timeOption("to", to), io, take);
    else await readPackets(server, { ...reading, checkpoint: checkpointOf(state, io) }, io, take);
    return EXIT_OK;
  },
});

type Take = (packet: SeedLinkPacket) => Promise<boolean>;

/** A time window: once, on one connection. */
async function readWindow(
  server: string,
  options: SeedLinkSubscribeOptions,
  to: number,
  io: Io,
  take: Take,
): Promise<void> {
  await using client = await SeedLinkClient.connect(server, { ...options, signal: io.signal });
  const packets = client.stream({
    streams: options.streams,
    from: options.from,
    to,
    signal: io.signal,
    onRefused: ({ error }) => io.stderr.write(`${error.message}\n`),
  });
  for await (const packet of packets) if (!(await take(packet))) break;
}

/** Waits for whoever reads; fails when nobody does any more. */
async function print(io: Io, data: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    io.stdout.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

function asLine({ sequence, streamId, dataStart, dataEnd, payload }: SeedLinkPacket): string {
  const times = `${formatMicroseconds(dataStart)} ${formatMicroseconds(dataEnd)}`;
  return printable(`${sequence} ${streamId} ${times} ${payload.length} bytes`);
}

function asJson({ payload, sequence, dataStart, dataEnd, ...packet }: SeedLinkPacket): string {
  return JSON.stringify({
    ...packet,
    sequence: String(sequence),
    dataStart: formatMicroseconds(dataStart),
    dataEnd: formatMicroseconds(dataEnd),
    base64: payload.toString("base64"),
  });
}
