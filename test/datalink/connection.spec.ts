// lib/datalink/core/connection.ts without a socket: whose reply is whose, what is waited for, and how a connection ends.
import assert from "node:assert/strict";
import { mock } from "node:test";
import { DataLinkConnection } from "../../lib/datalink/core/connection.ts";
import { parseIdentity } from "../../lib/datalink/protocol/capabilities.ts";
import {
  filter,
  identify,
  positionAfter,
  positionSet,
  read,
  write,
} from "../../lib/datalink/protocol/client-requests.ts";
import type { DataLinkError } from "../../lib/datalink/protocol/errors.ts";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import type { Packet } from "../../lib/datalink/protocol/packet.ts";
import { encodeError, encodeOk } from "../../lib/datalink/protocol/replies.ts";
import { FIRST_BYTES } from "../../lib/net/other-server/speech.ts";
import type { Transport, TransportListener } from "../../lib/net/transport.ts";

const NEW = parseIdentity("DataLink v1.1 (Test/1) :: DLPROTO:1.1 PACKETSIZE:512 WRITE");
const OLD = parseIdentity("DataLink 2011.001 :: DLPROTO:1.0 PACKETSIZE:512 WRITE");
const ID = encodeFrame("ID DataLink v1.1 (Test/1) :: DLPROTO:1.1 WRITE");

class StandIn implements Transport {
  readonly isWebSocket = false;
  readonly isEncrypted = false;
  readonly unsent = 0;
  readonly prefix = undefined;
  /** What has been sent, without payload. */
  readonly sent: string[] = [];
  readonly done: string[] = [];
  hasRoom = true;
  isPaused = false;
  listener!: TransportListener;

  listen(listener: TransportListener): void {
    this.listener = listener;
  }
  send(frame: Buffer): boolean {
    this.sent.push(frame.toString("latin1", 3, 3 + frame[2]!));
    return this.hasRoom;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  gatherReads(isOn: boolean): void {
    this.done.push(isOn ? "gathers" : "gathers no more");
  }
  end(): void {
    this.done.push("ended");
  }
  destroy(): void {
    this.done.push("destroyed");
  }
}

class Sink {
  full = false;
  readonly packets: bigint[] = [];
  failure: Error | undefined;
  packet({ packetId }: Packet): void {
    this.packets.push(packetId);
  }
  fail(error: Error): void {
    this.failure = error;
  }
}

const packet = (id: number) => encodeFrame(`PACKET A/T ${id} 1 2 3 1`, Buffer.from("x"));
const WRITE = write({ streamId: "A/T", dataStart: 1, payload: "x" }, true, NEW);
const BARE_WRITE = write({ streamId: "A/T", dataStart: 1, payload: "x" }, false, NEW);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a connection", () => {
  let now: number;
  let transport: StandIn;
  let connection: DataLinkConnection;
  const ping = identify("me");

  function open(keepAlive = 20_000): void {
    transport = new StandIn();
    connection = new DataLinkConnection(transport, { name: "ring", commandTimeout: 1000, keepAlive, ping });
  }

  beforeEach(() => {
    now = 5000;
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    mock.method(performance, "now", () => now);
    open();
  });
  afterEach(() => {
    connection.abandon(new Error("over") as DataLinkError);
    mock.timers.reset();
    mock.restoreAll();
  });

  /** In small steps, so that no timer looks at a clock that is far ahead. */
  function pass(milliseconds: number): void {
    for (let left = milliseconds; left > 0; left -= 10) {
      now += Math.min(left, 10);
      mock.timers.tick(Math.min(left, 10));
    }
  }
  const receive = (...frames: Buffer[]) => transport.listener.onBytes(Buffer.concat(frames));

