/** A connection to the servers of a NATS cluster, shared by subscriptions and writers: {@link JetStreamConnection}. */
import { type Address, AddressError, formatAddress, parseAddress } from "../net/address.ts";
import type { TlsOptions } from "../net/tls.ts";
import { type JetStreamManager, loadPackages, type NatsClient, type NatsPackages } from "./client.ts";
import { JetStreamError } from "./errors.ts";
import type { JetStreamConnectionEvent } from "./events.ts";
import { apiFailure, connectFailure } from "./failures.ts";

/** How a client logs in: one of these. */
export type JetStreamAuth =
  | { user: string; password: string }
  | { token: string }
  /** The text of a `.creds` file: a JSON web token and the key that it belongs to. */
  | { creds: string };

/** Where the servers are, and how to get in. */
export interface JetStreamSettings {
  /** `nats://host:4222`, `tls://host`, `host:port`, `host`; several of one cluster as a list, or with commas between them. */
  servers: string | readonly string[];
  auth?: JetStreamAuth | undefined;
  /** TLS with these options of Node.js (`ca`, `cert`, `key`, `servername`, …); `{}` for TLS as it is. */
  tls?: TlsOptions | undefined;
  /** Milliseconds that connecting, and an answer of the servers, may take. Default 5000. */
  timeout?: number | undefined;
  /** What the servers call this client in their lists. */
  name?: string | undefined;
  /** Ends the attempt to connect. */
  signal?: AbortSignal | undefined;
}

/** An open connection, for what works on it. @internal */
export interface JetStreamLink {
  readonly packages: NatsPackages;
  readonly client: NatsClient;
  readonly manager: JetStreamManager;
  /** Whether what is sent now goes out now. */
  readonly isUp: boolean;
  /** What the servers did not permit of what begins so, in their words, or of listening at all; told once. */
  takeDenial(begin: string): string | undefined;
}

/** Denials that are kept until somebody asks. */
const MAX_DENIALS = 64;

class Link implements JetStreamLink {
  readonly packages: NatsPackages;
  readonly client: NatsClient;
  readonly manager: JetStreamManager;
  readonly #denials = new Map<string, string>();
  /** Failures to come back, in a row. */
  attempt = 0;
  stands = true;

  constructor(packages: NatsPackages, client: NatsClient, manager: JetStreamManager) {
    this.packages = packages;
    this.client = client;
    this.manager = manager;
  }

  get isUp(): boolean {
    return this.stands && !this.client.isClosed();
  }

  deny({ operation, subject, message }: NatsDenial): void {
    const [oldest = ""] = this.#denials.keys();
    if (this.#denials.size >= MAX_DENIALS) this.#denials.delete(oldest);
    this.#denials.set(operation === "subscription" ? LISTENING : subject, message);
  }

  takeDenial(begin: string): string | undefined {
    for (const [subject, message] of this.#denials) {
      if (subject !== LISTENING && !subject.startsWith(begin)) continue;
      this.#denials.delete(subject);
      return message;
    }
    return undefined;
  }

  forgetDenials(): void {
    this.#denials.clear();
  }
}

/** Only answers are listened for, so that nothing works where it is not permitted. */
const LISTENING = "";

/** What the client says of it. */
interface NatsDenial extends Error {
  readonly operation: string;
  readonly subject: string;
}

const FORM = { schemes: ["nats", "tls"], ports: [4222, 4222], webSocketPath: "" } as const;

const DEFAULT_TIMEOUT_MS = 5000;
/** Between attempts to come back to the same server. */
const RECONNECT_MS = 500;
/** A connection on which nothing comes is asked so often, and given up after the second question without an answer. */
const PING_MS = 5000;
/** What still waits to be sent when it is closed has so long. */
const FLUSH_MS = 1000;
const MAX_SERVERS = 64;

/**
 * One connection for any number of subscriptions and writers. Once it has come about it is made again for ever when it is
 * lost; the subscriptions and writers on it tell.
 */
export class JetStreamConnection implements AsyncDisposable {
  /** The servers, with commas between them, without user name and password. */
  readonly server: string;
  readonly #addresses: readonly Address[];
  readonly #settings: JetStreamSettings;
  readonly #listeners = new Set<(event: JetStreamConnectionEvent) => void>();
  #link: Link | undefined;
  #opening: Promise<Link> | undefined;
  readonly #held = new Set<Promise<void>>();
  #isClosed = false;

