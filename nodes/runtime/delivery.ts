/**
 * When a packet counts as delivered, and how many may be in the flow at a time: the part of a reading node that follows its
 * packets until they are committed.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Turn, Turns } from "../../lib/subscription/turns.ts";
import type { FlowWatch, Followed } from "./flow-watch.ts";
import { guarded } from "./input-handler.ts";

export interface DeliverySettings {
  /** Nodes that must have finished with a packet; `undefined`: a packet counts as delivered when it is sent. */
  nodes: ReadonlySet<string> | undefined;
  /**
   * Without nodes: a packet counts when the flow is through with it, or after so many milliseconds. For what cannot be taken back:
   * so that what a deploy loses on its way is not counted.
   */
  countsWithin?: number;
  /** What an error on the way means. */
  onError: "continue" | "stop";
  /** What a packet means that has left the flow without reaching the nodes. */
  unreached: "wait" | "commit";
  /** Packets in the flow at a time; their messages have at most {@link MAX_BYTES_IN_FLIGHT} bytes besides. */
  maxInFlight: number;
}

export interface DeliveryActions<Packet> {
  /** Sends the packet's message with this `_msgid`; gives the bytes of memory that it takes, roughly. */
  send(packet: Packet, id: string): number;
  /** The packet counts as delivered. They may be told of in any order. */
  commit(packet: Packet): void;
  /** An error says stop: neither this packet nor those after it count. */
  fail(packet: Packet, error: Error): void;
  newId(): string;
  /** Hears of what must not happen. */
  error(message: string): void;
}

/** Who hears of what becomes of packets. */
interface Listener<Packet> {
  onQuiet(entry: SentPacket<Packet>): void;
  onLost(): void;
}

/** A packet in the flow. */
class SentPacket<Packet> implements Followed {
  readonly id: string;
  readonly packet: Packet;
  readonly nodes: ReadonlySet<string> | undefined;
  readonly since = performance.now();
  readonly #listener: Listener<Packet>;
  /** Memory that its message takes. */
  bytes = 0;
  spent = 0;
  /** When it left the flow without having reached the nodes. */
  leftAt: number | undefined = undefined;
  underWay = 0;
  reached: boolean;
  error: Error | undefined = undefined;
  lost = false;
  sent: object | undefined = undefined;
  passedOn: object | undefined = undefined;

  constructor(
    id: string,
    packet: Packet,
    nodes: ReadonlySet<string> | undefined,
    listener: Listener<Packet>,
  ) {
    this.id = id;
    this.packet = packet;
    this.nodes = nodes;
    this.reached = nodes === undefined;
    this.#listener = listener;
  }

  onQuiet(): void {
    this.#listener.onQuiet(this);
  }

  onLost(): void {
    this.#listener.onLost();
  }
}

/** What messages in the flow may take of memory: packets have up to 16 MiB, and compressed ones become larger. */
export const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024;

/** Where packets count when they are sent, one that a node never finishes with does not hold up the others for longer. */
const FORGET_MS = 30_000;
/** So long a packet may be away from the flow before it is told of: a node may hold it and send it on later. */
const ASTRAY_MS = 10_000;

const TURNS = 5;

/** All nodes that send packets: what those make in the flow comes in later turns than they are sent in, so it is counted ahead. */
const senders = new Turns();

/** What a packet takes in the flow until it is known, in milliseconds, and how many packets it takes to know it. */
const FIRST_COST_MS = 0.1;
const COST_MEMORY = 32;

