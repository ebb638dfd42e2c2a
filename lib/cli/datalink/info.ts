/** `datalink status`, `datalink streams` and `datalink connections`: what INFO tells, for people and for scripts. */
import { DataLinkClient } from "../../datalink/client.ts";
import type { InfoResults, InfoType } from "../../datalink/protocol/info.ts";
import { plainInfo } from "../../datalink/protocol/plain-info.ts";
import { formatMicroseconds } from "../../time.ts";
import { defineCommand, type Io } from "../command.ts";
import { ADDRESSES, connectOptions, JSON_OPTION, onlyServer, SERVER_OPTIONS } from "./server-options.ts";
import { printJson, printPairs, printTable } from "./table.ts";

const MATCH = { type: "string", short: "m", value: "REGEX", help: "only those that match" } as const;

export const status = infoCommand("status", "Show the state of a server's ring.", "STATUS", (info, io) =>
  printPairs(
    io,
    Object.entries(plainInfo({ ...info, ...info.status, status: undefined }))
      .filter(([, value]) => value !== undefined && typeof value !== "object")
      .map(
        ([name, value]) =>
          [name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`), String(value)] as const,
      ),
  ),
);

export const streams = infoCommand("streams", "List the streams of a server.", "STREAMS", (info, io) =>
  printTable(
    io,
    ["stream", "earliest data", "latest data", "packets", "latency"],
    info.streams.map((stream) => [
      stream.streamId,
      time(stream.earliestDataStart),
      time(stream.latestDataEnd),
      `${stream.earliestPacketId} to ${stream.latestPacketId}`,
      `${stream.dataLatency.toFixed(1)} s`,
    ]),
  ),
);

export const connections = infoCommand(
  "connections",
  "List the clients of a server.",
  "CONNECTIONS",
  (info, io) =>
    printTable(
      io,
      ["client", "address", "type", "since", "packets sent", "packets received", "lag"],
      info.connections.map((connection) => [
        connection.clientId || "-",
        `${connection.ip || connection.host}:${connection.port}`,
        connection.type,
        time(connection.connectionTime),
        String(connection.txPacketCount),
        String(connection.rxPacketCount),
        connection.percentLag === undefined ? "-" : `${connection.percentLag} %`,
      ]),
    ),
);

function infoCommand<Type extends InfoType>(
  word: string,
  summary: string,
  type: Type,
  print: (info: InfoResults[Type], io: Io) => Promise<number>,
) {
  return defineCommand({
    name: `datalink ${word}`,
    summary,
    operands: "SERVER",
    options: { match: MATCH, json: JSON_OPTION, ...SERVER_OPTIONS },
    notes: ADDRESSES,
    async run({ options, operands, io }) {
      const connect = { ...(await connectOptions(options)), signal: io.signal };
      await using client = await DataLinkClient.connect(onlyServer(operands), connect);
      const info = await client.info(type, options.match);
      return options.json ? await printJson(io, plainInfo(info)) : await print(info, io);
    },
  });
}

/** 0 stands for a time that the server does not tell. */
function time(microseconds: number): string {
  return microseconds === 0 ? "-" : formatMicroseconds(microseconds);
}
