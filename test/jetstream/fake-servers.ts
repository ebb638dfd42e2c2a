// The servers of a JetStream as what works on a connection sees them, without a socket: what is sent is kept, and the test says what comes.
import type {
  ConsumerConfig,
  JetStreamManager,
  NatsClient,
  NatsHeaders,
  NatsMessage,
  NatsPackages,
  RawConsumer,
  RawStream,
} from "../../lib/jetstream/client.ts";
import { connectedEvent, JetStreamConnection, type JetStreamLink } from "../../lib/jetstream/connection.ts";
import type { JetStreamError } from "../../lib/jetstream/errors.ts";
import type { JetStreamConnectionEvent } from "../../lib/jetstream/events.ts";

export interface Sent {
  readonly subject: string;
  readonly payload: string;
  readonly headers: Map<string, string>;
  readonly reply: string;
}

class Headers extends Map<string, string> implements Pick<NatsHeaders, "code" | "description"> {
  code = 0;
  description = "";
  override get(name: string): string {
    return super.get(name) ?? "";
  }
}

/** A failure of the servers' interface, as the client throws it. */
export function apiError(code: number): Error {
  return Object.assign(new Error(`error ${code}`), { code });
}

const CONSUMER_NOT_FOUND = 10_014;

/** An open connection, the stream `S` at its other end, and the consumers that were made. */
export class FakeLink implements JetStreamLink {
  isUp = true;
  isClosed = false;
  /** What has been sent, the oldest first. */
  readonly sent: Sent[] = [];
  /** What is not permitted, told once. */
  denials: string[] = [];
  readonly stream: RawStream = {
    created: "2026-01-01T00:00:00Z",
    config: {
      ...{ name: "S", subjects: ["seis.>"], retention: "limits", num_replicas: 1, max_bytes: -1, max_age: 0 },
      duplicate_window: 120e9,
    },
    state: { messages: 0, bytes: 0, first_seq: 0, last_seq: 0 },
  };
  readonly consumers = new Map<string, RawConsumer>();
  /** Behind which message of the stream a consumer that is made stands. */
  deliveredFirst = 0;
  /** Thrown by the next question. */
  failure: Error | undefined;
  readonly #listeners = new Map<string, (error: Error | null, message: NatsMessage) => void>();
  #inboxes = 0;

  readonly packages = {
    createInbox: () => `_INBOX.${++this.#inboxes}`,
    headers: () => new Headers() as unknown as NatsHeaders,
  } as NatsPackages;

  readonly client: NatsClient = {
    info: { version: "2.10.0", max_payload: 1_048_576, jetstream: true },
    publish: (subject, payload = "", { headers, reply = "" } = {}) => {
      const text = typeof payload === "string" ? payload : Buffer.from(payload).toString("latin1");
      this.sent.push({ subject, payload: text, reply, headers: new Map(headers as Headers) });
    },
    subscribe: (subject, { callback }) => {
      this.#listeners.set(subject, callback);
      const unsubscribe = () => void this.#listeners.delete(subject);
      return { unsubscribe, drain: async () => unsubscribe() };
    },
    status: async function* () {},
    flush: async () => {},
    close: async () => {},
    closed: async () => undefined,
    isClosed: () => this.isClosed,
  };

  readonly manager: JetStreamManager = {
    streams: {
      info: async () => this.#answer(this.stream),
      add: async () => this.stream,
      getMessage: async () => null,
      names: () => ({ next: async () => [this.stream.config.name] }),
    },
    consumers: {
      info: async (_, name) => {
        const consumer = this.consumers.get(name);
        if (!consumer) throw apiError(CONSUMER_NOT_FOUND);
        return this.#answer(consumer);
      },
      add: async (_, config) => this.makeConsumer(config),
      delete: async (_, name) => this.consumers.delete(name),
    },
  };

  makeConsumer(config: ConsumerConfig): RawConsumer {
    const name = config.durable_name ?? `c${this.consumers.size}`;
    const consumer = {
      ...{
        name,
        config,
        created: `made ${this.consumers.size}`,
        delivered: { stream_seq: this.deliveredFirst },
      },
      ...{
        ack_floor: { stream_seq: 0 },
        num_pending: this.stream.state.messages,
        num_ack_pending: 0,
        num_waiting: 0,
      },
    };
    this.consumers.set(name, consumer);
    return consumer;
  }

  takeDenial(begin: string): string | undefined {
    const at = this.denials.findIndex((subject) => subject.startsWith(begin));
    return this.denials.splice(at, at < 0 ? 0 : 1)[0];
  }

  /** Inboxes that are listened to. */
  get listening(): string[] {
    return [...this.#listeners.keys()];
  }

  /** Sends a message to whoever listens at the subject. */
  deliver(
    subject: string,
    { reply = "", data = "", headers = {} }: { reply?: string; data?: string; headers?: object } = {},
  ): void {
    for (const [pattern, callback] of this.#listeners) {
      if (subject !== pattern && !subject.startsWith(pattern.replace(/\*$/, ""))) continue;
      const known = Object.assign(new Headers(Object.entries(headers)), headers);
      const message = {
        subject,
        data: Buffer.from(data, "latin1"),
        headers: known as unknown as NatsHeaders,
      };
      callback(null, { ...message, ...(reply !== "" && { reply }) });
    }
  }

  /** A word of the servers themselves, such as 404. */
  status(subject: string, code: number, description = ""): void {
    this.deliver(subject, { headers: { code, description } });
  }

  /** Tells listeners that they may not listen. */
  deny(): void {
    for (const callback of this.#listeners.values()) callback(new Error("denied"), undefined as never);
  }

  /** What has been sent since the last time, of a kind. */
  take(subject: string): Sent[] {
    const taken = this.sent.filter((each) => each.subject.startsWith(subject));
    for (const each of taken) this.sent.splice(this.sent.indexOf(each), 1);
    return taken;
  }

  async #answer<T>(value: T): Promise<T> {
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
    return structuredClone(value);
  }
}

/** A connection that is that link; `tell` says what happens to it. */
export class FakeConnection extends JetStreamConnection {
  readonly fake = new FakeLink();
  readonly held: Promise<void>[] = [];
  /** Why there is no connection. */
  failure: JetStreamError | undefined;
  readonly #hearing = new Set<(event: JetStreamConnectionEvent) => void>();

  constructor() {
    super({ servers: "fake" });
  }

  override link(): Promise<JetStreamLink> {
    return this.failure ? Promise.reject(this.failure) : Promise.resolve(this.fake);
  }

  override listen(listener: (event: JetStreamConnectionEvent) => void): () => void {
    this.#hearing.add(listener);
    return () => this.#hearing.delete(listener);
  }

  override holdOpen(work: Promise<void>): void {
    this.held.push(work);
  }

  get listeners(): number {
    return this.#hearing.size;
  }

  lose(): void {
    this.fake.isUp = false;
  }

  comeBack(): void {
    this.fake.isUp = true;
    for (const listener of this.#hearing) listener(connectedEvent(this.server, this.fake));
  }
}
