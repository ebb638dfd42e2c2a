/** What every command that connects to a server has: its address, and how to get in. */
import { readFile } from "node:fs/promises";
import { type ConnectOptions, generateClientId } from "../../datalink/connect.ts";
import { type OptionDefinition, type OptionValues, usageError } from "../command.ts";
import { numberOption } from "../numbers.ts";

export const SERVER_OPTIONS = {
  ca: { type: "string", value: "FILE", help: "trust servers with certificates of this authority (PEM)" },
  insecure: { type: "boolean", help: "do not check the server's certificate" },
  "jwt-file": { type: "string", value: "FILE", help: "log in with the JSON Web Token in this file" },
  timeout: {
    type: "string",
    value: "SECONDS",
    help: "give up connecting, and waiting for an answer, after so long",
  },
} as const satisfies Record<string, OptionDefinition>;

export const MATCH_OPTIONS = {
  match: { type: "string", short: "m", value: "REGEX", help: "only streams whose id matches" },
  reject: { type: "string", short: "r", value: "REGEX", help: "no streams whose id matches" },
} as const satisfies Record<string, OptionDefinition>;

export const JSON_OPTION = { type: "boolean", help: "JSON, for scripts" } as const satisfies OptionDefinition;

/** Of commands that ask for a list. */
export const INFO_OPTIONS = {
  match: { type: "string", short: "m", value: "REGEX", help: "only those that match" },
  json: JSON_OPTION,
} as const satisfies Record<string, OptionDefinition>;

export const ADDRESSES = `A server is host, host:port, datalink://host:port, datalinks://host:port (TLS), ws://host:port/path or
wss://host/path; user:password@ before the host logs in.`;

export async function connectOptions(options: OptionValues<typeof SERVER_OPTIONS>): Promise<ConnectOptions> {
  const { ca, insecure, "jwt-file": tokenFile, timeout } = options;
  const connect: ConnectOptions = { clientId: generateClientId("datalink") };
  if (ca !== undefined || insecure) {
    connect.tls = { rejectUnauthorized: !insecure, ...(ca !== undefined && { ca: await readFile(ca) }) };
  }
  if (tokenFile !== undefined) connect.auth = { jwt: (await readFile(tokenFile, "utf8")).trim() };
  const seconds = numberOption("timeout", timeout);
  if (seconds !== undefined) connect.timeout = seconds * 1000;
  return connect;
}

/** The one operand of commands that only need a server. */
export function onlyServer(operands: readonly string[]): string {
  const [server, extra] = operands;
  if (server === undefined) throw usageError("give the address of a server");
  if (extra !== undefined) throw usageError(`${extra}: one server is enough`);
  return server;
}
