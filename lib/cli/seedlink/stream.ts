/** `seedlink stream`: shows, passes on or archives packets as they come. */
import { MiniSeedArchive } from "../../archive/mini-seed.ts";
import { SeedLinkClient } from "../../seedlink/client.ts";
import { SeedLinkError } from "../../seedlink/protocol/errors.ts";
import type { SeedLinkPacket } from "../../seedlink/protocol/packet.ts";
import { SeedLinkPositionFile, subscribeSeedLink } from "../../seedlink/subscribe.ts";
import type { SeedLinkEvent, SeedLinkSubscribeOptions } from "../../seedlink/subscription.ts";
import { formatMicroseconds, toMicroseconds } from "../../time.ts";
import { defineCommand, EXIT_OK, type Io, usageError } from "../command.ts";
import { JSON_OPTION, onlyServer } from "../datalink/server-options.ts";
import { numberOption } from "../numbers.ts";
import { printable } from "../printable.ts";
import { ADDRESSES, connectOptions, SERVER_OPTIONS } from "./server-options.ts";

export const stream = defineCommand({
  name: "seedlink stream",
  summary: "Show, pass on or archive packets as they come.",
  operands: "SERVER",
  options: {
    streams: {
      type: "string",
      short: "S",
      value: "STREAMS",
      help: "which, such as IU_KONO:BHE BHN,GE_WLF; default: all",
    },
    from: { type: "string", value: "WHERE", help: "begin at earliest, latest (default) or a time" },
    to: { type: "string", value: "TIME", help: "end at a time; --from is a time then, too" },
    state: { type: "string", value: "FILE", help: "keep the position in this file, and go on behind it" },
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
    const take = async (packet: SeedLinkPacket) => {
      if (archive) await archive.write(packet);
      else await print(io, raw ? packet.payload : `${json ? asJson(packet) : asLine(packet)}\n`);
      return ++taken < count;
    };
    const server = onlyServer(operands);
    if (to !== undefined) await readWindow(server, reading, timeOption("to", to), io, take);
    else await readOn(server, reading, state, io, take);
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

/**
 * Across losses of the connection, until `take` gives `false` or an interrupt comes, which is not a failure. What the server
 * refuses before it has sent anything is thrown; afterwards it is tried again. A packet counts once it is dealt with.
 */
async function readOn(
  server: string,
  options: SeedLinkSubscribeOptions,
  state: string | undefined,
  io: Io,
  take: Take,
): Promise<void> {
  const stop = new AbortController();
  let refusal: SeedLinkError | undefined;
  let hasStarted = false;
  const onEvent = (event: SeedLinkEvent) => {
    if (event.type === "started" || event.type === "resumed") hasStarted = true;
    if ((event.type === "refused" || event.type === "disconnected") && !hasStarted) {
      refusal = event.error;
      stop.abort();
    } else tell(event, io);
  };
  const packets = subscribeSeedLink(server, {
    ...options,
    checkpoint:
      state === undefined
        ? undefined
        : new SeedLinkPositionFile(state, (error) => io.stderr.write(`${state}: ${error.message}\n`)),
    signal: AbortSignal.any([io.signal, stop.signal]),
    onEvent,
  });
  try {
    for await (const packet of packets) {
      const goesOn = await take(packet);
      packets.commit(packet);
      if (!goesOn) break;
    }
  } catch (error) {
    if (refusal) throw refusal;
    if (!(error instanceof SeedLinkError && error.code === "ABORTED")) throw error;
  } finally {
    await packets.close();
  }
}

function tell(event: SeedLinkEvent, io: Io): void {
  if (event.type === "gap") {
    const whose = event.station === "*" ? "" : ` of ${event.station}`;
    const lost = `packets ${event.firstSequence} to ${event.lastSequence}${whose} are lost`;
    io.stderr.write(`${printable(lost)}\n`);
  } else if (event.type === "missing") {
    const names = printable(event.stations.join(", "));
    io.stderr.write(`the server does not serve ${names}\n`);
  } else if (event.type === "refused" || event.type === "disconnected") {
    io.stderr.write(`${event.error.message} Trying again.\n`);
  } else if (event.type === "position-damaged") io.stderr.write(`${event.error.message}\n`);
}

function fromOption(text: string | undefined): "earliest" | "latest" | number {
  if (text === undefined || text === "latest" || text === "earliest") return text ?? "latest";
  return timeOption("from", text);
}

function timeOption(name: string, text: string): number {
  const time = toMicroseconds(text);
  if (time !== undefined) return time;
  throw usageError(`--${name} ${text}: give a time such as 2026-11-22T06:00:00Z`);
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
