/** What the dialogs ask the runtime: whether a server answers, its streams, and how a path pattern comes out. */
import { Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { NextFunction, Request, Response } from "express";
import type { Node, NodeAPI } from "node-red";
import { PACKET_FLAGS, PathPattern, RECORD_FLAGS } from "../lib/archive/path-pattern.ts";
import { parseAddress } from "../lib/datalink/address.ts";
import { DataLinkClient } from "../lib/datalink/client.ts";
import { plainInfo } from "../lib/datalink/protocol/plain-info.ts";
import {
  type ConnectionDef,
  chosenServer,
  deployedConnection,
  type Secrets,
  type ServerSettings,
  serverSettings,
} from "./datalink-connection.ts";
import type { DataLinkServerNode } from "./datalink-server.ts";
import { archiveDirectory } from "./runtime/archive-node.ts";
import { asError } from "./runtime/input-handler.ts";
import { hasVariable, SettingError, Settings } from "./runtime/settings.ts";

/** Streams that a dialog lists at most. */
const MAX_STREAMS = 2000;

/** Characters that a dialog may send for one of its fields, and for a pattern of streams. */
const MAX_FIELD = 8192;
const MAX_MATCH = 65_536;

/** A server as a dialog describes it: by its fields, or by the id of a deployed connection alone. */
interface ServerQuestion extends Record<keyof ConnectionDef, string | undefined> {
  id: string;
  /** What was typed; {@link UNCHANGED} for a secret that is stored. */
  secrets: Required<Secrets>;
  match: string;
}

/** The editor's stand-in for a secret that is stored and was not typed anew. */
const UNCHANGED = "__PWRD__";

export default function register(RED: NodeAPI): void {
  const admin = RED.httpAdmin;
  const needs = (permission: string) => RED.auth.needsPermission(permission);

  admin.post(
    "/datalink/test",
    needs("datalink-connection.write"),
    answering(async ({ body }, signal) => {
      await using client = await connect(RED, readQuestion(body), signal);
      const { software, protocol, packetSize, write } = client.server;
      return { server: client.address, software, protocol, packetSize, write };
    }),
  );

  admin.post(
    "/datalink/streams",
    needs("datalink-connection.write"),
    answering(async ({ body }, signal) => {
      const question = readQuestion(body);
      await using client = await connect(RED, question, signal);
      const info = await client.info("STREAMS", question.match || undefined, { signal });
      const streams = info.streams.slice(0, MAX_STREAMS).map(plainInfo);
      return { server: client.address, total: info.totalStreams ?? info.streams.length, streams };
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

/** @throws SettingError for a field that is longer than any dialog makes it. */
function textIn(fields: unknown, name: string, limit = MAX_FIELD): string | undefined {
  const value = (fields as Record<string, unknown> | null | undefined)?.[name];
  if (typeof value !== "string") return undefined;
  if (value.length <= limit) return value;
  throw new SettingError("INVALID_SETTING", `${name} is longer than ${limit} characters: shorten it.`);
}

function readQuestion(body: unknown): ServerQuestion {
  const text = (name: string) => textIn(body, name);
  const credentials = (body as { credentials?: Record<string, unknown> } | null | undefined)?.credentials;
  const secret = (name: string) =>
    textIn(credentials, name) ?? (credentials?.[`has_${name}`] === true ? UNCHANGED : "");
  return {
    id: text("id") ?? "",
    address: text("address"),
    tls: text("tls"),
    auth: text("auth"),
    timeout: text("timeout"),
    clientName: text("clientName"),
    secrets: { user: secret("user"), password: secret("password"), token: secret("token") },
    match: textIn(body, "match", MAX_MATCH) ?? "",
  };
}

async function connect(RED: NodeAPI, question: ServerQuestion, signal: AbortSignal): Promise<DataLinkClient> {
  const { url, options } =
    question.address === undefined ? chosenServer(RED, question.id) : typedServer(RED, question);
  return await DataLinkClient.connect(url, { ...options, signal });
}

/**
 * The server that a dialog has typed in its fields. A stored secret goes to the place only that it is stored with: nobody
 * who types an address gets to know it.
 * @throws SettingError
 */
function typedServer(RED: NodeAPI, question: ServerQuestion): ServerSettings {
  const deployed = deployedConnection(RED, question.id);
  const settings = new Settings(RED, deployed ?? ({ id: question.id } as Node));
  const server = serverSettings(RED, settings, question, question.secrets);
  const { auth } = server.options;
  const name = auth && "jwt" in auth ? "token" : "password";
  if (auth === undefined || question.secrets[name] !== UNCHANGED) return server;
  if (deployed === undefined || !isSamePlace(deployed.server(), server)) {
    throw new SettingError(
      "INVALID_SETTING",
      `The stored ${name} goes only to the address and TLS configuration that were deployed with it: type it anew to test others.`,
    );
  }
  const stored = deployed.credentials[name] ?? "";
  return serverSettings(RED, settings, question, { ...question.secrets, [name]: stored });
}

function isSamePlace(one: ServerSettings, other: ServerSettings): boolean {
  const place = ({ url, options }: ServerSettings) => [parseAddress(url), options.tls];
  return isDeepStrictEqual(place(one), place(other));
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
