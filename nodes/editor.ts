/** What the dialogs ask the runtime: whether a server answers, its streams, and how a path pattern comes out. */
import { Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { NextFunction, Request, Response } from "express";
import type { Node, NodeAPI } from "node-red";
import { PACKET_FLAGS, PathPattern, RECORD_FLAGS } from "../lib/archive/path-pattern.ts";
import { DataLinkClient } from "../lib/datalink/client.ts";
import { maxPatternLength } from "../lib/datalink/protocol/capabilities.ts";
import { connectJetStream } from "../lib/jetstream/connection.ts";
import { listStreams } from "../lib/jetstream/stream.ts";
import { SeedLinkClient } from "../lib/seedlink/client.ts";
import { DATALINK } from "./datalink-connection.ts";
import type { DataLinkServerNode } from "./datalink-server.ts";
import { JETSTREAM, jetStreamSettings } from "./jetstream-connection.ts";
import { archiveDirectory } from "./runtime/archive-node.ts";
import { asError } from "./runtime/input-handler.ts";
import { askedServer } from "./runtime/questions/server-question.ts";
import { textIn } from "./runtime/questions/text-in.ts";
import { hasVariable, SettingError, Settings } from "./runtime/settings.ts";
import { SEEDLINK } from "./seedlink-connection.ts";

/** Streams that a dialog lists at most: some megabytes of names. */
const MAX_STREAMS = 100_000;

export default function register(RED: NodeAPI): void {
  const admin = RED.httpAdmin;
  const needs = (permission: string) => RED.auth.needsPermission(permission);

  admin.post(
    "/datalink/test",
    needs("datalink-connection.write"),
    answering(async ({ body }, signal) => {
      await using client = await connect(RED, body, signal);
      const { software, protocol, packetSize, write } = client.server;
      const maxPattern = maxPatternLength(client.server);
      return { server: client.address, software, protocol, packetSize, maxPattern, write };
    }),
  );

  admin.post(
    "/datalink/streams",
    needs("datalink-connection.write"),
    answering(async ({ body }, signal) => {
      await using client = await connect(RED, body, signal);
      const { streams } = await client.info("STREAMS", undefined, { signal });
      const maxPattern = maxPatternLength(client.server);
      return { server: client.address, maxPattern, ...listed(streams.map(({ streamId }) => streamId)) };
    }),
  );

  admin.post(
    "/datalink/seedlink/test",
    needs("seedlink-connection.write"),
    answering(async ({ body }, signal) => {
      await using client = await connectSeedLink(RED, body, signal);
      const { software, organization, protocol } = client.server;
      return { software, organization, protocol };
    }),
  );

  admin.post(
    "/datalink/seedlink/streams",
    needs("seedlink-connection.write"),
    answering(async ({ body }, signal) => {
      await using client = await connectSeedLink(RED, body, signal);
      const { stations } = await client.info("STREAMS", { signal });
      return listed(stations.flatMap(({ id, streams }) => streams.map((stream) => `${id}_${stream.id}`)));
    }),
  );

  admin.post(
    "/datalink/jetstream/test",
    needs("jetstream-connection.write"),
    answering(async ({ body }, signal) => {
      const settings = jetStreamSettings(askedServer(RED, JETSTREAM, body));
      await using connection = await connectJetStream({ ...settings, signal });
      let software = "";
      // It stands: it is told at once.
      connection.listen((event) => {
        if (event.type === "connected") software = event.version;
      })();
      return { software, streams: await listStreams(connection) };
    }),
  );

  admin.get(
    "/datalink/server-test/:id",
    needs("datalink-server.write"),
    answering(async ({ params }) => ({ answers: await testServer(RED, String(params.id)) })),
  );

  const mayExpand = needs("datalink-archive.write");
  admin.get(
    "/datalink/archive-path",
    needs("datalink-archive.read"),
    // What an environment variable holds may be a secret. Who may write could read it in a flow of their own.
    (request: Request, response: Response, next: NextFunction) => {
      const isPlain = !Object.values(readExample(request.query)).some(hasVariable);
      if (isPlain) next();
      else mayExpand(request, response, next);
    },
    answering(async ({ query }) => ({ path: examplePath(RED, readExample(query)) })),
  );
}

/**
 * An answer as JSON: what `answer` gives, or the sentence of what it throws. Its signal says that nobody waits for it any
 * more.
 */
function answering(
  answer: (request: Request, signal: AbortSignal) => Promise<object>,
): (request: Request, response: Response) => void {
  return (request, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    answer(request, gone.signal).then(
      (result) => response.json(result),
      (error) => response.json({ error: asError(error).message }),
    );
  };
}

/** The names of streams, as many as a dialog lists, and how many there are. */
function listed(names: string[]): { streams: string[]; total: number } {
  const streams = [...new Set(names)].sort();
  return { streams: streams.slice(0, MAX_STREAMS), total: streams.length };
}

async function connect(RED: NodeAPI, body: unknown, signal: AbortSignal): Promise<DataLinkClient> {
  const { url, options } = askedServer(RED, DATALINK, body);
  return await DataLinkClient.connect(url, { ...options, signal });
}

async function connectSeedLink(RED: NodeAPI, body: unknown, signal: AbortSignal): Promise<SeedLinkClient> {
  const { url, options } = askedServer(RED, SEEDLINK, body);
  return await SeedLinkClient.connect(url, { ...options, signal });
}

/** Asks a server of this Node-RED by each of its addresses. */
async function testServer(RED: NodeAPI, id: string): Promise<object[]> {
  const found = RED.nodes.getNode(id) as DataLinkServerNode | null;
  const node = found?.type === "datalink-server" ? found : undefined;
  const running = node?.running();
  if (!running) {
    throw (
      node?.failure() ?? new SettingError("INVALID_SETTING", "This server is not running: deploy it first.")
    );
  }
  const { server, webPath } = running;
  const { url, seedLinkUrl } = server;
  const web = ownWebUrl(RED);
  const asked = [
    testUrl("tcp", url),
    testUrl("webSocket", `${url.replace(/^datalink/, "ws")}/datalink`),
    ...(web !== undefined && webPath !== undefined ? [testUrl("web", web + webPath)] : []),
    ...(seedLinkUrl === undefined ? [] : [testSeedLinkUrl(seedLinkUrl)]),
  ];
  return await Promise.all(asked);
}

async function testUrl(kind: string, url: string): Promise<object> {
  try {
    await using client = await DataLinkClient.connect(url, { timeout: 5000, ...tlsOfOwn(url) });
    const { software, protocol, write } = client.server;
    return { kind, software, protocol, write };
  } catch (error) {
    return { kind, error: asError(error).message };
  }
}

async function testSeedLinkUrl(url: string): Promise<object> {
  const kind = "seedLink";
  try {
    await using client = await SeedLinkClient.connect(url, { timeout: 5000, ...tlsOfOwn(url) });
    const { software, organization, protocol } = client.server;
    return { kind, software, organization, protocol };
  } catch (error) {
    return { kind, error: asError(error).message };
  }
}

/** It is this very process: who has signed its certificate is for others to ask. */
function tlsOfOwn(url: string): { tls?: { rejectUnauthorized: boolean } } {
  return /^(datalinks|seedlinks|wss):/.test(url) ? { tls: { rejectUnauthorized: false } } : {};
}

/** Where Node-RED's own HTTP server is reached from this computer; `undefined` where there is none. */
function ownWebUrl(RED: NodeAPI): string | undefined {
  const own = RED.server?.address() as AddressInfo | null | undefined;
  if (!own) return undefined;
  const { address, port } = own;
  const host = address === "::" || address === "0.0.0.0" ? "127.0.0.1" : address;
  const scheme = RED.server instanceof HttpsServer ? "wss" : "ws";
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

interface ExampleQuestion {
  pattern: string;
  directory: string;
  kind: string;
}

function readExample(query: unknown): ExampleQuestion {
  const text = (name: string) => textIn(query, name) ?? "";
  return { pattern: text("pattern"), directory: text("directory"), kind: text("kind") };
}

/** Where a packet of a well-known station would go. */
function examplePath(RED: NodeAPI, { pattern, directory, kind }: ExampleQuestion): string {
  const settings = new Settings(RED, {} as Node);
  const base = archiveDirectory(RED, settings.text(directory));
  const flags = kind === "mseed" ? RECORD_FLAGS : PACKET_FLAGS;
  const example = new PathPattern(settings.text(pattern), { directory: base, flags });
  return path.normalize(
    example.path({
      network: "CO",
      station: "JSC",
      location: "00",
      channel: "HHZ",
      time: Date.now() * 1000,
      quality: "D",
      recordLength: 512,
      sampleRate: 100,
    }),
  );
}
