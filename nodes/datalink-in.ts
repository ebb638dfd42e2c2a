/** datalink in: one message per packet of a DataLink server, each once and in order. */
import type { Node, NodeAPI, NodeDef, NodeMessageInFlow, NodeStatus } from "node-red";
import { PositionFile } from "../lib/datalink/position-file.ts";
import { MAX_PACKET_ID, type Packet } from "../lib/datalink/protocol/packet.ts";
import type { From } from "../lib/datalink/protocol/position.ts";
import { type Subscription, type SubscriptionEvent, subscribe } from "../lib/datalink/subscribe.ts";
import { RateMeter } from "../lib/rate-meter.ts";
import { toMicroseconds } from "../lib/time.ts";
import { chosenServer, type ServerSettings } from "./datalink-connection.ts";
import { readControl } from "./messages/control.ts";
import { packetMessage } from "./messages/packet-message.ts";
import { ConnectionStatus, eventMessage } from "./runtime/connection-status.ts";
import { Delivery, type DeliverySettings } from "./runtime/delivery.ts";
import { nodeFile } from "./runtime/files.ts";
import { FlowWatch } from "./runtime/flow-watch.ts";
import { asError, guarded, onClose, onInput } from "./runtime/input-handler.ts";
import { Misfits } from "./runtime/misfits.ts";
import { begin, SettingError, Settings } from "./runtime/settings.ts";
import { rateText, StatusLine, shortestNeeded } from "./runtime/status.ts";

interface DataLinkInDef extends NodeDef {
  version: number;
  connection: string;
  match: string;
  reject: string;
  from: string;
  fromTime: string;
  fromPacket: string;
  resume: boolean;
  payload: string;
  commit: string;
  scope: string[];
  onError: string;
  unreached: string;
  maxInFlight: string;
  autoStart: boolean;
}

interface ReaderSettings {
  server: ServerSettings;
  match: string;
  reject: string;
  from: From;
  raw: boolean;
  delivery: DeliverySettings;
}

/** What part of the time that Node-RED gives a node to close may go by waiting for packets that are still in the flow. */
const SETTLE_PART = { send: 1 / 30, complete: 1 / 5 };
const NODE_CLOSE_MS = 15_000;

export default function register(RED: NodeAPI): void {
  const watch = new FlowWatch(RED);

  function DataLinkIn(this: Node, def: DataLinkInDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => new Reader(RED, this, watch, def));
  }
  RED.nodes.registerType("datalink-in", DataLinkIn);
}

class Reader {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #settings: ReaderSettings;
  readonly #position: PositionFile;
  readonly #delivery: Delivery;
  readonly #status: StatusLine;
  readonly #rate = new RateMeter();
  #connection: ConnectionStatus;
  #packets: Subscription | undefined;
  #running: Promise<void> = Promise.resolve();
  #state: "stopped" | "running" | "failed" = "stopped";
  #gaps = 0;
  /** Whether a packet has come through the patterns since they were chosen. */
  #hasMatched = false;
  #isToldNoStream = false;
  #toldAstray: Packet | undefined;
  #lastTurn: Promise<void> = Promise.resolve();
  #isClosing = false;

