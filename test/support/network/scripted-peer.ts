/**
 * A server that answers as a test tells it: for what a well-behaved server never does, and for what servers of other
 * versions do.
 */
import { EventEmitter, once } from "node:events";
import net from "node:net";
import { encodeFrame, type Framed, FrameReader } from "../../../lib/datalink/protocol/frame.ts";

export interface ReceivedCommand extends Framed {
  header: string;
  words: string[];
}

/** What the peer does at a command: bytes to send, `"close"` after them or instead of them, or nothing. */
export type Answer = Buffer | string | undefined | (Buffer | string)[];

export type Script = (command: ReceivedCommand, socket: net.Socket) => Answer;

export interface ScriptedPeer extends AsyncDisposable {
  url: string;
  port: number;
  /** The headers of all commands, in order. */
  received: string[];
  commands: ReceivedCommand[];
  sockets: Set<net.Socket>;
  /** Resolves when this many commands have come whose header begins so. */
  heard(beginning: string, count?: number): Promise<void>;
}

export const IDENTITY = "ID DataLink v1.1 (RingServer/4.5.3) :: DLPROTO:1.1 PACKETSIZE:512 WRITE";

/** Listens on a free port of the loopback. A script that answers an ID with nothing leaves it to {@link IDENTITY}. */
export async function scriptedPeer(script: Script, identity = IDENTITY): Promise<ScriptedPeer> {
  const commands: ReceivedCommand[] = [];
  const received: string[] = [];
  const sockets = new Set<net.Socket>();
  const arrivals = new EventEmitter();
  const server = net.createServer((socket) => {
    const reader = new FrameReader(parseCommand, 1 << 24);
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    const nextCommand = () => {
      try {
        return reader.next();
      } catch {
        // A client of another protocol: servers close without a word.
        socket.destroy();
        return undefined;
      }
    };
    socket.on("data", (piece) => {
      reader.push(piece);
      for (let command = nextCommand(); command && socket.writable; command = nextCommand()) {
        received.push(command.header);
        commands.push(command);
        arrivals.emit("command");
        const answer = script(command, socket) ?? (command.words[0] === "ID" ? encodeFrame(identity) : []);
        for (const part of Array.isArray(answer) ? answer : [answer]) {
          if (part === "close") socket.end();
          else if (part === "reset") socket.resetAndDestroy();
          else socket.write(typeof part === "string" ? Buffer.from(part, "latin1") : part);
        }
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return {
    url: `datalink://127.0.0.1:${port}`,
    port,
    received,
    commands,
    sockets,
    async heard(beginning, count = 1) {
      const has = () => received.filter((header) => header.startsWith(beginning)).length >= count;
      while (!has()) await once(arrivals, "command");
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A command's header; its size is the sixth word of WRITE, and the last one of MATCH, REJECT, AUTH and INFO. */
export function parseCommand(bytes: Buffer, start: number, end: number): ReceivedCommand {
  const header = bytes.toString("latin1", start, end);
  const words = header.split(" ").filter((word) => word !== "");
  return { header, words, size: payloadSize(words), payload: Buffer.alloc(0) };
}

function payloadSize(words: string[]): number {
  const [word = "", ...rest] = words;
  if (word === "WRITE") return Number(words[5]);
  if (word === "MATCH" || word === "REJECT") return Number(rest[0] ?? 0);
  if (word === "AUTH") return Number(rest[1]);
  if (word === "INFO" && /^\d+$/.test(rest[1] ?? "")) return Number(rest[1]);
  return 0;
}
