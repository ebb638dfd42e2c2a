/**
 * A proxy for TCP that does to a connection what networks do: it cuts it at any byte, resets it, closes one half, stalls
 * it, delays it, and splits and joins its segments.
 */
import { once } from "node:events";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface Faults {
  /** Numbers from 0 to below 1; the same ones give the same faults. */
  random: () => number;
  /** After how many bytes on average, in both directions together, something happens to a connection. */
  bytesToFault: number;
  /** Longest delay of a piece, and of a stall, in milliseconds. */
  maxDelay: number;
}

export class FaultProxy implements AsyncDisposable {
  readonly port: number;
  /** How often each fault has been made. */
  readonly made: Record<string, number> = {};
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #targetPort: () => number;
  #faults: Faults | undefined;
  /** Nothing is passed on before. */
  #held: Promise<unknown> | undefined;

  /** @param targetPort may change, as a server may move */
  static async listen(targetPort: () => number, faults?: Faults): Promise<FaultProxy> {
    const server = net.createServer({ noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FaultProxy(server, targetPort, faults);
  }

  private constructor(server: net.Server, targetPort: () => number, faults: Faults | undefined) {
    this.#server = server;
    this.#targetPort = targetPort;
    this.#faults = faults;
    this.port = (server.address() as net.AddressInfo).port;
    server.on("connection", (client) => this.#connect(client));
  }

  get url(): string {
    return `datalink://127.0.0.1:${this.port}`;
  }

  /** From now on nothing happens to new connections. */
  calm(): void {
    this.#faults = undefined;
  }

  /** From now on these happen to new connections. */
  storm(faults: Faults): void {
    this.#faults = faults;
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Ends all connections in good order, in the middle of what is said. */
  finish(): void {
    for (const socket of this.#sockets) socket.end();
  }

  /** Passes nothing on for so many milliseconds; the connections stay. */
  async stall(milliseconds: number): Promise<void> {
    const held = delay(milliseconds);
    this.#held = held;
    await held;
    if (this.#held === held) this.#held = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, "close");
  }

  #connect(client: net.Socket): void {
    const target = net.connect({ port: this.#targetPort(), host: "127.0.0.1", noDelay: true });
    const pair = { client, target, left: this.#bytesLeft() };
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
    }
    void this.#forward(client, target, pair);
    void this.#forward(target, client, pair);
  }

  #bytesLeft(): number {
    return this.#faults ? this.#faults.random() * 2 * this.#faults.bytesToFault : Number.POSITIVE_INFINITY;
  }

  async #forward(from: net.Socket, to: net.Socket, pair: Pair): Promise<void> {
    try {
      for await (const chunk of from) {
        for (const piece of this.#pieces(chunk as Buffer)) {
          if (this.#held) await this.#held;
          pair.left -= piece.length;
          if (pair.left < 0) await this.#strike(piece, to, pair);
          else if (!to.write(piece)) await once(to, "drain");
        }
      }
      to.end();
    } catch {
      // One of the two has been cut.
    }
  }

  /** Now and then a piece is split, or waits. */
  *#pieces(chunk: Buffer): Generator<Buffer> {
    const faults = this.#faults;
    if (!faults || faults.random() < 0.7 || chunk.length < 2) {
      yield chunk;
      return;
    }
    this.#count("split");
    for (let start = 0; start < chunk.length; ) {
      const end = start + 1 + Math.floor(faults.random() * Math.min(chunk.length, 3000));
      yield chunk.subarray(start, end);
      start = end;
    }
  }

  async #strike(piece: Buffer, to: net.Socket, pair: Pair): Promise<void> {
    const random = this.#faults?.random ?? (() => 0);
    const maxDelay = this.#faults?.maxDelay ?? 0;
    pair.left = this.#bytesLeft();
    const fault = FAULTS[Math.floor(random() * FAULTS.length)]!;
    this.#count(fault);
    switch (fault) {
      case "cut":
        to.write(piece.subarray(0, Math.floor(random() * piece.length)));
        pair.client.destroy();
        pair.target.destroy();
        return;
      case "reset":
        to.write(piece.subarray(0, Math.floor(random() * piece.length)));
        pair.client.resetAndDestroy();
        pair.target.resetAndDestroy();
        return;
      case "half-close":
        to.end(piece.subarray(0, Math.floor(random() * piece.length)));
        return;
      case "stall":
        await delay(random() * maxDelay);
        to.write(piece);
        return;
      case "stall and cut":
        await delay(random() * maxDelay);
        pair.client.destroy();
        pair.target.destroy();
        return;
    }
  }

  #count(fault: string): void {
    this.made[fault] = (this.made[fault] ?? 0) + 1;
  }
}

const FAULTS = ["cut", "reset", "half-close", "stall", "stall and cut"] as const;

interface Pair {
  client: net.Socket;
  target: net.Socket;
  /** Bytes until the next fault. */
  left: number;
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
