/** DataLink over WebSocket: one frame per message. */
import WebSocket from "ws";
import type { Address } from "../datalink/address.ts";
import { type TlsOptions, withUsableOptions } from "./tls.ts";
import { connectError, MAX_PAYLOAD, type Transport, type TransportListener } from "./transport.ts";

export interface WebSocketOptions {
  readonly tls: TlsOptions;
  readonly headers: Readonly<Record<string, string>>;
}

/** Both are offered, because servers of protocol 1.0 know only theirs; some answer neither, and are asked again without. */
const SUBPROTOCOLS = ["DataLink1.1", "DataLink1.0"];

/** Bytes to be sent beyond which the connection wants to wait. */
const MANY_BYTES = 1024 * 1024;

/** Opens a WebSocket connection. */
export async function openWebSocket(
  address: Address,
  options: WebSocketOptions,
  signal: AbortSignal,
): Promise<Transport> {
  try {
    return await handshake(address, SUBPROTOCOLS, options, signal);
  } catch (error) {
    if (!isAboutSubprotocol(error)) throw connectError(address, error);
  }
  try {
    return await handshake(address, [], options, signal);
  } catch (error) {
    throw connectError(address, error);
  }
}

function isAboutSubprotocol(error: unknown): boolean {
  return error instanceof Error && /subprotocol|server response: 400/i.test(error.message);
}

function handshake(
  address: Address,
  subprotocols: string[],
  { tls, headers }: WebSocketOptions,
  signal: AbortSignal,
): Promise<Transport> {
  const socket = withUsableOptions(
    address,
    () =>
      new WebSocket(urlOf(address), subprotocols, {
        ...tls,
        headers,
        perMessageDeflate: false,
        maxPayload: MAX_PAYLOAD,
        skipUTF8Validation: true,
      }),
  );
  return new Promise((resolve, reject) => {
    const abort = () => {
      socket.terminate();
      reject(signal.reason as Error);
    };
    socket.once("error", (error) => {
      signal.removeEventListener("abort", abort);
      reject(error);
    });
    socket.once("open", () => {
      signal.removeEventListener("abort", abort);
      resolve(new WebSocketTransport(socket));
    });
    // A second error, of a connection that was given up, concerns nobody.
    socket.on("error", () => {});
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

function urlOf({ scheme, host, port, path }: Address): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}

class WebSocketTransport implements Transport {
  readonly #socket: WebSocket;
  #listener: TransportListener | undefined;
  #blocked = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
    let failure: Error | undefined;
    this.#socket.on("error", (error) => {
      failure = error;
    });
    this.#socket.on("message", (message) => listener.onBytes(message as Buffer));
    this.#socket.once("close", (code, reason) => {
      listener.onClose(failure ?? closeReason(code, reason.toString()));
    });
  }

  send(frame: Buffer): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return true;
    this.#socket.send(frame, this.#onSent);
    this.#blocked ||= this.#socket.bufferedAmount > MANY_BYTES;
    return !this.#blocked;
  }

  /** A connection that is lost is told by `close`. */
  readonly #onSent = () => {
    if (!this.#blocked || this.#socket.bufferedAmount * 2 > MANY_BYTES) return;
    this.#blocked = false;
    this.#listener?.onDrain();
  };

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.resume();
    this.#socket.close(1000);
  }

  destroy(): void {
    this.#socket.terminate();
  }
}

/** Servers close with 1000 also after errors, and old ones without a word (1006): only other codes say something. */
function closeReason(code: number, reason: string): Error | undefined {
  if (code === 1000 || code === 1005 || code === 1006) return undefined;
  const words = reason.replace(/[^\x20-\x7e]/g, "?");
  return new Error(`WebSocket close code ${code}${words && `, "${words}"`}`);
}
