/**
 * Follows messages through the flow: tells when nothing of a message, nor of what nodes made of it, is on its way any
 * more. Node-RED's hooks say when a message is sent to a node, when the node takes it, and when it is done with it.
 * What belongs together has the same `_msgid`: Node-RED keeps it through copies, and nodes that turn one message into
 * several keep it by passing on the message's properties.
 *
 * While a deploy stops nodes, messages are lost that are on their way to them. That is noticed too, so that they can be
 * sent again.
 */
import type { EventEmitter } from "node:events";
import type { NodeAPI } from "node-red";
import { asError, guarded } from "./input-handler.ts";

/** The parts of Node-RED's hook events that are used. */
interface RouteEvent {
  msg?: { _msgid?: string };
  source?: { id: string };
}
interface ReceiveEvent extends RouteEvent {
  destination?: { node?: ReceivingNode };
}
interface CompleteEvent extends RouteEvent {
  error?: unknown;
  node?: { id: string; node?: { _alias?: string } };
}

/** What a node keeps of its handlers: two places, by their number. */
interface ReceivingNode {
  id: string;
  _alias?: string;
  _expectedDoneCount?: number;
  _inputCallback?: unknown;
  _inputCallbacks?: unknown;
}

/** A message that is followed, and what became of it so far. Who sends it keeps it by its `_msgid`, in the map given to `join`. */
export interface Followed {
  /** The nodes to reach; `undefined`: any way out of the flow will do. */
  readonly nodes: ReadonlySet<string> | undefined;
  /** Sent to a node, or taken by one that has not finished. */
  underWay: number;
  /** The chosen nodes have finished with at least one message of it; always true where none were chosen. */
  reached: boolean;
  /** The error that some node on the way ended with. */
  error: Error | undefined;
  /** Milliseconds that it has taken of the event loop, roughly; measured while there are several who send packets. */
  spent: number;
  /** A part of it went to a node that a deploy was just stopping: it is followed no longer. */
  lost: boolean;
  /** A message of it that was sent to a node which has not taken it yet; for {@link FlowWatch} alone, as the next one. */
  sent: object | undefined;
  /** A message of it that a chosen node has sent on. */
  passedOn: object | undefined;
  /** Called each time that nothing of the message is on its way any more. */
  onQuiet(): void;
  /** Called when it is lost. */
  onLost(): void;
}

/** What one node has in the flow. */
export type InFlow = ReadonlyMap<string, Followed>;

const LABEL = "datalink-flow-watch";

/** What Node-RED itself takes to bring a message to a node, in milliseconds, roughly: it does so outside of all handlers. */
const ROUTE_MS = 0.03;

type Runtime = Pick<NodeAPI, "hooks" | "events" | "nodes" | "log">;

/** By Node-RED's hooks, which are the same for all types of nodes. */
const watches = new WeakMap<object, FlowWatch>();

/** One for all nodes of a Node-RED. It listens only while there is something to follow. */
export class FlowWatch {
  readonly #hooks: NodeAPI["hooks"];
  readonly #log: NodeAPI["log"];
  readonly #events: EventEmitter;
  readonly #getNode: (id: string) => unknown;
  /** One for each node that has joined: few, so that looking into each costs little. */
  readonly #flows = new Set<InFlow>();
  /**
   * Messages sent to a node that has not taken them yet, and how often: one object may be sent twice. Those that are not the
   * `sent` of what they belong to: mostly a packet is one message at one place.
   */
  #alsoSent = new WeakMap<object, number>();
  /** Messages that a chosen node has sent on, besides `passedOn`. */
  readonly #alsoPassedOn = new WeakSet<object>();
  /** While nodes are being stopped: what was sent to a node that may not be there any more. */
  readonly #unrouted = new Map<RouteEvent, string>();
  #stopping = false;
  #hearsHandled = false;
  /** When a node began to work on the message that was taken last; 0 unless it is measured. */
  #begun = 0;

