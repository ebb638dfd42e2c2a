/** What every command that connects to a SeedLink server has: its address, how to get in, and the protocol. */
import { readFile } from "node:fs/promises";
import type { SeedLinkConnectOptions } from "../../seedlink/session.ts";
import { type OptionDefinition, type OptionValues, usageError } from "../command.ts";
import { SERVER_OPTIONS as COMMON } from "../datalink/server-options.ts";
import { numberOption } from "../numbers.ts";

export const SERVER_OPTIONS = {
  ...COMMON,
  protocol: {
    type: "string",
    value: "VERSION",
    help: "speak 3.1 or 4.0, and nothing else; default: 4.0 where the server offers it",
  },
} as const satisfies Record<string, OptionDefinition>;

export const ADDRESSES = `A server is host, host:port, seedlink://host:port, seedlinks://host:port (TLS),
ws://host:port/path or wss://host/path; user:password@ before the host logs in.`;

export async function connectOptions(
  options: OptionValues<typeof SERVER_OPTIONS>,
): Promise<SeedLinkConnectOptions> {
  const { ca, insecure, "jwt-file": tokenFile, timeout, protocol } = options;
  const connect: SeedLinkConnectOptions = {};
  if (ca !== undefined || insecure) {
    connect.tls = { rejectUnauthorized: !insecure, ...(ca !== undefined && { ca: await readFile(ca) }) };
  }
  if (tokenFile !== undefined) connect.auth = { jwt: (await readFile(tokenFile, "utf8")).trim() };
  const seconds = numberOption("timeout", timeout);
  if (seconds !== undefined) connect.timeout = seconds * 1000;
  if (protocol !== undefined) connect.protocol = protocolOption(protocol);
  return connect;
}

function protocolOption(text: string): "3.1" | "4.0" {
  if (text === "4.0" || text === "4") return "4.0";
  if (text === "3.1" || text === "3") return "3.1";
  throw usageError(`--protocol ${text}: give 3.1 or 4.0`);
}
