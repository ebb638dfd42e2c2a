/**
 * The server's figures as JSON over HTTP, for dashboards: `/id`, `/status`, `/streams`, `/streamids` and `/connections`,
 * the latter three with `?match=` and a regular expression. Packet ids are decimal strings, times ISO 8601.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { formatMicroseconds } from "../time.ts";
import type { Permissions } from "./access/access.ts";
import { compilePattern, PatternError, type StreamPattern } from "./access/pattern.ts";
import {
  type ConnectionFigures,
  type PacketFigures,
  type StatusFigures,
  type StreamFigures,
  selectClients,
  selectStreams,
  streamFigures,
} from "./figures.ts";
import type { Ring, RingStream } from "./ring/ring.ts";

/** What the pages tell of. */
export interface FiguresSource {
  readonly ring: Ring;
  status(): StatusFigures;
  clients(): ConnectionFigures[];
}

/** Characters of a long list that are made into bytes at once. */
const PART = 64 * 1024;

/** Milliseconds after which a long list lets others have their turn. */
const TURN = 2;

class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Answers a request by the last part of its path; gives the size of the answer in bytes. */
export async function answerRequest(
  host: FiguresSource,
  permissions: Permissions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  try {
    const value = await page(host, permissions, request);
    return send(response, 200, Array.isArray(value) ? await listText(value) : [JSON.stringify(value)]);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return send(response, error.status, [JSON.stringify({ error: error.message })]);
  }
}

/** A list as JSON, in parts: one of tens of megabytes must not hold up the others. */
async function listText(items: unknown[]): Promise<string[]> {
  const parts: string[] = ["["];
  const pace = new Pace();
  for (const [i, item] of items.entries()) {
    const text = `${i === 0 ? "" : ","}${JSON.stringify(item)}`;
    if (parts.at(-1)!.length < PART) parts[parts.length - 1] += text;
    else parts.push(text);
    await pace.step();
  }
  return [...parts, "]"];
}

function send(response: ServerResponse, status: number, text: string[]): number {
  const body = text.map((part) => Buffer.from(part));
  const size = body.reduce((sum, part) => sum + part.length, 0);
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": size,
    "Cache-Control": "no-store",
    Connection: "close",
  });
  for (const part of body) response.write(part);
  response.end();
  return size;
}

async function page(
  host: FiguresSource,
  permissions: Permissions,
  request: IncomingMessage,
): Promise<unknown> {
  if (request.method !== "GET") throw new HttpError(405, "Only GET is supported.");
  const url = urlOf(request);
  if (!url) throw new HttpError(400, "The target of the request is not a path.");
  const match = url.searchParams.get("match");
  const name = url.pathname
    .toLowerCase()
    .replace(/\/json$/, "")
    .split("/")
    .at(-1);
  switch (name) {
    case "id":
      return idPage(host, permissions);
    case "status":
      return statusPage(host, permissions);
    case "streams":
      return await streamsPage(host, permissions, match);
    case "streamids":
      return (await readableStreams(host, permissions, match)).map(({ streamId }) => streamId);
    case "connections":
      return await clientsPage(host, permissions, match);
    case "datalink":
    case "seedlink":
      throw new HttpError(
        400,
        "This path speaks DataLink or SeedLink over WebSocket; the request does not ask for the upgrade.",
      );
    default:
      throw new HttpError(
        404,
        "There are /id, /status, /streams, /streamids, /connections, and /datalink and /seedlink for WebSocket.",
      );
  }
}

/** The request's target as a URL: `undefined` where it cannot be one (`//`, `http://[`); any client can send that. */
export function urlOf({ url = "/" }: IncomingMessage): URL | undefined {
  return URL.canParse(url, "http://server") ? new URL(url, "http://server") : undefined;
}

function idPage(host: FiguresSource, { write }: Permissions) {
  const { version, serverId, packetSize } = host.status();
  return { server: `${version} :: DLPROTO:1.1`, serverId, packetSize, write: write !== false };
}

function statusPage(host: FiguresSource, { read }: Permissions) {
  const { serverId, startTime, isVolatile, clients, streams, packets, ...status } = host.status();
  const entry = (packet: PacketFigures | undefined) =>
    packet && isReadable(read, packet.streamId) ? packetEntry(packet) : null;
  return {
    serverId,
    startTime: formatMicroseconds(startTime),
    ringBytes: status.ringBytes,
    packetSize: status.packetSize,
    volatile: isVolatile,
    connections: clients,
    streams,
    packets,
    earliest: entry(status.earliest),
    latest: entry(status.latest),
    sent: status.sent,
    received: status.received,
  };
}

function packetEntry({ streamId, packetId, packetTime, dataStart, dataEnd }: PacketFigures) {
  return {
    streamId,
    packetId: String(packetId),
    packetTime: formatMicroseconds(packetTime),
    dataStart: formatMicroseconds(dataStart),
    dataEnd: formatMicroseconds(dataEnd),
  };
}

async function clientsPage(host: FiguresSource, { trusted }: Permissions, match: string | null) {
  if (!trusted) throw new HttpError(403, "The access rules do not let this address see the connections.");
  const selected = await inSteps(selectClients(host.clients(), await compile(match)));
  return selected.map(({ connectedAt, lastPacket, sent, received, ...others }) => ({
    ...others,
    connectedAt: formatMicroseconds(connectedAt),
    packetId: lastPacket ? String(lastPacket.packetId) : null,
    sent,
    received,
  }));
}

async function streamsPage(host: FiguresSource, permissions: Permissions, match: string | null) {
  const entries: ReturnType<typeof streamEntry>[] = [];
  const pace = new Pace();
  for (const stream of await readableStreams(host, permissions, match)) {
    const row = streamFigures(host.ring, stream);
    if (row) entries.push(streamEntry(row));
    await pace.step();
  }
  return entries;
}

async function readableStreams(
  { ring }: FiguresSource,
  { read }: Permissions,
  match: string | null,
): Promise<RingStream[]> {
  const pattern = await compile(match);
  const has = ({ streamId }: RingStream) =>
    isReadable(read, streamId) && (!pattern || pattern.test(streamId));
  const selected = await inSteps(selectStreams(ring, has));
  pattern?.release();
  return selected;
}

function isReadable(read: Permissions["read"], streamId: string): boolean {
  return typeof read === "function" ? read(streamId) : read;
}

function streamEntry({ streamId, packets, earliest, latest }: StreamFigures) {
  return {
    streamId,
    packets,
    earliestPacketId: String(earliest.packetId),
    earliestDataStart: formatMicroseconds(earliest.dataStart),
    latestPacketId: String(latest.packetId),
    latestPacketTime: formatMicroseconds(latest.packetTime),
    latestDataStart: formatMicroseconds(latest.dataStart),
    latestDataEnd: formatMicroseconds(latest.dataEnd),
  };
}

async function compile(text: string | null): Promise<StreamPattern | undefined> {
  if (text === null || text === "") return undefined;
  try {
    return await inSteps(compilePattern(text));
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new HttpError(
      400,
      `The pattern in ?match= cannot be used: ${error.message || "it is not a regular expression"}.`,
    );
  }
}

/** Takes the steps of something, with a turn for others now and then. */
async function inSteps<Result>(steps: Generator<undefined, Result>): Promise<Result> {
  const pace = new Pace();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await pace.step();
  }
}

class Pace {
  #until = performance.now() + TURN;

  /** Waits for the event loop's next turn if this one has taken long enough. */
  async step(): Promise<void> {
    if (performance.now() < this.#until) return;
    await nextTurn();
    this.#until = performance.now() + TURN;
  }
}