export class Delivery<Packet> {
  readonly #watch: FlowWatch;
  readonly #settings: DeliverySettings;
  readonly #actions: DeliveryActions<Packet>;
  readonly #turn: Turn;
  /** What a packet takes of the event loop on its way through the flow, in milliseconds: the mean of the last ones. */
  #cost = FIRST_COST_MS;
  /** By their `_msgid`, in the order in which they were sent. */
  readonly #inFlow = new Map<string, SentPacket<Packet>>();
  #bytes = 0;
  #waiting: (() => void)[] = [];
  #lastSent = 0;
  #again: NodeJS.Immediate | undefined;
  readonly #listener: Listener<Packet> = {
    onQuiet: (entry) => this.#onQuiet(entry),
    onLost: () => this.#onLost(),
  };

  constructor(
    watch: FlowWatch,
    settings: DeliverySettings,
    actions: DeliveryActions<Packet>,
    turns: Turns = senders,
  ) {
    this.#watch = watch;
    this.#settings = settings;
    this.#actions = actions;
    this.#turn = turns.join();
    watch.join(this.#inFlow);
  }

  /** Follows nothing any more. */
  leave(): void {
    this.clear();
    this.#turn.leave();
    this.#watch.leave(this.#inFlow);
  }

  get isFull(): boolean {
    return this.#inFlow.size >= this.#settings.maxInFlight || this.#bytes >= MAX_BYTES_IN_FLIGHT;
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
    const entry = new SentPacket(id, packet, nodes, this.#listener);
    this.#inFlow.set(id, entry);
    this.#lastSent = entry.since;
    this.#turn.charge(this.#cost);
    this.#watch.hold(entry);
    this.#count(entry, this.#actions.send(packet, id));
    this.#watch.letGo(id, entry);
    if (!this.#countsLater) this.#actions.commit(packet);
  }

  /** Whether a packet counts not yet when it is sent. */
  get #countsLater(): boolean {
    return this.#settings.nodes !== undefined || this.#settings.countsWithin !== undefined;
  }

  /**
   * Whether no packet may be sent now: too many are in the flow, nodes are being stopped, lost ones come first, or it is the
   * turn of others.
   */
  get mustWait(): boolean {
    return this.isFull || this.#watch.isStopping || this.#again !== undefined || this.#turn.isOver;
  }

  /** Resolves when it may be different, or when `release` is called. */
  change(): Promise<void> {
    if (this.#turn.isOver) void this.#turn.next().then(() => this.#wake());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets those go on who wait for room. */
  release(): void {
    this.#wake();
  }

  /** Call it about once a second: gives up waiting for packets that no node will ever finish with, where it does not matter. */
  tick(): void {
    const { nodes, countsWithin = FORGET_MS } = this.#settings;
    if (nodes) return;
    const limit = performance.now() - countsWithin;
    for (const { id, since, packet } of this.#inFlow.values()) {
      if (since > limit) break;
      if (this.#countsLater) this.#actions.commit(packet);
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
      this.#drop(id);
      this.deliver(packet);
    }
    this.#wake();
  }

  /** Follows none of its packets any longer. */
  clear(): void {
    clearImmediate(this.#again);
    this.#again = undefined;
    this.#inFlow.clear();
    this.#bytes = 0;
    this.#wake();
  }

  /** While nodes are being stopped it has to wait until they are there again. */
  #onLost(): void {
    this.#wake();
    if (!this.#watch.isStopping) {
      this.#again ??= setImmediate(guarded(this.#actions, () => this.sendLostAgain()));
    }
  }

  #onQuiet(entry: SentPacket<Packet>): void {
    const { nodes, onError, unreached } = this.#settings;
    if (entry.spent > 0) this.#learnCost(entry);
    const { reached, error } = entry;
    if (nodes) {
      if (error && onError === "stop") {
        this.clear();
        this.#actions.fail(entry.packet, error);
        return;
      }
      if (!reached && !error && unreached === "wait") {
        entry.leftAt = performance.now();
        return;
      }
    }
    if (this.#countsLater) this.#actions.commit(entry.packet);
    this.#remove(entry.id);
  }

  #learnCost(entry: SentPacket<Packet>): void {
    this.#cost += (entry.spent - this.#cost) / COST_MEMORY;
    entry.spent = 0;
  }

  #remove(id: string): void {
    this.#drop(id);
    this.#wake();
  }

  #drop(id: string): void {
    this.#bytes -= this.#inFlow.get(id)?.bytes ?? 0;
    this.#inFlow.delete(id);
  }

  /** Where the flow handles messages in the same turn, the packet may be through it already. */
  #count(entry: SentPacket<Packet>, bytes: number): void {
    if (this.#inFlow.get(entry.id) !== entry) return;
    entry.bytes = bytes;
    this.#bytes += bytes;
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
