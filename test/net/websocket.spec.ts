// lib/net/websocket: both of a client's ends, the one of the package ws and the one of browsers, which Node.js 22 has too.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import net, { type AddressInfo } from "node:net";
import { mock } from "node:test";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import { parseAddress } from "../../lib/datalink/address.ts";
import type { Transport, TransportOptions } from "../../lib/net/transport.ts";
import { openWebSocket } from "../../lib/net/websocket/client.ts";
import { openPageWebSocket } from "../../lib/net/websocket/page-client.ts";

const MIB = 1024 * 1024;
const NO_OPTIONS: TransportOptions = { tls: {}, headers: {}, subprotocols: [], maxMessage: 64 * MIB };

/** What a transport tells its listener. */
class Told {
  readonly messages: string[] = [];
  bytes = 0;
  closed: (Error | undefined)[] = [];
  drains = 0;
  #tell = () => {};

  listenTo(transport: Transport): this {
    transport.listen({
      onBytes: (bytes) => {
        this.messages.push(bytes.toString("latin1", 0, 8));
        this.bytes += bytes.length;
        this.#tell();
      },
      onClose: (reason) => {
        this.closed.push(reason);
        this.#tell();
      },
      onDrain: () => {
        this.drains++;
        this.#tell();
      },
    });
    return this;
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => (this.#tell = resolve));
  }
}

describe("a client's end of a WebSocket", () => {
  let server: WebSocketServer;
  let accepted: { socket: WebSocket; subprotocol: string }[];
  let transport: Transport | undefined;
  let connect: typeof openWebSocket;

  afterEach(() => {
    transport?.destroy();
    transport = undefined;
    for (const socket of server?.clients ?? []) socket.terminate();
    server?.close();
  });

  async function serve(options: ServerOptions = {}): Promise<void> {
    accepted = [];
    server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...options });
    server.on("connection", (socket) => accepted.push({ socket, subprotocol: socket.protocol }));
    await once(server, "listening");
  }

  async function open(
    subprotocols: string[] = [],
    signal = new AbortController().signal,
  ): Promise<Transport> {
    const { port } = server.address() as AddressInfo;
    const address = parseAddress(`ws://127.0.0.1:${port}`);
    transport = await connect(address, { ...NO_OPTIONS, subprotocols }, signal);
    return transport;
  }

  /** The server's end. */
  async function peer(): Promise<WebSocket> {
    while (accepted.length === 0) await once(server, "connection");
    return accepted.at(-1)!.socket;
  }

  /** All that the server has sent is there: a ping is answered behind it. */
  async function arrived(socket: WebSocket): Promise<void> {
    socket.ping();
    await once(socket, "pong");
  }

  for (const [whose, its] of Object.entries({
    "the package ws": openWebSocket,
    "a page": openPageWebSocket,
  })) {
    describe(`by ${whose}`, () => {
      before(function () {
        if (its === openPageWebSocket && typeof globalThis.WebSocket !== "function") this.skip();
        connect = its;
      });

      it("is one connection, with a subprotocol that both know", async () => {
        await serve();
        await open(["one", "two"]);
        await peer();
        assert.deepEqual([transport!.isWebSocket, transport!.isEncrypted], [true, false]);
        assert.deepEqual(
          accepted.map(({ subprotocol }) => subprotocol),
          ["one"],
        );
      });

      it("asks again without subprotocols where the server refuses those", async () => {
        await serve({
          verifyClient: (
            { req }: { req: IncomingMessage },
            done: (isWelcome: boolean, code: number) => void,
          ) => done(req.headers["sec-websocket-protocol"] === undefined, 400),
        });
        await open(["one"]);
        const socket = await peer();
        assert.equal(accepted.length, 1);
        const told = new Told().listenTo(transport!);
        socket.send("hello");
        await told.until(() => told.messages.length === 1);
        assert.deepEqual(told.messages, ["hello"]);
      });

      it("gives up when it is told to, before and while it connects", async () => {
        await serve();
        await assert.rejects(open([], AbortSignal.abort(new Error("before"))), /before/);
        const silent = net.createServer().listen(0, "127.0.0.1");
        await once(silent, "listening");
        const address = parseAddress(`ws://127.0.0.1:${(silent.address() as AddressInfo).port}`);
        const aborting = new AbortController();
        const opening = connect(address, NO_OPTIONS, aborting.signal);
        const [socket] = (await once(silent, "connection")) as [net.Socket];
        aborting.abort(new Error("while"));
        await assert.rejects(opening, /while/);
        socket.destroy();
        silent.close();
      });

      it("wants to wait when much is to be sent, and tells once when most of it has gone", async () => {
        await serve();
        const told = new Told().listenTo(await open());
        const socket = await peer();
        let received = 0;
        socket.on("message", (message: Buffer) => {
          received += message.length;
        });
        assert.equal(transport!.send(Buffer.alloc(100)), true);
        socket.pause();
        let [sent, taken] = [1, 0];
        const onSent = () => taken++;
        while (transport!.send(Buffer.alloc(MIB), onSent)) assert.ok(++sent < 64);
        assert.equal(transport!.send(Buffer.alloc(MIB), onSent), false);
        assert.equal(told.drains, 0);
        socket.resume();
        await told.until(() => told.drains === 1);
        assert.ok(transport!.unsent <= MIB / 2);
        assert.equal(transport!.send(Buffer.alloc(100)), true);
        while (received < (sent + 1) * MIB + 200) await once(socket, "message");
        assert.deepEqual([told.drains, taken], [1, sent + 1]);
      });

      it("tells once that it is over, and takes and gives nothing any more", async () => {
        await serve();
        const told = new Told().listenTo(await open());
        const socket = await peer();
        transport!.destroy();
        transport!.destroy();
        socket.send("late");
        await once(socket, "close");
        await told.until(() => told.closed.length > 0);
        assert.deepEqual(told.closed, [undefined]);
        assert.equal(transport!.send(Buffer.from("x")), true);
        assert.deepEqual(told.messages, []);
        assert.equal(told.closed.length, 1);
      });

      it("says goodbye", async () => {
        await serve();
        const told = new Told().listenTo(await open());
        const socket = await peer();
        transport!.end();
        const [code] = (await once(socket, "close")) as [number];
        assert.equal(code, 1000);
        await told.until(() => told.closed.length === 1);
        assert.deepEqual(told.closed, [undefined]);
      });

      it("tells why the other end has closed it", async () => {
        await serve();
        const told = new Told().listenTo(await open());
        const socket = await peer();
        socket.close(1011, "out of order");
        await told.until(() => told.closed.length === 1);
        assert.match(String(told.closed[0]), /1011.*out of order/);
      });
    });
  }

