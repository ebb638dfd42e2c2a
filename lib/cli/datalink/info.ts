/** `datalink status` and `datalink connections`: what INFO tells, for people and for scripts. */
import { DataLinkClient } from "../../datalink/client.ts";
import type { InfoResults, InfoType } from "../../datalink/protocol/info.ts";
import { plainInfo } from "../../datalink/protocol/plain-info.ts";
import { atOnce } from "../../slices.ts";
import { defineCommand, type Io } from "../command.ts";
import { ADDRESSES, connectOptions, INFO_OPTIONS, onlyServer, SERVER_OPTIONS } from "./server-options.ts";
import { printJson, printPairs, printTable } from "./table.ts";
import { bytesText, shortTime } from "./units.ts";

export const status = infoCommand("status", "Show the state of a server's ring.", "STATUS", (info, io) => {
  const figures: Record<string, unknown> = { ...info, ...info.status, status: undefined };
  const plain = Object.entries(atOnce(plainInfo(figures)) as object);
  return printPairs(
    io,
    plain
      .filter(([, value]) => value !== undefined && typeof value !== "object")
      .map(([name, value]) => [words(name), withUnit(name, figures[name], value)] as const),
  );
});

export const connections = infoCommand(
  "connections",
  "List the clients of a server.",
  "CONNECTIONS",
  (info, io) =>
    printTable(
      io,
      ["lag", "client", "address", "sent", "received", "since (UTC)", "type"],
      info.connections.map((connection) => [
        connection.percentLag === undefined ? "-" : `${connection.percentLag} %`,
        connection.clientId || "-",
        `${connection.ip || connection.host}:${connection.port}`,
        String(connection.txPacketCount),
        String(connection.rxPacketCount),
        shortTime(connection.connectionTime),
        connection.type,
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
    options: { ...INFO_OPTIONS, ...SERVER_OPTIONS },
    notes: ADDRESSES,
    async run({ options, operands, io }) {
      const connect = { ...(await connectOptions(options)), signal: io.signal };
      await using client = await DataLinkClient.connect(onlyServer(operands), connect);
      const info = await client.info(type, options.match);
      return options.json ? await printJson(io, atOnce(plainInfo(info))) : await print(info, io);
    },
  });
}

/** `txPacketRate` is `tx packet rate`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function withUnit(name: string, value: unknown, plain: unknown): string {
  if (typeof plain === "boolean") return plain ? "yes" : "no";
  if (typeof value !== "number") return String(plain);
  if (/(Time|Start|End)$/.test(name)) return `${shortTime(value)} UTC`;
  if (name.endsWith("Size")) return bytesText(value);
  if (name.endsWith("ByteRate")) return `${value} bytes/s`;
  return name.endsWith("PacketRate") ? `${value} packets/s` : String(plain);
}
