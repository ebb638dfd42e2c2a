/**
 * A session: one client's side of a protocol. Bytes go in, answers and packets come out; no sockets. What the sessions of
 * DataLink and SeedLink have in common: who the client is, what it may do, and where in the ring it reads.
 */
import type { Permissions } from "./access/access.ts";
import type { ServerContext } from "./context.ts";
import type { ServerClient } from "./events.ts";
import type { Gathered } from "./ring/gather.ts";
import type { WriteBuffers } from "./ring/write-buffers.ts";
import { Traffic } from "./traffic.ts";

/** An answer that takes long: it is worked out step by step, and others may have their turn in between. */
export type Steps = Generator<undefined, void>;

/** Sends one whole message to the client, in one or more parts. */
export type Send = (...parts: Buffer[]) => void;

/** What a write has room for. */
export interface Room {
  /** Bytes of packets, but at least one packet. */
  maxBytes: number;
  /** When to stop, by `performance.now()`, if the client's patterns have to be asked about new streams. */
  until: number;
  /** Bytes to be put before a packet of this length, for transports that have their own framing. */
  prefix: ((length: number) => Buffer) | undefined;
  /** Where the memory of the packets comes from, and goes back to. */
  buffers: WriteBuffers;
}

/** Somebody who comes from somewhere. */
export interface SessionPeer {
  address: string;
  port: number;
}

/** Logins that fail, one behind the other, after which a client is sent away. */
const MAX_FAILED_LOGINS = 5;

/** What a login leads to: `undefined` where it has succeeded, or in words why not, and whether that was the last try. */
export type LoginRefusal = { message: string; isLast: boolean; tooMany: boolean } | undefined;

export abstract class Session {
  /** The protocol, as INFO CONNECTIONS calls it. */
  abstract readonly protocol: string;
  /** The patterns by which the client chooses among the streams. */
  abstract readonly match: string | undefined;
  abstract readonly reject: string | undefined;
  /** Bytes that have come and are not handled yet. */
  abstract readonly buffered: number;
  /** What the client calls itself; empty until it has said it. */
  clientId = "";
  readonly sent = new Traffic();
  readonly received = new Traffic();
  /** Whether packets are to be sent as they come. */
  streaming = false;
  /** The connection is to be closed once everything has been sent. */
  ended = false;
  /** Why, where the client has not asked for it. */
  endReason: string | undefined;
  /** Sequence of the next packet to look at; `undefined` until the client has taken a position. */
  next: number | undefined;
  /** The sequence behind the last packet that was acknowledged. */
  unsafe = 0;
  /** Sequence of the packet sent last. */
  lastSent: number | undefined;
  /** Streams selected when the client last changed its selection. */
  selectedStreams = 0;
  protected readonly context: ServerContext;
  protected readonly send: Send;
  protected permissions: Permissions;
  readonly #peer: SessionPeer;
  readonly #permissionsOfAddress: Permissions;
  #failedLogins = 0;

  constructor(context: ServerContext, peer: SessionPeer, permissions: Permissions, send: Send) {
    this.context = context;
    this.send = send;
    this.permissions = permissions;
    this.#peer = peer;
    this.#permissionsOfAddress = permissions;
  }

  /** Takes the next piece of what the client sends. It is not copied. */
  abstract push(bytes: Buffer): void;

  /**
   * Handles the next command. Where it gives steps, they are to be taken before the next one is handled; where it gives a
   * promise, that one waits until it is settled. `idle`: no whole command is there.
   *
   * @param isGone whether the client is: only what has a lasting effect is still handled
   * @throws DataLinkError, SeedLinkError where what has come is not the protocol
   */
  abstract handleNext(isGone: boolean): Steps | Promise<void> | undefined | "idle";

  /** Tells a client why it is refused, after which the connection is closed. */
  protected abstract refuse(message: string): undefined;

  /** Copies packets out of the ring from `from` on. */
  protected abstract gather(from: number, room: Room): Gathered;

  /** What the client may do has changed. */
  protected abstract permitted(permissions: Permissions): void;

  /** Who the client is, for events. */
  get client(): ServerClient {
    return { address: this.#peer.address, port: this.#peer.port, clientId: this.clientId };
  }

  /** The next packets, ready to be sent, and whether there may be more. */
  takePackets(room: Room): { bytes: Buffer; more: boolean } {
    const { bytes, packets, last, next } = this.gather(this.#catchUp(), room);
    this.next = next;
    if (packets > 0) this.countSent(packets, bytes.length, last);
    return { bytes, more: next < this.context.ring.readEnd };
  }

  /** Tells that the client was refused something for which the session ends. */
  end(reason: string): void {
    this.ended = true;
    this.endReason = reason;
    this.context.tell({ type: "refused", client: this.client, reason });
  }

  /**
   * Ends what has come to its end by the clock, a time in seconds since 1970: a login that has expired, for one; or by
   * `monotonic`, the time by `performance`, which measures how long something lasts. Gives whether there is something to be sent.
   */
  expire(now: number, _monotonic: number): boolean {
    const { expires } = this.permissions;
    if (this.ended || expires === undefined || now < expires) return false;
    this.refuse("Authentication has expired, log in again");
    return true;
  }

  /** Notes packets that were sent, with the sequence of the last one. */
  protected countSent(packets: number, bytes: number, last: number): void {
    this.sent.count(packets, bytes);
    this.context.sent.count(packets, bytes);
    this.lastSent = last;
  }

  /** Notes what the client calls itself. */
  protected identify(clientId: string): void {
    this.clientId = clientId;
    this.context.tell({ type: "identified", client: this.client });
  }

  /** Logs in, by user and password or with a token. As with ringserver, who fails loses what the address permits, but for reading. */
  protected async logIn(
    login: { user: string; password: string } | { token: string },
  ): Promise<LoginRefusal> {
    const { access, logins } = this.context;
    const { address } = this.#peer;
    if (!(await logins.admit(address))) return { message: TOO_MANY_LOGINS, isLast: false, tooMany: true };
    const permissions =
      "token" in login ? await access.ofToken(login.token) : access.ofUser(login.user, login.password);
    if (permissions) {
      logins.succeeded(address);
      this.#failedLogins = 0;
      this.#permit(permissions);
      return undefined;
    }
    this.#permit({ read: this.#permissionsOfAddress.read, write: false, trusted: false });
    this.#failedLogins++;
    return { message: NOT_ALLOWED, isLast: this.#failedLogins >= MAX_FAILED_LOGINS, tooMany: false };
  }

  #permit(permissions: Permissions): void {
    this.permissions = permissions;
    this.permitted(permissions);
  }

  /** Where to go on sending, past what the ring has lost meanwhile; tells the server if that is something. */
  #catchUp(): number {
    const { first, end } = this.context.ring;
    const next = this.next ?? end;
    if (next >= first) return next;
    this.context.tell({ type: "lapped", client: this.client, missed: first - next });
    this.next = first;
    return first;
  }
}

/** Which streams a permission is for; `undefined` for all. */
export function filterOf(permission: Permissions["read"]): ((streamId: string) => boolean) | undefined {
  if (permission === true) return undefined;
  return permission === false ? () => false : permission;
}

const NOT_ALLOWED = "Authentication failed, not allowed to connect";
const TOO_MANY_LOGINS = "Authentication refused, too many logins were tried from this address: wait a minute";
