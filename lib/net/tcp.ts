/** DataLink over TCP. The same socket transport carries TLS. */
import net from "node:net";
import type { Address } from "../datalink/address.ts";
import { connectError, type Transport, type TransportListener } from "./transport.ts";

/** How often the system asks a silent peer whether it is still there. */
const TCP_KEEP_ALIVE_MS = 60_000;

/** Opens a TCP connection; where the host has several addresses they are tried in turn. */
export function openTcp(address: Address, signal: AbortSignal): Promise<Transport> {
  return whenOpen(net.connect({ host: address.host, port: address.port }), "connect", address, signal);
}

/** Waits for a socket's `event` (`connect`, `secureConnect`). */
export function whenOpen(
  socket: net.Socket,
  event: string,
  address: Address,
  signal: AbortSignal,
): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    const fail = (error: Error) => {
      signal.removeEventListener("abort", abort);
      reject(connectError(address, error));
    };
    const close = () => fail(Object.assign(new Error("the server closed it"), { code: "ECONNRESET" }));
    socket.once("error", fail);
    socket.once("close", close);
    socket.once(event, () => {
      signal.removeEventListener("abort", abort);
      socket.off("close", close);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
      resolve(new SocketTransport(socket));
    });
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

class SocketTransport implements Transport {
  readonly #socket: net.Socket;
  #corked = false;

  constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  listen(listener: TransportListener): void {
    const socket = this.#socket;
    let failure: Error | undefined;
    socket.removeAllListeners("error");
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("data", (piece: Buffer) => listener.onBytes(piece));
    socket.on("drain", () => listener.onDrain());
    // DataLink has no half-open connections: a server that has sent its last byte also reads no more.
    socket.once("end", () => socket.end());
    socket.once("close", () => listener.onClose(failure));
  }

  /** Frames of one turn of the event loop leave together, in as few segments as possible. */
  send(frame: Buffer): boolean {
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(this.#uncork);
    }
    return this.#socket.write(frame);
  }

  readonly #uncork = () => {
    this.#corked = false;
    this.#socket.uncork();
  };

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.resume();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
