// Nothing that is begun and not finished outlives its limit, or escapes the count of clients: on the server's own port, and
// on another HTTP server's.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import path from "node:path";
import { connect as connectTls } from "node:tls";
import { WebSocket } from "ws";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import { DataLinkServer, type DataLinkServerOptions } from "../../lib/server/server.ts";
import { Peer } from "./peer.ts";

const IO_TIMEOUT = 200;
/** Sockets that are tried at a time. */
const CROWD = 30;
const tlsFile = (name: string) => readFile(path.join(__dirname, "..", "vectors", "tls", name));

const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const upgrade = (more = "") => `GET /datalink HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}${UPGRADE}`;
/** A masked message; the mask is nothing. */
const message = (bytes: string, opcode = 2) =>
  Buffer.from([0x80 | opcode, 0x80 | bytes.length, 0, 0, 0, 0, ...Buffer.from(bytes, "latin1")]);

/** What a client sends before it does nothing any more. */
const BEGUN: Record<string, (Buffer | string)[]> = {
  "says nothing": [],
  "sends half a command": ["DL\x20ID"],
  "sends a byte that may be the first of anything": ["D"],
  "sends half a SeedLink command": ["HELLO\r\nSTATI"],
  "opens a WebSocket for SeedLink and says nothing": [upgrade().replace("/datalink", "/seedlink")],
  "sends half a request": ["GET /id HTTP/1.1\r\nHo"],
  "sends a request and half its body": [
    "POST /id HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nabc",
  ],
  "opens a WebSocket and says nothing": [upgrade()],
  "opens a WebSocket and sends half a message": [upgrade(), message("DL\x20ID")],
  "opens a WebSocket and only pings": [upgrade(), message("ping", 9)],
  "opens a WebSocket, says its name, and begins to close": [
    upgrade(),
    message("DL\x02ID"),
    message("\x03\xe8", 8),
  ],
  "asks for a WebSocket elsewhere": [upgrade().replace("/datalink", "/elsewhere")],
  "asks for a WebSocket as a foreign page": [upgrade("Origin: http://evil.example\r\n")],
  "asks for a WebSocket without a key": [upgrade().replace(/Sec-WebSocket-Key.*\r\n/, "")],
};

