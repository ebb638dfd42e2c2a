/** One page's response: a snapshot, no faster than it is taken, and then what is new. A page that does not read is cut off. */
import type { ServerResponse } from "node:http";
import { MAX_PAGE_BACKLOG } from "../../../limits.ts";
import { encodeFrame } from "../../frame-writer.ts";
import { Pace } from "../../pace.ts";
import { hasRoom } from "../answer.ts";
import type { Group, Member } from "./group.ts";

/** Milliseconds after which a page may come again, and in which it has to take the last frame. */
const RETRY = 1000;
const LAST_FRAME = 1000;

export class StreamReader implements Member {
  readonly #response: ServerResponse;
  readonly #group: Group;
  readonly #waiting = new Set<string>();
  #isSending = false;

  constructor(response: ServerResponse, group: Group, now: number) {
    this.#response = response;
    this.#group = group;
    response.write(group.beginning(now));
    for (const id of group.wanted()) this.sendWhole(id);
  }

  write(bytes: Uint8Array): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    if (this.#response.writableLength > MAX_PAGE_BACKLOG) this.#response.destroy();
    else this.#response.write(bytes);
  }

  sendWhole(channel: string): void {
    this.#waiting.add(channel);
    if (!this.#isSending) void this.#send();
  }

  /** Says that the seismograph ends, and ends. */
  end(): void {
    if (this.#response.destroyed) return;
    this.#response.end(encodeFrame({ type: "end", reason: "closing", retry: RETRY }));
    const timer = setTimeout(() => this.#response.destroy(), LAST_FRAME);
    this.#response.once("close", () => clearTimeout(timer));
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    const pace = new Pace();
    try {
      for (const id of this.#waiting) {
        this.#waiting.delete(id);
        for (const bytes of this.#group.whole(id)) {
          if (this.#response.writableEnded || this.#response.destroyed) return;
          // Each frame in one piece: what the beat writes comes in between.
          if (!this.#response.write(bytes) && !(await hasRoom(this.#response))) return;
          await pace.step();
        }
      }
    } catch {
      // Whatever it is, half a snapshot is none: the page comes again.
      this.#response.destroy();
    } finally {
      this.#isSending = false;
    }
  }
}
