/** Ways to a TCP server for clients that speak TLS or WebSocket, as the servers of this field do it. */
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import tls from "node:tls";
import { WebSocketServer } from "ws";
import { encodeFrame, type Framed, FrameReader } from "../../../lib/datalink/protocol/frame.ts";
import { parseReplyHeader } from "../../../lib/datalink/protocol/replies.ts";
import { parseCommand } from "./scripted-peer.ts";

export interface Bridge extends AsyncDisposable {
  port: number;
}

/** Ends TLS; the bytes go on to `targetPort`. */
export async function tlsBridge(targetPort: number, options: tls.TlsOptions): Promise<Bridge> {
  const server = tls.createServer(options, (socket) => {
    const target = net.connect(targetPort, "127.0.0.1");
    socket.pipe(target).pipe(socket);
    for (const end of [socket, target]) {
      end.on("error", () => {});
      end.on("close", () => {
        socket.destroy();
        target.destroy();
      });
    }
  });
  server.on("tlsClientError", () => {});
  return await listening(server);
}

export interface WebSocketBridgeOptions {
  tls?: tls.TlsOptions;
  /** Chooses a subprotocol of those offered; `false` for none. Default: the first. */
  subprotocol?: (offered: Set<string>) => string | false;
  path?: string;
  onRequest?: (request: http.IncomingMessage, sizes: number[]) => void;
}

/**
 * A WebSocket server as ringserver is one: it takes one whole DataLink packet per message and sends one per message, and
 * drops a client that does otherwise.
 */
export async function webSocketBridge(
  targetPort: number,
  options: WebSocketBridgeOptions = {},
): Promise<Bridge> {
  const server = options.tls ? https.createServer(options.tls) : http.createServer();
  const sockets = new WebSocketServer({
    server,
    path: options.path ?? "/datalink",
    handleProtocols: options.subprotocol ?? ((offered) => [...offered][0]!),
  });
  sockets.on("connection", (socket, request) => {
    const target = net.connect(targetPort, "127.0.0.1");
    const sizes: number[] = [];
    const reader = new FrameReader(parseReply, 1 << 28);
    options.onRequest?.(request, sizes);
    socket.on("error", () => {});
    socket.on("message", (message: Buffer) => {
      sizes.push(message.length);
      if (isOneCommand(message)) target.write(message);
      else socket.close(1000);
    });
    socket.on("close", () => target.destroy());
    target.on("error", () => {});
    target.on("close", () => socket.close(1000));
    target.on("data", (piece) => {
      reader.push(piece);
      for (let reply = reader.next(); reply; reply = reader.next()) {
        socket.send(encodeFrame(reply.header, reply.payload));
      }
    });
  });
  return await listening(server);
}

/** A reply with its header as it came. */
function parseReply(bytes: Buffer, start: number, end: number): Framed & { header: string } {
  const { size, payload } = parseReplyHeader(bytes, start, end);
  return { size, payload, header: bytes.toString("latin1", start, end) };
}

function isOneCommand(message: Buffer): boolean {
  const reader = new FrameReader(parseCommand, 1 << 24);
  reader.push(message);
  return reader.next() !== undefined && reader.buffered === 0;
}

async function listening(server: net.Server): Promise<Bridge> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
