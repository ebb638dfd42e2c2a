/** What the dialogs ask the runtime: whether a server answers, its streams, and how a path pattern comes out. */
import { Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Request, Response } from "express";
import type { Node, NodeAPI } from "node-red";
import { PACKET_FLAGS, PathPattern, RECORD_FLAGS } from "../lib/archive/path-pattern.ts";
import { DataLinkClient } from "../lib/datalink/client.ts";
import { plainInfo } from "../lib/datalink/protocol/plain-info.ts";
import { type ConnectionDef, type Secrets, serverSettings } from "./datalink-connection.ts";
import type { DataLinkServerNode } from "./datalink-server.ts";
import { archiveDirectory } from "./runtime/archive-node.ts";
import { asError } from "./runtime/input-handler.ts";
import { SettingError, Settings } from "./runtime/settings.ts";

/** Streams that a dialog lists at most. */
const MAX_STREAMS = 2000;

/** A server as a dialog describes it: by its fields, or by the id of a deployed connection alone. */
interface ServerQuestion extends Partial<ConnectionDef> {
  id: string;
  credentials?: Secrets;
  match?: string;
}

/** The editor's stand-in for a secret that is stored and was not typed anew. */
const UNCHANGED = "__PWRD__";

export default function register(RED: NodeAPI): void {
  const admin = RED.httpAdmin;
  const mayAsk = RED.auth.needsPermission("datalink-connection.write");
  const mayRead = RED.auth.needsPermission("datalink-connection.read");

  admin.post(
    "/datalink/test",
    mayAsk,
    answering(async (request) => {
      await using client = await connect(RED, request.body as ServerQuestion);
      const { software, protocol, packetSize, write } = client.server;
      return { server: client.address, software, protocol, packetSize, write };
    }),
  );

  admin.post(
    "/datalink/streams",
    mayAsk,
    answering(async (request) => {
      const question = request.body as ServerQuestion;
      await using client = await connect(RED, question);
      const info = await client.info("STREAMS", question.match || undefined);
      const streams = info.streams.slice(0, MAX_STREAMS).map(plainInfo);
      return { server: client.address, total: info.totalStreams ?? info.streams.length, streams };
    }),
  );

  admin.get(
    "/datalink/server-test/:id",
    mayAsk,
    answering(async (request) => ({ answers: await testServer(RED, String(request.params.id)) })),
  );

  admin.get(
    "/datalink/archive-path",
    mayRead,
    answering(async (request) => {
      const { pattern, directory, kind } = request.query as Record<string, string | undefined>;
      return { path: examplePath(RED, String(pattern ?? ""), String(directory ?? ""), kind === "mseed") };
    }),
  );
}

/** An answer as JSON: what `answer` gives, or the sentence of what it throws. */
function answering(
  answer: (request: Request) => Promise<object>,
): (request: Request, response: Response) => void {
  return (request, response) => {
    answer(request).then(
      (result) => response.json(result),
      (error) => response.json({ error: asError(error).message }),
    );
  };
}

async function connect(RED: NodeAPI, question: ServerQuestion): Promise<DataLinkClient> {
  const node = RED.nodes.getNode(String(question.id)) as
    | (Node<Secrets> & { server?(): ReturnType<typeof serverSettings> })
    | null;
  if (question.address === undefined && node?.server) {
    const { url, options } = node.server();
    return await DataLinkClient.connect(url, options);
  }
  const stored = RED.nodes.getCredentials(String(question.id)) as Secrets | undefined;
  const settings = new Settings(RED, node ?? ({ id: question.id } as Node));
  const { url, options } = serverSettings(RED, settings, question, secretsOf(question.credentials, stored));
  return await DataLinkClient.connect(url, options);
}

function secretsOf(typed: Secrets = {}, stored: Secrets = {}): Secrets {
  const secret = (name: "password" | "token") => (typed[name] === UNCHANGED ? stored[name] : typed[name]);
  return { user: typed.user ?? "", password: secret("password") ?? "", token: secret("token") ?? "" };
}

/** Asks a server of this Node-RED by each of its addresses. */
async function testServer(RED: NodeAPI, id: string): Promise<object[]> {
  const node = RED.nodes.getNode(id) as Partial<DataLinkServerNode> | null;
  const running = node?.running?.();
  if (!running) {
    throw (
      node?.failure?.() ?? new SettingError("INVALID_SETTING", "This server is not running: deploy it first.")
    );
  }
  const { server, webPath } = running;
  const urls = [server.url, `${server.url.replace(/^datalink/, "ws")}/datalink`];
  const web = ownWebUrl(RED);
  if (web !== undefined && webPath !== undefined) urls.push(web + webPath);
  return await Promise.all(urls.map(testUrl));
}

async function testUrl(url: string): Promise<object> {
  try {
    // It is this very process: who has signed its certificate is for others to ask.
    const tls = /^(datalinks|wss):/.test(url) ? { rejectUnauthorized: false } : undefined;
    await using client = await DataLinkClient.connect(url, { timeout: 5000, ...(tls && { tls }) });
    const { software, protocol, write } = client.server;
    return { software, protocol, write };
  } catch (error) {
    return { error: asError(error).message };
  }
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

/** Where a packet of a well-known station would go. */
function examplePath(RED: NodeAPI, pattern: string, directory: string, isRecord: boolean): string {
  const base = archiveDirectory(RED, new Settings(RED, {} as Node).text(directory));
  const flags = isRecord ? RECORD_FLAGS : PACKET_FLAGS;
  return path.normalize(
    new PathPattern(new Settings(RED, {} as Node).text(pattern), { directory: base, flags }).path({
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