  it("gives each reply to the command that has waited the longest", async () => {
    const all = Promise.allSettled([
      connection.run(identify("you")),
      connection.run(positionSet(5n)),
      connection.run(positionSet(6n)),
      connection.run(read(7n)),
    ]);
    assert.deepEqual(transport.sent, ["ID you", "POSITION SET 5", "POSITION SET 6", "READ 7"]);
    assert.equal(connection.hasAnswered, false);
    receive(ID, encodeOk(5n));
    assert.equal(connection.hasAnswered, true);
    receive(encodeError("Packet not found"), packet(7));
    const [id, first, second, third] = (await all) as PromiseSettledResult<unknown>[];
    assert.equal((id as PromiseFulfilledResult<{ software: string }>).value.software, "Test/1");
    assert.deepEqual(first, { status: "fulfilled", value: 5n });
    const { reason } = second as PromiseRejectedResult;
    assert.deepEqual(
      [(reason as DataLinkError).code, (reason as DataLinkError).message],
      [
        "PACKET_NOT_FOUND",
        'ring refused POSITION SET 6: "Packet not found". Its ring does not hold it, or holds it no longer.',
      ],
    );
    assert.equal((third as PromiseFulfilledResult<Packet>).value.packetId, 7n);
    assert.ok(connection.isOpen);
  });

  it("ends where a command is not answered in time, which begins anew with each answer", async () => {
    pass(10_000);
    const first = connection.run(positionSet(1n));
    const second = assert.rejects(connection.run(positionSet(2n)), {
      code: "TIMEOUT",
      message: "ring did not answer POSITION SET 2 within 1 s; the connection is closed.",
    });
    pass(900);
    receive(encodeOk(1n));
    assert.equal(await first, 1n);
    pass(999);
    assert.ok(connection.isOpen);
    pass(1);
    await second;
    assert.equal((await connection.closed).code, "TIMEOUT");
    assert.deepEqual(transport.done, ["destroyed"]);
    await assert.rejects(connection.run(positionSet(3n)), { code: "TIMEOUT" });
  });

  it("does not end where nobody waits, and a refusal is an answer too", async () => {
    const refused = assert.rejects(connection.run(positionSet(1n)));
    const other = connection.run(positionSet(2n));
    pass(900);
    receive(encodeError("no"));
    await refused;
    pass(900);
    receive(encodeOk(2n));
    await other;
    pass(4000);
    assert.ok(connection.isOpen);
  });

  it("asks whether the server is still there when it has been silent for as long as it may", async () => {
    pass(40);
    connection.run(positionSet(1n)).catch(() => {});
    receive(encodeOk(1n));
    pass(19_950);
    assert.equal(transport.sent.length, 1);
    // A tick that comes a little early is in time.
    pass(10);
    assert.deepEqual(transport.sent.slice(1), ["ID me"]);
    receive(ID);
    await turn();
    pass(60);
    connection.run(positionSet(2n)).catch(() => {});
    receive(encodeOk(2n));
    pass(19_940);
    assert.equal(transport.sent.length, 3, "that would be too early");
    pass(5000);
    assert.equal(transport.sent.length, 4);
  });

  it("asks after five seconds where it has sent a payload last", async () => {
    connection.run(WRITE).catch(() => {});
    receive(encodeOk(1n));
    pass(4999);
    assert.equal(transport.sent.length, 1);
    pass(1);
    assert.deepEqual(transport.sent.slice(1), ["ID me"]);
    receive(ID);
    pass(15_000);
    assert.equal(transport.sent.length, 2);
    pass(5000);
    assert.equal(transport.sent.length, 3);
  });

  it("asks sooner where that is wished, also after a payload, and never where that is", () => {
    open(3000);
    connection.run(WRITE).catch(() => {});
    receive(encodeOk(1n));
    pass(3000);
    assert.equal(transport.sent.length, 2);
    open(0);
    pass(100_000);
    assert.deepEqual(transport.sent, []);
  });

  it("does not ask while a command waits, or its reader is slow", () => {
    const sink = new Sink();
    connection.startStream(sink);
    sink.full = true;
    receive(packet(1));
    assert.equal(transport.isPaused, true);
    pass(60_000);
    assert.deepEqual(transport.sent, ["STREAM"]);
    sink.full = false;
    connection.updateReading();
    assert.equal(transport.isPaused, false);
    pass(5000);
    assert.deepEqual(transport.sent, ["STREAM", "ID me"]);
  });

