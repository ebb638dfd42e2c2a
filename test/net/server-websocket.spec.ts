// lib/net/server-websocket.ts: each message of the protocol is one message of WebSocket, whatever its length.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import WebSocket, { WebSocketServer } from "ws";
import { ServerWebSocketTransport } from "../../lib/net/server-websocket.ts";

/** Around the lengths from which on a header needs more bytes (RFC 6455, section 5.2). */
const LENGTHS = [0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 65_537, 70_000];

describe("a server's end of a WebSocket", () => {
  it("sends messages of any length, many in one write", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    server.on("connection", (webSocket, { socket }) => {
      const transport = new ServerWebSocketTransport(webSocket, socket as Socket, false);
      const messages = LENGTHS.flatMap((length) => [transport.prefix(length), Buffer.alloc(length, length)]);
      transport.send(Buffer.concat(messages));
      transport.end();
    });
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const got: Buffer[] = [];
    client.on("message", (message: Buffer, isBinary) => {
      assert.ok(isBinary);
      got.push(message);
    });
    await once(client, "close");
    assert.deepEqual(
      got.map(({ length }) => length),
      LENGTHS,
    );
    for (const message of got) assert.ok(message.equals(Buffer.alloc(message.length, message.length)));
    server.close();
  });
});