  constructor(RED: NodeAPI, node: Node, watch: FlowWatch, def: DataLinkInDef) {
    this.#RED = RED;
    this.#node = node;
    this.#settings = readSettings(RED, node, def);
    this.#connection = new ConnectionStatus(RED, node);
    this.#position = new PositionFile(nodeFile(RED, node, "position.json"), (error) =>
      node.warn(`The position could not be saved: ${error.message}.`),
    );
    this.#delivery = new Delivery(watch, this.#settings.delivery, {
      send: (packet, id) => this.#send(packet, id),
      commit: (packet) => this.#packets?.commit(packet),
      fail: (packet, error) => this.#fail(packet, error),
      newId: () => RED.util.generateId(),
      error: (message) => node.error(message),
    });
    this.#status = new StatusLine(node, () => this.#describe());

    onInput(node, (msg) => this.#inTurn(() => this.#control(msg)));
    // What it does goes on whatever comes in.
    Misfits.of(node)?.fit();
    // Not before all nodes are there: what is sent to a node that is not there yet is lost.
    let isNew = true;
    const onStarted = guarded(node, () => {
      // At once: what was lost in a deploy comes before all that is new.
      if (!isNew) this.#delivery.sendLostAgain();
      else this.#inTurn(() => this.#begin(def)).catch((error: Error) => node.error(error.message));
      isNew = false;
    });
    RED.events.on("flows:started", onStarted);
    onClose(node, async (removed) => {
      RED.events.off("flows:started", onStarted);
      this.#status.close();
      this.#isClosing = true;
      await this.#inTurn(() => this.#close(removed));
    });
  }

  /** One start or stop at a time: two at once would leave a connection behind. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(work);
    this.#lastTurn = turn.catch(() => {});
    return turn;
  }

  async #begin(def: DataLinkInDef): Promise<void> {
    if (def.resume === false) await this.#position.remove();
    if (def.autoStart !== false) this.#start(this.#settings.from);
    this.#status.update();
  }

  #start(from: From): void {
    if (this.#state === "running" || this.#isClosing) return;
    const { server, match, reject, delivery } = this.#settings;
    this.#connection = new ConnectionStatus(this.#RED, this.#node);
    this.#hasMatched = false;
    this.#isToldNoStream = false;
    this.#packets = subscribe(server.url, {
      ...server.options,
      match: match || undefined,
      reject: reject || undefined,
      from,
      checkpoint: this.#position,
      maxInFlight: delivery.maxInFlight,
      onEvent: guarded(this.#node, (event: SubscriptionEvent) => this.#onEvent(event)),
    });
    this.#state = "running";
    this.#running = this.#read(this.#packets);
  }

  /** Never rejects: what ends it is told. */
  async #read(packets: Subscription): Promise<void> {
    try {
      for await (const packet of packets) {
        while (this.#state === "running" && this.#delivery.mustWait) await this.#delivery.change();
        if (this.#state !== "running") return;
        this.#delivery.deliver(packet);
      }
    } catch (error) {
      this.#stopWith(asError(error));
    }
  }

  /** Stops reading; what is in the flow is waited for a little. */
  async #stop(): Promise<void> {
    if (this.#state === "running") this.#state = "stopped";
    this.#delivery.release();
    await this.#packets?.close();
    await this.#running;
    const { nodeCloseTimeout = NODE_CLOSE_MS } = this.#RED.settings as { nodeCloseTimeout?: number };
    const part = SETTLE_PART[this.#settings.delivery.nodes ? "complete" : "send"];
    await this.#delivery.settled(nodeCloseTimeout * part);
    await this.#position.flush();
  }

  async #close(removed: boolean): Promise<void> {
    await this.#stop();
    // Counted as delivered when they were sent, but no node has got them: the next start has to bring them again.
    const [lost] = this.#settings.delivery.nodes ? [] : this.#delivery.lost;
    if (lost) this.#position.save({ packetId: lost.packetId - 1n, dataEnd: lost.dataStart - 1 });
    this.#delivery.leave();
    if (removed) await this.#position.remove();
    else await this.#position.flush();
  }

  #send(packet: Packet, id: string): number {
    const { server, raw } = this.#settings;
    const onProblem = (message: string) => this.#tell("unreadable", { streamId: packet.streamId, message });
    const { message, bytes } = packetMessage(packet, server.address, raw, onProblem);
    this.#rate.add();
    this.#hasMatched = true;
    this.#node.send([{ ...message, _msgid: id }, null]);
    return bytes;
  }

  #onEvent(event: SubscriptionEvent): void {
    this.#connection.note(event);
    if (event.type === "gap") {
      this.#gaps++;
      this.#node.warn(eventMessage(event).payload.message as string);
    }
    this.#node.send([null, eventMessage(event)]);
    this.#status.update();
  }

  #fail(packet: Packet, error: Error): void {
    this.#stopWith(
      new Error(
        `Stopped: a node failed with packet ${packet.packetId} of ${packet.streamId} (${error.message}). It will be delivered again after the next start.`,
      ),
    );
  }

  /** Ends reading because of an error; a start or a deploy begins again. */
  #stopWith(error: Error): void {
    if (this.#state !== "running") return;
    this.#state = "failed";
    this.#delivery.clear();
    this.#packets?.close().catch((problem: Error) => this.#node.warn(problem.message));
    this.#node.error(error.message, {});
    this.#tell("stopped", { message: error.message });
    this.#status.update();
  }

  #tell(topic: string, payload: Record<string, unknown>): void {
    this.#node.send([null, { topic, payload: { server: this.#settings.server.address, ...payload } }]);
  }

  async #control(msg: NodeMessageInFlow): Promise<void> {
    const control = readControl(msg);
    await this.#stop();
    this.#delivery.clear();
    switch (control.action) {
      case "stop":
        this.#state = "stopped";
        break;
      case "start":
        this.#restart(this.#settings.from);
        break;
      case "position":
        await this.#position.remove();
        this.#restart(control.from);
        break;
      case "match":
        this.#settings.match = control.match;
        this.#settings.reject = control.reject;
        this.#restart(this.#settings.from);
        break;
    }
    this.#status.update();
  }

  #restart(from: From): void {
    this.#state = "stopped";
    this.#start(from);
  }

  #describe(): NodeStatus {
    const text = (key: string, values?: Record<string, string | number>) =>
      this.#RED._(`datalink-in.status.${key}`, values);
    if (this.#state === "failed") return { fill: "red", shape: "dot", text: text("failed") };
    if (this.#state === "stopped") return { fill: "grey", shape: "ring", text: text("stopped") };
    this.#delivery.tick();
    const { astray } = this.#delivery;
    if (astray) {
      this.#tellAstray(astray);
      return { fill: "blue", shape: "ring", text: text("waiting") };
    }
    if (!this.#connection.isConnected) return this.#connection.status();
    if (this.#delivery.isHeldUp) return { fill: "blue", shape: "ring", text: text("paused") };
    if (this.#packets?.selectedStreams === 0 && !this.#hasMatched) {
      this.#tellNoStream();
      return { fill: "yellow", shape: "dot", text: text("no-stream") };
    }
    const streaming = text("streaming", { rate: rateText(this.#rate.read()) });
    const gaps = this.#gaps > 0 ? `, ${text("gaps", { count: this.#gaps })}` : "";
    const at = this.#packets?.position ? ` #${this.#packets.position.packetId}` : "";
    const whole = `${streaming}${at}${gaps}`;
    return { fill: "green", shape: "dot", text: shortestNeeded(whole, `${streaming}${gaps}`) };
  }

  #tellNoStream(): void {
    if (this.#isToldNoStream) return;
    this.#isToldNoStream = true;
    const { server, match, reject } = this.#settings;
    const except = reject ? `, without those of ${JSON.stringify(reject)},` : "";
    this.#node.warn(
      `No stream of ${server.address} matches ${JSON.stringify(match || ".*")}${except} so far. Look at the server's list of streams beside the field Streams; packets of a new stream that matches will arrive.`,
    );
  }

  #tellAstray(packet: Packet): void {
    if (this.#toldAstray === packet) return;
    this.#toldAstray = packet;
    const message = `Packet ${packet.packetId} of ${packet.streamId} has left the flow without any of the chosen nodes having finished with it: it may have been filtered out. Later packets wait for it. In the settings, let what never gets there count as delivered, or choose other nodes.`;
    this.#node.warn(message);
    this.#tell("waiting", { streamId: packet.streamId, packetId: String(packet.packetId), message });
  }
}

function readSettings(RED: NodeAPI, node: Node, def: DataLinkInDef): ReaderSettings {
  const settings = new Settings(RED, node);
  const whenComplete = settings.choice("Delivered", def.commit, ["send", "complete"]) === "complete";
  const nodes = new Set(def.scope ?? []);
  if (whenComplete && nodes.size === 0) {
    throw new SettingError(
      "INVALID_SETTING",
      "No node is chosen that has to finish with a packet: choose at least one.",
    );
  }
  return {
    server: chosenServer(RED, def.connection),
    match: settings.text(def.match),
    reject: settings.text(def.reject),
    from: startOf(settings, def),
    raw: settings.choice("Payload", def.payload, ["parsed", "raw"]) === "raw",
    delivery: {
      nodes: whenComplete ? nodes : undefined,
      onError: settings.choice("On error", def.onError, ["continue", "stop"]),
      unreached: settings.choice("Filtered", def.unreached, ["wait", "commit"]),
      maxInFlight: settings.number("At most", def.maxInFlight, { min: 1, max: 100_000, fallback: 256 }),
    },
  };
}

function startOf(settings: Settings, def: DataLinkInDef): From {
  const from = settings.choice("Start with", def.from, ["latest", "earliest", "time", "packet"]);
  if (from === "latest" || from === "earliest") return from;
  if (from === "packet") {
    const id = settings.text(def.fromPacket);
    if (!/^\d{1,20}$/.test(id) || BigInt(id) > MAX_PACKET_ID)
      throw new SettingError(
        "INVALID_SETTING",
        `Packet id ${JSON.stringify(id)} is not a packet id: give its digits.`,
      );
    // A position is the packet seen last.
    return BigInt(id) > 0n ? { packetId: BigInt(id) - 1n } : "earliest";
  }
  const time = settings.text(def.fromTime);
  if (toMicroseconds(time) === undefined) {
    throw new SettingError(
      "INVALID_SETTING",
      `Time ${JSON.stringify(time)} is not a time: give one such as 2026-11-22T06:00:00Z.`,
    );
  }
  return time;
}
