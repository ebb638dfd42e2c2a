/**
 * A connection: a wire and its session. It cuts what arrives into commands, and sends the session's answers and the
 * ring's packets in large writes, as fast as the client takes them and no faster: a client that does not read
 * costs at most one write's bytes, and its commands wait until it does.
 */
import { CodedError } from "../errors.ts";
import type { Transport, TransportListener } from "../net/transport.ts";
import type { ServerContext } from "./context.ts";
import { type ConnectionFigures, packetFigures } from "./figures.ts";
import type { Scheduled } from "./scheduler.ts";
import type { Send, Session, SessionPeer, Steps } from "./session.ts";

/** Bytes of packets in one write. */
const WRITE_BYTES = 128 * 1024;

/** Bytes of answers that may wait for a client before its commands do. */
const MAX_WAITING = 64 * 1024;

/** Bytes of commands that may wait for their turn before the socket is not read any more. */
const MAX_UNREAD = 64 * 1024;

/** Milliseconds that a closed connection is still read, so that the client can see why before the reset. */
const LINGER = 2000;

/**
 * Milliseconds that answers wait at most while more commands are there. A client that has closed answers what is written
 * to it with a reset, and with that the system drops what the client sent before and nobody has read yet.
 */
const HOLD = 200;

/**
 * Bytes of a connection after which no answer waits any more: who has sent so much stays, and reads, and waiting would make
 * it and this server take turns.
 */
const HOLD_BYTES = 8 * 1024 * 1024;

export class ClientConnection implements Scheduled, TransportListener {
  readonly address: string;
  readonly port: number;
  readonly connectedAt = Date.now();
  readonly session: Session;
  readonly #context: ServerContext;
  readonly #onClosed: (connection: ClientConnection) => void;
  readonly #transport: Transport;
  #steps: Steps | undefined;
  #stepsBegun = false;
  /** A command is being answered, behind which the others wait. */
  #answering: Promise<void> | undefined;
  /** Commands have arrived that could not be handled yet. */
  #held = false;
  /** Frames for the next write. */
  #outbox: Buffer[] = [];
  #outboxBytes = 0;
  /** Memory of packets in the outbox, or on their way. */
  #lent: Buffer | undefined;
  /** Writes that the system has not taken yet. What else goes through the socket (a WebSocket's pongs) does not count. */
  #writes = 0;
  #paused = false;
  /** Bytes received so far. */
  #inputBytes = 0;
  /** Bytes that have come since the last turn. */
  #unseen = 0;
  /** The client has closed its side; what it sent before still counts, and is answered. */
  #inputEnded = false;
  /** The transport is gone, or to be destroyed; what it has brought still counts. */
  #gone = false;
  #lost = false;
  /** Nothing more is handled: everything has been, or the session has ended. */
  #closing = false;
  #closeReason: string | undefined;
  /**
   * Milliseconds by the clock of `performance`: of the last byte in or out, of the last progress in writing, of an open
   * frame's first byte, or since when the first command is waited for.
   */
  #lastExchange = performance.now();
  #lastWrite = 0;
  #frameSince = this.#lastExchange;
  #lastReceived = this.#lastExchange;
  #closingSince = 0;
  /** When the oldest answer was put into the outbox that is there. */
  #answeredSince = 0;

