/** A client's end of a WebSocket, by the package ws: one message of the protocol per WebSocket message. */
import { createSecureContext } from "node:tls";
import WebSocket from "ws";
import { type Address, webSocketUrl } from "../address.ts";
import { closeReason, connectError } from "../errors.ts";
import { READ_LITTLE_MORE, ReadGatherer } from "../read-gatherer.ts";
import { withUsableOptions } from "../tls.ts";
import type { Transport, TransportListener, TransportOptions } from "../transport.ts";
import { WebSocketClientEnd } from "./client-end.ts";

/** Opens a WebSocket connection. Some servers answer none of the subprotocols, and are asked again without. */
export async function openWebSocket(
  address: Address,
  options: TransportOptions,
  signal: AbortSignal,
): Promise<Transport> {
  try {
    return await handshake(address, options.subprotocols, options, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    if (!isAboutSubprotocol(error)) throw connectError(address, error);
  }
  try {
    return await handshake(address, [], options, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw connectError(address, error);
  }
}

function isAboutSubprotocol(error: unknown): boolean {
  return error instanceof Error && /subprotocol|server response: 400/i.test(error.message);
}

function handshake(
  address: Address,
  subprotocols: readonly string[],
  { tls, headers, maxMessage }: TransportOptions,
  signal: AbortSignal,
): Promise<Transport> {
  const socket = withUsableOptions(
    address,
    () =>
      new WebSocket(webSocketUrl(address), [...subprotocols], {
        ...READ_LITTLE_MORE,
        ...tls,
        // Made here: where certificate or key cannot be read, Node.js 24 would only call that a failed connection.
        ...(address.isSecure && { secureContext: tls.secureContext ?? createSecureContext(tls) }),
        headers,
        perMessageDeflate: false,
        maxPayload: maxMessage,
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
      resolve(new WebSocketTransport(socket, address.isSecure));
    });
    // A second error, of a connection that was given up, concerns nobody.
    socket.on("error", () => {});
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

class WebSocketTransport extends WebSocketClientEnd<WebSocket> implements Transport {
  readonly #reads: ReadGatherer;
  #blocked = false;

  constructor(socket: WebSocket, isEncrypted: boolean) {
    super(socket, isEncrypted);
    this.#reads = new ReadGatherer(socket);
  }

  listen(listener: TransportListener): void {
    this.listener = listener;
    let failure: Error | undefined;
    this.socket.on("error", (error) => {
      failure = error;
    });
    this.socket.on("message", (message) => {
      listener.onBytes(message as Buffer);
      this.#reads.onRead((message as Buffer).length);
    });
    this.socket.once("close", (code, reason) => {
      this.#reads.stop();
      listener.onClose(failure ?? closeReason(code, reason.toString()));
    });
  }

  send(message: Buffer, sent?: () => void): boolean {
    if (this.socket.readyState !== WebSocket.OPEN) return true;
    this.socket.send(message, () => {
      this.#onSent();
      sent?.();
    });
    this.#blocked ||= this.isOverfull;
    return !this.#blocked;
  }

  /** A connection that is lost is told by `close`. */
  #onSent(): void {
    if (!this.#blocked || !this.isDrained) return;
    this.#blocked = false;
    this.listener?.onDrain?.();
  }

  pause(): void {
    this.#reads.pause();
  }

  resume(): void {
    this.#reads.resume();
  }

  gatherReads(isOn: boolean): void {
    this.#reads.isOn = isOn;
  }

  end(): void {
    this.#reads.stop();
    this.#reads.resume();
    this.socket.close(1000);
  }

  destroy(): void {
    this.socket.terminate();
  }
}
