// lib/net/socket.ts: what is sent in one turn leaves together, nothing is copied that is large, and the end is told once.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { SocketTransport } from "../../lib/net/socket.ts";

const LARGE = 16 * 1024;

/** A socket that keeps what is written, write by write: the pieces of each. */
class Recorder extends Duplex {
  readonly writes: Buffer[][] = [];
  isTaking = true;
  #taken: (() => void)[] = [];

  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#keep([chunk], done);
  }
  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#keep(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }
  #keep(pieces: Buffer[], done: () => void): void {
    this.writes.push(pieces);
    if (this.isTaking) done();
    else this.#taken.push(done);
  }
  takeAll(): void {
    this.isTaking = true;
    for (const done of this.#taken.splice(0)) done();
  }
}

function transportOf(gathers: boolean) {
  const socket = new Recorder({ highWaterMark: 64 * 1024, allowHalfOpen: true });
  return {
    socket,
    transport: new SocketTransport(socket as unknown as Socket, { isEncrypted: false, gathers }),
  };
}

/** What is sent in one turn has left. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a socket as a transport", () => {
  it("sends the small messages of a turn in one piece, and tells of each when that has gone", async () => {
    const { socket, transport } = transportOf(true);
    const told: number[] = [];
    for (const i of [1, 2, 3])
      assert.equal(
        transport.send(Buffer.alloc(10, i), () => told.push(i)),
        true,
      );
    assert.equal(transport.unsent, 30);
    assert.deepEqual([socket.writes, told], [[], []]);
    await turn();
    assert.deepEqual(socket.writes, [
      [Buffer.concat([Buffer.alloc(10, 1), Buffer.alloc(10, 2), Buffer.alloc(10, 3)])],
    ]);
    assert.deepEqual(told, [1, 2, 3]);
    assert.equal(transport.unsent, 0);
    transport.send(Buffer.from("next"));
    await turn();
    assert.equal(socket.writes.length, 2);
  });

  it("copies no message that is alone, and none where they are large: they leave in one call all the same", async () => {
    const { socket, transport } = transportOf(true);
    const alone = Buffer.from("alone");
    transport.send(alone);
    await turn();
    assert.equal(socket.writes[0]![0], alone);
    const large = [1, 2, 3].map((i) => Buffer.alloc(LARGE, i));
    let told = 0;
    for (const message of large) transport.send(message, () => told++);
    await turn();
    assert.equal(socket.writes.length, 2);
    assert.deepEqual(
      socket.writes[1]!.map((piece, i) => piece === large[i]),
      [true, true, true],
    );
    assert.equal(told, 3);
    for (const message of large) transport.send(message.subarray(1));
    await turn();
    assert.deepEqual(
      socket.writes.slice(2).map((pieces) => pieces.map(({ length }) => length)),
      [[3 * (LARGE - 1)]],
      "a byte less in each is copied together",
    );
  });

  it("makes its user wait as soon as the system has enough, and tells when there is room", async () => {
    const { socket, transport } = transportOf(true);
    let drains = 0;
    transport.listen({ onBytes() {}, onClose() {}, onDrain: () => drains++ });
    socket.isTaking = false;
    assert.equal(transport.send(Buffer.alloc(64 * 1024 - 1)), true);
    assert.equal(transport.send(Buffer.alloc(1)), false);
    await turn();
    assert.equal(transport.unsent, 64 * 1024);
    assert.equal(drains, 0);
    socket.takeAll();
    await turn();
    assert.deepEqual([drains, transport.unsent], [1, 0]);
  });

  it("writes each message at once where it does not gather", () => {
    const { socket, transport } = transportOf(false);
    let told = 0;
    const message = Buffer.from("one");
    assert.equal(
      transport.send(message, () => told++),
      true,
    );
    assert.equal(socket.writes[0]![0], message);
    socket.isTaking = false;
    assert.equal(transport.send(Buffer.alloc(64 * 1024)), false);
    assert.equal(transport.unsent, 64 * 1024);
  });

  it("sends what has been gathered before it ends, and reads on though it was paused", async () => {
    const { socket, transport } = transportOf(true);
    const read: string[] = [];
    transport.listen({ onBytes: (piece) => void read.push(String(piece)), onClose() {} });
    transport.pause();
    socket.push("waits");
    transport.send(Buffer.from("last"));
    transport.end();
    await once(socket, "finish");
    assert.deepEqual(socket.writes.flat().map(String), ["last"]);
    assert.deepEqual(read, ["waits"]);
  });

  it("reads nothing while it is paused, gathering or not", async () => {
    for (const isGathering of [false, true]) {
      const { socket, transport } = transportOf(true);
      const read: string[] = [];
      transport.listen({ onBytes: (piece) => void read.push(String(piece)), onClose() {} });
      if (isGathering) transport.gatherReads(true);
      transport.pause();
      socket.push("waits");
      await turn();
      assert.deepEqual(read, []);
      transport.resume();
      await turn();
      assert.deepEqual(read, ["waits"]);
    }
  });

  it("closes its side when the other has closed its own, unless its listener wants to do that", async () => {
    const { socket, transport } = transportOf(true);
    transport.listen({ onBytes() {}, onClose() {} });
    socket.push(null);
    await once(socket, "finish");
    const other = transportOf(true);
    let ends = 0;
    other.transport.listen({ onBytes() {}, onClose() {}, onEnd: () => ends++ });
    other.socket.push(null);
    await once(other.socket, "end");
    await turn();
    assert.deepEqual([ends, other.socket.writableEnded], [1, false]);
  });

  it("tells once that it is closed, with the first failure if there was one", async () => {
    const { socket, transport } = transportOf(true);
    const closed: (Error | undefined)[] = [];
    transport.listen({ onBytes() {}, onClose: (error) => void closed.push(error) });
    socket.emit("error", new Error("first"));
    assert.ok(socket.destroyed, "a failure that does not close a socket, as TLS has them");
    socket.emit("error", new Error("second"));
    await turn();
    assert.deepEqual(
      closed.map((error) => error?.message),
      ["first"],
    );
    const other = transportOf(true);
    other.transport.listen({ onBytes() {}, onClose: (error) => void closed.push(error) });
    other.transport.destroy();
    await turn();
    assert.deepEqual(closed.slice(1), [undefined]);
  });
});
