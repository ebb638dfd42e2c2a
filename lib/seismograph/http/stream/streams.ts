/** All pages that are open, and the beat that keeps them up to date. */
import type { ServerResponse } from "node:http";
import { MAX_PAGES } from "../../../limits.ts";
import { nowMicroseconds } from "../../../time.ts";
import type { PageKind } from "../../frames.ts";
import type { Seismograph } from "../../seismograph.ts";
import { begin } from "../answer.ts";
import { RequestError } from "../errors.ts";
import { Group } from "./group.ts";
import { StreamReader } from "./reader.ts";
import { keyOf, type StreamRequest } from "./request.ts";

/** Milliseconds from one beat to the next for a trace that moves; a drum is sent what is new in every fourth. */
export const BEAT = 250;
const EVERY: Readonly<Record<PageKind, number>> = { live: 1, heli: 4 };

export class Streams {
  readonly #seismograph: Seismograph;
  readonly #beatTime: number;
  readonly #groups = new Map<string, Group>();
  readonly #readers = new Set<StreamReader>();
  #timer: NodeJS.Timeout | undefined;
  #beats = 0;
  #isClosed = false;

  constructor(seismograph: Seismograph, beat: number) {
    this.#seismograph = seismograph;
    this.#beatTime = beat;
  }

  /** How many pages are open. */
  get size(): number {
    return this.#readers.size;
  }

  /** Answers with a stream. @throws RequestError `BUSY` */
  open(request: StreamRequest, response: ServerResponse): void {
    if (this.#isClosed)
      throw new RequestError("BUSY", "The seismograph is just being stopped: try again in a moment.");
    if (this.#readers.size >= MAX_PAGES) {
      throw new RequestError(
        "BUSY",
        `${MAX_PAGES} pages are open already: close one of them, and try again.`,
      );
    }
    const now = nowMicroseconds();
    const group = this.#groupOf(request);
    // The others are as far as the snapshot of the new one.
    if (group.members.size > 0) group.beat(now);
    // X-Accel-Buffering: proxies shall pass on what comes, when it comes.
    begin(response, 200, { "Content-Type": "application/octet-stream", "X-Accel-Buffering": "no" });
    const reader = new StreamReader(response, group, now);
    this.#readers.add(reader);
    group.members.add(reader);
    response.once("close", () => this.#leave(reader, group));
    this.#timer ??= setInterval(() => this.#beat(), this.#beatTime).unref();
  }

  /** Ends all of them, each with a frame that says so. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const reader of this.#readers) reader.end();
  }

  #groupOf(request: StreamRequest): Group {
    const key = keyOf(request);
    const group =
      this.#groups.get(key) ?? new Group(this.#seismograph, request, this.#beatTime * EVERY[request.page]);
    this.#groups.set(key, group);
    return group;
  }

  #leave(reader: StreamReader, group: Group): void {
    this.#readers.delete(reader);
    group.members.delete(reader);
    const key = keyOf(group.request);
    if (group.members.size === 0 && this.#groups.get(key) === group) this.#groups.delete(key);
    if (this.#readers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    this.#beats++;
    const now = nowMicroseconds();
    for (const group of this.#groups.values()) {
      if (this.#beats % EVERY[group.request.page] === 0) group.beat(now);
    }
  }
}