  it("gives packets to the stream between replies, until the server has ended it", async () => {
    const sink = new Sink();
    assert.throws(() => receive(packet(1)) ?? connection.startStream(sink), { code: "PROTOCOL" });
    open();
    connection.startStream(sink);
    assert.ok(connection.isStreaming);
    const id = connection.run(identify("me"));
    receive(packet(1), ID, packet(2));
    assert.equal((await id).software, "Test/1");
    const ended = connection.endStream();
    receive(packet(3), encodeFrame("ENDSTREAM"));
    await ended;
    assert.deepEqual([sink.packets, connection.isStreaming], [[1n, 2n, 3n], false]);
    assert.deepEqual(transport.sent, ["STREAM", "ID me", "ENDSTREAM"]);
    assert.deepEqual(transport.done, ["gathers", "gathers no more"]);
    await connection.endStream();
    assert.equal(transport.sent.length, 3, "there is none to end");
    receive(packet(4));
    assert.equal((await connection.closed).code, "PROTOCOL");
  });

  it("begins the stream again behind a command that ends it, of which no payload is the last", async () => {
    const sink = new Sink();
    connection.startStream(sink);
    const matched = connection.run(filter("MATCH", "A", NEW));
    assert.deepEqual(transport.sent, ["STREAM", "ENDSTREAM", "MATCH 1", "STREAM"]);
    receive(packet(1), encodeFrame("ENDSTREAM"), encodeOk(2n), packet(2));
    assert.equal(await matched, 2);
    assert.deepEqual(sink.packets, [1n, 2n]);
    pass(15_000);
    assert.equal(transport.sent.length, 4);
    const ending = connection.endStream();
    const next = connection.run(positionSet(1n));
    assert.deepEqual(transport.sent.slice(4), ["ENDSTREAM", "POSITION SET 1"], "it is being ended");
    receive(encodeFrame("ENDSTREAM"), encodeOk(1n));
    await Promise.all([ending, next]);
    assert.equal(connection.isStreaming, false);
  });

  it("reads on for a reply though the stream's reader is slow", async () => {
    const sink = new Sink();
    connection.startStream(sink);
    sink.full = true;
    receive(packet(1));
    assert.equal(transport.isPaused, true);
    const id = connection.run(identify("me"));
    assert.equal(transport.isPaused, false);
    receive(packet(2), ID);
    await id;
    assert.equal(transport.isPaused, true);
  });

  it("takes no second answer of an old server for that to the next command", async () => {
    const after = assert.rejects(connection.run(positionAfter(1000, OLD)), { code: "PACKET_NOT_FOUND" });
    const next = connection.run(positionSet(5n));
    assert.deepEqual(transport.sent, ["POSITION AFTER 1000", "ID me", "POSITION SET 5"]);
    receive(encodeError("Packet not found"), encodeOk(0n), ID, encodeOk(5n));
    await after;
    assert.equal(await next, 5n);
    connection.run(positionAfter(1000, NEW)).catch(() => {});
    assert.equal(transport.sent.length, 4, "others answer once");
  });

  it("keeps the place of a command that was given up: its reply is nobody else's", async () => {
    const stop = new AbortController();
    const given = assert.rejects(connection.run(positionSet(1n), stop.signal), { code: "ABORTED" });
    const next = connection.run(positionSet(2n));
    stop.abort();
    await given;
    receive(encodeOk(1n), encodeOk(2n));
    assert.equal(await next, 2n);
    await assert.rejects(connection.run(positionSet(3n), stop.signal), { code: "ABORTED" });
    assert.equal(transport.sent.length, 2, "it was not even sent");
  });

