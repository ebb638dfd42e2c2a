/** What a connection speaks through: a socket, or a WebSocket over one. */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";

export interface Wire {
  /** How INFO CONNECTIONS calls it: `DataLink`, with `:WebSocket` and `:TLS` where they apply. */
  readonly type: string;
  /** Bytes that the client has not taken yet. */
  readonly unsent: number;
  /** What goes before a frame of so many bytes; `undefined` where frames simply follow each other. */
  readonly prefix: ((length: number) => Buffer) | undefined;
  listen(listener: WireListener): void;
  /** Sends whole frames, each behind its prefix. */
  write(bytes: Buffer, written: () => void): void;
  pause(): void;
  resume(): void;
  /** Closes after what was written; what still arrives is thrown away. */
  end(): void;
  destroy(): void;
}

export interface WireListener {
  bytes(bytes: Buffer): void;
  /** Nothing more comes, but the client may still read. */
  ended(): void;
  failed(error: Error): void;
  closed(): void;
}

/** A TCP or TLS socket. */
export class SocketWire implements Wire {
  readonly type: string;
  readonly prefix = undefined;
  readonly #socket: Socket;

  constructor(socket: Socket, encrypted: boolean) {
    this.type = encrypted ? "DataLink:TLS" : "DataLink";
    this.#socket = socket;
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  listen(listener: WireListener): void {
    this.#socket.on("data", (bytes) => listener.bytes(bytes));
    this.#socket.on("end", () => listener.ended());
    this.#socket.on("error", (error) => listener.failed(error));
    this.#socket.on("close", () => listener.closed());
  }

  write(bytes: Buffer, written: () => void): void {
    this.#socket.write(bytes, written);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/**
 * A WebSocket. Every DataLink frame goes out as one binary message, many of them in one write to the socket underneath;
 * what comes in may be cut in any way.
 */
export class WebSocketWire implements Wire {
  readonly type: string;
  readonly prefix = messageHeader;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;

  constructor(webSocket: WebSocket, socket: Socket, encrypted: boolean) {
    this.type = encrypted ? "DataLink:WebSocket:TLS" : "DataLink:WebSocket";
    this.#webSocket = webSocket;
    this.#socket = socket;
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  listen(listener: WireListener): void {
    // The default binary type is "nodebuffer": messages are Buffers, never lists of them.
    this.#webSocket.on("message", (data) => listener.bytes(data as Buffer));
    this.#webSocket.on("error", (error) => listener.failed(error));
    this.#webSocket.on("close", () => listener.closed());
  }

  write(bytes: Buffer, written: () => void): void {
    // Nothing may follow the closing handshake.
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#socket.write(bytes, written);
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
