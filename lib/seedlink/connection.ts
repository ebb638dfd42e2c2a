/**
 * One connection to a server: commands go out one after the other, each when the one before it is answered, because some
 * servers answer only the last of several. Several may be sent together where it is known that each is answered. Behind
 * END come packets, which go to a sink.
 */
import type { Waits } from "../net/connect.ts";
import { lossOf, messageOf } from "../net/errors.ts";
import { Fifo } from "../net/fifo.ts";
import { FIRST_BYTES, speechOf } from "../net/other-server/speech.ts";
import { Timer } from "../net/timer.ts";
import type { Transport, TransportListener } from "../net/transport.ts";
import { inSlices, type Steps } from "../slices.ts";
import { deadlines } from "./failures.ts";
import { InfoCollector, MAX_INFO } from "./info-collector.ts";
import { BYE, type Command, type InfoItem, info as infoCommand } from "./protocol/commands.ts";
import { SeedLinkError, shown } from "./protocol/errors.ts";
import { type DataFrame, type Frame, FrameReader } from "./protocol/frame.ts";
import { parseHello, type ServerHello } from "./protocol/hello.ts";
import type { SeedLinkInfo } from "./protocol/info.ts";
import { parseReply, type Reply, refusalError } from "./protocol/replies.ts";

/** Largest packet of data: that of the longest record that is read. */
const MAX_PACKET = 16 * 1024 * 1024;

/** How long a refusal without a line end is waited for to go on: some servers cut it off. */
const UNFINISHED_MS = 2000;

/** How long a server may take to close its side after this one has. */
const CLOSE_TIMEOUT_MS = 2000;

const UNKNOWN_SERVER = parseHello("", "");

/** Where packets go. */
export interface FrameSink {
  frame(frame: DataFrame): void;
  /** The server has sent all that was asked for. */
  end(): void;
  /** Whether it wants no more for now. */
  readonly full: boolean;
}

