/** `nats://user:password@a:4222,b,c/STREAM?group=NAME`: the address of a stream, and what is asked of it. */
import { readFile } from "node:fs/promises";
import type { JetStreamConnection, JetStreamSettings } from "../../../jetstream/connection.ts";
import { connectJetStream } from "../../../jetstream/connection.ts";
import { type Io, usageError } from "../../command.ts";
import { numberOption } from "../../numbers.ts";
import type { RelayOptions } from "./options.ts";

export interface StreamAddress {
  readonly servers: string;
  readonly stream: string;
  readonly group: string | undefined;
  readonly filter: string | undefined;
  readonly order: "any" | "kept";
}

const FORM = /^((?:nats|tls):\/\/[^/?]+)\/([^/?]+)(?:\?(.*))?$/i;

export function isStreamAddress(text: string): boolean {
  return /^(?:nats|tls):\/\//i.test(text);
}

export function parseStreamAddress(text: string): StreamAddress {
  const parts = FORM.exec(text);
  const shown = text.replace(/^([a-z]+:\/\/).*@/i, "$1");
  if (!parts) throw usageError(`${shown}: give nats://host:port,host:port/STREAM`);
  const query = new URLSearchParams(parts[3] ?? "");
  for (const name of query.keys())
    if (!["group", "filter", "order"].includes(name))
      throw usageError(`${shown}: there is no ${name}, only group, filter and order`);
  const order = query.get("order") ?? "any";
  if (order !== "any" && order !== "kept") throw usageError(`${shown}: order is any or kept`);
  return {
    servers: parts[1]!,
    stream: parts[2]!,
    group: query.get("group") ?? undefined,
    filter: query.get("filter") ?? undefined,
    order,
  };
}

/** Connects, and fails at once where that cannot be. */
export async function connectToStream(
  servers: string,
  options: RelayOptions,
  io: Io,
): Promise<JetStreamConnection> {
  const { ca, insecure, creds, timeout } = options;
  const settings: JetStreamSettings = { servers, name: "datalink relay", signal: io.signal };
  if (/^tls:/i.test(servers) && (ca !== undefined || insecure))
    settings.tls = { rejectUnauthorized: !insecure, ...(ca !== undefined && { ca: await readFile(ca) }) };
  if (creds !== undefined) settings.auth = { creds: await readFile(creds, "utf8") };
  const seconds = numberOption("timeout", timeout);
  if (seconds !== undefined) settings.timeout = seconds * 1000;
  return await connectJetStream(settings);
}

const SIZES: Record<string, number> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const TIMES: Record<string, number> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** `50G` in bytes. */
export function sizeOption(name: string, text: string): number {
  const parts = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text);
  if (!parts) throw usageError(`--${name} ${text}: give a size such as 50G`);
  return Math.round(Number(parts[1]) * SIZES[parts[2]!.toUpperCase()]!);
}

/** `3d` in seconds. */
export function timeOption(name: string, text: string): number {
  const parts = /^(\d+(?:\.\d+)?)\s*([smhd]?)$/i.exec(text);
  if (!parts) throw usageError(`--${name} ${text}: give a time such as 90s, 2m, 12h or 3d`);
  return Number(parts[1]) * TIMES[parts[2]!.toLowerCase()]!;
}
