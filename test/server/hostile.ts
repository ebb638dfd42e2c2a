/**
 * What hostile clients do to a server, for the quick suite in small numbers and for the slow one in full: the event loop
 * is never held up for long, the memory comes back, and a reader beside them gets every packet in order.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import type { DataLinkServerOptions } from "../../lib/server/server.ts";
import { Peer, write } from "./peer.ts";
import { ServerThread, type ThreadFigures } from "./server-thread.ts";

/** How many of each. */
export interface Numbers {
  garbage: number;
  trickling: number;
  packets: number;
  streams: number;
  connections: number;
  unreading: number;
}

/** When who sends nothing whole is sent away; the honest ones too, whom so many others in this process hold up for a while. */
const SENT_AWAY_MS = 1000;

/** Milliseconds of processor time that one turn of the event loop may take. */
export const LONGEST_STALL = 50;

/** Bytes more than before that may be in use afterwards: the index of the ring, which grows to 8 MiB, and some noise. */
export const MEMORY_KEPT = 12 * 1024 * 1024;

const SETTINGS: DataLinkServerOptions = { ringBytes: 32 * 1024 * 1024, maxClients: 2000 };

export function describeHostileClients(numbers: Numbers): void {
  describe("hostile clients", () => {
    let server: ServerThread;
    let witness: Witness;

    async function withServer(options: DataLinkServerOptions, attack: () => Promise<unknown>): Promise<void> {
      server = await ServerThread.start({ ...SETTINGS, ...options });
      witness = await Witness.start(server.port);
      try {
        await attack();
      } finally {
        await witness.stop();
        await server.stop();
      }
    }

    /** Has the server do each kind of thing once: the first time takes longer than any other. */
    async function unharmedBy(attack: () => Promise<void>): Promise<ThreadFigures> {
      await server.figures();
      const before = await server.figures();
      await attack();
      await witness.check();
      const after = await server.figures();
      assert.ok(after.stall < LONGEST_STALL, `a turn of the event loop took ${after.stall.toFixed(1)} ms`);
      const kept = after.memory - before.memory;
      assert.ok(kept < MEMORY_KEPT, `${kept} bytes were kept`);
      return after;
    }

    it(`${numbers.garbage} send garbage and are sent away`, () =>
      withServer({ ioTimeout: SENT_AWAY_MS / 2 }, () =>
        unharmedBy(async () => {
          for (let i = 0; i < numbers.garbage; i += 50) {
            await Promise.all(Array.from({ length: 50 }, (_, k) => sendGarbage(server.port, i + k)));
          }
        }),
      ));

    it(`${numbers.trickling} send a byte at a time and are sent away`, () =>
      withServer({ ioTimeout: SENT_AWAY_MS }, () =>
        unharmedBy(async () => {
          const command = encodeFrame("WRITE XX_SLOW/TEXT 1 2 A 400", Buffer.alloc(400));
          await Promise.all(Array.from({ length: numbers.trickling }, () => trickle(server.port, command)));
        }),
      ));

    it(`${numbers.trickling} send an HTTP request a byte at a time and are sent away`, () =>
      withServer({ ioTimeout: SENT_AWAY_MS }, () =>
        unharmedBy(async () => {
          const request = Buffer.from(`GET /id HTTP/1.1\r\nX: ${"x".repeat(4000)}`);
          await Promise.all(Array.from({ length: numbers.trickling }, () => trickle(server.port, request)));
        }),
      ));

    it(`${numbers.trickling} ask for pages with patterns made to take for ever`, () =>
      // However long it takes until all have asked, on a busy machine.
      withServer({ ioTimeout: 120_000 }, async () => {
        const writer = await Peer.connect(server.port);
        for (let i = 0; i < numbers.streams; i++)
          writer.send(write(`FDSN:XX_S${i}_00_B_H_Z/MSEED`, "x", "N"));
        await writer.ask("ID");
        writer.end();
        await askPages(server.port, 1);
        await unharmedBy(() => askPages(server.port, numbers.trickling));
      }));

    it(`${numbers.trickling} announce WebSocket messages without end and are sent away`, () =>
      withServer({ ioTimeout: SENT_AWAY_MS }, () =>
        unharmedBy(async () => {
          await Promise.all(
            Array.from({ length: numbers.trickling }, () => announceHugeMessage(server.port)),
          );
        }),
      ));

    it(`${numbers.packets} tiny packets are taken in`, () =>
      withServer({}, async () => {
        const { status } = await unharmedBy(async () => {
          const writer = await Peer.connect(server.port);
          const thousand = Buffer.concat(
            Array.from({ length: 1000 }, (_, i) => write(`T${i % 10}/X`, "", "N")),
          );
          for (let i = 0; i < numbers.packets; i += 1000) {
            if (!writer.socket.write(thousand)) await once(writer.socket, "drain");
          }
          assert.match(await writer.ask(write("T/X", "last")), /^OK/);
          writer.end();
        });
        assert.ok(status.packetsIn > numbers.packets);
      }));

    it(`patterns made to take for ever are asked of ${numbers.streams} streams`, () =>
      withServer({ maxStreams: 20_000 }, async () => {
        const writer = await Peer.connect(server.port);
        for (let i = 0; i < numbers.streams; i++) {
          if (!writer.socket.write(write(`FDSN:XX_S${i}_00_B_H_Z/MSEED`, "x", "N")))
            await once(writer.socket, "drain");
        }
        await writer.ask("ID");
        await askPatterns(server.port, 1);
        await unharmedBy(() => askPatterns(server.port, 3));
        writer.end();
      }));

    it(`${numbers.connections} connections are opened and dropped`, () =>
      withServer({}, async () => {
        await openAndDrop(server.port, 100);
        const { status } = await unharmedBy(() => openAndDrop(server.port, numbers.connections));
        assert.ok(status.clients < 10, `${status.clients} clients are left`);
      }));

    it(`${numbers.unreading} ask for everything and read nothing, and are sent away`, () =>
      withServer({ ioTimeout: 200, packetSize: 4096 }, async () => {
        const writer = await Peer.connect(server.port);
        const payload = Buffer.alloc(4000, 7);
        for (let i = 0; i < 7000; i++) {
          if (!writer.socket.write(write(`S${i % 500}`, payload, "N"))) await once(writer.socket, "drain");
        }
        await writer.ask("ID");
        writer.end();
        await unharmedBy(async () => {
          await Promise.all(Array.from({ length: numbers.unreading }, () => neverRead(server.port)));
        });
      }));
  });
}