  /**
   * Opens nothing yet: whoever first needs it does.
   *
   * @throws JetStreamError `INVALID_ADDRESS`, `INVALID_ARGUMENT`
   */
  constructor(settings: JetStreamSettings) {
    this.#settings = settings;
    this.#addresses = addressesOf(settings);
    this.server = this.#addresses.map(formatAddress).join(",");
    const { timeout = DEFAULT_TIMEOUT_MS } = settings;
    if (!(timeout >= 1 && timeout <= 600_000))
      throw new JetStreamError(
        "INVALID_ARGUMENT",
        `timeout is a number of milliseconds from 1 to 600000, not ${timeout}.`,
      );
  }

  /** Whether it stands at this moment. */
  get isConnected(): boolean {
    return this.#link?.isUp === true;
  }

  /** Hears what happens to the connection from now on, and at once where it stands; returns what ends that. */
  listen(listener: (event: JetStreamConnectionEvent) => void): () => void {
    this.#listeners.add(listener);
    if (this.#link?.isUp) listener(connectedEvent(this.server, this.#link));
    return () => this.#listeners.delete(listener);
  }

  /**
   * The open connection; opened if it is not. Fails as {@link connectJetStream} does, and may be tried again.
   *
   * @internal
   */
  async link(signal?: AbortSignal): Promise<JetStreamLink> {
    if (this.#isClosed) throw new JetStreamError("CLOSED", `The connection to ${this.server} was closed.`);
    if (this.#link) return this.#link;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return await abortable(this.#opening, signal, `Connecting to ${this.server}`);
  }

  /** Stays open until something has ended that takes a few seconds at most, also where it is to be closed. @internal */
  holdOpen(work: Promise<void>): void {
    const held = work.finally(() => this.#held.delete(held));
    this.#held.add(held);
  }

  /** Closes it, and what is on it; takes some 2 s where groups give back packets. An attempt to connect ends by itself. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#held);
    this.#isClosed = true;
    const link = this.#link;
    this.#link = undefined;
    if (!link || link.client.isClosed()) return;
    if (link.isUp) await Promise.race([link.client.flush().catch(() => {}), pause(FLUSH_MS)]);
    link.stands = false;
    await link.client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #open(): Promise<Link> {
    const { timeout = DEFAULT_TIMEOUT_MS } = this.#settings;
    let client: NatsClient | undefined;
    try {
      const packages = await loadPackages();
      client = await packages.connect(this.#options(packages, timeout));
      const manager = await this.#manager(packages, client, timeout);
      const link = new Link(packages, client, manager);
      if (this.#isClosed) throw new JetStreamError("CLOSED", `The connection to ${this.server} was closed.`);
      this.#link = link;
      this.#watch(link).catch(() => {});
      this.#tell(connectedEvent(this.server, link));
      return link;
    } catch (error) {
      await client?.close();
      throw connectFailure(this.server, this.#addresses, error);
    }
  }

  #options(packages: NatsPackages, timeout: number): object {
    const { tls, name } = this.#settings;
    return {
      servers: this.#addresses.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`),
      name,
      timeout,
      tls: tls ?? (this.#addresses.some(({ isSecure }) => isSecure) ? {} : undefined),
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      // A server whose users are being changed refuses twice, and is right again.
      ignoreAuthErrorAbort: true,
      pingInterval: PING_MS,
      ...this.#login(packages),
    };
  }

  #login(packages: NatsPackages): object {
    const auth = this.#settings.auth ?? this.#addresses.find(({ credentials }) => credentials)?.credentials;
    if (!auth) return {};
    if ("token" in auth) return { token: auth.token };
    if ("creds" in auth) return { authenticator: packages.credsAuthenticator(Buffer.from(auth.creds)) };
    // `nats://TOKEN@host`: as all clients of NATS have it.
    if (auth !== this.#settings.auth && auth.password === "") return { token: auth.user };
    return { user: auth.user, pass: auth.password };
  }

  /** A server without JetStream may be one of a cluster that has it: then the question is answered all the same. */
  async #manager(packages: NatsPackages, client: NatsClient, timeout: number): Promise<JetStreamManager> {
    const checkAPI = client.info?.jetstream !== true;
    try {
      return await packages.jetstreamManager(client, { checkAPI, timeout });
    } catch (error) {
      if (checkAPI && (error as Error).name === "JetStreamNotEnabled") throw this.#noJetStream();
      throw apiFailure(this.server, "Asking for JetStream", error);
    }
  }

  #noJetStream(): JetStreamError {
    return new JetStreamError(
      "JETSTREAM_OFF",
      `${this.server} has no JetStream: it needs "jetstream { store_dir: … }" in the server's configuration.`,
    );
  }

  /** Until the client is closed. */
  async #watch(link: Link): Promise<void> {
    for await (const { type, error } of link.client.status()) {
      if (type === "disconnect") this.#lost(link, undefined);
      else if (type === "reconnect") this.#back(link);
      else if (type === "error" && error) this.#problem(link, error);
    }
    const reason = await link.client.closed();
    link.stands = false;
    if (this.#link !== link) return;
    // Not for ever after all: whoever needs it opens it again.
    this.#link = undefined;
    this.#tellLost(
      link,
      connectFailure(this.server, this.#addresses, reason ?? new Error("the client gave up")),
    );
  }

  #lost(link: Link, error: JetStreamError | undefined): void {
    link.stands = false;
    link.attempt++;
    const lost = new JetStreamError("CONNECT_FAILED", `The connection to ${this.server} was lost.`);
    this.#tellLost(link, error ?? lost);
  }

  #back(link: Link): void {
    link.stands = true;
    link.attempt = 0;
    link.forgetDenials();
    this.#tell(connectedEvent(this.server, link));
  }

