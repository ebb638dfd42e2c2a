// lib/server/client-connection.ts without sockets: what waits for what, and who is sent away when.
import assert from "node:assert/strict";
import { mock } from "node:test";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import type { Transport, TransportListener } from "../../lib/net/transport.ts";
import { Access } from "../../lib/server/access/access.ts";
import { LoginLimiter } from "../../lib/server/access/login-limiter.ts";
import { ClientConnection } from "../../lib/server/client-connection.ts";
import type { ServerContext } from "../../lib/server/context.ts";
import { DataLinkSession } from "../../lib/server/datalink-session.ts";
import type { DataLinkServerEvent } from "../../lib/server/events.ts";
import { Ring } from "../../lib/server/ring/ring.ts";
import { WriteBuffers } from "../../lib/server/ring/write-buffers.ts";
import { type Scheduled, Scheduler } from "../../lib/server/scheduler.ts";
import { Traffic } from "../../lib/server/traffic.ts";
import { write } from "./peer.ts";

const KIB = 1024;
const IO_TIMEOUT = 5000;
const IDLE_TIMEOUT = 60_000;

/** A client that takes each write when the test says so. */
class StandIn implements Transport {
  isWebSocket = false;
  isEncrypted = false;
  unsent = 0;
  prefix = undefined;
  readonly sent: string[] = [];
  isPaused = false;
  hasEnded = false;
  isDestroyed = false;
  listener!: TransportListener;
  #taken: (() => void)[] = [];

