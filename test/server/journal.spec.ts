// lib/server/ring/storage.ts: a ring in a folder outlives its server, however that ends, and the folder stays as small as the ring.
import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { DataLinkError } from "../../lib/datalink/protocol/errors.ts";
import { Ring } from "../../lib/server/ring/ring.ts";
import { RingStorage } from "../../lib/server/ring/storage.ts";
import {
  DataLinkServer,
  type DataLinkServerEvent,
  type DataLinkServerOptions,
} from "../../lib/server/server.ts";
import { newFolder } from "../support/folders.ts";
import { describe as inWords, Peer, write } from "./peer.ts";
import { ServerProcess } from "./server-process.ts";

const RING_BYTES = 256 * 1024;

describe("ring in a folder", () => {
  let folder: string;
  let events: DataLinkServerEvent[];

  beforeEach(() => {
    folder = newFolder();
    events = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function start(options: DataLinkServerOptions = {}): Promise<DataLinkServer> {
    return DataLinkServer.listen({
      port: 0,
      ringBytes: RING_BYTES,
      directory: folder,
      onEvent: (event) => events.push(event),
      ...options,
    });
  }

  function fill(server: DataLinkServer, packets: number): void {
    for (let i = 0; i < packets; i++) {
      server.write({ streamId: `S${i % 7}/X`, dataStart: i, payload: Buffer.alloc(i % 512, i) });
    }
  }

  /** All packets, from the earliest to the latest. */
  async function contentOf(server: DataLinkServer): Promise<string[]> {
    const { packets, earliest } = server.status;
    if (!earliest) return [];
    const peer = await Peer.connect(server.port);
    const replies = [await peer.ask(`READ ${earliest.packetId}`)];
    peer.send("STREAM");
    for (const reply of await peer.take(packets - 1)) replies.push(inWords(reply));
    peer.end();
    return replies;
  }

  function dataFiles(): string[] {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".dat"))
      .sort()
      .map((name) => path.join(folder, name));
  }

  /** Of this process, in the folder; where the system does not tell, none. */
  function openFiles(): string[] {
    const all = existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd") : [];
    return all
      .map((name) => path.join("/proc/self/fd", name))
      .filter((link) => existsSync(link))
      .map((link) => readlinkSync(link))
      .filter((file) => file.startsWith(folder));
  }

  function recovered(): DataLinkServerEvent {
    return events.findLast(({ type }) => type === "recovered")!;
  }

  it("comes back with its packets, their ids and times, and counts on", async () => {
    let server = await start();
    fill(server, 100);
    const before = await contentOf(server);
    const { newest } = server.status;
    await server.close();
    server = await start();
    assert.deepEqual(await contentOf(server), before);
    assert.deepEqual(server.status.newest, newest);
    assert.equal(server.write({ streamId: "S/X", dataStart: 0, payload: "" }), 101n);
    const peer = await Peer.connect(server.port);
    assert.match(await peer.ask(`POSITION SET 100 ${newest!.packetTime}`), /^OK 100/);
    assert.match(await peer.ask("INFO STATUS"), / VolatileRing="FALSE"/);
    peer.end();
    await server.close();
  });

  it("keeps the folder as small as the ring, and no lock behind it", async () => {
    for (let round = 0; round < 3; round++) {
      const server = await start();
      for (let i = 0; i < 10; i++) {
        fill(server, 200);
        await contentOf(server);
      }
      const content = await contentOf(server);
      await server.close();
      const bytes = dataFiles().reduce((sum, file) => sum + statSync(file).size, 0);
      assert.ok(bytes < RING_BYTES * 1.25, `${bytes} bytes in the folder`);
      await using again = await start();
      // Where packets lie in the ring is another matter, and so it may have room for one or two fewer.
      const left = await contentOf(again);
      assert.ok(left.length > content.length - 5);
      assert.deepEqual(left, content.slice(-left.length));
    }
    assert.ok(!readdirSync(folder).includes("lock"));
  });

  it("has everything that was acknowledged or read when it was killed in the middle of it", async () => {
    const options = { ringBytes: 8 << 20, directory: folder };
    const server = await ServerProcess.start(options);
    const [writer, reader] = [await Peer.connect(server.port), await Peer.connect(server.port)];
    reader.send("STREAM");
    assert.match(await reader.ask("ID reader"), /^ID/);
    let written = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < 200; i++) writer.send(write(`S${written % 5}/X`, `packet ${written++}`));
    }, 1);
    while (writer.replies.length < 3000) await writer.next();
    await server.kill();
    clearInterval(timer);
    await Promise.all([writer.untilClosed(), reader.untilClosed()]);
    const acknowledged = writer.replies.map((reply) => reply.kind === "OK" && reply.value);
    assert.ok(written > acknowledged.length, "it was in the middle of it");
    const again = await start({ ringBytes: 8 << 20 });
    const content = await contentOf(again);
    assert.ok(content.length >= acknowledged.length);
    for (const [i, id] of acknowledged.entries())
      assert.equal(content[i], `PACKET S${i % 5}/X ${id} packet ${i}`);
    for (const [i, packet] of reader.replies.slice(1).map(inWords).entries())
      assert.equal(content[i], packet);
    await again.close();
  });

  it("drops a tail that was cut short, wherever, and damage, and goes on behind it", async () => {
    const server = await start();
    for (let i = 0; i < 20; i++) {
      fill(server, 1);
      await contentOf(server);
    }
    const content = await contentOf(server);
    await server.close();
    const file = dataFiles().at(-1)!;
    const good = readFileSync(file);
    const damages: (() => void)[] = [];
    for (let cut = 1; cut < 200; cut += 7) damages.push(() => truncateSync(file, good.length - cut));
    for (let at = 1; at < 200; at += 11) {
      damages.push(() =>
        writeFileSync(
          file,
          good.map((byte, i) => (i === good.length - at ? byte ^ 1 : byte)),
        ),
      );
    }
    damages.push(
      () => writeFileSync(file, Buffer.concat([good, Buffer.alloc(1000)])),
      () => writeFileSync(file, Buffer.concat([good, good.subarray(16)])),
      () => writeFileSync(file, ""),
    );
    for (const damage of damages) {
      damage();
      const again = await start();
      const left = await contentOf(again);
      // In order, and of those in the damaged batch only.
      assert.deepEqual(
        left,
        content.filter((packet) => left.includes(packet)),
      );
      const event = recovered();
      assert.ok(event.type === "recovered" && event.packets === left.length);
      fill(again, 1);
      await contentOf(again);
      await again.close();
      const further = await start();
      assert.equal((await contentOf(further)).length, left.length + 1);
      await further.close();
      for (const other of dataFiles()) rmSync(other);
      writeFileSync(file, good);
    }
  });

  it("loses only the batches that damage hits, and tells between which packets", async () => {
    const server = await start();
    for (let i = 0; i < 12; i++) {
      server.write({ streamId: "S/X", dataStart: i, payload: Buffer.alloc(300, i) });
      await contentOf(server);
    }
    await server.close();
    const file = dataFiles().at(-1)!;
    const good = readFileSync(file);
    const batches: number[] = [];
    const mark = good.subarray(24, 32);
    for (let at = good.indexOf(mark, 24); at >= 0; at = good.indexOf(mark, at + 1)) batches.push(at);
    assert.equal(batches.length, 12);
    // All the bytes of a batch in turn are damaged somewhere, its mark, length and checksum as well.
    for (const [i, at] of batches.entries()) {
      for (const offset of [0, 9, 13, 20, 100, 300]) {
        const damaged = Buffer.from(good);
        damaged[at + offset]! ^= 0x40;
        writeFileSync(file, damaged);
        const again = await start();
        const event = recovered();
        assert.ok(event.type === "recovered");
        assert.equal(event.packets, 11);
        const [range] = event.lost;
        assert.deepEqual(
          [event.lost.length, range?.file, range?.after, range?.before],
          [1, file, i === 0 ? undefined : BigInt(i), i === 11 ? undefined : BigInt(i + 2)],
        );
        assert.equal(range?.bytes, (batches[i + 1] ?? good.length) - at);
        await again.close();
        for (const other of dataFiles()) rmSync(other);
      }
    }
    // A damaged title costs nothing.
    for (let at = 0; at < 24; at++) {
      const damaged = Buffer.from(good);
      damaged[at]! ^= 0x40;
      writeFileSync(file, damaged);
      await (await start()).close();
      const event = recovered();
      assert.ok(event.type === "recovered");
      assert.deepEqual([event.packets, event.lost], [12, []]);
      for (const other of dataFiles()) rmSync(other);
    }
  });

  it("does not take what a segment of its own holds in another one's place", async () => {
    const server = await start();
    for (let i = 0; i < 60; i++) {
      server.write({ streamId: "S/X", dataStart: i, payload: Buffer.alloc(500, i) });
      await contentOf(server);
    }
    const content = await contentOf(server);
    await server.close();
    const [first, second, third] = dataFiles().map((file) => ({ file, bytes: readFileSync(file) }));
    assert.ok(first && second && third);
    // The beginning of the first one, then a copy of the third: only the rest of the first is lost.
    const cut = first.bytes.length - 1000;
    writeFileSync(first.file, Buffer.concat([first.bytes.subarray(0, cut), third.bytes]));
    const again = await start();
    const left = await contentOf(again);
    const lost = content.flatMap((packet, i) => (left.includes(packet) ? [] : [i]));
    assert.equal(lost.length, 2);
    assert.equal(lost[1], lost[0]! + 1);
    assert.ok(
      left.join() === content.filter((_, i) => !lost.includes(i)).join(),
      "all else is there, in order",
    );
    await again.close();
  });

  it("reads what version 0.1.0 has written", async () => {
    const vectors = JSON.parse(
      readFileSync(path.join(__dirname, "..", "files", "vectors", "logs-0.1.0.json"), "utf8"),
    ) as { segment: string };
    const old = path.join(folder, "ring-000000000001.dat");
    const bytes = Buffer.from(vectors.segment, "base64");
    writeFileSync(old, bytes);
    let server = await start();
    assert.deepEqual(
      await contentOf(server),
      Array.from({ length: 12 }, (_, i) => `PACKET FDSN:XX_S${i % 3}_00_H_H_Z/TEXT ${i + 1} packet ${i}`),
    );
    assert.equal(server.write({ streamId: "S/X", dataStart: 0, payload: "" }), 13n);
    await server.close();
    server = await start();
    assert.equal(server.status.packets, 13);
    await server.close();
    const middle = bytes.indexOf("packet 5");
    bytes[middle]! ^= 1;
    for (const file of dataFiles()) rmSync(file);
    writeFileSync(old, bytes);
    server = await start();
    assert.equal(server.status.packets, 8);
    await server.close();
  });

  it("leaves alone what has a segment's name and is not one, or is of a newer version", async () => {
    const name = (number: number) => path.join(folder, `ring-${String(number).padStart(12, "0")}.dat`);
    const precious = path.join(folder, "precious");
    writeFileSync(precious, "precious");
    const newer = Buffer.concat([Buffer.from("DataLink ring 3\n"), Buffer.alloc(100, 7)]);
    writeFileSync(name(2), newer);
    symlinkSync(precious, name(3));
    writeFileSync(name(4), "somebody else's, and long enough to be a segment of some kind");
    mkdirSync(name(5));
    for (let round = 0; round < 2; round++) {
      const server = await start({ ringBytes: 64 * 1024 });
      const event = recovered();
      assert.ok(event.type === "recovered");
      assert.deepEqual([...event.foreign].sort(), [2, 3, 4, 5].map(name));
      for (let i = 0; i < 20; i++) {
        fill(server, 100);
        await contentOf(server);
      }
      await server.close();
    }
    assert.equal(readFileSync(precious, "utf8"), "precious");
    assert.ok(readFileSync(name(2)).equals(newer));
    assert.match(readFileSync(name(4), "utf8"), /^somebody else's/);
    assert.ok(lstatSync(name(3)).isSymbolicLink() && statSync(name(5)).isDirectory());
  });

  it("keeps the newest packets in a smaller ring, and all of them in a larger one", async () => {
    let server = await start();
    fill(server, 300);
    const content = await contentOf(server);
    await server.close();
    server = await start({ ringBytes: RING_BYTES / 8, packetSize: 100 });
    const fewer = await contentOf(server);
    assert.ok(fewer.length > 20 && fewer.length < 200);
    assert.deepEqual(fewer, content.slice(-fewer.length));
    await server.close();
    server = await start({ ringBytes: RING_BYTES * 2 });
    const again = await contentOf(server);
    assert.ok(again.length >= fewer.length);
    assert.deepEqual(again, content.slice(-again.length));
    await server.close();
  });

  it("numbers its segments one after the other, those of before included", async () => {
    const numbers = () => dataFiles().map((file) => Number(/(\d+)\.dat$/.exec(file)![1]));
    for (let round = 1; round <= 2; round++) {
      const server = await start();
      for (let i = 0; i < 60; i++) {
        server.write({ streamId: "S/X", dataStart: i, payload: Buffer.alloc(500, i) });
        await contentOf(server);
      }
      await server.close();
      assert.ok(numbers().length > 2 * round, numbers().join());
      assert.deepEqual(
        numbers(),
        numbers().map((_, i) => i + 1),
      );
    }
  });

  it("leaves its folder to others when it cannot be read", async () => {
    const server = await start();
    fill(server, 10);
    await contentOf(server);
    await server.close();
    const ring = new Ring({ ringBytes: RING_BYTES, packetSize: 512 });
    ring.restore = () => {
      throw new Error("out of memory");
    };
    const host = { progressed() {}, failed() {}, restored() {} };
    await assert.rejects(RingStorage.open(folder, ring, host), {
      code: "STORAGE_FAILED",
      message: /out of memory/,
    });
    assert.ok(!readdirSync(folder).includes("lock"));
    assert.deepEqual(openFiles(), []);
  });

  it("is one server's only, and does not mind what a dead one has left", async () => {
    const server = await start();
    await assert.rejects(
      start(),
      (error) =>
        error instanceof DataLinkError &&
        error.code === "STORAGE_FAILED" &&
        /is in use by/.test(error.message),
    );
    await server.close();
    for (const left of ["", "1 another-boot/123", `${process.pid} another-boot/123`, "999999999 x"]) {
      writeFileSync(path.join(folder, "lock"), left);
      await (await start()).close();
    }
    writeFileSync(path.join(folder, "file"), "");
    await assert.rejects(
      start({ directory: path.join(folder, "file") }),
      (error) => error instanceof DataLinkError && error.code === "STORAGE_FAILED",
    );
  });

  it("acknowledges nothing while the folder cannot be written, says so, and catches up", async () => {
    const server = await start({ ringBytes: 64 * 1024 });
    const [writer, reader] = [await Peer.connect(server.port), await Peer.connect(server.port)];
    reader.send("STREAM");
    await reader.ask("ID reader");
    const away = `${folder}-away`;
    renameSync(folder, away);
    const packet = write("S/X", Buffer.alloc(500));
    for (let i = 0; i < 30; i++) writer.send(packet);
    // Readers get them all the same.
    await reader.take(30);
    while (!events.some(({ type }) => type === "storage")) await new Promise(setImmediate);
    assert.ok(writer.replies.length < 30);
    renameSync(away, folder);
    for (const reply of await writer.take(30)) assert.equal(reply.kind, "OK");
    while (events.filter(({ type }) => type === "storage").length < 2) await new Promise(setImmediate);
    const [failed, restored] = events.filter((event) => event.type === "storage");
    assert.match(failed?.message ?? "", /cannot be kept in/);
    assert.equal(restored?.message, undefined);
    writer.end();
    reader.end();
    await server.close();
  });
});
