/** How a node's connection is doing: for its status and the log. */
import type { Node, NodeAPI, NodeStatus } from "node-red";
import { type WrongServerKind, wrongServerKind } from "../../lib/net/other-server/wrong-server.ts";

/** What a connection of any protocol tells; of the rest each protocol knows more. */
export type ConnectionEvent =
  | { type: "disconnected" | "refused"; server: string; error: Error; retryIn: number }
  | { type: "connected" | "started" | "gap" | "missing" | "ended"; server: string }
  /** `idsBetween`: so many packets may be lost. */
  | { type: "resumed"; server: string; idsBetween?: bigint }
  | { type: "position-damaged" | "inexact" | "packet-refused" | "unreadable" | "scanned"; server: string }
  /** Connected, but without an answer for so many seconds; and with one again. */
  | { type: "stalled" | "recovered"; server: string; seconds: number };

/** The same trouble is logged again after this time only, also if the connection came about in between. */
const REPEAT_MS = 60_000;

export class ConnectionStatus<Event extends ConnectionEvent> {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #sentence: (event: Event) => string;
  #state: "connecting" | "connected" | "disconnected" | "refused" = "connecting";
  #retryAt = 0;
  /** Since when the server has not answered, though it is connected. */
  #silentSince: number | undefined;
  /** What is wrong with the server, where another one answers. */
  #wrong: WrongServerKind | undefined;
  /** When each trouble was logged, the latest last. */
  readonly #logged = new Map<string, number>();
  /** The log says that there is no connection. */
  #isToldLost = false;

  /** @param sentence what the log says of an event */
  constructor(RED: NodeAPI, node: Node, sentence: (event: Event) => string) {
    this.#RED = RED;
    this.#node = node;
    this.#sentence = sentence;
  }

  /** Whether it is connected to a server that answers. */
  get isConnected(): boolean {
    return this.#state === "connected" && this.#silentSince === undefined;
  }

  /** Takes note of an event. */
  note(event: Event): void {
    const { type } = event;
    if (type === "connected" || type === "started") {
      if (this.#isToldLost) this.#node.log(this.#sentence(event));
      this.#isToldLost = false;
      this.#wrong = undefined;
      this.#silentSince = undefined;
      this.#state = "connected";
    } else if (type === "disconnected" || type === "refused") {
      this.#state = type;
      this.#silentSince = undefined;
      this.#wrong = wrongServerKind(event.error);
      this.#retryAt = performance.now() + event.retryIn;
      if (this.#log(this.#sentence(event))) this.#isToldLost = true;
    } else if (type === "stalled") {
      if (this.#silentSince === undefined) this.#log(this.#sentence(event));
      this.#silentSince = performance.now() - event.seconds * 1000;
    } else if (type === "recovered") {
      if (this.#silentSince !== undefined) this.#node.log(this.#sentence(event));
      this.#silentSince = undefined;
    } else if (type === "missing") {
      // With each connection anew.
      this.#log(this.#sentence(event));
    } else if (type === "resumed") {
      if (event.idsBetween) this.#node.warn(this.#sentence(event));
    } else if (["gap", "position-damaged", "inexact", "unreadable"].includes(type)) {
      this.#node.warn(this.#sentence(event));
    }
  }

  /** The status while there is no connection. */
  status(): NodeStatus {
    const text = (key: string, values?: Record<string, number>) =>
      this.#RED._(`${this.#node.type}.status.${key}`, values);
    if (this.#wrong) return { fill: "red", shape: "ring", text: text(`wrong-${this.#wrong}`) };
    if (this.#silentSince !== undefined) {
      const seconds = Math.round((performance.now() - this.#silentSince) / 1000);
      return { fill: "red", shape: "ring", text: text("silent", { seconds }) };
    }
    const seconds = Math.max(0, Math.ceil((this.#retryAt - performance.now()) / 1000));
    if (this.#state === "connecting" || seconds === 0) {
      return { fill: "yellow", shape: "ring", text: text("connecting") };
    }
    const key = this.#state === "refused" ? "refused" : "retry";
    return { fill: "red", shape: "ring", text: text(key, { seconds }) };
  }

  /** Logs a trouble, unless it was not long ago; tells whether it did. */
  #log(text: string): boolean {
    const now = performance.now();
    for (const [trouble, at] of this.#logged) if (now - at >= REPEAT_MS) this.#logged.delete(trouble);
    const trouble = text.replace(/ Next attempt.*$/, "");
    if (this.#logged.has(trouble)) return false;
    this.#logged.set(trouble, now);
    this.#node.warn(text);
    return true;
  }
}
