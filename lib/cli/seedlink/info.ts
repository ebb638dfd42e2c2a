/** `seedlink id`, `info`, `stations` and `streams`: what a server tells, for people and for scripts. */
import { SeedLinkClient } from "../../seedlink/client.ts";
import { INFO_ITEMS, type InfoItem } from "../../seedlink/protocol/commands.ts";
import type { InfoStation, SeedLinkInfo } from "../../seedlink/protocol/info.ts";
import { StreamMatcher } from "../../seedlink/protocol/matching.ts";
import { parseStreams } from "../../seedlink/protocol/selectors.ts";
import { formatMicroseconds } from "../../time.ts";
import { defineCommand, EXIT_OK, type Io, usageError } from "../command.ts";
import { JSON_OPTION, onlyServer } from "../datalink/server-options.ts";
import { printJson, printPairs, printTable } from "../datalink/table.ts";
import { durationText, shortTime } from "../datalink/units.ts";
import { Output } from "../output.ts";
import { ADDRESSES, connectOptions, SERVER_OPTIONS } from "./server-options.ts";

const STREAMS_OPTION = {
  type: "string",
  short: "S",
  value: "STREAMS",
  help: "only these, such as CO_*:HHZ,GE_WLF",
} as const;

export const id = defineCommand({
  name: "seedlink id",
  summary: "Show who a server is, and which protocol it speaks.",
  operands: "SERVER",
  options: { json: JSON_OPTION, ...SERVER_OPTIONS },
  notes: ADDRESSES,
  async run({ options, operands, io }) {
    const connect = { ...(await connectOptions(options)), signal: io.signal };
    await using client = await SeedLinkClient.connect(onlyServer(operands), connect);
    const { server } = client;
    if (options.json) return await printJson(io, server);
    return await printPairs(io, [
      ["software", server.software],
      ["organization", server.organization],
      ["protocol", server.protocol],
      ["protocols", server.protocols.join(" ") || "not told"],
      ["capabilities", server.capabilities.join(" ")],
    ]);
  },
});

export const info = defineCommand({
  name: "seedlink info",
  summary: "Show the answer of a server to INFO as it came: XML or JSON.",
  operands: "SERVER [ITEM]",
  options: SERVER_OPTIONS,
  notes: `An item is ${INFO_ITEMS.join(", ")}; default: ID.\n\n${ADDRESSES}`,
  async run({ options, operands: [server, item = "ID", ...more], io }) {
    const answer = await ask(
      onlyServer([server, ...more].filter((word) => word !== undefined)),
      item,
      options,
      io,
    );
    await using output = await Output.open("-", io);
    await output.line(answer.text.trimEnd());
    await output.close();
    return EXIT_OK;
  },
});

export const stations = defineCommand({
  name: "seedlink stations",
  summary: "List the stations of a server.",
  operands: "SERVER",
  options: { streams: STREAMS_OPTION, json: JSON_OPTION, ...SERVER_OPTIONS },
  notes: ADDRESSES,
  async run({ options, operands, io }) {
    const list = selected(await ask(onlyServer(operands), "STATIONS", options, io), options.streams);
    if (options.json) return await printJson(io, list.map(plainStation));
    const rows = list.map(({ id, firstSequence, nextSequence, description }) => [
      id,
      `${firstSequence ?? "-"} to ${nextSequence === undefined ? "-" : nextSequence - 1n}`,
      description ?? "",
    ]);
    return await printTable(io, ["station", "packets", "description"], rows);
  },
});

export const streams = defineCommand({
  name: "seedlink streams",
  summary: "List the streams of a server.",
  operands: "SERVER",
  options: { streams: STREAMS_OPTION, json: JSON_OPTION, ...SERVER_OPTIONS },
  notes: ADDRESSES,
  async run({ options, operands, io }) {
    const list = selected(await ask(onlyServer(operands), "STREAMS", options, io), options.streams);
    if (options.json) return await printJson(io, list.map(plainStation));
    const rows = list.flatMap((station) =>
      station.streams.map(({ id, subformat, start, end }) => [
        end === undefined ? "-" : durationText(Date.now() / 1000 - end / 1e6),
        `${station.id}_${id}`,
        subformat ?? "-",
        shortTime(end),
        shortTime(start),
      ]),
    );
    return await printTable(
      io,
      ["latency", "stream", "type", "latest data (UTC)", "earliest data (UTC)"],
      rows,
    );
  },
});

async function ask(
  server: string,
  item: string,
  options: Parameters<typeof connectOptions>[0],
  io: Io,
): Promise<SeedLinkInfo> {
  const word = INFO_ITEMS.find((known) => known === item.toUpperCase()) as InfoItem | undefined;
  if (word === undefined) throw usageError(`INFO ${item}: give ${INFO_ITEMS.join(", ")}`);
  const connect = { ...(await connectOptions(options)), signal: io.signal };
  await using client = await SeedLinkClient.connect(server, connect);
  return await client.info(word, { signal: io.signal });
}

/** The stations, and of them the streams, that are asked for. */
function selected({ stations }: SeedLinkInfo, text: string | undefined): InfoStation[] {
  const matcher = new StreamMatcher(parseStreams(text ?? ""));
  return stations
    .filter(({ id }) => matcher.requestFor(id) !== undefined)
    .map((station) => ({
      ...station,
      streams: station.streams.filter(({ id, format = "", subformat = "" }) =>
        matcher.matches({ station: station.id, stream: id, format, subformat }),
      ),
    }));
}

function plainStation({ firstSequence, nextSequence, streams, ...station }: InfoStation): object {
  return {
    ...station,
    firstSequence: firstSequence?.toString(),
    nextSequence: nextSequence?.toString(),
    streams: streams.map(({ start, end, ...stream }) => ({
      ...stream,
      start: start && formatMicroseconds(start),
      end: end && formatMicroseconds(end),
    })),
  };
}
