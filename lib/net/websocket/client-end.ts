/** What both of a client's ends of a WebSocket have alike: the one of the package ws, and the one of a page. */
import type { TransportListener } from "../transport.ts";

/** Bytes to be sent beyond which the connection wants to wait, until half of them have gone. */
const MANY_BYTES = 1024 * 1024;

export abstract class WebSocketClientEnd<Socket extends { readonly bufferedAmount: number }> {
  readonly isWebSocket = true;
  readonly isEncrypted: boolean;
  readonly prefix = undefined;
  protected readonly socket: Socket;
  protected listener: TransportListener | undefined;

  constructor(socket: Socket, isEncrypted: boolean) {
    this.socket = socket;
    this.isEncrypted = isEncrypted;
  }

  get unsent(): number {
    return this.socket.bufferedAmount;
  }

  protected get isOverfull(): boolean {
    return this.unsent > MANY_BYTES;
  }

  protected get isDrained(): boolean {
    return this.unsent * 2 <= MANY_BYTES;
  }
}