  listen(listener: TransportListener): void {
    this.listener = listener;
  }
  send(bytes: Buffer, sent: () => void): boolean {
    this.sent.push(bytes.toString("latin1"));
    this.#taken.push(sent);
    return true;
  }
  /** Takes all that has been sent. */
  take(): void {
    for (const taken of this.#taken.splice(0)) taken();
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  end(): void {
    this.hasEnded = true;
  }
  destroy(): void {
    this.isDestroyed = true;
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Writes without acknowledgement: nothing is sent for them. */
function quietWrites(bytes: number): Buffer {
  const one = write("A/T", Buffer.alloc(500), "N");
  return Buffer.concat(Array.from({ length: Math.ceil(bytes / one.length) }, () => one)).subarray(
    0,
    Math.floor(bytes / one.length) * one.length,
  );
}

describe("a client's connection", () => {
  let now: number;
  let transport: StandIn;
  let events: DataLinkServerEvent[];
  let awaiting: Set<Scheduled>;
  let ring: Ring;
  let context: ServerContext & { durable: number };
  let connection: ClientConnection;
  let closed: number;

  beforeEach(() => {
    now = 1_000_000;
    mock.method(performance, "now", () => now);
    transport = new StandIn();
    connect();
  });
  afterEach(() => mock.restoreAll());

  function connect(): void {
    [events, awaiting, closed] = [[], new Set(), 0];
    ring = new Ring({ ringBytes: 1 << 20, packetSize: 512 });
    const clients = new Set<Scheduled>();
    context = {
      ring,
      access: new Access(),
      logins: new LoginLimiter(),
      scheduler: new Scheduler(clients, () => {}),
      writeBuffers: new WriteBuffers(),
      version: "DataLink v1.1 (Test/1)",
      timeouts: { ioTimeout: IO_TIMEOUT, idleTimeout: IDLE_TIMEOUT },
      sent: new Traffic(),
      received: new Traffic(),
      durable: Number.POSITIVE_INFINITY,
      awaitDurable: (client: Scheduled) => void awaiting.add(client),
      tell: (event: DataLinkServerEvent) => void events.push(event),
    } as unknown as ServerContext & { durable: number };
    const peer = { address: "127.0.0.1", port: 4711 };
    const permissions = context.access.ofAddress("127.0.0.1")!;
    connection = new ClientConnection(
      context,
      transport,
      peer,
      (send) => new DataLinkSession(context, peer, permissions, send),
      () => closed++,
    );
    clients.add(connection);
  }

  const receive = (...commands: (string | Buffer)[]) =>
    transport.listener.onBytes(
      Buffer.concat(commands.map((one) => (typeof one === "string" ? encodeFrame(one) : one))),
    );
  const answers = () => transport.sent.join("").match(/ID DataLink|OK \d+|PACKET \S+ \d+|ENDSTREAM/g) ?? [];
  const reason = () => {
    const event = events.find(({ type }) => type === "closed");
    return event?.type === "closed" ? event.reason : undefined;
  };

  it("answers what has come in one write", async () => {
    receive("ID me", write("A/T", "x"), write("A/T", "y"));
    assert.deepEqual(transport.sent, []);
    await turn();
    assert.equal(transport.sent.length, 1);
    assert.deepEqual(answers(), ["ID DataLink", "OK 1", "OK 2"]);
  });

  it("tells what it is, where it stands, and what its client has not taken", async () => {
    for (let i = 0; i < 8; i++) ring.append("A/T", i, i, Buffer.from("x"));
    receive("ID me", "POSITION SET 6", "READ 3");
    await turn();
    now += 2500;
    transport.unsent = 17;
    const figures = connection.figures();
    assert.deepEqual(
      [figures.type, figures.address, figures.port, figures.clientId],
      ["DataLink", "127.0.0.1", 4711, "me"],
    );
    assert.deepEqual([figures.idleSeconds, figures.percentLag], [2.5, 63]);
    assert.equal(figures.lastPacket?.packetId, 3n);
    assert.equal(figures.connectedAt, connection.connectedAt * 1000);
    assert.deepEqual([figures.sent.packets, figures.received.packets], [1, 0]);
    assert.equal(connection.unsent, 17);
    for (const [isWebSocket, isEncrypted, type] of [
      [true, false, "DataLink:WebSocket"],
      [false, true, "DataLink:TLS"],
      [true, true, "DataLink:WebSocket:TLS"],
    ] as const) {
      Object.assign(transport, { isWebSocket, isEncrypted });
      assert.equal(connection.figures().type, type);
    }
  });

  it("is not behind where it has taken no position, nor in a ring without packets", async () => {
    assert.equal(connection.figures().percentLag, 0);
    receive("POSITION SET EARLIEST");
    await turn();
    assert.equal(connection.figures().percentLag, 0);
    ring.append("A/T", 1, 1, Buffer.from("x"));
    assert.equal(connection.figures().percentLag, 100);
  });

  it("is not read while more than 64 KiB wait for its turn", async () => {
    const bytes = quietWrites(64 * KIB);
    receive(bytes);
    assert.equal(transport.isPaused, false);
    receive(Buffer.alloc(64 * KIB + 1 - bytes.length));
    assert.equal(transport.isPaused, true);
    await turn();
    assert.equal(transport.isPaused, false);
    assert.equal(ring.packets, bytes.length / write("A/T", Buffer.alloc(500), "N").length);
  });

  it("has its commands wait while its client has more than 64 KiB to take, and goes on when that is less", async () => {
    receive("ID first");
    await turn();
    transport.unsent = 64 * KIB;
    receive("ID second");
    await turn();
    assert.equal(answers().length, 2, "so much may wait");
    transport.unsent++;
    receive("ID third");
    await turn();
    assert.equal(answers().length, 2);
    transport.unsent = 0;
    transport.take();
    await turn();
    assert.equal(answers().length, 3);
  });

  it("has its commands wait while more than 64 KiB of answers do, and is not read for as long", async () => {
    ring.append("A/T", 1, 1, Buffer.alloc(500));
    const [reads, length] = [2000, encodeFrame("READ 1").length];
    receive(...Array.from({ length: reads }, () => "READ 1"));
    await turn();
    const first = transport.sent.join("").length;
    assert.ok(first > 64 * KIB && first < 66 * KIB, String(first));
    assert.ok(reads * length < 64 * KIB);
    while (answers().length < reads) {
      transport.take();
      await turn();
    }
    assert.equal(answers().length, reads);
  });

  it("keeps answers back for a moment while there is more to read, but not for long, nor of one who sends much", async () => {
    receive(quietWrites(70 * KIB), "ID me");
    await turn();
    assert.deepEqual(transport.sent, []);
    now += 199;
    receive(quietWrites(70 * KIB));
    await turn();
    assert.deepEqual(transport.sent, []);
    now += 1;
    receive(quietWrites(70 * KIB));
    await turn();
    assert.equal(answers().length, 1, "200 ms are enough");
    for (let bytes = 0; bytes < 8 * KIB * KIB; bytes += 60 * KIB) {
      receive(quietWrites(60 * KIB));
      await turn();
    }
    receive(quietWrites(70 * KIB), "ID me");
    await turn();
    assert.equal(answers().length, 2);
  });

  it("sends an acknowledgement, and what is behind it, when what it acknowledges is safe", async () => {
    context.durable = 0;
    receive(write("A/T", "x"), "ID me");
    await turn();
    assert.deepEqual([transport.sent, [...awaiting]], [[], [connection]]);
    context.durable = 1;
    connection.run();
    assert.deepEqual(answers(), ["OK 1", "ID DataLink"]);
  });

  it("streams 128 KiB in a write, the next when that is taken, and answers in between", async () => {
    for (let i = 0; i < 600; i++) ring.append("A/T", i, i, Buffer.alloc(500));
    receive("POSITION SET EARLIEST", "STREAM");
    assert.equal(connection.waitsForPackets, false);
    await turn();
    const frame = ring.lengthAt(300);
    const sizes = () => transport.sent.map(({ length }) => length);
    assert.equal(sizes().length, 1);
    assert.ok(sizes()[0]! > 128 * KIB - frame && sizes()[0]! < 128 * KIB + 200, String(sizes()));
    await turn();
    assert.equal(sizes().length, 1, "it has not been taken");
    assert.equal(connection.waitsForPackets, false);
    receive("ID me");
    await turn();
    assert.equal(answers().at(-1), "ID DataLink");
    while (answers().filter((one) => one.startsWith("PACKET")).length < 599) {
      transport.take();
      await turn();
    }
    transport.take();
    assert.equal(connection.waitsForPackets, true);
    const packets = answers().filter((one) => one.startsWith("PACKET"));
    assert.deepEqual([packets[0], packets.at(-1)], ["PACKET A/T 2", "PACKET A/T 600"]);
    receive("ENDSTREAM");
    await turn();
    assert.equal(answers().at(-1), "ENDSTREAM");
    assert.equal(connection.waitsForPackets, false);
  });

  it("has commands that came together handled before packets are sent", async () => {
    for (let i = 0; i < 3; i++) ring.append("A/T", i, i, Buffer.from("x"));
    receive("POSITION SET EARLIEST", "STREAM", "ENDSTREAM", "ID me");
    await turn();
    assert.deepEqual(answers(), ["OK 1", "ENDSTREAM", "ID DataLink"]);
  });

  /** Whether it is sent away at a time, and why. */
  function isSentAway(after: number): string | false {
    if (!connection.sweep(now + after)) return false;
    assert.ok(transport.isDestroyed);
    transport.listener.onClose(undefined);
    return "sent away";
  }

  async function why(): Promise<string | undefined> {
    await turn();
    return reason();
  }

  it("is sent away where it says nothing in time, or only half of something", async () => {
    assert.equal(isSentAway(IO_TIMEOUT), false);
    receive(Buffer.from("DL"));
    await turn();
    now += IO_TIMEOUT;
    assert.equal(isSentAway(0), false);
    assert.equal(isSentAway(1), "sent away");
    assert.equal(await why(), "sent an incomplete command");
    assert.equal(closed, 1);
  });

  it("is sent away where a command comes byte by byte for twice the time", async () => {
    for (let i = 0; i < 8; i++) {
      receive(encodeFrame("ID me").subarray(i, i + 1));
      await turn();
      const isOver = i * 2000 > 2 * IO_TIMEOUT;
      assert.equal(isSentAway(0), isOver ? "sent away" : false, `byte ${i}`);
      if (isOver) break;
      now += 2000;
    }
    assert.equal(await why(), "sent an incomplete command");
  });

  it("may be silent between commands until it is idle, and begins anew with each", async () => {
    receive("ID me");
    await turn();
    transport.take();
    now += IDLE_TIMEOUT;
    assert.equal(isSentAway(0), false);
    receive("ID me");
    await turn();
    transport.take();
    assert.equal(isSentAway(IDLE_TIMEOUT), false);
    assert.equal(isSentAway(IDLE_TIMEOUT + 1), "sent away");
    assert.equal(await why(), "idle");
  });

  it("may be idle for ever where nobody minds", async () => {
    context.timeouts.idleTimeout = 0;
    receive("ID me");
    await turn();
    transport.take();
    assert.equal(isSentAway(1e9), false);
  });

  it("is sent away where it does not take what it was sent, and has time again with each piece that it takes", async () => {
    receive("ID me");
    await turn();
    now += IO_TIMEOUT;
    assert.equal(isSentAway(0), false);
    transport.take();
    receive("ID me");
    await turn();
    assert.equal(isSentAway(IO_TIMEOUT), false);
    assert.equal(isSentAway(IO_TIMEOUT + 1), "sent away");
    assert.equal(await why(), "does not read");
  });

  it("closes after BYE, and is sent away two seconds later if its client does not", async () => {
    receive("BYE", "ID too late");
    await turn();
    assert.deepEqual([transport.sent, transport.hasEnded], [[], true]);
    receive("ID much too late");
    await turn();
    assert.deepEqual(transport.sent, []);
    assert.equal(isSentAway(2000), false);
    assert.equal(isSentAway(2001), "sent away");
    assert.equal(reason(), "closed on the client's request");
    assert.equal(closed, 1);
  });

  it("closes when its client has closed its side, and all is answered", async () => {
    receive("ID me", write("A/T", "x"));
    transport.listener.onEnd?.();
    assert.equal(connection.waitsForPackets, false);
    await turn();
    assert.deepEqual([answers(), transport.hasEnded], [["ID DataLink", "OK 1"], true]);
    transport.listener.onClose(undefined);
    assert.equal(reason(), "closed by the client");
    assert.equal(closed, 1);
  });

  it("has what came before the end written, whatever the reason, and says which", async () => {
    receive("ID me", write("A/T", "x"), write("A/T", "y", "N"));
    transport.listener.onClose(new Error("of the network"));
    assert.equal(closed, 0);
    await turn();
    assert.deepEqual([ring.packets, transport.sent, closed], [2, [], 1]);
    assert.equal(reason(), "of the network");
    assert.equal(connection.sweep(now + 1e9), false);
    assert.equal(transport.isDestroyed, false);
  });

  it("handles all that has come when the server closes, and nothing after that", async () => {
    receive(write("A/T", "x"));
    context.scheduler.stop();
    await connection.drain();
    assert.equal(ring.packets, 1);
    receive(write("A/T", "y"));
    connection.run();
    await connection.drain();
    assert.equal(ring.packets, 1);
    assert.equal(closed, 0);
    connection.destroy("the server was closed");
    assert.ok(transport.isDestroyed);
    transport.listener.onClose(undefined);
    assert.deepEqual([closed, reason()], [1, "the server was closed"]);
  });

  it("is closed for what is not the protocol, after the answers before it", async () => {
    receive("ID me", Buffer.from("GET / HTTP/1.1\r\n"));
    await turn();
    assert.deepEqual([answers(), transport.hasEnded], [["ID DataLink"], true]);
    assert.equal(events.filter(({ type }) => type === "refused").length, 1);
  });
});