  /**
   * @param makeSession gives the session, whose answers go where it is told
   * @param onClosed is called when it is gone and all that it brought is handled
   */
  constructor(
    context: ServerContext,
    transport: Transport,
    peer: SessionPeer,
    makeSession: (send: Send) => Session,
    onClosed: (connection: ClientConnection) => void,
  ) {
    this.#context = context;
    this.#transport = transport;
    this.#onClosed = onClosed;
    this.address = peer.address;
    this.port = peer.port;
    this.session = makeSession((...parts) => this.#queueFrame(parts));
    transport.listen(this);
  }

  /** Whether it has nothing to do but to wait for the next packet. */
  get waitsForPackets(): boolean {
    if (!this.session.streaming || this.#writes > 0 || this.#isInputOver) return false;
    return this.#outboxBytes <= MAX_WAITING;
  }

  /** Bytes that the client has not taken yet. */
  get unsent(): number {
    return this.#transport.unsent;
  }

  figures(): ConnectionFigures {
    const { session } = this;
    const { ring } = this.#context;
    const behind =
      session.next === undefined ? 0 : Math.max(0, ring.end - Math.max(session.next, ring.first));
    return {
      type: typeOf(session, this.#transport),
      address: this.address,
      port: this.port,
      clientId: session.clientId,
      connectedAt: this.connectedAt * 1000,
      match: session.match,
      reject: session.reject,
      selectedStreams: session.selectedStreams,
      lastPacket: packetFigures(ring, session.lastSent),
      sent: session.sent.figures,
      received: session.received.figures,
      idleSeconds: (performance.now() - this.#lastExchange) / 1000,
      percentLag: ring.packets === 0 ? 0 : Math.round((behind / ring.packets) * 100),
    };
  }

  /** One turn: commands, then packets, then one write. */
  run(): void {
    if (this.#closing) return;
    const until = this.#context.scheduler.turn.share();
    if (until === undefined) {
      this.#context.scheduler.schedule(this);
      return;
    }
    this.#unseen = 0;
    let more = this.#tryCommands(until);
    if (this.#gone) {
      if (more) this.#context.scheduler.schedule(this);
      else if (this.#lost && !this.#answering) this.#finish();
      return;
    }
    if (this.waitsForPackets && !this.session.ended) more = this.#gather(until) || more;
    if (this.#holdsAnswers(more)) this.#context.scheduler.schedule(this);
    else this.#send(more);
    this.#readAsNeeded();
  }

  #send(more: boolean): void {
    this.#flush();
    if (this.#outboxBytes > 0) return;
    if (this.session.ended) this.close(this.#closeReason ?? "closed on the client's request");
    else if (this.#inputEnded && !this.#held) this.close(CLOSED_BY_CLIENT);
    else if (more && !this.#isBlocked) this.#context.scheduler.schedule(this);
  }

  /** Handles everything that has come, however long it takes: the server is about to close. */
  async drain(): Promise<void> {
    if (this.#closing) return;
    this.#gone = true;
    this.#abandonSteps();
    this.#tryCommands(Number.POSITIVE_INFINITY);
    while (this.#answering) {
      await this.#answering;
      this.#tryCommands(Number.POSITIVE_INFINITY);
    }
    this.#closing = true;
    if (this.#lost) this.#finish();
  }

  /** Closes it after what has been sent; the client may still read that for a moment. */
  close(reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#closeReason ??= reason;
    this.#closingSince = performance.now();
    this.#transport.end();
  }

  /** Closes it at once; what has come is still handled. */
  destroy(reason: string): void {
    this.#closeReason ??= reason;
    this.#gone = true;
    this.#abandonSteps();
    this.#transport.destroy();
  }

  /** The client has closed its side, which ends streaming, and this one follows when all is handled. */
  onEnd(): void {
    if (this.#closing) return;
    this.#inputEnded = true;
    this.#lastWrite = performance.now();
    this.#context.scheduler.schedule(this);
  }

  /** There is nobody to answer any more. */
  onClose(error: Error | undefined): void {
    this.#closeReason ??= error?.message;
    this.#lost = true;
    this.#gone = true;
    this.#abandonSteps();
    if (this.#closing || this.session.ended) this.#finish();
    else this.#context.scheduler.schedule(this);
  }

  /** The commands behind this one wait until it is answered. */
  #await(answer: Promise<void>): void {
    this.#answering = answer
      .catch((error: unknown) => this.session.end(error instanceof Error ? error.message : String(error)))
      .finally(() => {
        this.#answering = undefined;
        this.#context.scheduler.schedule(this);
      });
  }

  #abandonSteps(): void {
    this.#steps = undefined;
    this.#stepsBegun = false;
    this.#context.scheduler.slowLane.leave(this);
    this.#outbox = [];
    this.#outboxBytes = 0;
  }

  #finish(): void {
    this.#closing = true;
    const reason = this.session.endReason ?? this.#closeReason ?? CLOSED_BY_CLIENT;
    this.#onClosed(this);
    this.#context.tell({ type: "closed", client: this.session.client, reason });
  }

  /** Closes it if it has been waiting too long, which it returns; called about once a second with the time by `performance`. */
  sweep(now: number): boolean {
    if (!this.#gone && this.session.expire(Date.now() / 1000, now)) this.#context.scheduler.schedule(this);
    const reason = this.#reasonToClose(now);
    if (reason !== undefined) this.destroy(reason);
    return reason !== undefined;
  }

  #reasonToClose(now: number): string | undefined {
    const { ioTimeout, idleTimeout } = this.#context.timeouts;
    if (this.#gone) return undefined;
    if (this.#closing) return now - this.#closingSince > LINGER ? "does not close" : undefined;
    if ((this.#writes > 0 || this.#inputEnded) && now - this.#lastWrite > ioTimeout) return "does not read";
    if (this.#isFrameOverdue(now, ioTimeout)) return "sent an incomplete command";
    return idleTimeout > 0 && now - this.#lastExchange > idleTimeout ? "idle" : undefined;
  }

  /** Nothing arrived for a while, or too little: a trickle of bytes may take twice the time. */
  #isFrameOverdue(now: number, timeout: number): boolean {
    if (this.#frameSince === 0 || this.#isBlocked) return false;
    return now - this.#lastReceived > timeout || now - this.#frameSince > 2 * timeout;
  }

  get #isBlocked(): boolean {
    return !this.#gone && this.#transport.unsent > MAX_WAITING;
  }

  get #isInputOver(): boolean {
    return this.#inputEnded || this.#gone || this.#closing;
  }

  /** Until all that the system has is read, nothing is handled, and nothing answered. */
  onBytes(bytes: Buffer): void {
    this.#lastReceived = this.#lastExchange = performance.now();
    if (this.#closing) return;
    this.session.push(bytes);
    this.#inputBytes += bytes.length;
    this.#unseen += bytes.length;
    if (this.#unseen > MAX_UNREAD) this.#pause(true);
    this.#context.scheduler.schedule(this);
  }

  #tryCommands(until: number): boolean {
    try {
      return this.#runCommands(until);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.session.end(error.message);
      return false;
    }
  }

  /** Returns whether there is more to do that could be done at once. */
  #runCommands(until: number): boolean {
    this.#held = true;
    for (let handled = 1; !this.session.ended; handled++) {
      if (this.#answering) return false;
      if (this.#isBlocked || this.#outboxBytes > MAX_WAITING) return true;
      if (this.#steps && !this.#runSteps(this.#steps, until))
        return this.#context.scheduler.slowLane.enter(this);
      const more = this.session.handleNext(this.#gone);
      if (more === "idle") {
        this.#held = false;
        this.#noteOpenFrame();
        return false;
      }
      this.#frameSince = 0;
      if (more instanceof Promise) this.#await(more);
      else this.#steps = more;
      if (handled % 32 === 0 && performance.now() > until) return true;
    }
    return false;
  }

  /**
   * Takes steps until they are done, which it returns, or the time has come. What is not done in its first turn has to
   * enter the slow lane to go on.
   */
  #runSteps(steps: Steps, until: number): boolean {
    if (this.#stepsBegun && !this.#context.scheduler.slowLane.enter(this)) return false;
    this.#stepsBegun = true;
    do {
      if (steps.next().done) {
        this.#steps = undefined;
        this.#stepsBegun = false;
        this.#context.scheduler.slowLane.leave(this);
        return true;
      }
    } while (performance.now() < until);
    return false;
  }

  #noteOpenFrame(): void {
    if (this.session.buffered === 0) this.#frameSince = 0;
    else if (this.#frameSince === 0) this.#frameSince = this.#lastReceived;
  }

  /** Puts the next packets into the outbox; returns whether there may be more. */
  #gather(until: number): boolean {
    const { prefix } = this.#transport;
    const buffers = this.#context.writeBuffers;
    const { bytes, more } = this.session.takePackets({ maxBytes: WRITE_BYTES, until, prefix, buffers });
    if (bytes.length > 0) {
      this.#lent = bytes;
      this.#queue(bytes);
    }
    return more;
  }

  #giveBack(): void {
    if (this.#lent) this.#context.writeBuffers.giveBack(this.#lent);
    this.#lent = undefined;
  }

  /** Takes one frame, in one or more parts. */
  #queueFrame(parts: Buffer[]): void {
    const { prefix } = this.#transport;
    if (prefix) this.#queue(prefix(parts.reduce((sum, part) => sum + part.length, 0)));
    for (const part of parts) this.#queue(part);
  }

  #queue(bytes: Buffer): void {
    if (this.#gone) return;
    if (this.#outboxBytes === 0) this.#answeredSince = performance.now();
    this.#outbox.push(bytes);
    this.#outboxBytes += bytes.length;
  }

  /** Whether answers wait for what is still to be read. */
  #holdsAnswers(more: boolean): boolean {
    if (this.#outboxBytes === 0 || this.#outboxBytes > MAX_WAITING || this.session.streaming) return false;
    if (this.#steps || this.#answering || !(more || this.#paused)) return false;
    if (this.#inputBytes > HOLD_BYTES) return false;
    return performance.now() - this.#answeredSince < HOLD;
  }

  #flush(): void {
    if (this.#outboxBytes === 0) return;
    // An acknowledgement, and all that comes behind it, waits until what it acknowledges is safe.
    if (this.session.unsafe > this.#context.durable) {
      this.#context.awaitDurable(this);
      return;
    }
    let bytes = this.#outbox[0]!;
    if (this.#outbox.length > 1) {
      bytes = Buffer.concat(this.#outbox, this.#outboxBytes);
      this.#giveBack();
    }
    this.#outbox = [];
    this.#outboxBytes = 0;
    this.#writes++;
    this.#lastWrite = this.#lastExchange = performance.now();
    this.#transport.send(bytes, this.#written);
  }

  readonly #written = (): void => {
    this.#lastWrite = performance.now();
    this.#writes--;
    if (this.#writes === 0) this.#giveBack();
    if (this.session.streaming || this.#held) this.#context.scheduler.schedule(this);
  };

  #readAsNeeded(): void {
    this.#pause(this.#held && this.session.buffered > MAX_UNREAD && !this.#closing);
  }

  #pause(pause: boolean): void {
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#transport.pause();
    else this.#transport.resume();
  }
}

const CLOSED_BY_CLIENT = "closed by the client";

/** How INFO CONNECTIONS calls it. */
function typeOf({ protocol }: Session, { isWebSocket, isEncrypted }: Transport): string {
  return `${protocol}${isWebSocket ? ":WebSocket" : ""}${isEncrypted ? ":TLS" : ""}`;
}
