/** A node that reads packets of a server, each once and in order: what all protocols have in common. */
import type { Node, NodeAPI, NodeMessageInFlow, NodeStatus } from "node-red";
import { RateMeter } from "../../../lib/rate-meter.ts";
import { type ConnectionEvent, ConnectionStatus } from "../connection-status.ts";
import { Delivery } from "../delivery.ts";
import { nodeFile } from "../files.ts";
import { FlowWatch } from "../flow-watch.ts";
import { asError, guarded, onClose, onInput } from "../input-handler.ts";
import { Misfits } from "../misfits.ts";
import { rateText, StatusLine, shortestNeeded } from "../status.ts";
import type { ReadingSettings } from "./reading-settings.ts";
import type { PacketSource, PacketStream, PositionKeeper, ReadPacket } from "./source.ts";

/** What part of the time that Node-RED gives a node to close may go by waiting for packets that are still in the flow. */
const SETTLE_PART = { send: 1 / 30, complete: 1 / 5 };
const NODE_CLOSE_MS = 15_000;

/** So long no stream may match after connecting: in a flow that begins, the first packets are written then. */
const NO_STREAM_MS = 3000;

/** Stations that a status names. */
const NAMED = 3;

export class Reader<Packet extends ReadPacket, Position, From, Event extends ConnectionEvent> {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #source: PacketSource<Packet, Position, From, Event>;
  readonly #settings: ReadingSettings;
  readonly #position: PositionKeeper<Position>;
  readonly #delivery: Delivery<Packet>;
  readonly #status: StatusLine;
  readonly #rate = new RateMeter();
  #connection: ConnectionStatus<Event>;
  #packets: PacketStream<Packet, Position> | undefined;
  #running: Promise<void> = Promise.resolve();
  #state: "stopped" | "running" | "failed" = "stopped";
  /** The text of the status, where it has failed. */
  #failure = "failed";
  #gaps = 0;
  /** Whether a packet has come since the streams were chosen. */
  #hasMatched = false;
  #isToldNoStream = false;
  #connectedAt = 0;
  /** Stations that the server does not serve at the moment. */
  readonly #missing = new Set<string>();
  #toldAstray: Packet | undefined;
  #lastTurn: Promise<void> = Promise.resolve();
  #isClosing = false;

  constructor(
    RED: NodeAPI,
    node: Node,
    settings: ReadingSettings,
    source: PacketSource<Packet, Position, From, Event>,
  ) {
    this.#RED = RED;
    this.#node = node;
    this.#settings = settings;
    this.#source = source;
    this.#connection = this.#newConnection();
    this.#position = source.positionFile(nodeFile(RED, node, "position.json"), (error) =>
      node.warn(`The position could not be saved: ${error.message}.`),
    );
    this.#delivery = new Delivery<Packet>(FlowWatch.of(RED), settings.delivery, {
      send: (packet, id) => this.#send(packet, id),
      commit: (packet) => this.#packets?.commit(packet),
      fail: (packet, error) => this.#fail(packet, error),
      newId: messageIds(() => RED.util.generateId()),
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
      else this.#inTurn(() => this.#begin()).catch((error: Error) => node.error(error.message));
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

  #newConnection(): ConnectionStatus<Event> {
    return new ConnectionStatus<Event>(this.#RED, this.#node, (event) => this.#source.sentence(event));
  }

  /** One start or stop at a time: two at once would leave a connection behind. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(work);
    this.#lastTurn = turn.catch(() => {});
    return turn;
  }

  async #begin(): Promise<void> {
    const { resume, autoStart } = this.#settings;
    if (!resume) await this.#position.remove();
    if (autoStart) this.#start(this.#source.from);
    this.#status.update();
  }

  #start(from: From): void {
    if (this.#state === "running" || this.#isClosing) return;
    this.#connection = this.#newConnection();
    this.#missing.clear();
    this.#hasMatched = false;
    this.#isToldNoStream = false;
    const onEvent = guarded(this.#node, (event: Event) => this.#onEvent(event));
    this.#packets = this.#source.open(from, this.#position, onEvent);
    this.#state = "running";
    this.#running = this.#read(this.#packets);
  }

  /** Never rejects: what ends it is told. */
  async #read(packets: PacketStream<Packet, Position>): Promise<void> {
    try {
      for await (const packet of packets) {
        while (this.#state === "running" && this.#delivery.mustWait) await this.#delivery.change();
        if (this.#state !== "running") {
          packets.giveBack?.(packet);
          return;
        }
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
    const [first, ...rest] = this.#settings.delivery.nodes ? [] : this.#delivery.lost;
    const position = this.#packets?.position;
    if (first && position) this.#position.save(this.#source.rewind(position, [first, ...rest]));
    this.#delivery.leave();
    if (removed) await this.#position.remove();
    else await this.#position.flush();
    await this.#source.release?.();
  }

  #send(packet: Packet, id: string): number {
    const { message, bytes } = this.#source.message(packet, (sentence) =>
      this.#tell("unreadable", { streamId: packet.streamId, message: sentence }),
    );
    this.#rate.add();
    this.#hasMatched = true;
    message._msgid = id;
    this.#node.send([message, null]);
    return bytes;
  }