  /** The one of this Node-RED. */
  static of(RED: Runtime): FlowWatch {
    const watch = watches.get(RED.hooks) ?? new FlowWatch(RED);
    watches.set(RED.hooks, watch);
    return watch;
  }

  constructor({ hooks, events, nodes, log }: Runtime) {
    this.#hooks = hooks;
    this.#log = log;
    this.#events = events;
    this.#getNode = (id) => nodes.getNode(id);
  }

  /** A deploy is stopping nodes: nothing should be sent now. */
  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Follows the messages that are in the map, until it leaves. */
  join(flow: InFlow): void {
    this.#flows.add(flow);
    if (this.#flows.size > 1) return;
    this.#hook<RouteEvent>("preDeliver", (event) => this.#onSent(event));
    this.#hook<ReceiveEvent>("onReceive", (event) => this.#onTaken(event));
    this.#hook<CompleteEvent>("onComplete", (event) => this.#onComplete(event));
    this.#events.on("flows:stopping", this.#onStopping);
    this.#events.on("flows:started", this.#onStarted);
  }

  /** A hook that throws keeps the message from its way; one that does not have a single parameter has to call back. */
  #hook<Event>(name: string, hear: (event: Event) => void): void {
    const hook = guarded(this.#log, hear);
    this.#hooks.add(`${name}.${LABEL}`, (event: Event) => hook(event));
  }

  /** Every message calls every hook there is: those that are seldom needed are there when they are. */
  #unhook(name: string): void {
    this.#hooks.remove(`${name}.${LABEL}`);
  }

  leave(flow: InFlow): void {
    this.#flows.delete(flow);
    if (this.#flows.size > 0) return;
    this.#unhook("*");
    this.#events.off("flows:stopping", this.#onStopping);
    this.#events.off("flows:started", this.#onStarted);
    this.#alsoSent = new WeakMap();
    this.#unrouted.clear();
    this.#stopping = false;
    this.#hearsHandled = false;
  }

  /** Keeps a message under way until {@link letGo}: while it is being sent. */
  hold(entry: Followed): void {
    entry.underWay++;
  }

  /** The message of this `_msgid` is sent. */
  letGo(id: string, entry: Followed): void {
    this.#leave(id, entry);
  }

  /** Tells of what was sent to nodes that were not there. Call it when the turn is over in which that may have happened. */
  settleLost(): void {
    const lost = new Set(this.#unrouted.values());
    this.#unrouted.clear();
    for (const id of lost) this.#lose(id);
  }

  #onRoute(event: RouteEvent): void {
    const entry = this.#entryOf(event.msg);
    if (!entry || isPassedOn(entry, event)) return;
    // It counts at once: the node that sends it may be done before it is known whether it gets anywhere.
    entry.underWay++;
    this.#unrouted.set(event, event.msg?._msgid as string);
  }

  #onSent(event: RouteEvent): void {
    const { msg } = event;
    const entry = this.#entryOf(msg);
    if (!msg || !entry) return;
    if (this.#unrouted.size === 0 || !this.#unrouted.delete(event)) entry.underWay++;
    if (entry.sent === undefined) entry.sent = msg;
    else this.#alsoSent.set(msg, (this.#alsoSent.get(msg) ?? 0) + 1);
    if (!isPassedOn(entry, event)) return;
    if (entry.passedOn === undefined) entry.passedOn = msg;
    else if (entry.passedOn !== msg) this.#alsoPassedOn.add(msg);
  }

  #onTaken({ msg, destination }: ReceiveEvent): void {
    const entry = this.#entryOf(msg);
    if (!msg || !entry) return;
    // Link and Catch nodes hand messages over without sending them.
    if (!this.#takeSent(msg, entry)) entry.underWay++;
    if (this.#flows.size > 1) {
      this.#hearHandled();
      entry.spent += ROUTE_MS;
      this.#begun = performance.now();
    }
    const node = destination?.node;
    if (node?._expectedDoneCount === 0) this.#hearHandled();
    if (!node || node._inputCallback || node._inputCallbacks) return;
    // Nobody takes it: the node has none that would, or it has been stopped while the message was on its way.
    const isStopped = this.#stopping || this.#getNode(node.id) !== node;
    const isPassed = entry.passedOn === msg || this.#alsoPassedOn.has(msg);
    if (isStopped && !isPassed) this.#lose(msg._msgid as string);
    else this.#leave(msg._msgid as string, entry);
  }

  /** Whether the message was sent, to be taken once. */
  #takeSent(msg: object, entry: Followed): boolean {
    if (entry.sent === msg) {
      entry.sent = undefined;
      return true;
    }
    const sent = this.#alsoSent.get(msg) ?? 0;
    if (sent > 0) this.#alsoSent.set(msg, sent - 1);
    return sent > 0;
  }

