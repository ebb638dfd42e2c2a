/**
 * One connection to a server: commands go out in order, and each reply goes to the oldest command that waits for one.
 * While the server streams, packets may come between the replies; they go to the stream's sink.
 */

import { toText } from "../../bytes.ts";
import { MAX_PAYLOAD_BYTES } from "../../limits.ts";
import type { Waits } from "../../net/connect.ts";
import type { Settlers } from "../../net/deadline.ts";
import { codeOf, lossOf, messageOf } from "../../net/errors.ts";
import { Fifo } from "../../net/fifo.ts";
import { FIRST_BYTES } from "../../net/other-server/speech.ts";
import { Timer } from "../../net/timer.ts";
import type { Transport, TransportListener } from "../../net/transport.ts";
import type { PacketSink } from "../../subscription/packet-queue.ts";
import type { ServerIdentity } from "../protocol/capabilities.ts";
import { type ClientCommand, END_STREAM, errorCodeOf, STREAM } from "../protocol/client-requests.ts";
import { DataLinkError } from "../protocol/errors.ts";
import { FrameReader } from "../protocol/frame.ts";
import type { Packet } from "../protocol/packet.ts";
import { parseReplyHeader, type Reply, type StatusReply, toPacket } from "../protocol/replies.ts";
import { deadlines } from "./failures.ts";

/** ringserver 4.5 may drop an idle connection 10 s after a command whose payload came in a later segment. */
const KEEP_ALIVE_AFTER_PAYLOAD_MS = 5000;

/** How long a server may take to close its side after this one has. */
const CLOSE_TIMEOUT_MS = 2000;

/** A command that waits for its reply. */
interface Expected extends Settlers<unknown> {
  readonly command: ClientCommand<unknown>;
  /** Sent behind a command that may be answered twice: what comes before its reply belongs to that one. */
  readonly isFence: boolean;
}

export interface ConnectionOptions extends Waits {
  /** The command that asks whether the server is still there. */
  readonly ping: ClientCommand<ServerIdentity>;
}

export class DataLinkConnection implements TransportListener {
  readonly name: string;
  readonly #options: ConnectionOptions;
  readonly #transport: Transport;
  readonly #reader = new FrameReader(parseReplyHeader, MAX_PAYLOAD_BYTES);
  readonly #expected = new Fifo<Expected>();
  readonly #timeout: Timer;
  readonly #keepAlive: ReturnType<typeof setInterval> | undefined;
  #sink: PacketSink<Packet> | undefined;
  #ending = false;
  #paused = false;
  #lastSent = performance.now();
  #lastHadPayload = false;
  /** Writes without acknowledgement have been sent since the last reply to anything sent after them. */
  #unconfirmed = false;
  #answered = false;
  /** What has come before the first answer, if that was something else. */
  firstBytes: Uint8Array | undefined;
  /** Until the server has closed its side too. */
  #closing: Timer | undefined;
  #drain: { promise: Promise<void>; resolve: () => void } | undefined;
  #failure: DataLinkError | undefined;
  /** The command that the server refused last: what it closes the connection for, if it does. */
  #refused: DataLinkError | undefined;
  #tellClosed!: (error: DataLinkError) => void;

  /** Resolves, with the reason, when the connection is over. */
  readonly closed = new Promise<DataLinkError>((resolve) => {
    this.#tellClosed = resolve;
  });

  constructor(transport: Transport, options: ConnectionOptions) {
    this.name = options.name;
    this.#options = options;
    this.#transport = transport;
    this.#timeout = new Timer(this.#onTimeout, options.commandTimeout);
    if (options.keepAlive > 0) {
      const tick = Math.min(options.keepAlive, KEEP_ALIVE_AFTER_PAYLOAD_MS);
      this.#keepAlive = setInterval(this.#onKeepAlive, tick);
    }
    transport.listen(this);
  }

  /** Why the connection is over, once it is. */
  get failure(): DataLinkError | undefined {
    return this.#failure;
  }

