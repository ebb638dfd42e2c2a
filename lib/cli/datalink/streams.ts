/** `datalink streams`: the streams of a server, once or again and again. */
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkClient } from "../../datalink/client.ts";
import type { ConnectOptions } from "../../datalink/connect.ts";
import { DataLinkError } from "../../datalink/protocol/errors.ts";
import type { InfoResults } from "../../datalink/protocol/info.ts";
import { plainInfo } from "../../datalink/protocol/plain-info.ts";
import { atOnce } from "../../slices.ts";
import { defineCommand, EXIT_OK, type Io, usageError } from "../command.ts";
import { numberOption } from "../numbers.ts";
import { Output } from "../output.ts";
import { CLEAR_SCREEN } from "../terminal.ts";
import { ADDRESSES, connectOptions, INFO_OPTIONS, onlyServer, SERVER_OPTIONS } from "./server-options.ts";
import { printJson, printTable, tableLines } from "./table.ts";
import { durationText, shortTime } from "./units.ts";

type Streams = InfoResults["STREAMS"];

const ORDERS = ["id", "latency"] as const;
/** Seconds; a server with thousands of streams works on each answer for a while. */
const USUAL_INTERVAL = 5;
const LEAST_INTERVAL = 0.1;

export const streams = defineCommand({
  name: "datalink streams",
  summary: "List the streams of a server.",
  operands: "SERVER",
  options: {
    ...INFO_OPTIONS,
    sort: {
      type: "string",
      value: "ORDER",
      choices: ORDERS,
      help: "by id (default), or by latency, the longest first",
    },
    watch: { type: "boolean", short: "w", help: "again and again, until it is interrupted" },
    interval: { type: "string", value: "SECONDS", help: `for --watch, default ${USUAL_INTERVAL}` },
    ...SERVER_OPTIONS,
  },
  notes: `Latency is the time from the end of a stream's latest data to now. Columns that do not fit are left out; the
variable COLUMNS, or --json, gives all.

${ADDRESSES}`,
  async run({ options, operands, io }) {
    const order = ORDERS.find((known) => known === (options.sort ?? "id"));
    if (order === undefined) throw usageError(`--sort ${options.sort}: give ${ORDERS.join(" or ")}`);
    const interval = numberOption("interval", options.interval) ?? USUAL_INTERVAL;
    const connect = { ...(await connectOptions(options)), signal: io.signal };
    const server = onlyServer(operands);
    const ask = async () => sorted(await list(server, connect, options.match), order);
    if (options.watch) return await watch(ask, Math.max(interval, LEAST_INTERVAL), io);
    const info = await ask();
    return options.json
      ? await printJson(io, atOnce(plainInfo(info)))
      : await printTable(io, HEADINGS, rowsOf(info));
  },
});

const HEADINGS = ["latency", "stream", "latest data (UTC)", "earliest data (UTC)", "packets"];

function rowsOf({ streams }: Streams): string[][] {
  return streams.map((stream) => [
    durationText(stream.dataLatency),
    stream.streamId,
    shortTime(stream.latestDataEnd),
    shortTime(stream.earliestDataStart),
    `${stream.earliestPacketId} to ${stream.latestPacketId}`,
  ]);
}

function sorted(info: Streams, order: (typeof ORDERS)[number]): Streams {
  if (order === "id") return info;
  return { ...info, streams: info.streams.toSorted((a, b) => b.dataLatency - a.dataLatency) };
}

async function list(server: string, connect: ConnectOptions, match: string | undefined): Promise<Streams> {
  await using client = await DataLinkClient.connect(server, connect);
  return await client.info("STREAMS", match);
}

/** Once it has been answered, it asks again though the server is away for a while. */
async function watch(ask: () => Promise<Streams>, interval: number, io: Io): Promise<number> {
  let info = await ask();
  for (;;) {
    await show(info, io);
    await delay(interval * 1000, undefined, { signal: io.signal }).catch(() => {});
    if (io.signal.aborted) return EXIT_OK;
    try {
      info = await ask();
    } catch (error) {
      if (io.signal.aborted) return EXIT_OK;
      if (!(error instanceof DataLinkError)) throw error;
      io.stderr.write(`${error.message}\n`);
    }
  }
}

/** On a terminal, as many rows as fit, in the place of the last ones. */
async function show(info: Streams, io: Io): Promise<void> {
  const { isTTY, rows = 24 } = io.stdout;
  const lines = [...tableLines(io, HEADINGS, rowsOf(info))];
  await using output = await Output.open("-", io);
  if (isTTY) await output.write(Buffer.from(CLEAR_SCREEN));
  await output.line(`${info.streams.length} streams, ${shortTime(Date.now() * 1000)} UTC`);
  for (const line of isTTY ? lines.slice(0, Math.max(2, rows - 2)) : lines) await output.line(line);
  if (!isTTY) await output.line("");
  await output.close();
}
