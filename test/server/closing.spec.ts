// What a client sent before it closed counts: it is in the ring, however the client went and whatever was acknowledged.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect as connectTls } from "node:tls";
import { WebSocket } from "ws";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import {
  DataLinkServer,
  type DataLinkServerEvent,
  type DataLinkServerOptions,
} from "../../lib/server/server.ts";
import { recordEvents } from "../support/events.ts";
import { write } from "./peer.ts";
import { RawPeer } from "./raw-peer.ts";

const SOURCES = 4;
const tlsFile = (name: string) => readFile(path.join(__dirname, "..", "vectors", "tls", name));

function writes(count: number, size: number, flags: string, source = 0): Buffer {
  const payload = Buffer.alloc(size, 0x41);
  return Buffer.concat(Array.from({ length: count }, () => write(`S${source}/T`, payload, flags)));
}

/** Ways to hand over bytes and go at once. */
const WAYS: Record<string, (port: number, bytes: Buffer) => Promise<unknown>> = {
  "over TCP": async (port, bytes) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => {});
    // Nothing is read: what the server sends meets a closed socket.
    socket.pause();
    await once(socket, "connect");
    socket.end(bytes, () => socket.destroy());
    await once(socket, "close");
  },
  "over TLS": async (port, bytes) => {
    const socket: Socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    socket.resume();
    socket.end(bytes);
    await once(socket, "close");
  },
  "over WebSocket": async (port, bytes) => {
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}/datalink`);
    await once(webSocket, "open");
    for (let i = 0; i < bytes.length; i += 30_000) webSocket.send(bytes.subarray(i, i + 30_000));
    webSocket.close();
    await once(webSocket, "close");
  },
};

describe("a client that writes and closes", () => {
  let server: DataLinkServer;
  let events: ReturnType<typeof recordEvents<DataLinkServerEvent>>;

  async function start(options: DataLinkServerOptions = {}): Promise<void> {
    events = recordEvents<DataLinkServerEvent>();
    server = await DataLinkServer.listen({
      port: 0,
      ringBytes: 1 << 25,
      packetSize: 100_000,
      onEvent: events.onEvent,
      ...options,
    });
  }

  /** Waits until the server has told that so many clients are gone. */
  async function gone(clients: number): Promise<void> {
    const told = new Set<DataLinkServerEvent>();
    while (told.size < clients) told.add(await events.wait("closed", (event) => !told.has(event)));
  }

  afterEach(() => server.close());

  it("is told that it is gone, and counted no more, when the server has closed", async () => {
    await start();
    const peers = Array.from({ length: 20 }, () => connect({ port: server.port, host: "127.0.0.1" }));
    // Some have begun to speak, and some have not.
    for (const [i, peer] of peers.entries())
      peer.on("error", () => {}).write(i % 2 ? "D" : encodeFrame(`ID peer${i}`));
    for (let i = 0; i < 20; i += 2)
      await events.wait("identified", ({ client }) => client.clientId === `peer${i}`);
    await server.close();
    assert.equal(server.status.clients, 0);
  });

  for (const [way, send] of Object.entries(WAYS)) {
    for (const [count, size, flags] of [
      [8000, 16, "N"],
      [4000, 512, "N"],
      [20, 90_000, "N"],
      // In one segment: a client that closes with answers unread resets the connection, and what is on its way is lost.
      [1000, 16, "A"],
    ] as const) {
      it(`has every packet in the ring: ${count} of ${size} bytes, ${flags}, ${way}`, async () => {
        const tls =
          way === "over TLS" ? { cert: await tlsFile("cert.pem"), key: await tlsFile("key.pem") } : undefined;
        await start({ tls });
        const sources = Array.from({ length: SOURCES }, (_, i) => i);
        await Promise.all(sources.map((source) => send(server.port, writes(count, size, flags, source))));
        await gone(SOURCES);
        assert.equal(server.status.packetsIn, SOURCES * count);
        assert.equal(server.status.clients, 0);
      });
    }
  }

  it("is told what it asked for where it only closes its own side", async () => {
    await start();
    const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    const peer = new RawPeer(socket);
    await once(socket, "connect");
    socket.end(Buffer.concat([writes(3000, 100, "A"), encodeFrame("ID me")]));
    await peer.untilClosed();
    assert.equal(server.status.packetsIn, 3000);
    assert.equal(peer.received.match(/OK \d+ 0/g)?.length, 3000);
    assert.match(peer.received, /ID DataLink [^\n]*$/);
    assert.equal((await events.wait("closed")).reason, "closed by the client");
  });

  it("may send its last commands over many connections at once", async () => {
    await start();
    const clients = 200;
    const bytes = writes(200, 32, "N");
    await Promise.all(Array.from({ length: clients }, () => WAYS["over TCP"]!(server.port, bytes)));
    await gone(clients);
    assert.equal(server.status.packetsIn, clients * 200);
  });

  it("is not heard any more after BYE, nor after what it may not do", async () => {
    await start();
    await WAYS["over TCP"]!(
      server.port,
      Buffer.concat([writes(5, 10, "N"), encodeFrame("BYE"), writes(5, 10, "N")]),
    );
    await gone(1);
    assert.equal(server.status.packetsIn, 5);
    await WAYS["over TCP"]!(
      server.port,
      Buffer.concat([writes(5, 10, "N"), encodeFrame("WRITE nonsense"), writes(5, 10, "N")]),
    );
    await gone(2);
    assert.equal(server.status.packetsIn, 10);
  });

  it("has what a reader asked passed over: nobody is there to be told", async () => {
    await start();
    for (let i = 0; i < 2000; i++) server.write({ streamId: `R${i}/T`, dataStart: 1, payload: "x" });
    const before = server.status.packetsIn;
    const asks = Array.from({ length: 50 }, () => encodeFrame("INFO STREAMS"));
    await WAYS["over TCP"]!(
      server.port,
      Buffer.concat([...asks, encodeFrame("STREAM"), writes(100, 10, "N")]),
    );
    await gone(1);
    assert.equal(server.status.packetsIn - before, 100);
  });

  it("has what was received written before the server closes, though its turn had not come", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "ring-"));
    try {
      await start({ directory });
      for (let i = 0; i < 5000; i++) server.write({ streamId: `R${i}/T`, dataStart: 1, payload: "x" });
      const asks = Array.from({ length: 20 }, () => encodeFrame("INFO STREAMS"));
      const socket = connect({ port: server.port, host: "127.0.0.1" });
      socket.on("error", () => {});
      socket.write(Buffer.concat([...asks, writes(500, 16, "N")]));
      await events.wait("connected");
      await server.close();
      assert.equal(server.status.packets, 5500);
      await start({ directory });
      assert.equal(server.status.packets, 5500);
      socket.destroy();
    } finally {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
