/**
 * A server's end of a WebSocket. Every message of the protocol goes out as one binary message, many of them in one write
 * to the socket underneath; what comes in may be cut in any way.
 */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { Transport, TransportListener } from "./transport.ts";

export class ServerWebSocketTransport implements Transport {
  readonly isWebSocket = true;
  readonly isEncrypted: boolean;
  readonly prefix = messageHeader;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;

  constructor(webSocket: WebSocket, socket: Socket, isEncrypted: boolean) {
    this.isEncrypted = isEncrypted;
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  listen(listener: TransportListener): void {
    let failure: Error | undefined;
    // The default binary type is "nodebuffer": messages are Buffers, never lists of them.
    this.#webSocket.on("message", (data) => listener.onBytes(data as Buffer));
    this.#webSocket.on("error", (error) => {
      failure ??= error;
    });
    this.#webSocket.on("close", () => listener.onClose(failure));
    this.#socket.on("drain", () => listener.onDrain?.());
  }

  send(messages: Buffer, sent?: () => void): boolean {
    // Nothing may follow the closing handshake.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return true;
    return this.#socket.write(messages, sent);
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  end(): void {
    this.#webSocket.close(1000);
    this.#socket.end();
    this.#webSocket.resume();
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}

/** The header of an unmasked binary message in one piece (RFC 6455, section 5.2). */
function messageHeader(length: number): Buffer {
  if (length < 126) return Buffer.from([0x82, length]);
  if (length < 65_536) return Buffer.from([0x82, 126, length >> 8, length & 0xff]);
  const header = Buffer.alloc(10);
  header[0] = 0x82;
  header[1] = 127;
  header.writeUIntBE(length, 4, 6);
  return header;
}
