/** datalink server: a DataLink server inside Node-RED. Its output tells what happens there. */
import { networkInterfaces } from "node:os";
import type { Node, NodeAPI, NodeDef, NodeStatus } from "node-red";
import {
  DataLinkServer,
  type DataLinkServerEvent,
  type DataLinkServerOptions,
  type ServerClient,
} from "../lib/ring/server.ts";
import { asError, onClose } from "./support/input.ts";
import { begin, Settings } from "./support/settings.ts";
import { StatusLine } from "./support/status.ts";
import { tlsOptions } from "./support/tls.ts";
import { WebPaths } from "./support/web-paths.ts";

interface DataLinkServerDef extends NodeDef {
  version: number;
  port: string;
  access: string;
  host: string;
  ringSize: string;
  packetSize: string;
  tls: string;
  webPath: string;
}

interface Secrets {
  user?: string;
  password?: string;
}

const MIB = 1024 * 1024;

/** A port that is in use may become free: an old Node-RED that is still stopping. */
const RETRY_MS = 5000;

export default function register(RED: NodeAPI): void {
  const web = new WebPaths(RED);

  function DataLinkServerNode(this: Node<Secrets>, def: DataLinkServerDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => {
      const settings = new Settings(RED, this);
      const options = optionsOf(settings, def, this.credentials);
      serve(RED, this, { ...options, tls: tlsOptions(RED, def.tls) }, web, settings.text(def.webPath));
    });
  }
  RED.nodes.registerType<Node<Secrets>, DataLinkServerDef, object, Secrets>(
    "datalink-server",
    DataLinkServerNode,
    {
      credentials: { user: { type: "text" }, password: { type: "password" } },
    },
  );
}

const THIS_COMPUTER = ["127.0.0.0/8", "::1"];
const EVERYBODY = ["0.0.0.0/0", "::/0"];

function optionsOf(
  settings: Settings,
  def: DataLinkServerDef,
  secrets: Secrets,
): DataLinkServerOptions & { port: number } {
  const access = settings.choice("Who may", def.access, ["loopback", "read", "write"]);
  const { user, password } = secrets;
  return {
    port: settings.number("TCP port", def.port, { min: 0, max: 65535, fallback: 16000 }),
    host: settings.text(def.host, access === "loopback" ? "127.0.0.1" : everyAddress()),
    access: {
      rules: [
        { from: THIS_COMPUTER, write: true, trusted: true },
        ...(access === "loopback" ? [] : [{ from: EVERYBODY, write: access === "write" }]),
      ],
      users: user && password ? [{ name: user, password, write: true }] : [],
    },
    ringBytes: Math.round(
      settings.number("Ring", def.ringSize, { min: 0.0625, max: 65536, fallback: 64 }) * MIB,
    ),
    packetSize: settings.number("Largest packet", def.packetSize, {
      min: 128,
      max: 16 * MIB,
      fallback: 4096,
    }),
  };
}

/** All addresses of this computer: IPv4 only where it has no IPv6. */
function everyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.some((address) => address?.family === "IPv6") ? "::" : "0.0.0.0";
}

function serve(
  RED: NodeAPI,
  node: Node,
  options: DataLinkServerOptions & { port: number },
  web: WebPaths,
  webPath: string,
): void {
  let server: DataLinkServer | undefined;
  let failure: Error | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closing = false;

  const status = new StatusLine(node, (): NodeStatus => {
    const text = (key: string, values?: Record<string, string | number>) =>
      RED._(`datalink-server.status.${key}`, values);
    if (failure && "code" in failure && failure.code === "ADDRESS_IN_USE") {
      return { fill: "red", shape: "ring", text: text("port-in-use", { port: options.port }) };
    }
    if (failure) return { fill: "red", shape: "ring", text: text("failed") };
    if (!server) return { fill: "yellow", shape: "ring", text: text("starting") };
    const { clients, packetRateIn } = server.status;
    if (clients === 0)
      return { fill: "green", shape: "ring", text: text("listening", { port: server.port }) };
    return { fill: "green", shape: "dot", text: text("serving", { clients, rate: packetRateIn.toFixed(1) }) };
  });

  const serveOnWeb = (running: DataLinkServer): void => {
    try {
      if (webPath) web.serve(webPath, running);
    } catch (error) {
      node.warn(asError(error).message);
    }
  };

  const listen = async (): Promise<void> => {
    try {
      server = await DataLinkServer.listen({
        ...options,
        onEvent: (event) => node.send(eventMessage(event)),
      });
      serveOnWeb(server);
      if (failure) node.log(`Listening on port ${server.port} now.`);
      failure = undefined;
    } catch (error) {
      const problem = asError(error);
      if (failure?.message !== problem.message) node.error(problem.message);
      failure = problem;
      if (!closing) {
        retry = setTimeout(() => {
          listening = listen();
        }, RETRY_MS);
      }
    }
    if (!closing) status.update();
  };
  let listening = listen();

  onClose(node, async () => {
    closing = true;
    clearTimeout(retry);
    status.close();
    await listening;
    if (server) web.end(server);
    await server?.close();
  });
}

/** An event as a message: its type as topic, and who it is about. */
function eventMessage(event: DataLinkServerEvent): { topic: string; payload: object } {
  const { type, client, ...details } = event;
  return { topic: type, payload: { ...client, ...details, message: sentence(event) } };
}

function sentence(event: DataLinkServerEvent): string {
  const who = event.client ? nameOf(event.client) : "This Node-RED";
  switch (event.type) {
    case "connected":
      return `${who} has connected.`;
    case "identified":
      return `${who} has told its name.`;
    case "stream":
      return `${who} has written the first packet of ${event.streamId}.`;
    case "refused":
      return `${who} was refused: ${event.reason}.`;
    case "lapped":
      return `${who} was too slow: the ring has overwritten ${event.missed} packets that it had not read.`;
    case "closed":
      return `${who} is gone: ${event.reason}.`;
    case "recovered":
      return `The ring has ${event.packets} packets of before; ${event.droppedBytes} damaged bytes were dropped.`;
    case "storage":
      return event.message ?? "The ring's folder can be written again.";
  }
}

function nameOf({ address, port, clientId }: ServerClient): string {
  return clientId ? `${clientId} (${address}:${port})` : `${address}:${port}`;
}