describe("what is begun and not finished", () => {
  let server: DataLinkServer;
  let web: Server;
  let webPort: number;
  const webSockets = new Set<Socket>();

  async function start(options: DataLinkServerOptions = {}): Promise<void> {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20, ioTimeout: IO_TIMEOUT, ...options });
    web = createServer((request, response) => server.handleRequest(request, response));
    web.on("upgrade", (request, socket, head: Buffer) => server.handleUpgrade(request, socket, head));
    web.on("connection", (socket) => {
      webSockets.add(socket);
      socket.once("close", () => webSockets.delete(socket));
    });
    web.listen(0, "127.0.0.1");
    await once(web, "listening");
    webPort = (web.address() as AddressInfo).port;
  }

  afterEach(async () => {
    await server.close();
    web.closeAllConnections();
    for (const socket of webSockets) socket.destroy();
    web.close();
  });

  /** Its own side stays open whatever the server does: only a reset tells it that the server has let go. */
  async function begin(socket: Socket, pieces: (Buffer | string)[]): Promise<void> {
    socket.on("error", () => {});
    for (const piece of pieces) {
      socket.write(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece);
      await Promise.race([
        once(socket, "data"),
        once(socket, "close"),
        new Promise((r) => setTimeout(r, 20)),
      ]);
    }
    socket.resume();
  }

  const halfOpen = (port: number) => connect({ port, host: "127.0.0.1", allowHalfOpen: true });

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async function ownSockets(): Promise<number> {
    return server.status.clients;
  }

  for (const [what, pieces] of Object.entries(BEGUN)) {
    it(`ends in time where a client ${what}`, async () => {
      await start();
      const begun = performance.now();
      const sockets = Array.from({ length: CROWD }, () => halfOpen(server.port));
      await Promise.all(sockets.map((socket) => begin(socket, pieces)));
      await until(async () => (await ownSockets()) === 0);
      const took = performance.now() - begun;
      assert.ok(took < 20 * IO_TIMEOUT, `it took ${took} ms`);
      for (const socket of sockets) socket.destroy();
    });

    if (pieces.length === 0 || !String(pieces[0]).includes("Upgrade")) continue;
    it(`ends in time on another server's port where a client ${what}`, async () => {
      await start();
      const sockets = Array.from({ length: CROWD }, () => halfOpen(webPort));
      await Promise.all(sockets.map((socket) => begin(socket, pieces)));
      await until(() => server.status.clients === 0 && webSockets.size === 0);
      for (const socket of sockets) socket.destroy();
    });
  }

  it("ends in time where a client does not finish its TLS handshake, or says nothing after it", async () => {
    await start({ tls: { cert: await tlsFile("cert.pem"), key: await tlsFile("key.pem") } });
    const begun = halfOpen(server.port);
    await begin(begun, ["\x16\x03\x01"]);
    const silent = connectTls({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
    await once(silent, "secureConnect");
    silent.on("error", () => {}).resume();
    assert.equal(server.status.clients, 2);
    await until(() => server.status.clients === 0);
    begun.destroy();
    silent.destroy();
  });

  it("survives what is not TLS behind a handshake, and a reset there", async () => {
    await start({ tls: { cert: await tlsFile("cert.pem"), key: await tlsFile("key.pem") } });
    const firsts = ["", "DL\x02ID", "GET /id HTTP/1.1\r\nHost: 127.0.0.1\r\n", upgrade()];
    for (const first of firsts) {
      for (const spoil of [
        (raw: Socket) => raw.write("garbage that is not TLS"),
        (raw: Socket) => raw.resetAndDestroy(),
      ]) {
        const raw = halfOpen(server.port);
        raw.on("error", () => {});
        const secure = connectTls({ socket: raw, rejectUnauthorized: false });
        secure.on("error", () => {});
        await once(secure, "secureConnect");
        if (first) secure.write(first);
        if (first.includes("ID") || first.includes("Upgrade")) await once(secure, "data");
        spoil(raw);
      }
    }
    await until(() => server.status.clients === 0);
    const peer = connectTls({ port: server.port, host: "127.0.0.1", rejectUnauthorized: false });
    peer.write("DL\x02ID");
    assert.match(String((await once(peer, "data"))[0]), /ID DataLink/);
    peer.destroy();
  });

  it("ends in time where a client has closed its side and does not read what it asked for", async () => {
    await start({ ringBytes: 1 << 24, maxStreams: 100_000 });
    for (let i = 0; i < 20_000; i++) server.write({ streamId: `R${i}/T`, dataStart: 1, payload: "x" });
    const socket = halfOpen(server.port);
    socket.on("error", () => {});
    socket.end(Buffer.concat(Array.from({ length: 10 }, () => encodeFrame("INFO STREAMS"))));
    socket.pause();
    await until(() => server.status.clients === 1);
    await until(() => server.status.clients === 0);
    socket.destroy();
  });

  it("ends at once where a client closes its side before it has said anything", async () => {
    await start({ ioTimeout: 60_000 });
    const socket = halfOpen(server.port);
    await once(socket, "connect");
    await until(() => server.status.clients === 1);
    socket.end();
    await once(socket.resume(), "end");
    await until(() => server.status.clients === 0);
    socket.destroy();
  });

  it("counts as clients: nobody gets in beside them, on neither port", async () => {
    await start({ maxClients: 4, ioTimeout: 60_000 });
    const sockets = [halfOpen(server.port), halfOpen(server.port), halfOpen(webPort), halfOpen(webPort)];
    await begin(sockets[0]!, ["DL"]);
    await begin(sockets[1]!, ["GET /i"]);
    await begin(sockets[2]!, [upgrade()]);
    await begin(sockets[3]!, [upgrade()]);
    await until(() => server.status.clients === 4);
    const peer = await Peer.connect(server.port);
    await peer.untilClosed();
    await assert.rejects(once(new WebSocket(`ws://127.0.0.1:${webPort}/datalink`), "open"), /403|503/);
    const response = await fetch(`http://127.0.0.1:${webPort}/id`);
    assert.equal(response.status, 403);
    for (const socket of sockets) socket.destroy();
    await until(() => server.status.clients === 0);
  });

  it("lets go of a refused upgrade within seconds, even where there are too many clients to count it", async () => {
    await start({ maxClients: 1, ioTimeout: 60_000 });
    const peer = await Peer.connect(server.port);
    assert.match(await peer.ask("ID"), /^ID/);
    const sockets = Array.from({ length: CROWD }, () => halfOpen(webPort));
    await Promise.all(sockets.map((socket) => begin(socket, [upgrade()])));
    await until(() => webSockets.size === 0);
    for (const socket of sockets) socket.destroy();
    peer.end();
  });

  it("does not hang on the clock on the wall", async () => {
    await start({ ioTimeout: 5000, idleTimeout: 5000 });
    const wall = Date.now;
    try {
      const peer = await Peer.connect(server.port);
      assert.match(await peer.ask("ID"), /^ID/);
      const silent = halfOpen(server.port);
      await until(() => server.status.clients === 2);
      Date.now = () => wall() + 86_400_000;
      // Two looks at what has been waiting too long.
      await new Promise((resolve) => setTimeout(resolve, 2200));
      assert.equal(server.status.clients, 2);
      assert.ok(server.connections.every(({ idleSeconds }) => idleSeconds >= 0 && idleSeconds < 60));
      peer.end();
      silent.destroy();
    } finally {
      Date.now = wall;
    }
  });
});