  get hasAnswered(): boolean {
    return this.#answered;
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  get isStreaming(): boolean {
    return this.#sink !== undefined;
  }

  /**
   * Sends a command; resolves with what its reply says. A stream goes on behind a command that makes servers stop it.
   *
   * @throws DataLinkError `SERVER_ERROR`, `PACKET_NOT_FOUND`, `NOT_PERMITTED`, `TOO_LARGE` as the server answers;
   * `CONNECTION_LOST`, `TIMEOUT`, `PROTOCOL`, `CLOSED` when the connection ends; `ABORTED`.
   */
  run<Result>(command: ClientCommand<Result>, signal?: AbortSignal): Promise<Result> {
    if (command.stopsStream && this.#sink !== undefined && !this.#ending) {
      this.#expect(END_STREAM).catch(() => {});
      const result = this.#expect(command, signal);
      this.#send(STREAM, false);
      return result;
    }
    const result = this.#expect(command, signal);
    if (command.mayBeAnsweredTwice) this.#expect(this.#options.ping, undefined, true).catch(() => {});
    return result;
  }

  /** Sends a command that has no reply; resolves when there is room for the next one. */
  async post(command: ClientCommand<unknown>): Promise<void> {
    this.#throwIfClosed();
    this.#unconfirmed = true;
    if (this.#send(command.frame, command.hasPayload)) return;
    this.#drain ??= withResolve();
    await this.#drain.promise;
    this.#throwIfClosed();
  }

  /** Sends STREAM; every packet from now on goes to `sink`. */
  startStream(sink: PacketSink<Packet>): void {
    this.#throwIfClosed();
    this.#sink = sink;
    this.#ending = false;
    this.#transport.gatherReads?.(true);
    this.#send(STREAM, false);
  }

  /** Sends ENDSTREAM; resolves when the last packet has come. */
  async endStream(): Promise<void> {
    if (this.#sink === undefined) return;
    this.#ending = true;
    this.#transport.gatherReads?.(false);
    await this.run(END_STREAM);
    this.#sink = undefined;
  }

  /** To be called when the sink is no longer full. */
  updateReading = (): void => {
    // Replies come between packets: as long as one is awaited, reading goes on.
    const pause = this.#sink?.full === true && this.#expected.length === 0;
    if (pause === this.#paused || this.#failure) return;
    this.#paused = pause;
    if (pause) this.#transport.pause();
    else this.#transport.resume();
  };

  /**
   * Sends what is still to be sent and closes. Writes without acknowledgement have reached the server by then.
   *
   * @throws DataLinkError what the server answered to such a write.
   */
  async close(): Promise<void> {
    if (this.#failure) return;
    try {
      if (this.#unconfirmed) await this.run(this.#options.ping);
    } finally {
      const reason = new DataLinkError("CLOSED", `The connection to ${this.name} has been closed.`);
      this.#fail(reason, () => {
        this.#transport.end();
        this.#closing = new Timer(() => this.#transport.destroy(), CLOSE_TIMEOUT_MS);
      });
    }
  }

  /** Closes at once, for a reason of this side. */
  abandon(reason: DataLinkError): void {
    this.#fail(reason);
  }

  onBytes(piece: Buffer): void {
    if (this.#failure) return;
    if (!this.#answered) this.firstBytes ??= Uint8Array.from(piece.subarray(0, FIRST_BYTES));
    try {
      this.#reader.push(piece);
      for (let reply = this.#reader.next(); reply !== undefined; reply = this.#reader.next()) {
        this.#onReply(reply);
        if (this.#failure) return;
      }
    } catch (error) {
      const code = error instanceof DataLinkError ? error.code : "PROTOCOL";
      this.#fail(new DataLinkError(code, `${this.name}: ${messageOf(error)}.`, { cause: error }));
      return;
    }
    this.updateReading();
  }

  onDrain(): void {
    this.#drain?.resolve();
    this.#drain = undefined;
  }

  onClose(error: Error | undefined): void {
    this.#closing?.stop();
    const why = error ? ` (${lossOf(error)})` : "";
    const message = `The connection to ${this.name} was lost${why}${this.#circumstances()}`;
    // With TLS 1.3, a server says only now that it wants a certificate, or another one.
    const code = /^ERR_SSL_.*ALERT/.test(codeOf(error)) ? "NOT_PERMITTED" : "CONNECTION_LOST";
    this.#fail(new DataLinkError(code, message, { cause: error ?? this.#refused }));
  }

  #circumstances(): string {
    if (this.#refused) return ` after this: ${this.#refused.message}`;
    if (this.#answered) return ".";
    return (
      " before the server answered: it may not be a DataLink server, may not admit this address, or may want a " +
      "client certificate."
    );
  }

  /**
   * Sends a command; what its reply says settles `settlers` at once, not in a later turn as {@link run} does.
   *
   * @throws DataLinkError what ended the connection, if that is over
   */
  request<Result>(command: ClientCommand<Result>, settlers: Settlers<Result>): void {
    this.#throwIfClosed();
    this.#push({
      command,
      resolve: settlers.resolve as Expected["resolve"],
      reject: settlers.reject,
      isFence: false,
    });
  }

  #expect<Result>(command: ClientCommand<Result>, signal?: AbortSignal, isFence = false): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#throwIfClosed();
      deadlines.throwIfAborted(signal, command.name);
      const expected: Expected = { command, resolve: resolve as Expected["resolve"], reject, isFence };
      // After an abort its place in the row is kept: the reply still comes, and is nobody else's.
      if (signal) deadlines.rejectOnAbort(expected, signal, command.name);
      this.#push(expected);
    });
  }

  #push(expected: Expected): void {
    if (this.#expected.length === 0) this.#timeout.refresh();
    this.#expected.push(expected);
    this.#send(expected.command.frame, expected.command.hasPayload);
    if (this.#paused) this.updateReading();
  }

  #send(frame: Buffer, hasPayload: boolean): boolean {
    this.#lastSent = performance.now();
    this.#lastHadPayload = hasPayload;
    return this.#transport.send(frame);
  }

  #onReply(reply: Reply): void {
    const head = this.#expected.first;
    if (reply.kind === "PACKET" && head?.command.expects !== "PACKET") {
      if (this.#sink === undefined) throw unexpected(reply, head);
      this.#sink.packet(toPacket(reply), reply.flaw);
      return;
    }
    if (head?.isFence && (reply.kind === "OK" || reply.kind === "ERROR")) return;
    if (reply.kind === "ERROR") {
      this.#onError(reply, head);
      return;
    }
    if (head === undefined || head.command.expects !== reply.kind) throw unexpected(reply, head);
    this.#expected.shift();
    this.#timeout.refresh();
    this.#answered = true;
    if (head.command === this.#options.ping) this.#unconfirmed = false;
    try {
      head.resolve(head.command.read(reply));
    } catch (error) {
      head.reject(error as Error);
    }
  }

  #onError(reply: StatusReply, head: Expected | undefined): void {
    // ID and ENDSTREAM are never refused: then it is about something that has no reply of its own.
    const answers = head !== undefined && head.command.expects !== "ID" && head.command !== END_STREAM;
    const what = answers ? head.command.name : this.#unconfirmed ? "a WRITE" : "STREAM";
    const error = refusal(this.name, what, toText(reply.payload));
    if (!answers) {
      this.#fail(error);
      return;
    }
    this.#refused = error;
    this.#expected.shift();
    this.#timeout.refresh();
    head.reject(error);
  }

  readonly #onTimeout = () => {
    const head = this.#expected.first;
    if (head === undefined) return;
    const seconds = this.#options.commandTimeout / 1000;
    this.#fail(
      new DataLinkError(
        "TIMEOUT",
        `${this.name} did not answer ${head.command.name} within ${seconds} s; the connection is closed.`,
      ),
    );
  };

  readonly #onKeepAlive = () => {
    const { keepAlive, ping } = this.#options;
    const patience = this.#lastHadPayload ? Math.min(KEEP_ALIVE_AFTER_PAYLOAD_MS, keepAlive) : keepAlive;
    // While the reader is slow the server has to wait for it anyway, and no reply would be read.
    const busy = this.#paused || this.#expected.length > 0;
    if (busy || performance.now() - this.#lastSent < patience - 50) return;
    this.run(ping).catch(() => {});
  };

  #throwIfClosed(): void {
    if (this.#failure) throw this.#failure;
  }

  #fail(error: DataLinkError, close = () => this.#transport.destroy()): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#timeout.stop();
    clearInterval(this.#keepAlive);
    close();
    for (let head = this.#expected.shift(); head; head = this.#expected.shift()) head.reject(error);
    this.#sink?.fail(error);
    this.#sink = undefined;
    this.onDrain();
    this.#tellClosed(error);
  }
}

function withResolve(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const ADVICE: Partial<Record<string, string>> = {
  NOT_PERMITTED: " Log in, or ask the server's operator for permission.",
  PACKET_NOT_FOUND: " Its ring does not hold it, or holds it no longer.",
};

/** What the server said, in a sentence that says who said it to what. */
function refusal(server: string, what: string, message: string): DataLinkError {
  const words = message.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?").slice(0, 300);
  const code = errorCodeOf(words);
  return new DataLinkError(code, `${server} refused ${what}: "${words}".${ADVICE[code] ?? ""}`);
}

function unexpected(reply: Reply, head: Expected | undefined): DataLinkError {
  const awaited = head ? `the reply to ${head.command.name}` : "nothing";
  return new DataLinkError("PROTOCOL", `the server sent ${reply.kind} where ${awaited} was expected`);
}