  #onEvent(event: Event): void {
    this.#connection.note(event);
    const details = this.#source.details(event);
    if (event.type === "gap") this.#gaps++;
    else if (event.type === "connected") {
      this.#missing.clear();
      this.#connectedAt = performance.now();
    } else if (event.type === "missing") {
      for (const station of details.stations as string[]) this.#missing.add(station);
    }
    this.#tell(event.type, { ...details, message: this.#source.sentence(event) });
    this.#status.update();
  }

  #fail(packet: Packet, error: Error): void {
    const { name } = this.#source.identify(packet);
    this.#stopWith(
      new Error(
        `Stopped: a node failed with ${name} (${error.message}). It will be delivered again after the next start.`,
      ),
    );
  }

  /** Ends reading because of an error; a start or a deploy begins again. */
  #stopWith(error: Error): void {
    if (this.#state !== "running") return;
    this.#state = "failed";
    this.#failure = this.#source.failure?.(error) ?? "failed";
    this.#delivery.clear();
    this.#packets?.close().catch((problem: Error) => this.#node.warn(problem.message));
    this.#node.error(error.message, {});
    this.#tell("stopped", { message: error.message });
    this.#status.update();
  }

  #tell(topic: string, payload: Record<string, unknown>): void {
    this.#node.send([null, { topic, payload: { server: this.#source.server, ...payload } }]);
  }

  async #control(msg: NodeMessageInFlow): Promise<void> {
    const control = this.#source.control(msg);
    await this.#stop();
    this.#delivery.clear();
    switch (control.action) {
      case "stop":
        this.#state = "stopped";
        break;
      case "start":
        this.#restart(this.#source.from);
        break;
      case "position":
        await this.#position.remove();
        this.#restart(control.from);
        break;
      case "select":
        control.choose();
        this.#restart(this.#source.from);
        break;
    }
    this.#status.update();
  }

  #restart(from: From): void {
    this.#state = "stopped";
    this.#start(from);
  }

  #describe(): NodeStatus {
    if (this.#state === "failed") return { fill: "red", shape: "dot", text: this.#text(this.#failure) };
    if (this.#state === "stopped") return { fill: "grey", shape: "ring", text: this.#text("stopped") };
    this.#delivery.tick();
    const { astray } = this.#delivery;
    if (astray) {
      this.#tellAstray(astray);
      return { fill: "blue", shape: "ring", text: this.#text("waiting") };
    }
    if (this.#source.isAtEnd)
      return { fill: "grey", shape: "dot", text: this.#text("ended", { count: this.#rate.total }) };
    if (!this.#connection.isConnected) return this.#connection.status();
    if (this.#delivery.isHeldUp) return { fill: "blue", shape: "ring", text: this.#text("paused") };
    if (this.#hasNoStream()) {
      this.#tellNoStream();
      return { fill: "yellow", shape: "dot", text: this.#text("no-stream") };
    }
    return {
      fill: this.#missing.size > 0 ? "yellow" : "green",
      shape: "dot",
      text: this.#streamingText(),
    };
  }

  #streamingText(): string {
    const counts = this.#source.counts?.();
    const streaming = this.#text("streaming", { rate: rateText(this.#rate.read()), ...counts });
    const gaps = this.#gaps > 0 ? `, ${this.#text("gaps", { count: this.#gaps })}` : "";
    const at = this.#packets?.position ? this.#source.place(this.#packets.position) : "";
    const troubles = gaps + this.#missingText();
    return shortestNeeded(`${streaming}${at}${troubles}`, `${streaming}${troubles}`);
  }

  #hasNoStream(): boolean {
    if (this.#packets?.selectedStreams !== 0 || this.#hasMatched) return false;
    return performance.now() - this.#connectedAt > NO_STREAM_MS;
  }

  #tellNoStream(): void {
    if (this.#isToldNoStream) return;
    this.#isToldNoStream = true;
    const selection = this.#source.selection?.() ?? "what is asked for";
    this.#node.warn(
      `No stream of ${this.#source.server} matches ${selection} so far. The dialog shows the server's streams, beside the field Streams; packets of a new one that matches will arrive.`,
    );
  }

  #missingText(): string {
    if (this.#missing.size === 0) return "";
    const more = this.#missing.size > NAMED ? ` +${this.#missing.size - NAMED}` : "";
    const stations = [...this.#missing].slice(0, NAMED).join(", ") + more;
    return `, ${this.#text("missing", { stations })}`;
  }

  #text(key: string, values?: Record<string, string | number>): string {
    return this.#RED._(`${this.#node.type}.status.${key}`, values);
  }

  #tellAstray(packet: Packet): void {
    if (this.#toldAstray === packet) return;
    this.#toldAstray = packet;
    const { name, properties } = this.#source.identify(packet);
    const message = `${name.charAt(0).toUpperCase()}${name.slice(1)} has left the flow without any of the chosen nodes having finished with it: it may have been filtered out. Later packets wait for it. In the settings, let what never gets there count as delivered, or choose other nodes.`;
    this.#node.warn(message);
    this.#tell("waiting", { ...properties, message });
  }
}

const IDS_OF_ONE = 256;

/** Ids as Node-RED makes them, whose last two digits count: each of them made anew costs more than a message's way to a node. */
function messageIds(newId: () => string): () => string {
  let count = 0;
  let first = "";
  return () => {
    if (count % IDS_OF_ONE === 0) first = newId().slice(0, -2);
    return first + LAST_DIGITS[count++ % IDS_OF_ONE];
  };
}

const LAST_DIGITS = Array.from({ length: IDS_OF_ONE }, (_, i) => i.toString(16).padStart(2, "0"));