  it("lets go of what has no reply as soon as there is room", async () => {
    await connection.post(BARE_WRITE);
    transport.hasRoom = false;
    let posted = 0;
    const waiting = [connection.post(BARE_WRITE), connection.post(BARE_WRITE)].map((post) =>
      post.then(() => posted++),
    );
    await turn();
    assert.equal(posted, 0);
    transport.listener.onDrain?.();
    await Promise.all(waiting);
    assert.equal(transport.sent.length, 3);
    const lost = connection.post(BARE_WRITE);
    transport.listener.onClose(undefined);
    await assert.rejects(lost, { code: "CONNECTION_LOST" });
    await assert.rejects(connection.post(BARE_WRITE), { code: "CONNECTION_LOST" });
  });

  it("is over where something is refused that has no reply", async () => {
    await connection.post(BARE_WRITE);
    receive(encodeError("Write permission not granted"));
    assert.match((await connection.closed).message, /^ring refused a WRITE: .* Log in, or ask/);
    open();
    const sink = new Sink();
    connection.startStream(sink);
    const id = assert.rejects(connection.run(identify("me")), { code: "NOT_PERMITTED" });
    receive(encodeError("Authentication required"));
    await id;
    assert.match(sink.failure!.message, /^ring refused STREAM: /);
    assert.deepEqual(transport.done.at(-1), "destroyed");
  });

  it("has the server take all before it closes, and does not wait for long for its end", async () => {
    await connection.post(BARE_WRITE);
    const closing = connection.close();
    assert.deepEqual(transport.sent, ["WRITE A/T 1 1 N 1", "ID me"]);
    await turn();
    assert.deepEqual(transport.done, []);
    receive(ID);
    await closing;
    assert.deepEqual(transport.done, ["ended"]);
    assert.equal((await connection.closed).code, "CLOSED");
    await connection.close();
    assert.deepEqual(transport.done, ["ended"]);
    pass(1999);
    assert.deepEqual(transport.done, ["ended"]);
    pass(1);
    assert.deepEqual(transport.done, ["ended", "destroyed"]);
  });

  it("closes at once where all is known, and is left alone when the server has closed too", async () => {
    await connection.post(BARE_WRITE);
    const pinged = connection.run(ping);
    receive(ID);
    await pinged;
    await connection.close();
    assert.deepEqual([transport.sent.length, transport.done], [2, ["ended"]]);
    open();
    await connection.close();
    assert.deepEqual([transport.sent, transport.done], [[], ["ended"]]);
    transport.listener.onClose(undefined);
    pass(10_000);
    assert.deepEqual(transport.done, ["ended"]);
    receive(ID);
  });

  it("says how it was lost", async () => {
    const lost = async (error?: Error) => {
      transport.listener.onClose(error);
      return await connection.closed;
    };
    const withCode = (code: string) => Object.assign(new Error("of the system"), { code });
    assert.match(
      (await lost()).message,
      /^The connection to ring was lost before the server answered: it may not be a DataLink server/,
    );
    open();
    connection.run(identify("me")).catch(() => {});
    receive(ID);
    const { code, message } = await lost(withCode("EPIPE"));
    assert.deepEqual(
      [code, message],
      ["CONNECTION_LOST", "The connection to ring was lost (the other side had closed it)."],
    );
    open();
    connection.run(positionSet(1n)).catch(() => {});
    receive(encodeError("too large"));
    const refused = await lost();
    assert.match(refused.message, /was lost after this: ring refused POSITION SET 1: "too large"\.$/);
    assert.equal((refused.cause as DataLinkError).code, "TOO_LARGE");
    open();
    assert.equal((await lost(withCode("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"))).code, "NOT_PERMITTED");
  });

  it("keeps the first bytes that came before an answer, and no more of them than are asked for", () => {
    const piece = Buffer.from(`${"x".repeat(FIRST_BYTES)}yz`);
    transport.listener.onBytes(piece);
    transport.listener.onBytes(Buffer.from("later"));
    assert.equal(Buffer.from(connection.firstBytes!).toString(), "x".repeat(FIRST_BYTES));
    open();
    connection.run(identify("me")).catch(() => {});
    receive(ID);
    connection.firstBytes = undefined;
    receive(encodeFrame("ENDSTREAM"));
    assert.equal(connection.firstBytes, undefined);
  });
});
