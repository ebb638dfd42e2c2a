// lib/jetstream/connection.ts against a server that knows the first words of NATS only: who is let in how, and what is told of the
// connection.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import {
  abortable,
  connectionOf,
  connectJetStream,
  JetStreamConnection,
} from "../../lib/jetstream/connection.ts";
import { JetStreamError } from "../../lib/jetstream/errors.ts";
import type { JetStreamConnectionEvent } from "../../lib/jetstream/events.ts";
import { recordEvents } from "../support/events.ts";

/** Lets everybody in, or nobody. */
class SmallServer implements AsyncDisposable {
  /** What clients said of themselves. */
  readonly logins: Record<string, unknown>[] = [];
  letsIn = true;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor() {
    this.#server = net.createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<SmallServer> {
    const server = new SmallServer();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get open(): number {
    return this.#sockets.size;
  }

  say(line: string): void {
    for (const socket of this.#sockets) socket.write(`${line}\r\n`);
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Resolves when nobody is connected any more. */
  async isLeft(): Promise<void> {
    for (const socket of this.#sockets) if (!socket.closed) await once(socket, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, "close");
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    const info = { server_id: "s", version: "2.10.9", jetstream: true, headers: true, proto: 1 };
    socket.write(`INFO ${JSON.stringify({ ...info, max_payload: 1_048_576 })}\r\n`);
    let rest = "";
    socket.on("data", (bytes) => {
      const lines = (rest + String(bytes)).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#answer(socket, line);
    });
  }

  #answer(socket: net.Socket, line: string): void {
    if (line.startsWith("CONNECT ")) this.logins.push(JSON.parse(line.slice(8)) as Record<string, unknown>);
    else if (line === "PING" && this.letsIn) socket.write("PONG\r\n");
    else if (line === "PING") socket.end("-ERR 'Authorization Violation'\r\n");
  }
}

describe("a connection to NATS servers", () => {
  let server: SmallServer;
  beforeEach(async () => {
    server = await SmallServer.start();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it("is opened by whoever needs it first, once for all, and closed for all", async () => {
    const connection = new JetStreamConnection({ servers: server.url, name: "me" });
    assert.deepEqual([connection.isConnected, connection.server, server.open], [false, server.url, 0]);
    const [one, other] = await Promise.all([connection.link(), connection.link()]);
    assert.equal(one, other);
    assert.equal(await connection.link(), one);
    assert.deepEqual([connection.isConnected, one.isUp, server.logins.length], [true, true, 1]);
    assert.equal(server.logins[0]!.name, "me");
    await connection.close();
    assert.deepEqual([connection.isConnected, one.isUp], [false, false]);
    await server.isLeft();
    await assert.rejects(connection.link(), { code: "CLOSED" });
  });

  it("that is closed while it is opened does not come about", async () => {
    const connection = new JetStreamConnection({ servers: server.url });
    const events = recordEvents<JetStreamConnectionEvent>();
    connection.listen(events.onEvent);
    const link = assert.rejects(connection.link(), { code: "CLOSED" });
    await connection.close();
    await link;
    assert.equal(connection.isConnected, false);
    assert.equal(events.count("connected"), 0);
    await server.isLeft();
  });

  it("may fail, and be opened when it is tried again", async () => {
    server.letsIn = false;
    const connection = new JetStreamConnection({ servers: server.url });
    await assert.rejects(connection.link(), { code: "NOT_PERMITTED" });
    server.letsIn = true;
    assert.equal((await connection.link()).isUp, true);
    await connection.close();
    server.letsIn = false;
    await assert.rejects(connectJetStream({ servers: server.url }), { code: "NOT_PERMITTED" });
    await server.isLeft();
  });

  it("tells of itself at once where it stands, when it is lost, and when it is back", async () => {
    await using connection = await connectJetStream({ servers: server.url });
    const events = recordEvents<JetStreamConnectionEvent>();
    const early: JetStreamConnectionEvent[] = [];
    const stop = connection.listen((event) => early.push(event));
    assert.deepEqual(early, [{ type: "connected", server: server.url, version: "2.10.9" }]);
    connection.listen(events.onEvent);
    stop();
    const link = await connection.link();
    server.cut();
    const lost = await events.wait("disconnected");
    assert.deepEqual([lost.error.code, lost.attempt, lost.retryIn], ["CONNECT_FAILED", 1, 500]);
    await events.wait("connected", () => events.count("connected") === 2);
    assert.deepEqual([connection.isConnected, link.isUp, early.length], [true, true, 1]);
    server.cut();
    await events.wait("disconnected", () => events.count("disconnected") === 2);
    await events.wait("connected", () => events.count("connected") === 3);
  });

  it("tells how often it was not let in again", async () => {
    await using connection = await connectJetStream({ servers: server.url });
    const events = recordEvents<JetStreamConnectionEvent>();
    connection.listen(events.onEvent);
    server.letsIn = false;
    server.cut();
    const refused = await events.wait("refused");
    assert.deepEqual([refused.error.code, refused.attempt], ["NOT_PERMITTED", 2]);
    assert.equal(connection.isConnected, false);
    server.letsIn = true;
    await events.wait("connected", () => events.count("connected") === 2);
  });

  it("knows once what was not permitted, until it is made again", async () => {
    await using connection = await connectJetStream({ servers: server.url });
    const link = await connection.link();
    const denied = async (subject: string) => {
      server.say(`-ERR 'Permissions Violation for Publish to "${subject}"'`);
      // What was said before has been heard when this is answered.
      await link.client.flush();
    };
    await denied("seis.07.a");
    await denied("other");
    assert.equal(link.takeDenial("eew."), undefined);
    assert.match(link.takeDenial("seis.") ?? "", /seis\.07\.a/);
    assert.equal(link.takeDenial("seis."), undefined);
    for (let i = 0; i < 64; i++) await denied(`many.${i}`);
    assert.equal(link.takeDenial("other"), undefined, "the oldest is forgotten");
    assert.match(link.takeDenial("many.0") ?? "", /many\.0/);
    server.say(`-ERR 'Permissions Violation for Subscription to "_INBOX.x"'`);
    await link.client.flush();
    assert.match(link.takeDenial("anything") ?? "", /_INBOX\.x/);
    await denied("seis.07.b");
    const events = recordEvents<JetStreamConnectionEvent>();
    connection.listen(events.onEvent);
    server.cut();
    await events.wait("connected", () => events.count("connected") === 2);
    assert.equal(link.takeDenial("seis."), undefined);
  });

  for (const [what, address, auth, login] of [
    ["nothing", "", undefined, {}],
    ["a user and a password", "", { user: "u", password: "p" }, { user: "u", pass: "p" }],
    ["an empty password", "", { user: "u", password: "" }, { user: "u", pass: "" }],
    ["a token", "", { token: "t" }, { auth_token: "t" }],
    ["a user and a password in the address", "u:s%2Fp@", undefined, { user: "u", pass: "s/p" }],
    ["a token in the address", "t@", undefined, { auth_token: "t" }],
    ["those of the settings, where the address has others", "u:p@", { token: "t" }, { auth_token: "t" }],
  ] as const)
    it(`is let in with ${what}`, async () => {
      const servers = `nats://${address}127.0.0.1:${server.port}`;
      await using connection = await connectJetStream({ servers, auth });
      assert.equal(connection.server, server.url);
      const [{ user, pass, auth_token } = {}] = server.logins;
      const said = Object.entries({ user, pass, auth_token }).filter(([, value]) => value !== undefined);
      assert.deepEqual(Object.fromEntries(said), login);
    });

  it("is shared, or made of settings for one alone", async () => {
    await using connection = new JetStreamConnection({ servers: server.url });
    assert.deepEqual(connectionOf(connection), { connection, isOwn: false });
    const own = connectionOf({ servers: server.url });
    assert.deepEqual([own.isOwn, own.connection.server], [true, server.url]);
  });

  it("stays open until what holds it open has ended", async () => {
    const connection = await connectJetStream({ servers: server.url });
    let end = () => {};
    connection.holdOpen(
      new Promise((resolve) => {
        end = resolve;
      }),
    );
    const closing = connection.close();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(connection.isConnected, true);
    end();
    await closing;
    assert.equal(connection.isConnected, false);
  });
});

describe("work that may be aborted", () => {
  const never = new Promise<never>(() => {});

  it("ends with the signal, or as it ends itself", async () => {
    const abort = new AbortController();
    assert.equal(await abortable(Promise.resolve(1), undefined, "Working"), 1);
    assert.equal(await abortable(Promise.resolve(2), abort.signal, "Working"), 2);
    await assert.rejects(abortable(Promise.reject(new Error("x")), abort.signal, "Working"), /^Error: x$/);
    const waiting = abortable(never, abort.signal, "Working");
    abort.abort("why");
    for (const work of [waiting, abortable(never, abort.signal, "Working")])
      await assert.rejects(work, (error: JetStreamError) => {
        assert.deepEqual([error.code, error.message, error.cause], ["ABORTED", "Working: aborted.", "why"]);
        return error instanceof JetStreamError;
      });
  });
});