  describe("by a page", () => {
    before(function () {
      if (typeof globalThis.WebSocket !== "function") this.skip();
      connect = openPageWebSocket;
    });

    it("looks whether much has gone until that is so, and not any longer", async () => {
      await serve();
      mock.timers.enable({ apis: ["setInterval"] });
      try {
        const told = new Told().listenTo(await open());
        const socket = await peer();
        let received = 0;
        socket.on("message", (message: Buffer) => {
          received += message.length;
        });
        socket.pause();
        for (let i = 0; i < 32; i++) transport!.send(Buffer.alloc(MIB));
        mock.timers.tick(20);
        assert.equal(told.drains, 0);
        socket.resume();
        while (received < 32 * MIB) await once(socket, "message");
        for (let i = 0; i < 3; i++) mock.timers.tick(20);
        assert.equal(told.drains, 1);
      } finally {
        mock.timers.reset();
      }
    });

    it("keeps what comes while it is paused, in order, and what came before the end counts", async () => {
      await serve();
      const told = new Told().listenTo(await open());
      const socket = await peer();
      transport!.pause();
      for (const message of ["a", "b", "c"]) socket.send(Buffer.from(message));
      await arrived(socket);
      assert.deepEqual(told.messages, []);
      transport!.resume();
      assert.deepEqual(told.messages, ["a", "b", "c"]);
      socket.send("d");
      await arrived(socket);
      transport!.pause();
      for (const message of ["e", "f"]) socket.send(message);
      await arrived(socket);
      assert.deepEqual(told.messages, ["a", "b", "c", "d"]);
      socket.close(1000);
      await told.until(() => told.closed.length === 1);
      assert.deepEqual(told.messages, ["a", "b", "c", "d", "e", "f"]);
      assert.deepEqual(told.closed, [undefined]);
    });

    it("takes one message at a time where its user pauses again", async () => {
      await serve();
      const told = new Told();
      const other = await open();
      const socket = await peer();
      other.pause();
      other.listen({
        onBytes: (bytes) => {
          told.messages.push(bytes.toString());
          other.pause();
        },
        onClose: (reason) => void told.closed.push(reason),
      });
      for (const message of ["a", "b", "c"]) socket.send(message);
      await arrived(socket);
      for (const taken of [1, 2, 3]) {
        other.resume();
        assert.equal(told.messages.length, taken);
      }
      assert.deepEqual(told.messages, ["a", "b", "c"]);
    });

    it("gives the connection up where its user takes nothing, as soon as that is more than 16 MiB", async () => {
      await serve();
      const told = new Told().listenTo(await open());
      const socket = await peer();
      for (let round = 1; round <= 2; round++) {
        // What was taken counts no more.
        transport!.pause();
        for (let i = 0; i < 16; i++) socket.send(Buffer.alloc(MIB));
        await arrived(socket);
        assert.deepEqual(told.closed, []);
        if (round === 1) transport!.resume();
      }
      assert.equal(told.bytes, 16 * MIB);
      socket.send("x");
      await told.until(() => told.closed.length === 1);
      assert.match(String(told.closed[0]), /were not taken: more than 16777216 bytes/);
      assert.equal(told.bytes, 16 * MIB);
    });
  });
});
