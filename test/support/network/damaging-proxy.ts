/** A proxy for TCP behind which some packets cannot be read: their headers arrive as nonsense. */
import { once } from "node:events";
import net from "node:net";
import { encodeFrame, type Framed, FrameReader } from "../../../lib/datalink/protocol/frame.ts";

interface Reply extends Framed {
  words: string[];
}

/** @param isDamaged by the packet's id */
export async function damagingProxy(
  targetPort: () => number,
  isDamaged: (packetId: string) => boolean,
): Promise<AsyncDisposable & { url: string }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const target = net.connect(targetPort(), "127.0.0.1");
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => other.destroy());
    }
    client.pipe(target);
    const replies = new FrameReader<Reply>(parseReply, 1 << 24);
    target.on("data", (piece) => {
      replies.push(piece);
      for (let reply = replies.next(); reply; reply = replies.next()) {
        const { words, payload } = reply;
        if (words[0] === "PACKET" && isDamaged(words[2]!)) client.write(encodeFrame("PACKET XX_TEST/TEXT ?"));
        else client.write(encodeFrame(words.join(" "), payload));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `datalink://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

function parseReply(bytes: Buffer, start: number, end: number): Reply {
  const words = bytes.toString("latin1", start, end).split(" ");
  const hasPayload = !["ID", "ENDSTREAM"].includes(words[0]!);
  return { words, size: hasPayload ? Number(words.at(-1)) : 0, payload: Buffer.alloc(0) };
}
