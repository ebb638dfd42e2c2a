/** datalink server: a DataLink server inside Node-RED. Its output tells what happens there. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Node, NodeAPI, NodeStatus } from "node-red";
import { DataLinkError } from "../lib/datalink/protocol/errors.ts";
import { describeEvent } from "../lib/server/events.ts";
import {
  DataLinkServer,
  type DataLinkServerEvent,
  type DataLinkServerOptions,
  type PacketFigures,
} from "../lib/server/server.ts";
import { asError, onClose } from "./runtime/input-handler.ts";
import {
  CREDENTIALS,
  type DataLinkServerDef,
  type Secrets,
  serverOptions,
} from "./runtime/server-options.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { rateText, StatusLine, shortestNeeded } from "./runtime/status.ts";
import { WebPaths } from "./runtime/web-paths.ts";

/** What the dialog's Test is told of a running server. */
export interface DataLinkServerNode extends Node<Secrets> {
  /** The server while it listens, and the path at which it is on Node-RED's own port, if it is. */
  running(): { server: DataLinkServer; webPath: string | undefined } | undefined;
  /** Why it does not listen. */
  failure(): Error | undefined;
}

/** A port that is in use may become free: an old Node-RED that is still stopping. */
const RETRY_MS = 5000;

/** Turns of the event loop without a packet after which nothing more is on its way within this process, and those waited for at most. */
const QUIET_TURNS = 5;
const MOST_TURNS = 1000;

export default function register(RED: NodeAPI): void {
  const web = new WebPaths(RED);

  function DataLinkServerConstructor(this: DataLinkServerNode, def: DataLinkServerDef): void {
    RED.nodes.createNode(this, def);
    this.running = () => undefined;
    this.failure = () => undefined;
    begin(RED, this, () => {
      const settings = new Settings(RED, this);
      const options = serverOptions(RED, settings, def, this.credentials ?? {});
      serve(RED, this, options, web, settings.text(def.webPath));
    });
  }
  RED.nodes.registerType<DataLinkServerNode, DataLinkServerDef, object, Secrets>(
    "datalink-server",
    DataLinkServerConstructor,
    { credentials: CREDENTIALS },
  );
}

function serve(
  RED: NodeAPI,
  node: DataLinkServerNode,
  options: DataLinkServerOptions & { port: number },
  web: WebPaths,
  webPath: string,
): void {
  let server: DataLinkServer | undefined;
  let onWeb: string | undefined;
  let failure: Error | undefined;
  let storageFailure: string | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closing = false;
  node.running = () => server && { server, webPath: onWeb };
  node.failure = () => failure;

  const status = new StatusLine(node, (): NodeStatus => {
    const text = (key: string, values?: Record<string, string | number>) =>
      RED._(`datalink-server.status.${key}`, values);
    if (failure && "code" in failure && failure.code === "ADDRESS_IN_USE") {
      return { fill: "red", shape: "ring", text: text("port-in-use", { port: options.port }) };
    }
    if (failure) return { fill: "red", shape: "ring", text: text("failed") };
    if (!server) return { fill: "yellow", shape: "ring", text: text("starting") };
    if (storageFailure) return { fill: "red", shape: "dot", text: text("storage") };
    const { clients, packetRateIn, newest } = server.status;
    const withLast = (first: string) =>
      newest
        ? shortestNeeded(`${first} · ${packetText(newest)}`, `${first} · ${timeText(newest)}`, first)
        : first;
    if (clients === 0) {
      return { fill: "green", shape: "ring", text: withLast(text("listening", { port: server.port })) };
    }
    const figures = { clients, rate: rateText(packetRateIn) };
    return { fill: "green", shape: "dot", text: withLast(text("serving", figures)) };
  });

  const onEvent = (event: DataLinkServerEvent): void => {
    if (event.type === "storage") {
      storageFailure = event.message;
      if (storageFailure) node.warn(storageFailure);
      else node.log(describeEvent(event));
      status.update();
    }
    const hasLosses = event.type === "recovered" && (event.lost.length > 0 || event.foreign.length > 0);
    if (hasLosses) node.warn(describeEvent(event));
    try {
      node.send(eventMessage(event));
    } catch (error) {
      // What the nodes behind this one throw must not reach the server's sockets.
      node.error(asError(error).message);
    }
  };

  const serveOnWeb = (running: DataLinkServer): void => {
    try {
      if (webPath) onWeb = web.serve(webPath, running);
    } catch (error) {
      node.warn(asError(error).message);
    }
  };

  const listen = async (): Promise<void> => {
    try {
      server = await DataLinkServer.listen({ ...options, onEvent });
      serveOnWeb(server);
      if (failure) node.log(`Listening on port ${server.port} now.`);
      failure = undefined;
    } catch (error) {
      const problem = asError(error);
      if (failure?.message !== problem.message) node.error(problem.message);
      failure = problem;
      // A setting that makes no sense stays so until somebody changes it.
      if (!closing && !(problem instanceof DataLinkError && problem.code === "INVALID_ARGUMENT")) {
        retry = setTimeout(() => {
          listening = listen();
        }, RETRY_MS);
      }
    }
    status.update();
  };
  let listening = listen();

  onClose(node, async () => {
    closing = true;
    clearTimeout(retry);
    status.close();
    await listening;
    if (server) {
      await quietOf(server);
      web.end(server);
    }
    await server?.close();
  });
}

/**
 * Lets come in what nodes of the same flows have sent just before they were stopped with it. Others may go on sending, which it does
 * not wait for.
 */
async function quietOf(server: DataLinkServer): Promise<void> {
  for (let turns = 0, quiet = 0; turns < MOST_TURNS && quiet < QUIET_TURNS; turns++) {
    const { packetsIn } = server.status;
    await nextTurn();
    quiet = server.status.packetsIn === packetsIn ? quiet + 1 : 0;
  }
}

/** Which packet came last, and when. */
function packetText(packet: PacketFigures): string {
  return `${packet.streamId.replace(/^FDSN:|\/MSEED3?$/g, "")} ${timeText(packet)}`;
}

/** When it came (UTC): the day, too, where that is not today. */
function timeText({ packetTime }: PacketFigures): string {
  const time = new Date(packetTime / 1000).toISOString();
  const isToday = time.slice(0, 10) === new Date().toISOString().slice(0, 10);
  return isToday ? time.slice(11, 19) : time.slice(0, 16).replace("T", " ");
}

/** An event as a message: its type as topic, and who it is about. */
function eventMessage(event: DataLinkServerEvent): { topic: string; payload: object } {
  const { type, client, ...details } = event;
  const lost = event.type === "recovered" ? { lost: event.lost.map(withIdsAsText) } : {};
  return { topic: type, payload: { ...client, ...details, ...lost, message: describeEvent(event) } };
}

function withIdsAsText({
  after,
  before,
  ...range
}: Extract<DataLinkServerEvent, { type: "recovered" }>["lost"][number]): object {
  return { ...range, after: after?.toString(), before: before?.toString() };
}
