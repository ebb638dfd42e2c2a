/**
 * The client packages of NATS, of which this project uses a part: loaded when they are needed, for they are not installed with it.
 * Their types are said again here, so that the declarations of this package compile without them.
 */
import { warn } from "../datalink/core/failures.ts";
import { JetStreamError } from "./errors.ts";

export interface NatsHeaders {
  /** Of a message from the server itself: 100, 404, 408, 409, 503. */
  readonly code: number;
  readonly description: string;
  get(name: string): string;
  set(name: string, value: string): void;
}

export interface NatsMessage {
  readonly subject: string;
  readonly reply?: string;
  readonly data: Uint8Array;
  /** Read when they are asked for: throws at what is not the headers of a message, which somebody else may have stored. */
  readonly headers?: NatsHeaders;
}

/** The headers of a message; `undefined` where it has none that can be read. */
export function headersOf(message: NatsMessage): NatsHeaders | undefined {
  try {
    return message.headers;
  } catch {
    return undefined;
  }
}

/** Hears what comes. What is thrown becomes a warning: the client would stop reading, without a word. */
export function listenTo(
  client: NatsClient,
  subject: string,
  onMessage: (message: NatsMessage) => void,
  onDenied: () => void = () => {},
): NatsSubscription {
  const callback = (error: Error | null, message: NatsMessage) => {
    try {
      if (error) onDenied();
      else onMessage(message);
    } catch (failure) {
      warn(failure);
    }
  };
  return client.subscribe(subject, { callback });
}

export interface NatsStatus {
  readonly type: string;
  readonly error?: Error;
}

export interface NatsSubscription {
  unsubscribe(): void;
  /** Resolves when all has come that the server sent before it knew. */
  drain(): Promise<void>;
}

/** A connection. What it is given to call must not throw: the client would stop reading, without a word. */
export interface NatsClient {
  readonly info?: { readonly version: string; readonly max_payload: number; readonly jetstream?: boolean };
  publish(
    subject: string,
    payload?: Uint8Array | string,
    options?: { headers?: unknown; reply?: string },
  ): void;
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: NatsMessage) => void },
  ): NatsSubscription;
  status(): AsyncIterable<NatsStatus>;
  flush(): Promise<void>;
  close(): Promise<void>;
  closed(): Promise<undefined | Error>;
  isClosed(): boolean;
}

export interface RawStream {
  /** When it was made: another time tells another stream of the same name. */
  created: string;
  config: {
    name: string;
    subjects?: string[];
    retention: string;
    num_replicas: number;
    max_bytes: number;
    /** Nanoseconds, as all times of the interface. */
    max_age: number;
    duplicate_window?: number;
    sealed?: boolean;
    mirror?: unknown;
  };
  state: { messages: number; bytes: number; first_seq: number; last_seq: number };
  cluster?: { leader?: string };
}

export interface ConsumerConfig {
  durable_name?: string;
  ack_policy: "explicit" | "none";
  deliver_policy: "all" | "new" | "by_start_time" | "by_start_sequence";
  opt_start_time?: string;
  opt_start_seq?: number;
  filter_subject?: string;
  ack_wait?: number;
  max_ack_pending?: number;
  headers_only?: boolean;
  inactive_threshold?: number;
  mem_storage?: boolean;
  num_replicas?: number;
}

export interface RawConsumer {
  name: string;
  created: string;
  config: Partial<ConsumerConfig> & {
    filter_subjects?: string[];
    max_deliver?: number;
    backoff?: number[];
    deliver_subject?: string;
  };
  delivered: { stream_seq: number };
  /** All up to this message is acknowledged. */
  ack_floor: { stream_seq: number };
  num_pending: number;
  num_ack_pending: number;
  /** Requests that are out. */
  num_waiting: number;
}

/** Questions and commands about streams and consumers. */
export interface JetStreamManager {
  streams: {
    info(stream: string): Promise<RawStream>;
    add(config: object): Promise<RawStream>;
    /** The first message with this number or a higher one; null where there is none. The stream's leader answers. */
    getMessage(
      stream: string,
      query: { seq: number; next_by_subj: string },
    ): Promise<{ readonly seq: number } | null>;
    /** Lists in pages, each when it is asked for. */
    names(): { next(): Promise<string[]> };
  };
  consumers: {
    info(stream: string, consumer: string): Promise<RawConsumer>;
    add(stream: string, config: ConsumerConfig): Promise<RawConsumer>;
    delete(stream: string, consumer: string): Promise<boolean>;
  };
}

/** What is used of both packages. */
export interface NatsPackages {
  connect(options: object): Promise<NatsClient>;
  headers(): NatsHeaders;
  createInbox(): string;
  credsAuthenticator(text: Uint8Array): unknown;
  jetstreamManager(
    client: NatsClient,
    options: { checkAPI: boolean; timeout: number },
  ): Promise<JetStreamManager>;
}

/** @throws JetStreamError `PACKAGE_MISSING` */
export async function loadPackages(): Promise<NatsPackages> {
  try {
    const [transport, jetstream] = await Promise.all([
      import("@nats-io/transport-node"),
      import("@nats-io/jetstream"),
    ]);
    const { connect, headers, createInbox, credsAuthenticator } = transport;
    return {
      connect,
      headers,
      createInbox,
      credsAuthenticator,
      jetstreamManager: jetstream.jetstreamManager,
    } as unknown as NatsPackages;
  } catch (error) {
    throw missing(error);
  }
}

function missing(cause: unknown): JetStreamError {
  return new JetStreamError(
    "PACKAGE_MISSING",
    "The client packages of NATS are not there: install @nats-io/transport-node and @nats-io/jetstream, version 3.3.1 or a later 3 " +
      "(in Node-RED's user directory: npm install @nats-io/transport-node@3.3.1 @nats-io/jetstream@3.3.1), and start again.",
    { cause },
  );
}
