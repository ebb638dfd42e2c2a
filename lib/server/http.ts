/**
 * The server's figures as JSON over HTTP, for dashboards: `/id`, `/status`, `/streams`, `/streamids` and `/connections`,
 * the latter three with `?match=` and a regular expression. Packet ids are decimal strings, times ISO 8601.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { formatMicroseconds } from "../time.ts";
import type { Permissions } from "./access/access.ts";
import { compilePattern, type Pattern, PatternError } from "./access/pattern.ts";
import type { ConnectionFigures, ServerFigures } from "./info-xml.ts";
import type { Ring, RingStream } from "./ring/ring.ts";
import type { TrafficFigures } from "./traffic.ts";

/** What the pages tell of. */
export interface HttpHost {
  readonly ring: Ring;
  figures(): ServerFigures;
  connections(): ConnectionFigures[];
}

/** Milliseconds after which a long list lets others have their turn. */
const TURN = 2;

class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Answers a request by the last part of its path. */
export async function answerRequest(
  host: HttpHost,
  permissions: Permissions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const value = await page(host, permissions, request);
    send(response, 200, value);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    send(response, error.status, { error: error.message });
  }
}

function send(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": body.length,
    "Cache-Control": "no-store",
    Connection: "close",
  });
  response.end(body);
}

async function page(host: HttpHost, permissions: Permissions, request: IncomingMessage): Promise<unknown> {
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
      return paced(await selectStreams(host, permissions, match), (stream) => streamEntry(host.ring, stream));
    case "streamids":
      return (await selectStreams(host, permissions, match)).map(({ streamId }) => streamId);
    case "connections":
      return connectionsPage(host, permissions, match);
    case "datalink":
      throw new HttpError(
        400,
        "This path speaks DataLink over WebSocket; the request does not ask for the upgrade.",
      );
    default:
      throw new HttpError(
        404,
        "There are /id, /status, /streams, /streamids, /connections, and /datalink for WebSocket.",
      );
  }
}

/** The request's target as a URL: `undefined` where it is none (`//`, `http://[`), which any client can send. */
export function urlOf({ url = "/" }: IncomingMessage): URL | undefined {
  return URL.canParse(url, "http://server") ? new URL(url, "http://server") : undefined;
}

function idPage(host: HttpHost, { write }: Permissions) {
  const { version, serverId } = host.figures();
  return { server: version, serverId, packetSize: host.ring.packetSize, write: write !== false };
}

function statusPage(host: HttpHost, { read }: Permissions) {
  const { ring } = host;
  const { serverId, startTime, volatile, connections, sent, received } = host.figures();
  const packet = (sequence: number) => {
    if (ring.packets === 0) return null;
    const { streamId, packetId, packetTime, dataStart, dataEnd } = ring.packetAt(sequence);
    if (!isReadable(read, streamId)) return null;
    return {
      streamId,
      packetId: String(packetId),
      packetTime: formatMicroseconds(packetTime),
      dataStart: formatMicroseconds(dataStart),
      dataEnd: formatMicroseconds(dataEnd),
    };
  };
  return {
    serverId,
    startTime: formatMicroseconds(startTime),
    ringBytes: ring.ringBytes,
    packetSize: ring.packetSize,
    volatile,
    connections,
    streams: ring.streams.size,
    packets: ring.packets,
    earliest: packet(ring.first),
    latest: packet(ring.end - 1),
    sent: trafficEntry(sent),
    received: trafficEntry(received),
  };
}

async function connectionsPage(host: HttpHost, { trusted }: Permissions, match: string | null) {
  if (!trusted) throw new HttpError(403, "The access rules do not let this address see the connections.");
  const pattern = await compile(match);
  const isSelected = ({ address, clientId }: ConnectionFigures) =>
    !pattern || pattern.test(address) || pattern.test(clientId);
  return (await paced(host.connections(), (connection) => (isSelected(connection) ? connection : undefined)))
    .filter((connection) => connection !== undefined)
    .map(({ connectedAt, lastSequence, sent, received, ...others }) => ({
      ...others,
      connectedAt: formatMicroseconds(connectedAt),
      packetId: idOrNull(host.ring, lastSequence),
      sent: trafficEntry(sent),
      received: trafficEntry(received),
    }));
}

function trafficEntry({ packets, bytes, packetRate, byteRate }: TrafficFigures) {
  return { packets, bytes, packetRate, byteRate };
}

function idOrNull(ring: Ring, sequence: number | undefined): string | null {
  return sequence !== undefined && sequence >= ring.first ? String(ring.idAt(sequence)) : null;
}

async function selectStreams(
  host: HttpHost,
  { read }: Permissions,
  match: string | null,
): Promise<RingStream[]> {
  const pattern = await compile(match);
  const selected = await paced([...host.ring.streams.values()], (stream) =>
    isReadable(read, stream.streamId) && (!pattern || pattern.test(stream.streamId)) ? stream : undefined,
  );
  pattern?.release();
  return selected.filter((stream) => stream !== undefined).sort((a, b) => (a.streamId < b.streamId ? -1 : 1));
}

function isReadable(read: Permissions["read"], streamId: string): boolean {
  return typeof read === "function" ? read(streamId) : read;
}

function streamEntry(ring: Ring, stream: RingStream) {
  // It may have left the ring while others had their turn.
  if (ring.streams.get(stream.streamId) !== stream) return { streamId: stream.streamId, packets: 0 };
  const [earliest, latest] = [ring.packetAt(stream.earliest), ring.packetAt(stream.latest)];
  return {
    streamId: stream.streamId,
    packets: stream.packets,
    earliestPacketId: String(earliest.packetId),
    earliestDataStart: formatMicroseconds(earliest.dataStart),
    latestPacketId: String(latest.packetId),
    latestPacketTime: formatMicroseconds(latest.packetTime),
    latestDataStart: formatMicroseconds(latest.dataStart),
    latestDataEnd: formatMicroseconds(latest.dataEnd),
  };
}

async function compile(text: string | null): Promise<Pattern | undefined> {
  if (text === null || text === "") return undefined;
  try {
    const steps = compilePattern(text);
    const pace = new Pace();
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      await pace.step();
    }
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new HttpError(
      400,
      `The pattern in ?match= cannot be used: ${error.message || "it is no regular expression"}.`,
    );
  }
}

/** `items.map(make)`, with a turn for others now and then. */
async function paced<Item, Result>(items: Item[], make: (item: Item) => Result): Promise<Result[]> {
  const results: Result[] = [];
  const pace = new Pace();
  for (const item of items) {
    results.push(make(item));
    await pace.step();
  }
  return results;
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
