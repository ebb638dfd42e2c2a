// lib/net/server-websocket.ts: each message of the protocol is one message of WebSocket, whatever its length.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import WebSocket, { WebSocketServer } from "ws";
import { ServerWebSocketTransport } from "../../lib/net/server-websocket.ts";

const MIB = 1024 * 1024;

/** Around the lengths from which on a header needs more bytes (RFC 6455, section 5.2). */
const LENGTHS = [0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 65_537, 70_000];

describe("a server's end of a WebSocket", () => {
  let server: WebSocketServer;
  let client: WebSocket;
  afterEach(() => {
    client.terminate();
    server.close();
  });

  /** Both ends; what the client gets from the beginning on is kept. */
  async function connect(got: Buffer[] = []): Promise<ServerWebSocketTransport> {
    server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    client.on("message", (message: Buffer) => void got.push(message));
    const [[webSocket, { socket }]] = (await Promise.all([
      once(server, "connection"),
      once(client, "open"),
    ])) as unknown as [[WebSocket, { socket: Socket }]];
    return new ServerWebSocketTransport(webSocket, socket, false);
  }

  it("sends messages of any length, many in one write", async () => {
    const got: Buffer[] = [];
    const transport = await connect(got);
    const messages = LENGTHS.flatMap((length) => [transport.prefix(length), Buffer.alloc(length, length)]);
    transport.send(Buffer.concat(messages));
    transport.end();
    await once(client, "close");
    assert.deepEqual(
      got.map(({ length }) => length),
      LENGTHS,
    );
    for (const message of got) assert.ok(message.equals(Buffer.alloc(message.length, message.length)));
  });

  it("makes its user wait for who does not read, and tells when that is over", async () => {
    let received = 0;
    const transport = await connect();
    client.on("message", (message: Buffer) => {
      received += message.length;
    });
    const message = Buffer.alloc(MIB);
    const piece = Buffer.concat([transport.prefix(MIB), message]);
    client.pause();
    let sent = 1;
    const drained = new Promise<void>((resolve) =>
      transport.listen({ onBytes() {}, onClose() {}, onDrain: resolve }),
    );
    while (transport.send(piece)) assert.ok(++sent < 64);
    assert.ok(transport.unsent > 0);
    client.resume();
    await drained;
    assert.equal(transport.unsent, 0);
    while (received < sent * MIB) await once(client, "message");
  });

  it("reads when it may, ends with a farewell, and sends nothing behind it", async () => {
    const got: Buffer[] = [];
    const transport = await connect(got);
    const read: string[] = [];
    const closed = new Promise((resolve) =>
      transport.listen({ onBytes: (bytes) => void read.push(bytes.toString()), onClose: resolve }),
    );
    transport.pause();
    client.send("waits");
    transport.end();
    assert.equal(transport.send(Buffer.concat([transport.prefix(1), Buffer.from("x")])), true);
    const [code] = (await once(client, "close")) as [number];
    assert.equal(code, 1000);
    assert.equal(await closed, undefined);
    assert.deepEqual([read, got], [["waits"], []]);
  });

  it("breaks off without a farewell", async () => {
    const transport = await connect();
    const closed = new Promise((resolve) => transport.listen({ onBytes() {}, onClose: resolve }));
    transport.destroy();
    const [code] = (await once(client, "close")) as [number];
    assert.equal(code, 1006);
    assert.equal(await closed, undefined);
  });

  it("tells why a connection was lost whose other end breaks the rules", async () => {
    const transport = await connect();
    const closed = new Promise((resolve) => transport.listen({ onBytes() {}, onClose: resolve }));
    // A message of a server, which is not masked.
    (client as unknown as { _socket: Socket })._socket.write(Buffer.from([0x82, 1, 0]));
    assert.match(String(await closed), /MASK must be set/);
  });
});
