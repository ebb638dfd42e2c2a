// lib/server/listener.ts, http.ts and wire.ts: the server for browsers and dashboards, on its own port and on another server's.
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
} from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { encodeFrame, FrameReader } from "../../lib/datalink/protocol/frame.ts";
import { parseReplyHeader, type Reply } from "../../lib/datalink/protocol/replies.ts";
import {
  DataLinkServer,
  type DataLinkServerEvent,
  type DataLinkServerOptions,
} from "../../lib/server/server.ts";
import { describe as inWords, write } from "./peer.ts";
import { ServerThread } from "./server-thread.ts";

/** A client over WebSocket: what is sent is cut as the test wants it, and every message is taken as one reply. */
class WebPeer {
  readonly webSocket: WebSocket;
  readonly #replies: Reply[] = [];
  #changed: () => void = () => {};
  closeCode = 0;

  static async connect(url: string, options: { headers?: Record<string, string>; protocol?: string } = {}) {
    const webSocket = new WebSocket(url, options.protocol ?? [], { headers: options.headers ?? {} });
    const peer = new WebPeer(webSocket);
    await once(webSocket, "open");
    return peer;
  }

  private constructor(webSocket: WebSocket) {
    this.webSocket = webSocket;
    webSocket.on("message", (data: Buffer) => {
      const reader = new FrameReader(parseReplyHeader, 1_000_000);
      reader.push(data);
      this.#replies.push(reader.next()!);
      assert.equal(reader.buffered, 0, "one packet per message");
      this.#changed();
    });
    webSocket.on("close", (code) => {
      this.closeCode = code;
      this.#changed();
    });
  }