/** An honest reader and an honest writer beside the others: whatever is written arrives, in order. */
export class Witness {
  readonly #writer: Peer;
  readonly #reader: Peer;
  readonly #work: Promise<void>;
  #stopped = false;
  #rounds = 0;

  static async start(port: number): Promise<Witness> {
    const [writer, reader] = await Promise.all([Peer.connect(port), Peer.connect(port)]);
    assert.match(await reader.ask(encodeFrame("MATCH 9", Buffer.from("^WITNESS$"))), /^OK/);
    reader.send("STREAM");
    assert.match(await reader.ask("ID witness"), /^ID/);
    return new Witness(writer, reader);
  }

  private constructor(writer: Peer, reader: Peer) {
    this.#writer = writer;
    this.#reader = reader;
    this.#work = this.#run();
  }

  /** Fails where anything went wrong so far, and waits for one more packet to make its way. */
  async check(): Promise<void> {
    const rounds = this.#rounds;
    while (this.#rounds === rounds) await Promise.race([this.#work, immediate()]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
    this.#writer.end();
    this.#reader.end();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const text = String(this.#rounds);
      const [ack, packet] = await Promise.all([
        this.#writer.ask(write("WITNESS", text)),
        this.#reader.next(),
      ]);
      assert.match(ack, /^OK/);
      assert.equal(packet.payload.toString(), text);
      this.#rounds++;
      await immediate();
    }
  }
}

function immediate(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

export function untilClosed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => {
    socket.once("close", resolve);
  });
}

