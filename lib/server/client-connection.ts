/**
 * A connection: a wire and its session. It cuts what arrives into commands, and sends the session's answers and the
 * ring's packets in large writes, as fast as the client takes them and no faster: a client that does not read
 * costs at most one write's bytes, and its commands wait until it does.
 */
import { DataLinkError } from "../datalink/protocol/errors.ts";
import { FrameReader } from "../datalink/protocol/frame.ts";
import {
  type Command,
  commandParser,
  MAX_CREDENTIALS,
  maxPatternBytes,
} from "../datalink/protocol/server-requests.ts";
import type { Transport } from "../net/transport.ts";
import type { Permissions } from "./access/access.ts";
import type { ConnectionFigures } from "./info-xml.ts";
import { gather } from "./ring/gather.ts";
import type { SlowLane, Turn } from "./scheduler.ts";
import { Session, type SessionHost, type Steps } from "./session.ts";

/** Bytes of packets in one write. */
const WRITE_BYTES = 128 * 1024;

/** Bytes of answers that may wait for a client before its commands do. */
const MAX_WAITING = 64 * 1024;

/** Bytes of commands that may wait for their turn before the socket is not read any more. */
const MAX_UNREAD = 64 * 1024;

/** Milliseconds that a closed connection is still read, so that the client can see why before the reset. */
const LINGER = 2000;

export interface ConnectionTimeouts {
  /** Milliseconds for a command that has begun, for the first command, and for a client to read. */
  ioTimeout: number;
  /** Milliseconds without anything exchanged. */
  idleTimeout: number;
}

/** What a connection tells its server. */
export interface ConnectionHost
  extends Omit<SessionHost, "identified" | "refused" | "lapped" | "streamStarted"> {
  readonly timeouts: ConnectionTimeouts;
  identified(connection: Connection): void;
  streamStarted(connection: Connection, streamId: string): void;
  refused(connection: Connection, reason: string): void;
  lapped(connection: Connection, missed: number): void;
  closed(connection: Connection, reason: string): void;
  /** Packets before this sequence outlive the server; with a volatile ring all of them do as well as they can. */
  readonly durable: number;
  /** Has `run` called when more packets are durable. */
  awaitDurable(connection: Connection): void;
  readonly turn: Turn;
  readonly slowLane: SlowLane<Connection>;
  /** Has `run` called in this turn of the event loop, after what is there has been read, or in the next one. */
  schedule(connection: Connection): void;
}

export class Connection {
  readonly address: string;
  readonly port: number;
  readonly connectedAt = Date.now();
  readonly session: Session;
  readonly #host: ConnectionHost;
  readonly #wire: Transport;
  readonly #reader: FrameReader<Command>;
  #steps: Steps | undefined;
  #stepsBegun = false;
  /** Commands have arrived that could not be handled yet. */
  #held = false;
  /** Frames for the next write. */
  #outbox: Buffer[] = [];
  #outboxBytes = 0;
  #writing = false;
  #paused = false;
  #closing = false;
  #closeReason: string | undefined;
  /** Times in milliseconds: of the last byte in or out, of the last progress in writing, of an open frame's first byte. */
  #lastExchange = Date.now();
  #lastWrite = 0;
  #frameSince = 0;
  #lastReceived = 0;
  #closingSince = 0;

