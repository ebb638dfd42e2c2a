/** Which packet may go next: at most one of each stream id is on its way, the others of that id wait for it in their order. */
import { Fifo } from "../../net/fifo.ts";

/** What waits in a lane. */
export interface InLane {
  /** The lane: packets of one keep their order. */
  readonly streamId: string;
}

export class Lanes<Item extends InLane> {
  /** The lanes with an item that is out; what waits behind it, where anything does. */
  readonly #waiting = new Map<string, Fifo<Item> | undefined>();
  readonly #ready = new Fifo<Item>();
  #length = 0;

  /** Items that are waiting or out. */
  get length(): number {
    return this.#length;
  }

  /** The next item that may go, which stays there. */
  get first(): Item | undefined {
    return this.#ready.first;
  }

  add(item: Item): void {
    this.#length++;
    if (!this.#waiting.has(item.streamId)) {
      this.#waiting.set(item.streamId, undefined);
      this.#ready.push(item);
      return;
    }
    let behind = this.#waiting.get(item.streamId);
    if (!behind) {
      behind = new Fifo();
      this.#waiting.set(item.streamId, behind);
    }
    behind.push(item);
  }

  /** Takes the next item that may go. */
  take(): Item | undefined {
    return this.#ready.shift();
  }

  /** An item that was taken is done with: the next one of its lane may go. */
  done({ streamId }: Item): void {
    this.#length--;
    const next = this.#waiting.get(streamId)?.shift();
    if (next) this.#ready.push(next);
    else this.#waiting.delete(streamId);
  }

  /** Takes all that have not been taken. */
  clear(): Item[] {
    const items: Item[] = [];
    for (let item = this.#ready.shift(); item; item = this.#ready.shift()) items.push(item);
    for (const behind of this.#waiting.values())
      for (let item = behind?.shift(); item; item = behind?.shift()) items.push(item);
    this.#waiting.clear();
    this.#length = 0;
    return items;
  }
}
