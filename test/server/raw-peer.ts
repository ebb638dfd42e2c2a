/** A peer that knows no protocol: bytes out, bytes in. Bytes are written as latin1 text. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** Most milliseconds that an answer may take. */
const PATIENCE = 2000;

export class RawPeer {
  readonly socket: Socket;
  received = "";
  closed = false;
  #changed: () => void = () => {};

  static async connect(port: number, encrypted = false): Promise<RawPeer> {
    const address = { port, host: "127.0.0.1" };
    const socket = encrypted
      ? connectTls({ ...address, rejectUnauthorized: false })
      : connect({ ...address, noDelay: true });
    await once(socket, encrypted ? "secureConnect" : "connect");
    return new RawPeer(socket);
  }

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.received += bytes.toString("latin1");
      this.#changed();
    });
    // An error is followed by close.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#changed();
    });
  }

  send(bytes: string): void {
    this.socket.write(Buffer.from(bytes, "latin1"));
  }

  /** Waits until the condition holds or the server has closed the connection. */
  async until(condition: () => boolean): Promise<void> {
    const patience = AbortSignal.timeout(PATIENCE);
    while (!condition() && !this.closed) {
      await new Promise<void>((resolve, reject) => {
        this.#changed = resolve;
        patience.onabort = () => reject(new Error(`waited in vain, after ${JSON.stringify(this.received)}`));
      });
    }
    patience.onabort = null;
  }

  async untilReceived(length: number): Promise<void> {
    await this.until(() => this.received.length >= length);
  }

  async untilClosed(): Promise<void> {
    await this.until(() => false);
  }
}