  constructor(
    host: ConnectionHost,
    wire: Transport,
    peer: { address: string; port: number },
    permissions: Permissions,
  ) {
    this.#host = host;
    this.#wire = wire;
    this.address = peer.address;
    this.port = peer.port;
    this.#reader = new FrameReader(
      commandParser(host.ring.packetSize),
      Math.max(host.ring.packetSize, maxPatternBytes(host.ring.packetSize), MAX_CREDENTIALS),
    );
    const sessionHost: SessionHost = {
      ring: host.ring,
      access: host.access,
      versionText: host.versionText,
      sent: host.sent,
      received: host.received,
      written: () => host.written(),
      figures: () => host.figures(),
      connections: () => host.connections(),
      identified: () => host.identified(this),
      streamStarted: (streamId) => host.streamStarted(this, streamId),
      refused: (reason) => {
        this.#closeReason = reason;
        host.refused(this, reason);
      },
      lapped: (missed) => host.lapped(this, missed),
    };
    this.session = new Session(sessionHost, permissions, (...parts) => this.#queueFrame(parts));
    wire.listen({
      onBytes: (bytes) => this.#receive(bytes),
      onClose: (error) => {
        this.#closeReason ??= error?.message;
        this.#closing = true;
        host.slowLane.leave(this);
        host.closed(this, this.#closeReason ?? "closed by the client");
      },
    });
  }

  /** Whether it has nothing to do but to wait for the next packet. */
  get waitsForPackets(): boolean {
    return this.session.streaming && !this.#writing && !this.#closing && this.#outboxBytes <= MAX_WAITING;
  }

  /** Bytes that the client has not taken yet. */
  get unsent(): number {
    return this.#wire.unsent;
  }

  figures(): ConnectionFigures {
    const { session } = this;
    const { ring } = this.#host;
    const behind =
      session.next === undefined ? 0 : Math.max(0, ring.end - Math.max(session.next, ring.first));
    return {
      type: typeOf(this.#wire),
      address: this.address,
      port: this.port,
      clientId: session.clientId,
      connectedAt: this.connectedAt * 1000,
      match: session.selection.match?.text,
      reject: session.selection.reject?.text,
      selectedStreams: session.selectedStreams,
      lastSequence: session.lastSent,
      sent: session.sent.figures,
      received: session.received.figures,
      idleSeconds: (Date.now() - this.#lastExchange) / 1000,
      percentLag: ring.packets === 0 ? 0 : Math.round((behind / ring.packets) * 100),
    };
  }

  /** One turn: commands, then packets, then one write. */
  run(): void {
    if (this.#closing) return;
    const until = this.#host.turn.share();
    if (until === undefined) {
      this.#host.schedule(this);
      return;
    }
    let more = false;
    try {
      more = this.#runCommands(until);
    } catch (error) {
      if (!(error instanceof DataLinkError)) throw error;
      this.session.ended = true;
      this.#closeReason = error.message;
      this.#host.refused(this, error.message);
    }
    if (this.waitsForPackets && !this.session.ended) more = this.#gather(until) || more;
    this.#flush();
    if (this.session.ended && this.#outboxBytes === 0) {
      this.close(this.#closeReason ?? "closed on the client's request");
    } else if (more && !this.#isBlocked && this.#outboxBytes === 0) this.#host.schedule(this);
    this.#readAsNeeded();
  }

  /** Closes it after what has been sent; the client may still read that for a moment. */
  close(reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#closeReason ??= reason;
    this.#closingSince = Date.now();
    this.#wire.end();
  }

  destroy(reason: string): void {
    this.#closing = true;
    this.#closeReason ??= reason;
    this.#wire.destroy();
  }

  /** Closes it if it has been waiting too long, which it returns; called about once a second with the time in milliseconds. */
  sweep(now: number): boolean {
    const reason = this.#reasonToClose(now);
    if (reason !== undefined) this.destroy(reason);
    return reason !== undefined;
  }

  #reasonToClose(now: number): string | undefined {
    const { ioTimeout, idleTimeout } = this.#host.timeouts;
    if (this.#closing) return now - this.#closingSince > LINGER ? "does not close" : undefined;
    if (this.#writing && now - this.#lastWrite > ioTimeout) return "does not read";
    if (this.#isFrameOverdue(now, ioTimeout)) return "sent an incomplete command";
    return idleTimeout > 0 && now - this.#lastExchange > idleTimeout ? "idle" : undefined;
  }

  /** Nothing arrived for a while, or too little: a trickle of bytes may take twice the time. */
  #isFrameOverdue(now: number, timeout: number): boolean {
    if (this.#frameSince === 0 || this.#isBlocked) return false;
    return now - this.#lastReceived > timeout || now - this.#frameSince > 2 * timeout;
  }

  get #isBlocked(): boolean {
    return this.#wire.unsent > MAX_WAITING;
  }

  #receive(bytes: Buffer): void {
    this.#lastReceived = this.#lastExchange = Date.now();
    if (this.#closing) return;
    this.#reader.push(bytes);
    this.run();
  }

  /** Returns whether there is more to do that could be done at once. */
  #runCommands(until: number): boolean {
    this.#held = true;
    for (let handled = 1; !this.session.ended; handled++) {
      if (this.#isBlocked || this.#outboxBytes > MAX_WAITING) return true;
      if (this.#steps && !this.#runSteps(this.#steps, until)) return this.#host.slowLane.enter(this);
      const command = this.#reader.next();
      if (command === undefined) {
        this.#held = false;
        this.#noteOpenFrame();
        return false;
      }
      this.#frameSince = 0;
      this.#steps = this.session.handle(command);
      if (handled % 32 === 0 && performance.now() > until) return true;
    }
    return false;
  }

  /**
   * Takes steps until they are done, which it returns, or the time has come. What is not done in its first turn has to
   * enter the slow lane to go on.
   */
  #runSteps(steps: Steps, until: number): boolean {
    if (this.#stepsBegun && !this.#host.slowLane.enter(this)) return false;
    this.#stepsBegun = true;
    do {
      if (steps.next().done) {
        this.#steps = undefined;
        this.#stepsBegun = false;
        this.#host.slowLane.leave(this);
        return true;
      }
    } while (performance.now() < until);
    return false;
  }

  #noteOpenFrame(): void {
    if (this.#reader.buffered === 0) this.#frameSince = 0;
    else if (this.#frameSince === 0) this.#frameSince = this.#lastReceived;
  }

  /** Puts the next packets into the outbox; returns whether there may be more. */
  #gather(until: number): boolean {
    const { session } = this;
    const { ring } = this.#host;
    const delivery = gather(ring, {
      selection: session.selection,
      from: session.catchUp(),
      end: ring.readEnd,
      maxBytes: WRITE_BYTES,
      until,
      prefix: this.#wire.prefix,
    });
    session.next = delivery.next;
    if (delivery.packets > 0) {
      session.countSent(delivery.packets, delivery.bytes.length, delivery.last);
      this.#queue(delivery.bytes);
    }
    return delivery.next < ring.readEnd;
  }

  /** Takes one frame, in one or more parts. */
  #queueFrame(parts: Buffer[]): void {
    const { prefix } = this.#wire;
    if (prefix) this.#queue(prefix(parts.reduce((sum, part) => sum + part.length, 0)));
    for (const part of parts) this.#queue(part);
  }

  #queue(bytes: Buffer): void {
    this.#outbox.push(bytes);
    this.#outboxBytes += bytes.length;
  }

  #flush(): void {
    if (this.#outboxBytes === 0) return;
    // An acknowledgement, and all that comes behind it, waits until what it acknowledges is safe.
    if (this.session.unsafe > this.#host.durable) {
      this.#host.awaitDurable(this);
      return;
    }
    const bytes =
      this.#outbox.length === 1 ? this.#outbox[0]! : Buffer.concat(this.#outbox, this.#outboxBytes);
    this.#outbox = [];
    this.#outboxBytes = 0;
    this.#writing = true;
    this.#lastWrite = this.#lastExchange = Date.now();
    this.#wire.send(bytes, this.#written);
  }

  readonly #written = (): void => {
    this.#lastWrite = Date.now();
    this.#writing = this.#wire.unsent > 0;
    if (this.session.streaming || this.#held) this.#host.schedule(this);
  };

  #readAsNeeded(): void {
    const pause = this.#held && this.#reader.buffered > MAX_UNREAD && !this.#closing;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#wire.pause();
    else this.#wire.resume();
  }
}

/** How INFO CONNECTIONS calls it. */
function typeOf({ isWebSocket, isEncrypted }: Transport): string {
  return `DataLink${isWebSocket ? ":WebSocket" : ""}${isEncrypted ? ":TLS" : ""}`;
}
