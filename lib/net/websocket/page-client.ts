/**
 * A client's end of a WebSocket by the one that browsers have (Node.js 22 has it too): one message of the protocol per
 * WebSocket message. It cannot be told to wait: what a slow reader has not taken is kept, up to a limit.
 */
import { toBytes, viewBytes } from "../../bytes.ts";
import { type Address, formatAddress, webSocketUrl } from "../address.ts";
import { closeReason, NetError } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import type { Transport, TransportListener, TransportOptions } from "../transport.ts";
import { WebSocketClientEnd } from "./client-end.ts";

/** How often a connection that has much to send looks whether it has gone. */
const DRAIN_MS = 20;

/** Bytes that wait for a slow reader before the connection is given up: its subscription then goes on where it was. */
const MAX_KEPT = 16 * 1024 * 1024;

/** Opens a WebSocket connection. */
export async function openPageWebSocket(
  address: Address,
  options: TransportOptions,
  signal: AbortSignal,
): Promise<Transport> {
  if (!address.isWebSocket) throw unusable(address, "a page reaches servers over ws:// and wss:// only");
  if (Object.keys(options.tls).length > 0)
    throw unusable(address, "a page cannot choose certificates; leave tls out");
  if (Object.keys(options.headers).length > 0)
    throw unusable(address, "a page cannot send headers of its own; leave headers out");
  const url = webSocketUrl(address);
  // A browser does not say why: a server that answers none of the subprotocols looks like one that is not there.
  const socket = (await handshake(url, options.subprotocols, signal)) ?? (await handshake(url, [], signal));
  if (socket) return new PageWebSocketTransport(socket, address.isSecure);
  throw new NetError(
    "CONNECT_FAILED",
    `Cannot connect to ${formatAddress(address)}: the browser does not say why; check address and path, that the server runs, ` +
      "and that it allows pages of this origin.",
  );
}

/** `undefined` where no connection came about. */
function handshake(
  url: string,
  subprotocols: readonly string[],
  signal: AbortSignal,
): Promise<WebSocket | undefined> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = new WebSocket(url, [...subprotocols]);
    socket.binaryType = "arraybuffer";
    const settle = (act: () => void) => {
      signal.removeEventListener("abort", abort);
      socket.onopen = socket.onerror = socket.onclose = null;
      act();
    };
    const abort = () =>
      settle(() => {
        socket.close();
        reject(signal.reason as Error);
      });
    socket.onopen = () => settle(() => resolve(socket));
    socket.onerror = socket.onclose = () => settle(() => resolve(undefined));
    signal.addEventListener("abort", abort);
  });
}

function unusable(address: Address, why: string): NetError {
  return new NetError("INVALID_ARGUMENT", `${formatAddress(address)} cannot be opened: ${why}.`);
}

class PageWebSocketTransport extends WebSocketClientEnd<WebSocket> implements Transport {
  #isPaused = false;
  readonly #kept = new Fifo<Buffer>();
  #keptBytes = 0;
  #drain: ReturnType<typeof setInterval> | undefined;

  listen(listener: TransportListener): void {
    this.listener = listener;
    this.socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.#receive(viewBytes(data));
      else if (typeof data === "string") this.#receive(toBytes(data));
    };
    this.socket.onclose = ({ code, reason }) => {
      // What came before it counts.
      for (let piece = this.#kept.shift(); piece; piece = this.#kept.shift()) listener.onBytes(piece);
      this.#close(closeReason(code, reason));
    };
    // A connection that is lost is told by `onclose`.
    this.socket.onerror = () => {};
  }

  send(message: Buffer, sent?: () => void): boolean {
    if (this.socket.readyState !== this.socket.OPEN) return true;
    this.socket.send(message as Uint8Array<ArrayBuffer>);
    sent?.();
    if (this.#drain === undefined && !this.isOverfull) return true;
    this.#drain ??= setInterval(this.#checkDrain, DRAIN_MS);
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    while (!this.#isPaused) {
      const piece = this.#kept.shift();
      if (piece === undefined) return;
      this.#keptBytes -= piece.length;
      this.listener?.onBytes(piece);
    }
  }

  end(): void {
    this.resume();
    this.socket.close(1000);
  }

  destroy(): void {
    this.socket.close();
    // The closing handshake may take its time; nothing that comes meanwhile counts.
    this.#close(undefined);
  }

  #receive(piece: Buffer): void {
    if (!this.#isPaused) {
      this.listener?.onBytes(piece);
      return;
    }
    this.#kept.push(piece);
    this.#keptBytes += piece.length;
    if (this.#keptBytes <= MAX_KEPT) return;
    this.socket.close();
    this.#close(new Error(`its packets were not taken: more than ${MAX_KEPT} bytes waited`));
  }

  readonly #checkDrain = () => {
    if (!this.isDrained) return;
    clearInterval(this.#drain);
    this.#drain = undefined;
    this.listener?.onDrain?.();
  };

  #close(reason: Error | undefined): void {
    const listener = this.listener;
    if (listener === undefined) return;
    this.listener = undefined;
    this.#kept.clear();
    clearInterval(this.#drain);
    listener.onClose(reason);
  }
}
