/** datalink server: a DataLink server inside Node-RED. Its output tells what happens there. */
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

interface DataLinkServerDef extends NodeDef {
  version: number;
  port: string;
  access: string;
  host: string;
  ringSize: string;
  packetSize: string;
}

const MIB = 1024 * 1024;

/** A port that is in use may become free: an old Node-RED that is still stopping. */
const RETRY_MS = 5000;

export default function register(RED: NodeAPI): void {
  function DataLinkServerNode(this: Node, def: DataLinkServerDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => serve(RED, this, optionsOf(new Settings(RED, this), def)));
  }
  RED.nodes.registerType("datalink-server", DataLinkServerNode);
}

function optionsOf(settings: Settings, def: DataLinkServerDef): DataLinkServerOptions & { port: number } {
  const access = settings.choice("Who may", def.access, ["loopback", "read"]);
  return {
    port: settings.number("TCP port", def.port, { min: 0, max: 65535, fallback: 16000 }),
    host: settings.text(def.host, access === "loopback" ? "127.0.0.1" : "::"),
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

function serve(RED: NodeAPI, node: Node, options: DataLinkServerOptions & { port: number }): void {
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

  const listen = async (): Promise<void> => {
    try {
      server = await DataLinkServer.listen({
        ...options,
        onEvent: (event) => node.send(eventMessage(event)),
      });
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
