// A server that says what it is told to, whatever it is asked: each piece that comes is answered with the next of its answers,
// and behind the last one, or where nothing more comes, it closes.
import { once } from "node:events";
import net from "node:net";

/** Milliseconds that it waits for more. */
const IDLE = 25;

export class WildServer {
  answers: readonly Buffer[] = [];
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  static async start(): Promise<WildServer> {
    const server = new WildServer();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  private constructor() {
    this.#server = net.createServer((socket) => {
      this.#sockets.add(socket);
      const answers = [...this.answers];
      socket.on("error", () => {});
      socket.setTimeout(IDLE, () => socket.end());
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("data", () => {
        const answer = answers.shift();
        if (answer === undefined) socket.destroy();
        else socket.write(answer);
      });
    });
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