/** Bytes that are the same in every run, half of them with the beginning of a packet. */
async function sendGarbage(port: number, seed: number): Promise<void> {
  const socket = await open(port);
  const bytes = Buffer.alloc(4096);
  let state = seed + 1;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 24;
  }
  if (seed % 2 === 0) bytes.write("DL");
  socket.write(bytes);
  socket.resume();
  await untilClosed(socket);
}

async function trickle(port: number, bytes: Buffer): Promise<void> {
  const socket = await open(port);
  let sent = 0;
  const timer = setInterval(() => socket.write(bytes.subarray(sent, ++sent)), 20);
  socket.resume();
  await untilClosed(socket);
  clearInterval(timer);
  assert.ok(sent < bytes.length, "it was sent away before it had done");
}

const NASTY = [
  "(a*)*b",
  "(x+x+)+y",
  ".*.*.*.*.*.*.*=",
  "(.?){60}Q",
  "([A-Z]|[0-9]|_)*(B|H|Z)_(.|Z)*#",
  Array.from({ length: 130 }, (_, i) => `.*S${i}.*Q`).join("|"),
  Array.from({ length: 1500 }, (_, i) => `S${i}`).join("|"),
  "(((((a{1,9}){1,9}){1,9}){1,9}){1,9})*",
  "((((((((((((.*)*)*)*)*)*)*)*)*)*)*)*)*$#",
  "(?i)".padEnd(8000, "(k|s)?"),
];

async function askPatterns(port: number, clients: number): Promise<void> {
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const peer = await Peer.connect(port);
      for (const text of NASTY) {
        const pattern = Buffer.from(text);
        assert.match(await peer.ask(encodeFrame(`MATCH ${pattern.length}`, pattern)), /^(OK|ERROR)/);
        assert.match(await peer.ask(encodeFrame(`REJECT ${pattern.length}`, pattern)), /^(OK|ERROR)/);
        assert.match(await peer.ask("POSITION AFTER 9000000"), /^OK/);
        assert.match(await peer.ask("INFO STREAMS"), /^INFO/);
      }
      peer.end();
    }),
  );
}

/** Ask as many at once, each for one of the lists. */
async function askPages(port: number, requests: number): Promise<void> {
  await Promise.all(
    Array.from({ length: requests }, async (_, i) => {
      const pattern = encodeURIComponent(NASTY[i % NASTY.length]!.slice(0, 2000));
      const socket = await open(port);
      let answer = "";
      socket.on("data", (bytes) => {
        answer += bytes.toString("latin1", 0, 20);
      });
      socket.write(`GET /streams?match=${pattern} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await untilClosed(socket);
      assert.match(answer, /^HTTP\/1.1 (200|400|431)/);
    }),
  );
}

async function announceHugeMessage(port: number): Promise<void> {
  const socket = await open(port);
  socket.write(
    "GET /datalink HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  const closed = untilClosed(socket);
  // Where the machine is slow it may be sent away before it has said anything.
  await Promise.race([new Promise((resolve) => socket.once("data", resolve)), closed]);
  socket.resume();
  socket.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5]));
  await closed;
}

async function openAndDrop(port: number, connections: number): Promise<void> {
  for (let i = 0; i < connections; i += 100) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, k) => {
        const socket = await open(port);
        if (k % 3 === 0) socket.write("DL");
        if (k % 2 === 0) socket.resetAndDestroy();
        else socket.destroy();
      }),
    );
  }
}

async function neverRead(port: number): Promise<void> {
  const socket = await open(port);
  socket.pause();
  const commands = ["POSITION SET EARLIEST", "STREAM", ...Array.from({ length: 200 }, () => "INFO STREAMS")];
  socket.write(Buffer.concat(commands.map((command) => encodeFrame(command))));
  // It does not read, and yet it has to learn that it was sent away: writing tells.
  const timer = setInterval(() => socket.write(encodeFrame("ID")), 50);
  await untilClosed(socket);
  clearInterval(timer);
}