  /**
   * From the first node on that never says when it is done, which takes a message only after this, or from when it is
   * measured what messages take.
   */
  #hearHandled(): void {
    if (this.#hearsHandled) return;
    this.#hearsHandled = true;
    this.#hook<ReceiveEvent>("postReceive", (event) => this.#onHandled(event));
  }

  /** A node of the old kind never says when it is done: it is when its handler has returned. */
  #onHandled({ msg, destination }: ReceiveEvent): void {
    this.#measure(msg);
    this.#begun = 0;
    const node = destination?.node;
    if (msg && node?._expectedDoneCount === 0) this.#onComplete({ msg, node: { id: node.id, node } });
  }

  #measure(msg: RouteEvent["msg"]): void {
    if (this.#begun === 0) return;
    const now = performance.now();
    const entry = this.#entryOf(msg);
    if (entry) entry.spent += now - this.#begun;
    this.#begun = now;
  }

  #onComplete({ msg, error, node }: CompleteEvent): void {
    // A node may be done before its handler has returned, and nothing left to be told of the message then.
    this.#measure(msg);
    const entry = this.#entryOf(msg);
    if (!msg?._msgid || !entry) return;
    if (error && this.#stopping) {
      // A node that is being stopped may not take it any more.
      this.#lose(msg._msgid);
      return;
    }
    const { nodes } = entry;
    if (error) entry.error ??= asError(error);
    else if (node && (nodes?.has(node.id) || nodes?.has(node.node?._alias ?? ""))) entry.reached = true;
    this.#leave(msg._msgid, entry);
  }

  #leave(id: string, entry: Followed): void {
    entry.underWay--;
    if (entry.underWay > 0 || this.#find(id) !== entry) return;
    entry.underWay = 0;
    entry.onQuiet();
  }

  #lose(id: string): void {
    const entry = this.#find(id);
    if (!entry) return;
    entry.lost = true;
    entry.onLost();
  }

  #find(id: string): Followed | undefined {
    for (const flow of this.#flows) {
      const entry = flow.get(id);
      if (entry) return entry.lost ? undefined : entry;
    }
    return undefined;
  }

  readonly #onStopping = () => {
    if (!this.#stopping) this.#hook<RouteEvent>("preRoute", (event) => this.#onRoute(event));
    this.#stopping = true;
  };

  readonly #onStarted = () => {
    guarded(this.#log, () => this.settleLost())();
    if (this.#stopping) this.#unhook("preRoute");
    this.#stopping = false;
  };

  #entryOf(msg: RouteEvent["msg"]): Followed | undefined {
    return typeof msg?._msgid === "string" ? this.#find(msg._msgid) : undefined;
  }
}

/** Whether a chosen node sends the message: then it has been where it was to go, and cannot be lost any more. */
function isPassedOn(entry: Followed, event: RouteEvent): boolean {
  return entry.nodes?.has(event.source?.id ?? "") ?? false;
}
