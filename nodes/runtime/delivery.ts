/**
 * When a packet counts as delivered, and how many may be in the flow at a time: the part of datalink in that follows its
 * packets until they are committed.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Packet } from "../../lib/datalink/protocol/packet.ts";
import type { FlowWatch, Outcome } from "./flow-watch.ts";
import { asError } from "./input-handler.ts";

export interface DeliverySettings {
  /** Nodes that must have finished with a packet; `undefined`: a packet counts as delivered when it is sent. */
  nodes: ReadonlySet<string> | undefined;
  /** What an error on the way means. */
  onError: "continue" | "stop";
  /** What a packet means that has left the flow without reaching the nodes. */
  unreached: "wait" | "commit";
  /** Packets in the flow at a time. */
  maxInFlight: number;
}

export interface DeliveryActions {
  /** Sends the packet's message with this `_msgid`. */
  send(packet: Packet, id: string): void;
  /** The packet counts as delivered. They may be told of in any order. */
  commit(packet: Packet): void;
  /** An error says stop: neither this packet nor those after it count. */
  fail(packet: Packet, error: Error): void;
  newId(): string;
}

interface InFlow {
  readonly id: string;
  readonly packet: Packet;
  readonly since: number;
  /** When it left the flow without having reached the nodes. */
  leftAt: number | undefined;
  /** A part of it was lost while a deploy stopped nodes. */
  lost: boolean;
}

/** Where packets count when they are sent, one that a node never finishes with does not hold up the others for longer. */
const FORGET_MS = 30_000;
/** So long a packet may be away from the flow before it is told of: a node may hold it and send it on later. */
const ASTRAY_MS = 10_000;

const TURNS = 5;

export class Delivery {
  readonly #watch: FlowWatch;
  readonly #settings: DeliverySettings;
  readonly #actions: DeliveryActions;
  readonly #inFlow = new Map<string, InFlow>();
  #waiting: (() => void)[] = [];
  #lastSent = 0;
  #again: NodeJS.Immediate | undefined;

  constructor(watch: FlowWatch, settings: DeliverySettings, actions: DeliveryActions) {
    this.#watch = watch;
    this.#settings = settings;
    this.#actions = actions;
  }

  get isFull(): boolean {
    return this.#inFlow.size >= this.#settings.maxInFlight;
  }

  /** The flow has not taken a packet for a second because it is busy with as many as it may have. */
  get isHeldUp(): boolean {
    return this.isFull && performance.now() - this.#lastSent > 1000;
  }

  /** The first packet that has left the flow without reaching the nodes, and has been away for a while. */
  get astray(): Packet | undefined {
    const [first] = this.#inFlow.values();
    return first?.leftAt !== undefined && performance.now() - first.leftAt > ASTRAY_MS
      ? first.packet
      : undefined;
  }

  /** Packets that were lost on their way while a deploy stopped nodes, oldest first. */
  get lost(): Packet[] {
    return [...this.#inFlow.values()].filter(({ lost }) => lost).map(({ packet }) => packet);
  }

  /** Sends a packet into the flow, unless it `mustWait`. */
  deliver(packet: Packet): void {
    const { nodes } = this.#settings;
    const id = this.#actions.newId();
    const entry: InFlow = { id, packet, since: performance.now(), leftAt: undefined, lost: false };
    this.#inFlow.set(id, entry);
    this.#lastSent = entry.since;
    this.#watch.follow(
      id,
      {
        nodes,
        onQuiet: (outcome) => this.#onQuiet(entry, outcome),
        onLost: () => this.#onLost(entry),
      },
      () => this.#actions.send(packet, id),
    );
    if (!nodes) this.#actions.commit(packet);
  }

  /** Whether no packet may be sent now: too many are in the flow, nodes are being stopped, or lost ones come first. */
  get mustWait(): boolean {
    return this.isFull || this.#watch.isStopping || this.#again !== undefined;
  }

  /** Resolves when it may be different, or when `release` is called. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets those go on who wait for room. */
  release(): void {
    this.#wake();
  }

  /** Call it about once a second: gives up waiting for packets that no node will ever finish with, where it does not matter. */
  tick(): void {
    if (this.#settings.nodes) return;
    const limit = performance.now() - FORGET_MS;
    for (const { id, since } of this.#inFlow.values()) {
      if (since > limit) break;
      this.#remove(id);
    }
  }

  /** Resolves when nothing is on its way any more but what was lost, or after so many milliseconds. */
  async settled(limit: number): Promise<void> {
    const until = performance.now() + limit;
    // However busy the computer is: what is on its way needs a few turns of the event loop to arrive, or to be lost.
    for (let turns = 0; turns < TURNS; turns++) await nextTurn();
    this.#watch.settleLost();
    while ([...this.#inFlow.values()].some(({ lost }) => !lost)) {
      const left = until - performance.now();
      if (left <= 0) break;
      await Promise.race([this.change(), new Promise((resolve) => setTimeout(resolve, Math.min(left, 20)))]);
      this.#watch.settleLost();
    }
  }

  /** Sends those again that were lost. */
  sendLostAgain(): void {
    this.#again = undefined;
    for (const { id, packet, lost } of [...this.#inFlow.values()]) {
      if (!lost) continue;
      this.#inFlow.delete(id);
      this.deliver(packet);
    }
    this.#wake();
  }

  /** Follows none of its packets any longer. */
  clear(): void {
    clearImmediate(this.#again);
    this.#again = undefined;
    for (const id of this.#inFlow.keys()) this.#watch.forget(id);
    this.#inFlow.clear();
    this.#wake();
  }

  /** While nodes are being stopped it has to wait until they are there again. */
  #onLost(entry: InFlow): void {
    entry.lost = true;
    this.#wake();
    if (!this.#watch.isStopping) this.#again ??= setImmediate(() => this.sendLostAgain());
  }

  #onQuiet(entry: InFlow, { reached, error }: Outcome): boolean {
    const { nodes, onError, unreached } = this.#settings;
    if (nodes) {
      if (error && onError === "stop") {
        this.clear();
        this.#actions.fail(entry.packet, asError(error));
        return true;
      }
      if (!reached && !error && unreached === "wait") {
        entry.leftAt = performance.now();
        return false;
      }
      this.#actions.commit(entry.packet);
    }
    this.#remove(entry.id);
    return true;
  }

  #remove(id: string): void {
    this.#watch.forget(id);
    this.#inFlow.delete(id);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
