/** A bare DataLink peer for tests: it sends what it is told to and keeps every reply, without any of the client's care. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { encodeFrame, FrameReader } from "../../lib/datalink/protocol/frame.ts";
import { parseReplyHeader, type Reply } from "../../lib/datalink/protocol/replies.ts";

export class Peer {
  readonly socket: Socket;
  readonly replies: Reply[] = [];
  closed = false;
  readonly #reader = new FrameReader(parseReplyHeader, 100_000_000);
  #taken = 0;
  #changed: () => void = () => {};

  /** `from`: another address of this machine to come from, such as 127.0.0.2. */
  static async connect(port: number, from = "127.0.0.1"): Promise<Peer> {
    const socket = connect({ port, host: "127.0.0.1", localAddress: from, noDelay: true });
    await once(socket, "connect");
    return new Peer(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.#reader.push(bytes);
      for (let reply = this.#reader.next(); reply; reply = this.#reader.next()) this.replies.push(reply);
      this.#changed();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#changed();
    });
  }

  send(...commands: (string | Buffer)[]): void {
    this.socket.write(
      Buffer.concat(
        commands.map((command) => (typeof command === "string" ? encodeFrame(command) : command)),
      ),
    );
  }

  /** The next reply that was not taken yet; fails when the connection closes before. */
  async next(): Promise<Reply> {
    await this.#until(() => this.replies.length > this.#taken);
    const reply = this.replies[this.#taken];
    if (!reply) throw new Error("the server closed the connection");
    this.#taken++;
    return reply;
  }

  async take(count: number): Promise<Reply[]> {
    const replies: Reply[] = [];
    while (replies.length < count) replies.push(await this.next());
    return replies;
  }

  /** Sends commands and gives the reply to the last one as text, for example `OK 1 Positioned to packet ID 1`. */
  async ask(...commands: (string | Buffer)[]): Promise<string> {
    this.send(...commands);
    return describe(await this.next());
  }

  async untilClosed(): Promise<void> {
    await this.#until(() => false);
  }

  end(): void {
    this.socket.destroy();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.closed) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

/** A WRITE command. */
export function write(streamId: string, payload: string | Buffer, flags = "A", packetId = ""): Buffer {
  const bytes = Buffer.from(payload);
  return encodeFrame(`WRITE ${streamId} 1000000 2000000 ${flags} ${bytes.length} ${packetId}`, bytes);
}

export function describe(reply: Reply): string {
  switch (reply.kind) {
    case "PACKET":
      return `PACKET ${reply.streamId} ${reply.packetId} ${reply.payload.toString()}`;
    case "OK":
    case "ERROR":
      return `${reply.kind} ${reply.value} ${reply.payload.toString()}`.trim();
    case "INFO":
      return `INFO ${reply.type} ${reply.payload.toString()}`;
    case "ID":
      return `ID ${reply.text}`;
    case "ENDSTREAM":
      return "ENDSTREAM";
  }
}