  async next(): Promise<string> {
    while (this.#replies.length === 0 && this.closeCode === 0) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    return this.closeCode ? `closed ${this.closeCode}` : inWords(this.#replies.shift()!);
  }

  async ask(command: string | Buffer): Promise<string> {
    this.webSocket.send(typeof command === "string" ? encodeFrame(command) : command);
    return this.next();
  }
}

/** A frame as a client sends it, of fewer than 126 bytes, under a mask of zeros. */
function masked(opcode: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

/** A server's socket whose client takes each write when the test says so. */
class SlowSocket extends Duplex {
  #write: { text: string; taken: () => void } | undefined;
  #changed: () => void = () => {};

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, taken: () => void): void {
    this.#write = { text: chunk.toString("latin1"), taken };
    this.#changed();
  }

  /** Waits for a write. */
  async begun(): Promise<void> {
    while (!this.#write) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** Takes the next write, and says what it was. */
  async taken(): Promise<string> {
    await this.begun();
    const { text, taken } = this.#write!;
    this.#write = undefined;
    taken();
    return text;
  }
}

interface Page {
  status: number;
  headers: IncomingHttpHeaders;
  body: unknown;
}

async function get(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Page> {
  const outgoing = request({ port, path, headers, method, host: "127.0.0.1" }).end();
  const [response] = (await once(outgoing, "response")) as [import("node:http").IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  const isJson = response.headers["content-type"] === "application/json";
  return { status: response.statusCode!, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

describe("datalink server for browsers", () => {
  let server: DataLinkServer;
  let events: DataLinkServerEvent[];
  let url: string;

  async function start(options: DataLinkServerOptions = {}): Promise<void> {
    events = [];
    server = await DataLinkServer.listen({
      port: 0,
      ringBytes: 1 << 20,
      packetSize: 100_000,
      onEvent: (event) => events.push(event),
      ...options,
    });
    url = `ws://127.0.0.1:${server.port}/datalink`;
  }

  beforeEach(() => start());
  afterEach(() => server.close());

  it("takes packets over WebSocket and gives them back, one per message, of every length", async () => {
    const peer = await WebPeer.connect(url, { protocol: "DataLink1.1" });
    assert.equal(peer.webSocket.protocol, "DataLink1.1");
    const sizes = [0, 1, 60, 70, 200, 65_000, 65_536, 99_999];
    for (const [i, size] of sizes.entries()) {
      assert.equal(await peer.ask(write("A/X", Buffer.alloc(size, 65))), `OK ${i + 1}`);
    }
    assert.equal(await peer.ask("POSITION SET EARLIEST"), "OK 1 Positioned to packet ID 1");
    assert.equal(await peer.ask("READ 1"), "PACKET A/X 1 ");
    peer.webSocket.send(encodeFrame("STREAM"));
    for (const [i, size] of sizes.entries()) {
      if (i > 0) assert.equal(await peer.next(), `PACKET A/X ${i + 1} ${"A".repeat(size)}`);
    }
    server.write({ streamId: "B/X", dataStart: 1, payload: "new" });
    assert.equal(await peer.next(), `PACKET B/X ${sizes.length + 1} new`);
    assert.equal(await peer.ask("ENDSTREAM"), "ENDSTREAM");
    peer.webSocket.close();
    await once(peer.webSocket, "close");
  });

  for (const target of [
    "//",
    "///",
    "//[",
    "http://[",
    "http://[::1",
    "//:99999",
    "http://a:b",
    "/\\[",
    "*",
    "/%",
    "x:",
    "?",
  ]) {
    for (const upgrade of [true, false]) {
      it(`answers 4xx to the target ${target}${upgrade ? " of an upgrade" : ""}, closes, and goes on`, async () => {
        const socket = connect(server.port, "127.0.0.1");
        const more = upgrade
          ? "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
          : "";
        socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n${more}\r\n`);
        let answer = "";
        for await (const piece of socket) answer += String(piece);
        assert.match(answer, /^HTTP\/1.1 4\d\d /);
        assert.equal((await get(server.port, "/id")).status, 200);
      });
    }
  }

  it("lets no refused upgrade outlive its limit, though its client neither closes nor reads", async () => {
    await server.close();
    await start({ ioTimeout: 100 });
    const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.write("GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    while (!events.some(({ type }) => type === "refused")) await once(socket, "data");
    // Writing to what the server has destroyed fails: only that closes a socket whose own side stays open.
    const prodding = setInterval(() => socket.write("x"), 20);
    await closed;
    clearInterval(prodding);
  });

  it("tells whoever is still sending why it is refused", async () => {
    const thread = await ServerThread.start({});
    const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (let i = 0; i < 20; i++) {
      const socket = connect(thread.port, "127.0.0.1");
      await once(socket, "connect");
      let answer = "";
      socket.on("data", (piece) => {
        answer += String(piece);
      });
      socket.on("error", () => {});
      socket.write(`GET /datalink HTTP/1.1\r\nHost: evil.example\r\n${upgrade}${key}\r\n`);
      while (!answer.includes("known as a name") && !socket.destroyed) {
        socket.write("more");
        await new Promise(setImmediate);
      }
      assert.match(answer, /^HTTP\/1\.1 403 /);
      socket.destroy();
    }
    await thread.stop();
  });

  it("goes on streaming behind a pong that the client has not taken yet when it has taken the packets", async () => {
    const socket = new SlowSocket();
    const headers = {
      ...{ host: "127.0.0.1", connection: "Upgrade", upgrade: "websocket" },
      ...{ "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" },
    };
    const incoming = {
      headers,
      method: "GET",
      url: "/",
      httpVersion: "1.1",
      socket: { remoteAddress: "127.0.0.1" },
    };
    server.handleUpgrade(incoming as unknown as IncomingMessage, socket, Buffer.alloc(0));
    assert.match(await socket.taken(), /^HTTP\/1\.1 101 /);
    socket.push(masked(2, encodeFrame("ID slow")));
    assert.match(await socket.taken(), /ID DataLink/);
    socket.push(masked(2, encodeFrame("STREAM")));
    await new Promise(setImmediate);
    server.write({ streamId: "A/X", dataStart: 1, payload: "first" });
    await socket.begun();
    socket.push(masked(9, Buffer.from("ping")));
    await new Promise(setImmediate);
    assert.match(await socket.taken(), /first$/);
    await socket.begun();
    // The packets have gone, the pong has not.
    await new Promise(setImmediate);
    assert.equal((await socket.taken()).charCodeAt(0), 0x8a);
    assert.match(await socket.taken(), /ping$/);
    server.write({ streamId: "A/X", dataStart: 2, payload: "second" });
    assert.match(await socket.taken(), /second$/);
    socket.destroy();
  });

  it("takes packets in any number of messages", async () => {
    const peer = await WebPeer.connect(url);
    const bytes = Buffer.concat([encodeFrame("ID a"), write("A", "payload"), encodeFrame("READ 1")]);
    for (const cut of [1, 2, 5, 100]) {
      for (let i = 0; i < bytes.length; i += cut) peer.webSocket.send(bytes.subarray(i, i + cut));
      assert.match(await peer.next(), /^ID/);
      assert.match(await peer.next(), /^OK/);
      assert.equal(await peer.next(), "PACKET A 1 payload");
    }
    peer.webSocket.terminate();
  });

  it("sends a page away that has opened its WebSocket and says nothing, and keeps one that has said something", async () => {
    await server.close();
    await start({ ioTimeout: 100 });
    const peer = await WebPeer.connect(url);
    assert.match(await peer.ask("ID early"), /^ID/);
    const silent = await WebPeer.connect(url);
    assert.equal(await silent.next(), "closed 1006");
    assert.match(await peer.ask("ID late"), /^ID/);
    peer.webSocket.terminate();
  });

  it("closes with code 1000 after the answer that says why", async () => {
    const peer = await WebPeer.connect(url);
    assert.match(await peer.ask("WRITE nonsense"), /^ERROR 0 Error parsing WRITE/);
    assert.equal(await peer.next(), "closed 1000");
  });

  it("is used by pages of its own host, of this machine, and of origins that are named, and by no others", async () => {
    const status = async (origin: string, headers: Record<string, string> = {}) =>
      (await get(server.port, "/id", { origin, ...headers })).status;
    const host = `127.0.0.1:${server.port}`;
    for (const origin of [`http://${host}`, "http://localhost:8080", "http://127.0.0.1"]) {
      assert.equal(await status(origin), 200, origin);
      const peer = await WebPeer.connect(url, { headers: { origin } });
      peer.webSocket.terminate();
    }
    for (const origin of ["https://example.org", "null", "http://localhost.example.org"]) {
      assert.equal(await status(origin), 403, origin);
      await assert.rejects(WebPeer.connect(url, { headers: { origin } }), /403/);
    }
    // A name that anybody can point at this machine does not become its own host by that.
    assert.equal(await status("http://example.org", { host: "example.org" }), 403);
    assert.match(JSON.stringify(events.at(-1)), /webSocket\.origins/);
    await server.close();
    await start({ webSocket: { origins: ["https://example.org"] } });
    const { headers } = await get(server.port, "/id", { origin: "https://example.org" });
    assert.equal(headers["access-control-allow-origin"], "https://example.org");
  });

  it("tells its figures as JSON", async () => {
    server.write({ streamId: "A/T", dataStart: 1_700_000_000_000_000, payload: "x" });
    server.write({
      streamId: "B/T",
      dataStart: 1_700_000_000_000_001,
      dataEnd: 1_700_000_001_000_000,
      payload: "y",
    });
    const page = async (path: string) => (await get(server.port, path)).body as Record<string, unknown>;
    assert.deepEqual(await page("/streamids"), ["A/T", "B/T"]);
    assert.deepEqual(await page("/streamids?match=%5EB"), ["B/T"]);
    const [stream] = (await page("/streams/json?match=B")) as unknown as [Record<string, unknown>];
    assert.deepEqual(
      [stream.streamId, stream.packets, stream.latestPacketId, stream.latestDataEnd],
      ["B/T", 1, "2", "2023-11-14T22:13:21.000000Z"],
    );
    assert.equal((await page("/id")).packetSize, 100_000);
    const { packets, latest } = await page("/status");
    assert.deepEqual([packets, (latest as { streamId: string }).streamId], [2, "B/T"]);
    const peer = await WebPeer.connect(url);
    await peer.ask("ID my page");
    const [connection] = (await page("/connections?match=page")) as unknown as [Record<string, unknown>];
    assert.deepEqual([connection.clientId, connection.type], ["my page", "DataLink:WebSocket"]);
    assert.deepEqual(await page("/connections?match=other"), []);
    peer.webSocket.terminate();
  });

  it("tells of all streams where they are many", async () => {
    const ids = Array.from({ length: 2000 }, (_, i) => `XX_${"LONG".repeat(10)}${1000 + i}/T`);
    for (const streamId of ids) server.write({ streamId, dataStart: 1, payload: "x" });
    assert.deepEqual((await get(server.port, "/streamids")).body, ids);
    const streams = (await get(server.port, "/streams/json")).body as { streamId: string }[];
    assert.deepEqual(
      streams.map(({ streamId }) => streamId),
      ids,
    );
  });

  it("names no stream to somebody who may not read it", async () => {
    for (const [read, seen] of [
      [false, [null, null]],
      ["^A", ["A/SECRET", null]],
      [true, ["A/SECRET", "B/SECRET"]],
    ] as const) {
      await server.close();
      await start({ access: { rules: [{ from: "127.0.0.1", read }] } });
      server.write({ streamId: "A/SECRET", dataStart: 1, payload: "" });
      server.write({ streamId: "B/SECRET", dataStart: 1, payload: "" });
      const { earliest, latest } = (await get(server.port, "/status")).body as Record<
        string,
        { streamId: string } | null
      >;
      assert.deepEqual([earliest?.streamId ?? null, latest?.streamId ?? null], seen);
      for (const page of ["/id", "/status", "/streams", "/streamids", "/connections"]) {
        const text = JSON.stringify((await get(server.port, page)).body);
        assert.equal(/B.SECRET/.test(text), seen[1] !== null && /status|stream/.test(page), page);
      }
    }
  });

  it("answers for its own names only, so that nobody can give it another one (DNS rebinding)", async () => {
    const { other, otherPort } = await onOtherServer();
    const status = async (port: number, host: string) => (await get(port, "/id", { host })).status;
    for (const port of [server.port, otherPort]) {
      for (const host of [
        "127.0.0.1",
        "localhost:1",
        "LOCALHOST.",
        "[::1]:16000",
        "192.0.2.7",
        "nas",
        "pi.local:1880",
      ])
        assert.equal(await status(port, host), 200, host);
      for (const host of [
        "evil.example",
        "evil.example:16000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "a b",
      ]) {
        assert.ok([400, 403].includes(await status(port, host)), host);
        await assert.rejects(idOf(port, { host }), /40[03]/);
      }
    }
    assert.match(JSON.stringify(events.at(-1)), /webSocket\.hosts/);
    other.close();
    await server.close();
    await start({ webSocket: { hosts: ["Data.example.org"], origins: ["https://pages.example.org"] } });
    for (const host of ["data.example.org", "DATA.example.org:16000", "pages.example.org"])
      assert.equal(await status(server.port, host), 200, host);
    assert.equal(await status(server.port, "example.org"), 403);
    await server.close();
    await start({ webSocket: { origins: ["*"] } });
    assert.equal(await status(server.port, "evil.example"), 200);
  });

  it("begins no more long answers while many wait for clients that do not read", async () => {
    await server.close();
    await start({ ringBytes: 1 << 25, maxStreams: 50_000 });
    for (let i = 0; i < 50_000; i++) server.write({ streamId: `FDSN:XX_S${i}/T`, dataStart: i, payload: "" });
    const sockets = Array.from({ length: 8 }, () => connect(server.port, "127.0.0.1").pause());
    for (const socket of sockets) {
      socket.on("error", () => {}).write("GET /streams HTTP/1.1\r\nHost: x\r\n\r\n");
      await once(socket, "readable");
    }
    assert.equal((await get(server.port, "/id")).status, 503);
    for (const socket of sockets) socket.destroy();
    while ((await get(server.port, "/id")).status === 503) await new Promise(setImmediate);
  });

  it("says what is wrong with a request", async () => {
    const error = async (path: string, method?: string) => {
      const { status, body } = await get(server.port, path, {}, method);
      return `${status} ${(body as { error: string }).error}`;
    };
    assert.match(await error("/"), /^404 There are \/id/);
    assert.match(await error("/datalink"), /^400 .*WebSocket/);
    assert.match(await error("/streams?match=("), /^400 .*not a regular expression/);
    assert.match(await error("/streams?match=(?=a)"), /^400 .*not supported/);
    assert.match(await error("/id", "POST"), /^405/);
    await server.close();
    await start({ access: { rules: [{ from: "127.0.0.1", read: "^A" }] } });
    server.write({ streamId: "A/T", dataStart: 1, payload: "" });
    server.write({ streamId: "B/T", dataStart: 1, payload: "" });
    assert.match(await error("/connections"), /^403/);
    assert.deepEqual((await get(server.port, "/streamids")).body, ["A/T"]);
  });

  async function onOtherServer(isAuthenticated = false): Promise<{ other: Server; otherPort: number }> {
    const other: Server = createServer((incoming, response) =>
      server.handleRequest(incoming, response, isAuthenticated),
    );
    other.on("upgrade", (incoming, socket, head: Buffer) =>
      server.handleUpgrade(incoming, socket, head, isAuthenticated),
    );
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    return { other, otherPort: (other.address() as AddressInfo).port };
  }

  /** What ID says to a page that comes with some headers. */
  async function idOf(port: number, headers: Record<string, string>): Promise<string> {
    const peer = await WebPeer.connect(`ws://127.0.0.1:${port}/datalink`, { headers });
    const id = await peer.ask("ID me");
    peer.webSocket.terminate();
    return id;
  }

  const MAY_WRITE = /WRITE$/;
  const MAY_READ = /PACKETSIZE:100000$/;

  it("serves the clients of another HTTP server, by the address that a proxy names", async () => {
    await server.close();
    await start({ access: { rules: [{ from: "127.0.0.1", write: true }, { from: "192.0.2.0/24" }] } });
    const { other, otherPort: port } = await onOtherServer();
    assert.match(await idOf(port, {}), MAY_WRITE);
    assert.match(await idOf(port, { "x-forwarded-for": "127.0.0.1, 192.0.2.7" }), MAY_READ);
    await assert.rejects(idOf(port, { "x-forwarded-for": "10.0.0.1" }), /403/);
    assert.equal(((await get(port, "/admin/id")).body as { write: boolean }).write, true);
    assert.equal((await get(port, "/id", { "x-forwarded-for": "10.0.0.1" })).status, 403);
    while (server.status.clients > 0) await new Promise(setImmediate);
    other.close();
  });

  const BEHIND_A_PROXY: Record<string, string>[] = [
    { "x-forwarded-for": "203.0.113.9" },
    { "x-forwarded-for": "" },
    { "x-forwarded-for": "127.0.0.1" },
    { "x-forwarded-for": "::1" },
    { "x-forwarded-for": "::ffff:127.0.0.1" },
    { "x-forwarded-for": "localhost" },
    { "x-forwarded-for": "unknown, unknown" },
    { "x-real-ip": "127.0.0.1" },
    { forwarded: "for=127.0.0.1;proto=https" },
    { forwarded: 'for="[::1]:4711"' },
    { forwarded: "by=_hidden" },
    { "x-forwarded-proto": "https" },
    { "x-forwarded-host": "example.org" },
    { via: "1.1 proxy" },
    { "x-forwarded-for": "10.1.1.1", forwarded: "for=203.0.113.9" },
  ];

  for (const headers of BEHIND_A_PROXY) {
    it(`takes nobody behind a proxy for this machine: ${JSON.stringify(headers)}`, async () => {
      await server.close();
      await start({
        access: {
          rules: [{ from: ["127.0.0.0/8", "::1"], write: true, trusted: true }, { from: "10.1.0.0/16" }],
        },
      });
      const { other, otherPort } = await onOtherServer();
      for (const port of [server.port, otherPort]) {
        await assert.rejects(idOf(port, headers), /403/);
        assert.equal((await get(port, "/streamids", headers)).status, 403);
      }
      other.close();
    });

    it(`lets somebody behind a proxy do what a rule for all says: ${JSON.stringify(headers)}`, async () => {
      await server.close();
      await start({
        access: {
          rules: [
            { from: ["127.0.0.0/8", "::1"], write: true, trusted: true },
            { from: ["0.0.0.0/0", "::/0"], read: "^A" },
          ],
        },
      });
      server.write({ streamId: "A/T", dataStart: 1, payload: "" });
      server.write({ streamId: "B/T", dataStart: 1, payload: "" });
      assert.match(await idOf(server.port, headers), MAY_READ);
      assert.deepEqual((await get(server.port, "/streamids", headers)).body, ["A/T"]);
    });
  }

  it("lets whom another server has checked read, behind a proxy too, unless a rule turns them away", async () => {
    await server.close();
    await start({
      access: {
        rules: [
          { from: "127.0.0.1", write: true },
          { from: "10.6.6.6", refuse: true },
          { from: "10.0.0.0/8", write: true },
        ],
      },
    });
    const { other, otherPort } = await onOtherServer(true);
    assert.match(await idOf(otherPort, {}), MAY_WRITE);
    assert.match(await idOf(otherPort, { "x-forwarded-for": "203.0.113.9" }), MAY_READ);
    assert.match(await idOf(otherPort, { "x-forwarded-for": "10.1.2.3:4711" }), MAY_WRITE);
    await assert.rejects(idOf(otherPort, { "x-forwarded-for": "10.6.6.6" }), /403/);
    other.close();
  });

  it("speaks nothing but DataLink where it is told so", async () => {
    await server.close();
    await start({ webSocket: false });
    await assert.rejects(get(server.port, "/id"), /socket hang up|ECONNRESET/);
  });
});
