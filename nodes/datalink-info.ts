/** datalink info: asks a server about itself, its streams or its connections, or for one packet. */
import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from "node-red";
import { DataLinkClient } from "../lib/datalink/client.ts";
import type { InfoType } from "../lib/datalink/protocol/info.ts";
import { plainInfo } from "../lib/datalink/protocol/plain-info.ts";
import { wrongServerKind } from "../lib/net/other-server/wrong-server.ts";
import { inSlices } from "../lib/slices.ts";
import { chosenServer, type ServerSettings } from "./datalink-connection.ts";
import { MessageError, shownValue } from "./messages/message-error.ts";
import { packetMessage } from "./messages/packet-message.ts";
import { readPacketId } from "./messages/times-and-ids.ts";
import { asError, onClose, onInput } from "./runtime/input-handler.ts";
import { begin, Settings } from "./runtime/settings.ts";

interface DataLinkInfoDef extends NodeDef {
  version: number;
  connection: string;
  request: string;
  match: string;
}

const REQUESTS = ["id", "status", "streams", "connections", "packet"] as const;
type Request = (typeof REQUESTS)[number];

/** How long a connection is kept for the next question. */
const IDLE_MS = 30_000;

export default function register(RED: NodeAPI): void {
  function DataLinkInfo(this: Node, def: DataLinkInfoDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => answer(RED, this, def));
  }
  RED.nodes.registerType("datalink-info", DataLinkInfo);
}

function answer(RED: NodeAPI, node: Node, def: DataLinkInfoDef): void {
  const settings = new Settings(RED, node);
  const server = chosenServer(RED, def.connection);
  const request = settings.choice("Ask for", def.request, REQUESTS);
  const match = settings.text(def.match);
  const shared = new SharedClient(server);

  onInput(node, async (msg, send) => {
    const wanted = requestOf(msg, request);
    const filter = typeof msg.match === "string" ? msg.match : match;
    try {
      const client = await shared.client();
      Object.assign(msg, await ask(client, wanted, filter, msg, server.address, (text) => node.warn(text)));
      node.status({});
    } catch (error) {
      const wrong = wrongServerKind(asError(error));
      const key = wrong ? `wrong-${wrong}` : "failed";
      node.status({ fill: "red", shape: "ring", text: RED._(`datalink-info.status.${key}`) });
      throw error;
    }
    send(msg);
  });

  onClose(node, async () => {
    node.status({});
    await shared.end();
  });
}

function requestOf(msg: NodeMessageInFlow, standard: Request): Request {
  if (msg.request === undefined) return standard;
  const request = REQUESTS.find((known) => known === msg.request);
  if (request) return request;
  throw new MessageError(`msg.request is ${shownValue(msg.request)}: give one of ${REQUESTS.join(", ")}.`);
}

/** What the message gets. */
async function ask(
  client: DataLinkClient,
  request: Request,
  match: string,
  msg: NodeMessageInFlow,
  address: string,
  onProblem: (sentence: string) => void,
): Promise<Record<string, unknown>> {
  switch (request) {
    case "id":
      return { payload: { ...(await client.identify()), server: address } };
    case "packet": {
      const packet = await client.read(await packetId(client, msg.payload));
      return packetMessage(packet, address, false, onProblem).message;
    }
    default: {
      const info = await client.info(request.toUpperCase() as InfoType, match || undefined);
      return { payload: await inSlices(plainInfo(info)) };
    }
  }
}

async function packetId(client: DataLinkClient, wanted: unknown): Promise<bigint> {
  if (wanted === "earliest") return await client.positionSet("EARLIEST");
  if (wanted === "latest") return await client.positionSet("LATEST");
  const id = readPacketId("msg.payload", wanted);
  if (id !== undefined) return id;
  throw new MessageError('msg.payload is empty: give a packet id, "earliest" or "latest".');
}

/** One connection for all questions, opened when it is needed and closed when it has been idle. */
class SharedClient {
  readonly #server: ServerSettings;
  readonly #stop = new AbortController();
  #opening: Promise<DataLinkClient> | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(server: ServerSettings) {
    this.#server = server;
  }

  client(): Promise<DataLinkClient> {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.close().catch(() => {}), IDLE_MS);
    this.#opening = this.#openAgain(this.#opening);
    return this.#opening;
  }

  async #openAgain(last: Promise<DataLinkClient> | undefined): Promise<DataLinkClient> {
    const client = await last?.catch(() => undefined);
    if (client?.isOpen) return client;
    const { url, options } = this.#server;
    return await DataLinkClient.connect(url, { ...options, signal: this.#stop.signal });
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const client = await this.#opening?.catch(() => undefined);
    this.#opening = undefined;
    await client?.close();
  }

  /** Closes for good, and does not wait for a server that has not answered yet. */
  async end(): Promise<void> {
    this.#stop.abort();
    await this.close();
  }
}
