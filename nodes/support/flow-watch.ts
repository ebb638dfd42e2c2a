/**
 * Follows messages through the flow: tells when nothing of a message, nor of what nodes made of it, is on its way any
 * more. Node-RED's hooks say when a message is sent to a node, when the node takes it, and when it is done with it.
 * What belongs together has the same `_msgid`: Node-RED keeps it through copies, and nodes that turn one message into
 * several keep it by passing on the message's properties.
 */
import type { NodeAPI } from "node-red";
import { asError } from "./input.ts";

type Hooks = NodeAPI["hooks"];

/** The parts of Node-RED's hook events that are used. */
interface DeliveryEvent {
  msg?: { _msgid?: string };
}
interface ReceiveEvent extends DeliveryEvent {
  destination?: { node?: { id: string; _alias?: string; _expectedDoneCount?: number } };
}
interface CompleteEvent extends DeliveryEvent {
  error?: unknown;
  node?: { id: string; node?: { _alias?: string } };
}

/** What became of a message that is followed. */
export interface Outcome {
  /** The chosen nodes have finished with at least one message of it; always true where none were chosen. */
  reached: boolean;
  /** The error that some node on the way ended with. */
  error: Error | undefined;
}

export interface Followed {
  /** The nodes to reach; `undefined`: any way out of the flow will do. */
  readonly nodes: ReadonlySet<string> | undefined;
  /** Called each time that nothing of the message is on its way any more. Return true to follow it no longer. */
  onQuiet(outcome: Outcome): boolean;
}

interface Entry extends Outcome {
  followed: Followed;
  /** Sent to a node, or taken by one that has not finished. */
  underWay: number;
}

const LABEL = "datalink-flow-watch";

/** One for all nodes of a Node-RED. Its hooks are set only while there is something to follow them for. */
export class FlowWatch {
  readonly #hooks: Hooks;
  readonly #entries = new Map<string, Entry>();
  /** Messages sent to a node that has not taken them yet, and how often: one object may be sent twice. */
  #sent = new WeakMap<object, number>();
  #users = 0;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  /** Begin to watch; call `leave` as often. */
  join(): void {
    if (this.#users++ > 0) return;
    this.#hooks.add(`preDeliver.${LABEL}`, (event: DeliveryEvent) => this.#onSent(event));
    this.#hooks.add(`onReceive.${LABEL}`, (event: ReceiveEvent) => this.#onTaken(event));
    this.#hooks.add(`postReceive.${LABEL}`, (event: ReceiveEvent) => this.#onHandled(event));
    this.#hooks.add(`onComplete.${LABEL}`, (event: CompleteEvent) => this.#onComplete(event));
  }

  leave(): void {
    if (--this.#users > 0) return;
    this.#hooks.remove(`*.${LABEL}`);
    this.#sent = new WeakMap();
  }

  /** Follows the message of this `_msgid` while `send` sends it, and on. */
  follow(id: string, followed: Followed, send: () => void): void {
    const entry: Entry = { followed, underWay: 1, reached: followed.nodes === undefined, error: undefined };
    this.#entries.set(id, entry);
    send();
    this.#leave(id, entry);
  }

  forget(id: string): void {
    this.#entries.delete(id);
  }

  #onSent({ msg }: DeliveryEvent): void {
    const entry = this.#entryOf(msg);
    if (!msg || !entry) return;
    entry.underWay++;
    this.#sent.set(msg, (this.#sent.get(msg) ?? 0) + 1);
  }

  #onTaken({ msg }: ReceiveEvent): void {
    const entry = this.#entryOf(msg);
    if (!msg || !entry) return;
    const sent = this.#sent.get(msg) ?? 0;
    // Link and Catch nodes hand messages over without sending them.
    if (sent === 0) entry.underWay++;
    else this.#sent.set(msg, sent - 1);
  }

  /** A node of the old kind never says when it is done: it is when its handler has returned. */
  #onHandled({ msg, destination }: ReceiveEvent): void {
    const node = destination?.node;
    if (node?._expectedDoneCount === 0)
      this.#onComplete({ ...(msg && { msg }), node: { id: node.id, node } });
  }

  #onComplete({ msg, error, node }: CompleteEvent): void {
    const entry = this.#entryOf(msg);
    if (!msg?._msgid || !entry) return;
    const { nodes } = entry.followed;
    if (error) entry.error ??= asError(error);
    else if (node && (nodes?.has(node.id) || nodes?.has(node.node?._alias ?? ""))) entry.reached = true;
    this.#leave(msg._msgid, entry);
  }

  #leave(id: string, entry: Entry): void {
    entry.underWay--;
    if (entry.underWay > 0 || this.#entries.get(id) !== entry) return;
    if (entry.followed.onQuiet({ reached: entry.reached, error: entry.error })) this.#entries.delete(id);
    else entry.underWay = 0;
  }

  #entryOf(msg: DeliveryEvent["msg"]): Entry | undefined {
    return typeof msg?._msgid === "string" ? this.#entries.get(msg._msgid) : undefined;
  }
}