  #problem(link: Link, error: Error): void {
    if (error.name === "PermissionViolationError") link.deny(error as NatsDenial);
    else if (error.name === "AuthorizationError" && !link.isUp)
      this.#lost(link, connectFailure(this.server, this.#addresses, error));
  }

  #tellLost(link: Link, error: JetStreamError): void {
    const type = error.code === "NOT_PERMITTED" ? "refused" : "disconnected";
    this.#tell({ type, server: this.server, error, retryIn: RECONNECT_MS, attempt: link.attempt });
  }

  /** Listeners are ours, and do not throw. */
  #tell(event: JetStreamConnectionEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

/**
 * Connects. Resolves when the connection stands.
 *
 * @throws JetStreamError `PACKAGE_MISSING`, `INVALID_ADDRESS`, `INVALID_ARGUMENT`, `CONNECT_FAILED`, `CERTIFICATE_REJECTED`,
 *   `NOT_PERMITTED`, `JETSTREAM_OFF`, `ABORTED`
 */
export async function connectJetStream(settings: JetStreamSettings): Promise<JetStreamConnection> {
  const connection = new JetStreamConnection(settings);
  try {
    await connection.link(settings.signal);
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** One that is shared, or one of its own for these settings. @internal */
export function connectionOf(given: JetStreamConnection | JetStreamSettings): {
  connection: JetStreamConnection;
  isOwn: boolean;
} {
  if (given instanceof JetStreamConnection) return { connection: given, isOwn: false };
  return { connection: new JetStreamConnection(given), isOwn: true };
}

/** That it stands. @internal */
export function connectedEvent(server: string, { client }: JetStreamLink): JetStreamConnectionEvent {
  return { type: "connected", server, version: client.info?.version ?? "" };
}

function addressesOf({ servers, tls }: JetStreamSettings): Address[] {
  const texts = (typeof servers === "string" ? servers.split(",") : [...servers]).map((text) => text.trim());
  const given = texts.filter((text) => text !== "");
  if (given.length === 0 || given.length > MAX_SERVERS)
    throw new JetStreamError(
      "INVALID_ADDRESS",
      `Give 1 to ${MAX_SERVERS} servers, such as nats://a.example.org:4222.`,
    );
  const [first = ""] = given;
  // `nats://a,b,c`: the scheme, and the login, are those of the first.
  const scheme = /^[a-z]+:\/\//i.exec(first)?.[0] ?? "";
  return given.map((text) => addressOf(/^[a-z]+:\/\//i.test(text) ? text : scheme + text, tls !== undefined));
}

function addressOf(text: string, secure: boolean): Address {
  try {
    const address = parseAddress(text, FORM, secure);
    // Both schemes have one port: by itself it does not mean TLS.
    if (!secure && !/^[a-z]+:\/\//i.test(text)) return { ...address, scheme: "nats", isSecure: false };
    if (!address.isWebSocket) return address;
    throw new AddressError(`"${formatAddress(address)}" is not a server address: use nats:// or tls://.`);
  } catch (error) {
    if (error instanceof AddressError) throw new JetStreamError("INVALID_ADDRESS", error.message);
    throw error;
  }
}

/**
 * The same, but it is not waited for any longer when the signal fires.
 *
 * @throws JetStreamError `ABORTED`, and what the work throws
 * @internal
 */
export async function abortable<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  what: string,
): Promise<T> {
  if (!signal) return await work;
  const aborted = () => new JetStreamError("ABORTED", `${what}: aborted.`, { cause: signal.reason });
  let onAbort = () => {};
  const abort = new Promise<never>((_, reject) => {
    onAbort = () => reject(aborted());
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([abort, work]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
