/** How a node's connection is doing: for its status, the log, and the messages about events. */
import type { Node, NodeAPI, NodeStatus } from "node-red";
import { eventText, retryText } from "../../lib/datalink/event-text.ts";
import type { SubscriptionEvent } from "../../lib/datalink/subscribe.ts";
import type { WriterEvent } from "../../lib/datalink/writer.ts";
import { formatMicroseconds } from "../../lib/time.ts";

export type ConnectionEvent = SubscriptionEvent | WriterEvent;

/** The same trouble is logged again after this time only, also if the connection came about in between. */
const REPEAT_MS = 60_000;

export class ConnectionStatus {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  #state: "connecting" | "connected" | "disconnected" | "refused" = "connecting";
  #retryAt = 0;
  /** When each trouble was logged, the latest last. */
  readonly #logged = new Map<string, number>();
  /** The log says that there is no connection. */
  #isToldLost = false;

  constructor(RED: NodeAPI, node: Node) {
    this.#RED = RED;
    this.#node = node;
  }

  get isConnected(): boolean {
    return this.#state === "connected";
  }

  /** Takes note of an event. */
  note(event: ConnectionEvent): void {
    if (event.type === "connected") {
      if (this.#isToldLost) this.#node.log(sentence(event));
      this.#isToldLost = false;
      this.#state = "connected";
    } else if (event.type === "disconnected" || event.type === "refused") {
      this.#state = event.type;
      this.#retryAt = performance.now() + event.retryIn;
      this.#log(sentence(event));
    } else if (event.type === "position-damaged" || event.type === "inexact") {
      this.#node.warn(sentence(event));
    }
  }

  /** The status while there is no connection. */
  status(): NodeStatus {
    const text = (key: string, values?: Record<string, number>) =>
      this.#RED._(`${this.#node.type}.status.${key}`, values);
    const seconds = Math.max(0, Math.ceil((this.#retryAt - performance.now()) / 1000));
    if (this.#state === "connecting" || seconds === 0) {
      return { fill: "yellow", shape: "ring", text: text("connecting") };
    }
    const key = this.#state === "refused" ? "refused" : "retry";
    return { fill: "red", shape: "ring", text: text(key, { seconds }) };
  }

  #log(text: string): void {
    const now = performance.now();
    for (const [trouble, at] of this.#logged) if (now - at >= REPEAT_MS) this.#logged.delete(trouble);
    const trouble = text.replace(/ Next attempt.*$/, "");
    if (this.#logged.has(trouble)) return;
    this.#logged.set(trouble, now);
    this.#isToldLost = true;
    this.#node.warn(text);
  }
}

/** An event as a message: its type as topic; plain values, and a sentence, as payload. */
export function eventMessage(event: ConnectionEvent): { topic: string; payload: Record<string, unknown> } {
  const { type, server } = event;
  return { topic: type, payload: { server, ...details(event), message: sentence(event) } };
}

function details(event: ConnectionEvent): Record<string, unknown> {
  switch (event.type) {
    case "connected":
      return { software: event.identity.software, protocol: event.identity.protocol };
    case "disconnected":
    case "refused":
      return { code: event.error.code, attempt: event.attempt, retryIn: event.retryIn };
    case "started":
      return {};
    case "position-damaged":
      return { code: event.error.code };
    case "inexact":
      return { streamId: event.streamId, packetId: String(event.packetId), header: event.header };
    case "packet-refused":
      return { code: event.error.code, streamId: event.streamId };
    case "gap":
      return {
        firstId: String(event.firstId),
        lastId: String(event.lastId),
        packets: Number(event.lastId - event.firstId + 1n),
      };
    case "resumed": {
      const { packetId, packetTime } = event.position;
      return {
        how: event.how,
        packetId: String(packetId),
        ...(packetTime !== undefined && { packetTime: formatMicroseconds(packetTime) }),
      };
    }
  }
}

function sentence(event: ConnectionEvent): string {
  const retries = event.type === "disconnected" || event.type === "refused";
  return retries ? `${eventText(event)} ${retryText(event)}` : eventText(event);
}
