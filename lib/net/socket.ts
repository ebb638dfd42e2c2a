/** A TCP or TLS socket as a transport, of a client or of a server. */
import type { Socket } from "node:net";
import { ReadGatherer } from "./read-gatherer.ts";
import type { Transport, TransportListener } from "./transport.ts";

/** Messages of so many bytes each, on the average, are not worth the copying together. */
const LARGE = 16 * 1024;

export interface SocketOptions {
  readonly isEncrypted: boolean;
  /** Whether the messages of one turn of the event loop leave together, in as few segments as possible. */
  readonly gathers?: boolean;
}

export class SocketTransport implements Transport {
  readonly isWebSocket = false;
  readonly isEncrypted: boolean;
  readonly prefix = undefined;
  readonly #socket: Socket;
  readonly #gathers: boolean;
  #reads: ReadGatherer | undefined;
  /** What is to leave together, and who wants to know of it. */
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #whenSent: (() => void)[] = [];

  constructor(socket: Socket, { isEncrypted, gathers = false }: SocketOptions) {
    this.#socket = socket;
    this.isEncrypted = isEncrypted;
    this.#gathers = gathers;
  }

  get unsent(): number {
    return this.#socket.writableLength + this.#gatheredBytes;
  }

  listen(listener: TransportListener): void {
    const socket = this.#socket;
    let failure: Error | undefined;
    socket.on("error", (error) => {
      failure ??= error;
      // What is not TLS behind a handshake is told, but does not close a TLS socket.
      socket.destroy();
    });
    socket.on("data", (piece: Buffer) => {
      listener.onBytes(piece);
      this.#reads?.onRead(piece.length);
    });
    if (listener.onDrain) socket.on("drain", () => listener.onDrain?.());
    // Unless the listener knows better, a peer that has sent its last byte also reads no more.
    socket.on("end", () => (listener.onEnd ? listener.onEnd() : socket.end()));
    socket.on("close", () => {
      this.#reads?.stop();
      listener.onClose(failure);
    });
  }

  send(message: Buffer, sent?: () => void): boolean {
    if (!this.#gathers) return this.#socket.write(message, sent);
    if (this.#gathered.length === 0) process.nextTick(flush, this);
    this.#gathered.push(message);
    this.#gatheredBytes += message.length;
    if (sent) this.#whenSent.push(sent);
    return this.unsent < this.#socket.writableHighWaterMark;
  }

  /** Lets go what {@link send} has gathered: a system call takes one piece in less time than many. */
  flush(): void {
    const [messages, bytes, told] = [this.#gathered, this.#gatheredBytes, this.#whenSent];
    if (messages.length === 0) return;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#whenSent = [];
    const sent = () => {
      for (const tell of told) tell();
    };
    if (messages.length > 1 && bytes / messages.length < LARGE) {
      this.#socket.write(Buffer.concat(messages, bytes), sent);
      return;
    }
    const last = messages.pop()!;
    this.#socket.cork();
    for (const message of messages) this.#socket.write(message);
    this.#socket.write(last, sent);
    this.#socket.uncork();
  }

  pause(): void {
    (this.#reads ?? this.#socket).pause();
  }

  resume(): void {
    (this.#reads ?? this.#socket).resume();
  }

  gatherReads(isOn: boolean): void {
    this.#reads ??= new ReadGatherer(this.#socket);
    this.#reads.isOn = isOn;
  }

  end(): void {
    this.#reads?.stop();
    this.resume();
    this.flush();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function flush(transport: SocketTransport): void {
  transport.flush();
}
