/**
 * What a writer has to send and has sent, in order, across connections: {@link Outbox}. Sans-I/O.
 *
 * It also finds a packet at which the server closes the connection without a word, so that the others do not wait for ever.
 * A lost connection says little: the network or the server may have failed. So nothing is given up before
 *
 * 1. several connections in a row have ended without an answer: from then on packets are sent one at a time;
 * 2. several of them have ended right after one packet, alone, was sent: it steps aside, and the next one is sent;
 * 3. the server has taken another packet and then, on the same connection, closed it at this one, several times.
 */
import { Fifo } from "../../net/fifo.ts";

export interface Outgoing {
  /** Connections that have ended right after it was sent alone. */
  strikes: number;
}

/** The packet at which connections end, time and again. */
export interface Suspect<Item> {
  readonly item: Item;
  /** Whether it is certain: the item is in the outbox no more. */
  readonly isGuilty: boolean;
}

const SILENT_ENDS = 3;
const STRIKES_ASIDE = 3;
export const STRIKES_OUT = 6;

/** What ends later has other reasons than the packet. */
const PROMPT_MS = 5000;

export class Outbox<Item extends Outgoing> {
  readonly #maxInFlight: number;
  #waiting = new Fifo<Item>();
  #sent = new Fifo<Item>();
  /** Set aside, to be tried where the server has taken another one. */
  readonly #aside: Item[] = [];
  /** So many more are to be sent one at a time. */
  #alone = 0;
  /** Connections in a row that ended without an answer to what had been sent. */
  #silentEnds = 0;
  /** The server has taken a packet on this connection. */
  #taken = false;
  #sentAt = 0;

  /** @param maxInFlight how many may be sent and not answered */
  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  /** All that has not been answered, sent or not. */
  get length(): number {
    return this.#waiting.length + this.#sent.length + this.#aside.length;
  }

  add(item: Item): void {
    this.#waiting.push(item);
  }

  /** Takes out the one to be sent now, if there is room in the window. */
  take(): Item | undefined {
    if (this.#sent.length >= (this.#isCareful ? 1 : this.#maxInFlight)) return undefined;
    if (this.#taken && this.#aside.length > 0) return this.#aside.shift();
    return this.#waiting.shift() ?? this.#aside.shift();
  }

  sent(item: Item): void {
    this.#sent.push(item);
    this.#sentAt = performance.now();
  }

  /** The server has taken this one, or refused it. Answers come in the order of sending: false where this one's did not. */
  answered(item: Item, isTaken: boolean): boolean {
    if (this.#sent.first !== item) return false;
    this.#sent.shift();
    this.#silentEnds = 0;
    this.#alone = Math.max(0, this.#alone - 1);
    this.#taken ||= isTaken;
    return true;
  }

  /** The connection is over: what was not answered is to be sent again, before all else. */
  lost(closedByPeer: boolean): Suspect<Item> | undefined {
    const wasAside = (this.#sent.first?.strikes ?? 0) >= STRIKES_ASIDE;
    const suspect = closedByPeer ? this.#suspect() : undefined;
    this.#taken = false;
    const waiting = this.#waiting;
    this.#waiting = new Fifo();
    for (let item = this.#sent.shift(); item; item = this.#sent.shift()) {
      if (item.strikes >= STRIKES_OUT) continue;
      if (wasAside) this.#aside.unshift(item);
      else if (item.strikes >= STRIKES_ASIDE) this.#aside.push(item);
      else this.#waiting.push(item);
    }
    for (let item = waiting.shift(); item; item = waiting.shift()) this.#waiting.push(item);
    return suspect;
  }

  /** Takes all out. */
  clear(): Item[] {
    const items = this.#aside.splice(0);
    for (const queue of [this.#sent, this.#waiting]) {
      for (let item = queue.shift(); item; item = queue.shift()) items.push(item);
    }
    return items;
  }

  get #isCareful(): boolean {
    return this.#alone > 0 || this.#aside.length > 0 || (this.#sent.first?.strikes ?? 0) > 0;
  }

  #suspect(): Suspect<Item> | undefined {
    const item = this.#sent.first;
    if (item === undefined) return undefined;
    if (this.#isCareful && performance.now() - this.#sentAt < PROMPT_MS) {
      // The last ones only count where the server has just taken another packet.
      if (this.#taken || item.strikes < STRIKES_ASIDE) item.strikes++;
    }
    if (++this.#silentEnds < SILENT_ENDS && item.strikes === 0) return undefined;
    this.#alone = Math.max(this.#alone, this.#sent.length);
    return { item, isGuilty: item.strikes >= STRIKES_OUT };
  }
}
