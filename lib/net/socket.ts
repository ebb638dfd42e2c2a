/** A TCP or TLS socket as a transport, of a client or of a server. */
import type { Socket } from "node:net";
import { ReadGatherer } from "./read-gatherer.ts";
import type { Transport, TransportListener } from "./transport.ts";

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
  #corked = false;

  constructor(socket: Socket, { isEncrypted, gathers = false }: SocketOptions) {
    this.#socket = socket;
    this.isEncrypted = isEncrypted;
    this.#gathers = gathers;
  }

  get unsent(): number {
    return this.#socket.writableLength;
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
    if (this.#gathers && !this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(uncork, this);
    }
    return this.#socket.write(message, sent);
  }

  /** Lets go what {@link send} has gathered. */
  uncork(): void {
    this.#corked = false;
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
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function uncork(transport: SocketTransport): void {
  transport.uncork();
}