interface Expected {
  readonly command: Command;
  readonly lines: string[];
  readonly collector: InfoCollector | undefined;
  isSent: boolean;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class SeedLinkConnection implements TransportListener {
  readonly name: string;
  readonly #options: Waits;
  readonly #transport: Transport;
  readonly #reader = new FrameReader({ maxPayload: MAX_PACKET, maxInfo: MAX_INFO });
  readonly #expected = new Fifo<Expected>();
  readonly #timeout: Timer;
  readonly #keepAlive: ReturnType<typeof setInterval> | undefined;
  #unfinished: ReturnType<typeof setTimeout> | undefined;
  #hello = UNKNOWN_SERVER;
  #sink: FrameSink | undefined;
  #paused = false;
  #answered = false;
  /** What has come before the first answer, if that was something else. */
  firstBytes: Uint8Array | undefined;
  #lastHeard = performance.now();
  #failure: SeedLinkError | undefined;
  #tellClosed!: (error: SeedLinkError) => void;

  /** Resolves, with the reason, when the connection is over. */
  readonly closed = new Promise<SeedLinkError>((resolve) => {
    this.#tellClosed = resolve;
  });

  constructor(transport: Transport, options: Waits) {
    this.name = options.name;
    this.#options = options;
    this.#transport = transport;
    this.#timeout = new Timer(this.#onTimeout, options.commandTimeout);
    if (options.keepAlive > 0) this.#keepAlive = setInterval(this.#onKeepAlive, options.keepAlive / 2);
    transport.listen(this);
  }

  get hasAnswered(): boolean {
    return this.#answered;
  }

  get isEncrypted(): boolean {
    return this.#transport.isEncrypted;
  }

  get isStreaming(): boolean {
    return this.#sink !== undefined;
  }

  /**
   * Asks the server who it is.
   *
   * @throws SeedLinkError what ended the connection; `ABORTED`
   */
  async hello(command: Command, signal?: AbortSignal): Promise<ServerHello> {
    const [line = "", organization = ""] = (await this.#expect(command, undefined, signal)) as string[];
    this.#hello = parseHello(line, organization);
    return this.#hello;
  }

  /** Sends a command; resolves with the server's answer, refusals too. */
  async ask(command: Command, signal?: AbortSignal): Promise<Reply> {
    return (await this.#expect(command, undefined, signal)) as Reply;
  }

  /**
   * Sends a command that has to succeed.
   *
   * @throws SeedLinkError `SERVER_ERROR`, `NOT_PERMITTED`, `NOT_SUPPORTED` as the server answers; what ended the connection
   */
  async run(command: Command, signal?: AbortSignal): Promise<void> {
    const reply = await this.ask(command, signal);
    if (!reply.ok) throw refusalError(this.name, command.name, reply);
  }

  /** Sends commands together, to a server that answers each of them; resolves with the answers. */
  async askTogether(commands: readonly Command[]): Promise<Reply[]> {
    const answers = commands.map((command) => this.#expect(command, undefined, undefined, true));
    return (await Promise.all(answers)) as Reply[];
  }

  /**
   * Asks for INFO. While packets flow, ID only.
   *
   * @throws SeedLinkError `SERVER_ERROR`, `NOT_PERMITTED`; what ended the connection
   */
  async info(item: InfoItem, station?: string, stream?: string, signal?: AbortSignal): Promise<SeedLinkInfo> {
    const collector = new InfoCollector(item, this.name, this.#hello);
    return (await this.#expect(infoCommand(item, station, stream), collector, signal)) as SeedLinkInfo;
  }

  /** Sends END or ENDFETCH; every packet from now on goes to `sink`. */
  startStream(command: Command, sink: FrameSink): void {
    if (this.#failure) throw this.#failure;
    this.#sink = sink;
    this.#transport.gatherReads?.(true);
    this.#send(command);
  }

  /** To be called when the sink is no longer full. */
  updateReading = (): void => {
    // Answers come between packets: as long as one is awaited, reading goes on.
    const pause = this.#sink?.full === true && this.#expected.length === 0;
    if (pause === this.#paused || this.#failure) return;
    this.#paused = pause;
    if (pause) this.#transport.pause();
    else this.#transport.resume();
  };

  /** Says good-bye and closes. */
  async close(): Promise<void> {
    if (this.#failure) return;
    const reason = new SeedLinkError("CLOSED", `The connection to ${this.name} has been closed.`);
    this.#fail(reason, () => {
      this.#transport.send(BYE.bytes);
      this.#transport.end();
      const timer = setTimeout(() => this.#transport.destroy(), CLOSE_TIMEOUT_MS);
      if (typeof timer === "object") timer.unref();
    });
  }

  /** Closes at once, for a reason of this side. */
  abandon(reason: SeedLinkError): void {
    this.#fail(reason);
  }

  onBytes(piece: Buffer): void {
    if (this.#failure) return;
    if (!this.#answered) this.firstBytes ??= Uint8Array.from(piece.subarray(0, FIRST_BYTES));
    this.#lastHeard = performance.now();
    this.#timeout.refresh();
    if (this.#unfinished !== undefined) clearTimeout(this.#unfinished);
    this.#unfinished = undefined;
    try {
      this.#reader.push(piece);
      while (this.#readNext() && !this.#failure);
    } catch (error) {
      this.#fail(this.#named(error));
      return;
    }
    if (this.#failure) return;
    if (this.#awaitsLine() && this.#reader.buffered > 0) {
      this.#unfinished = setTimeout(this.#onUnfinished, UNFINISHED_MS);
    }
    this.updateReading();
  }

  onClose(error: Error | undefined): void {
    const why = error ? ` (${lossOf(error)})` : "";
    const before = this.#answered
      ? "."
      : " before the server answered: it may not be a SeedLink server, or not admit this address.";
    this.#fail(
      new SeedLinkError("CONNECTION_LOST", `The connection to ${this.name} was lost${why}${before}`, {
        cause: error,
      }),
    );
  }

  /** Reads one line or frame; whether there was one. */
  #readNext(): boolean {
    if (this.#awaitsLine()) {
      const line = this.#reader.nextLine();
      if (line !== undefined) this.#onLine(line);
      return line !== undefined;
    }
    const frame = this.#reader.nextFrame();
    if (frame !== undefined) this.#onFrame(frame);
    return frame !== undefined;
  }

  #awaitsLine(): boolean {
    const answer = this.#expected.first?.command.answer;
    return answer === "line" || answer === "hello";
  }

  #onLine(line: string): void {
    const head = this.#expected.first!;
    if (head.command.answer === "line") {
      this.#settle(parseReply(line));
      return;
    }
    if (head.lines.length === 0 && /^ERROR\b/i.test(line)) {
      throw refusalError(this.name, head.command.name, parseReply(line) as Reply & { ok: false });
    }
    // Lines come from other servers, too.
    const isOther = head.lines.length === 0 && (speechOf(this.firstBytes!) ?? "seedlink") !== "seedlink";
    if (isOther) throw new SeedLinkError("PROTOCOL", `the server greets with ${shown(line)}`);
    head.lines.push(line);
    if (head.lines.length === 2) this.#settle(head.lines);
  }

  #onFrame(frame: Frame): void {
    const head = this.#expected.first;
    switch (frame.kind) {
      case "data":
        if (this.#sink === undefined) throw unexpected("a packet");
        this.#sink.frame(frame);
        return;
      case "end":
        if (this.#sink === undefined) throw unexpected("END");
        this.#sink.end();
        return;
      case "refusal":
        this.#onRefusal(frame.reply, head);
        return;
      case "info": {
        if (head?.collector === undefined) throw unexpected("INFO");
        this.#onInfo(head.collector, frame);
      }
    }
  }

  #onInfo(collector: InfoCollector, frame: Frame & { kind: "info" }): void {
    try {
      const steps = collector.add(frame);
      if (steps) this.#settle(this.#read(steps));
    } catch (error) {
      this.#settle(undefined, this.#named(error));
    }
  }

  async #read(steps: Steps<SeedLinkInfo>): Promise<SeedLinkInfo> {
    try {
      return await inSlices(steps);
    } catch (error) {
      throw this.#named(error);
    }
  }

  #onRefusal(reply: Reply, head: Expected | undefined): void {
    if (reply.ok) return;
    if (head === undefined) throw refusalError(this.name, "to send data", reply);
    this.#settle(undefined, refusalError(this.name, head.command.name, reply));
  }

  #expect(
    command: Command,
    collector?: InfoCollector,
    signal?: AbortSignal,
    atOnce = false,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure) throw this.#failure;
      deadlines.throwIfAborted(signal, command.name);
      const expected: Expected = { command, lines: [], collector, isSent: false, resolve, reject };
      // After an abort its place in the row is kept: the answer still comes, and is nobody else's.
      if (signal) deadlines.rejectOnAbort(expected, signal, command.name);
      this.#expected.push(expected);
      if (atOnce || this.#expected.length === 1) this.#sendExpected(expected);
      if (this.#paused) this.updateReading();
    });
  }

  #sendExpected(expected: Expected): void {
    expected.isSent = true;
    this.#send(expected.command);
  }

  #send(command: Command): void {
    this.#timeout.refresh();
    this.#transport.send(command.bytes);
  }

  #settle(result: unknown, error?: Error): void {
    const head = this.#expected.shift()!;
    this.#answered = true;
    const next = this.#expected.first;
    if (next && !next.isSent) this.#sendExpected(next);
    if (error) head.reject(error);
    else head.resolve(result);
  }

  readonly #onUnfinished = () => {
    if (this.#failure || !this.#awaitsLine()) return;
    const reply = this.#reader.unfinishedRefusal();
    if (reply) this.#settle(reply);
  };

  readonly #onTimeout = () => {
    const head = this.#expected.first;
    if (head === undefined) return;
    const seconds = this.#options.commandTimeout / 1000;
    this.#fail(
      new SeedLinkError(
        "TIMEOUT",
        `${this.name} did not answer ${head.command.name} within ${seconds} s; the connection is closed.`,
      ),
    );
  };

  readonly #onKeepAlive = () => {
    // While the reader is slow the server has to wait for it anyway, and no answer would be read.
    const busy = this.#paused || this.#expected.length > 0 || !this.#answered;
    if (busy || performance.now() - this.#lastHeard < this.#options.keepAlive) return;
    this.info("ID").catch(() => {});
  };

  #named(error: unknown): SeedLinkError {
    if (error instanceof SeedLinkError && error.message.startsWith(this.name)) return error;
    const code = error instanceof SeedLinkError ? error.code : "PROTOCOL";
    return new SeedLinkError(code, `${this.name}: ${messageOf(error)}.`, { cause: error });
  }

  #fail(error: SeedLinkError, close = () => this.#transport.destroy()): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#timeout.stop();
    clearInterval(this.#keepAlive);
    clearTimeout(this.#unfinished);
    close();
    for (let head = this.#expected.shift(); head; head = this.#expected.shift()) head.reject(error);
    this.#sink = undefined;
    this.#tellClosed(error);
  }
}

function unexpected(what: string): SeedLinkError {
  return new SeedLinkError("PROTOCOL", `the server sent ${what} that was not asked for`);
}
