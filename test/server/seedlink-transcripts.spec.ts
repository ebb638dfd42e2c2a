/**
 * Our server against what ringserver 4.5.3 was seen to answer over SeedLink 3.1 and 4.0: the rows of
 * test/seedlink/vectors/transcripts.json, from the ring that it held. Where our server answers otherwise on purpose, the row is
 * in seedlink-deviations.ts with the reason and with what ours answers.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import WebSocket from "ws";
import { readRecords } from "../../lib/mseed/index.ts";
import type { AccessOptions } from "../../lib/server/access/access.ts";
import { DataLinkServer, type DataLinkServerOptions } from "../../lib/server/server.ts";
import { type RingPacket, type Row, rings, rows } from "../seedlink/vectors.ts";
import { SEEDLINK_DEVIATIONS } from "./seedlink-deviations.ts";
import { words } from "./seedlink-words.ts";

const SETTINGS: DataLinkServerOptions = {
  port: 0,
  ringBytes: 1_048_576,
  packetSize: 4096,
  serverId: "Capture Ring",
  software: "RingServer/4.5.3",
};

/** As the program had it that ringserver asked; a token is checked here, and that one is none. */
const LOGIN: AccessOptions = {
  rules: [{ from: "127.0.0.1", read: false, trusted: true }],
  users: [{ name: "reader", password: "secret" }],
};

/** Milliseconds that an answer may take. */
const PATIENCE = 3000;

/** Asked when all is answered, or to know that what was sent has been handled: it is answered at any time. */
const PROBE = "INFO ID\r\n";

/** Of rows that ask for another one. */
const PATHS: Record<string, string> = { "ws-wrong-path": "/elsewhere", "ws-datalink-path": "/datalink" };

/** One connection, over a socket or a WebSocket: what has come, and whether it is closed. */
class Client {
  received: Buffer = Buffer.alloc(0);
  closed = false;
  send!: (text: string) => void;
  destroy!: () => void;
  #changed: () => void = () => {};

  static async connect(port: number, row: Row): Promise<Client> {
    const client = new Client();
    if (row.transport === "tcp") await client.#openSocket(port);
    else await client.#openWebSocket(port, row);
    return client;
  }

  async #openSocket(port: number): Promise<void> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("error", () => {});
    socket.on("close", () => this.#close());
    this.send = (text) => void socket.write(Buffer.from(text, "latin1"));
    this.destroy = () => socket.destroy();
  }

  async #openWebSocket(port: number, row: Row): Promise<void> {
    const subprotocols = row.name === "ws-none" ? [] : ["SeedLink4.0", "SeedLink3.1"];
    const socket = new WebSocket(`ws://127.0.0.1:${port}${PATHS[row.name] ?? "/seedlink"}`, subprotocols);
    socket.on("message", (bytes) => this.#take(bytes as Buffer));
    // A line of its own.
    socket.on("pong", (bytes) => this.#take(Buffer.concat([bytes, Buffer.from("\n")])));
    socket.on("error", () => {});
    socket.on("close", () => this.#close());
    await Promise.race([once(socket, "open"), once(socket, "close")]).catch(() => {});
    this.send = (text) => {
      if (this.closed) return;
      if (row.name === "ws-ping" && text !== PROBE) socket.ping(text);
      else socket.send(text);
    };
    this.destroy = () => socket.terminate();
  }

  #take(bytes: Buffer): void {
    this.received = Buffer.concat([this.received, bytes]);
    this.#changed();
  }

  #close(): void {
    this.closed = true;
    this.#changed();
  }

  async until(condition: () => boolean): Promise<void> {
    const patience = AbortSignal.timeout(PATIENCE);
    while (!condition() && !this.closed) {
      await new Promise<void>((resolve, reject) => {
        this.#changed = resolve;
        patience.onabort = () =>
          reject(new Error(`waited in vain, after ${words(this.received).join("\n")}`));
      });
    }
    patience.onabort = null;
  }

  /** Waits until the server has nothing more to say for the moment: between two questions, nothing else comes. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.#others && !this.closed; ) {
      before = this.#others;
      const answers = this.#answers;
      this.send(PROBE);
      await this.until(() => this.#answers > answers);
    }
  }

  get #answers(): number {
    return words(this.received).filter((word) => ANSWER.test(word)).length;
  }

  get #others(): number {
    return words(this.received).length - this.#answers;
  }
}

const ANSWER = /^INFO (INF|JI) (<\?xml[^>]*\?><seedlink [^>]*\/>$|\{.*"seedlink_protocol")/s;

/** What comes back to a row; without the answers to probes, but for those that the row itself asks for, which come first. */
async function replay(
  server: DataLinkServer,
  ring: Ring,
  row: Row,
  expected: { closes: boolean; own: number },
): Promise<{ answer: string[]; closed: boolean }> {
  const firstWritten = ring.numbersOf(row)[0];
  if (firstWritten !== undefined) ring.writeUpTo(server, firstWritten - 1);
  const client = await Client.connect(server.port, row);
  for (const step of row.steps) {
    if (step.action) {
      await client.settle();
      ring.writeUpTo(server, ring.numbersIn(step.action).at(-1)!, step.recv.subarray(-512));
    }
    if (step.send !== "") client.send(step.send);
  }
  if (expected.closes) await client.until(() => false);
  else await client.settle();
  const { closed } = client;
  client.destroy();
  let seen = 0;
  const answer = words(client.received).filter((word) => !ANSWER.test(word) || ++seen <= expected.own);
  return { answer, closed };
}

/** What cannot be the same twice, and the flags and numbers in which ours differs everywhere, see seedlink-deviations.ts. */
function masked(word: string): string {
  return (
    word
      .replace("CAP EXTREPLY NSWILDCARD BATCH WS:13", "CAP WS:13")
      .replace(/ (started|ctime|port)="[^"]*"/g, ' $1="*"')
      // Clients of before may still be on their way out.
      .replace(/(<station name="CLIENT".*?<\/station>)\1+/g, "$1")
      .replace(/("server_start":)"[^"]*"/, '$1"*"')
      .replace(/ (begin_seq|end_seq)="(\d+)"/g, (all, name: string, digits: string) =>
        digits.length === 6
          ? all
          : ` ${name}="${Number(digits).toString(16).toUpperCase().padStart(6, "0").slice(-6)}"`,
      )
  );
}

/** Packets of a recorded ring, written as far as a row has come. */
class Ring {
  readonly packets: RingPacket[];
  readonly #live: RingPacket[];
  #written: number;

  constructor(state: string) {
    this.packets = rings[state] ?? [];
    this.#live = state === "main" ? rings["main-live"]! : this.packets;
    this.#written = Number(this.packets.at(-1)?.packetId ?? 0);
  }

  fill(server: DataLinkServer): void {
    for (const packet of this.packets) this.#write(server, packet);
  }

  numbersIn(action: string): number[] {
    return [...action.matchAll(/packet (\d+) /g)].map((match) => Number(match[1]));
  }

  numbersOf(row: Row): number[] {
    return row.steps.flatMap(({ action = "" }) => this.numbersIn(action));
  }

  /** @param payload of a packet that is not in the recorded ring */
  writeUpTo(server: DataLinkServer, number: number, payload?: Buffer): void {
    while (this.#written < number) {
      this.#written++;
      const packet = this.#live.find(({ packetId }) => packetId === String(this.#written));
      this.#write(
        server,
        packet ?? { ...this.packets[0]!, packetId: String(this.#written), payload: payload! },
      );
    }
  }

  #write(server: DataLinkServer, { packetId, streamId, dataStart, payload }: RingPacket): void {
    const [record] = readRecords(payload);
    const dataEnd = record?.endTime ?? dataStart;
    server.write({ packetId: BigInt(packetId!), streamId, dataStart: dataStart!, dataEnd, payload });
  }
}

const RINGSERVER = rows.filter(({ server }) => server === "ringserver 4.5.3");

describe("SeedLink transcripts of ringserver 4.5.3", () => {
  for (const state of new Set(RINGSERVER.map((row) => row.state))) {
    describe(`ring ${state}`, () => {
      const ring = new Ring(state);
      let server: DataLinkServer;
      before(async () => {
        server = await DataLinkServer.listen({ ...SETTINGS, ...(state === "auth" && { access: LOGIN }) });
        ring.fill(server);
      });
      after(() => server.close());

      for (const row of RINGSERVER.filter((each) => each.state === state)) {
        const deviation = SEEDLINK_DEVIATIONS[row.name];
        it(deviation ? `${row.name} answers otherwise: ${deviation.reason}` : row.name, async () => {
          const recorded = words(Buffer.concat(row.steps.map(({ recv }) => recv)))
            .map(masked)
            .map((word) => (word === "abc" ? "abc\n" : word));
          const closes = deviation?.closes ?? (row.closes || recorded.includes(CLOSE));
          const own = recorded.filter((word) => ANSWER.test(word)).length;
          const { answer, closed } = await replay(server, ring, row, { closes, own });
          const said = recorded.filter((word) => word !== CLOSE);
          const expected = deviation?.answer ? deviation.answer(said, ring.packets).map(masked) : said;
          assert.deepEqual(answer.map(masked), expected);
          assert.equal(closed, closes);
        });
      }
    });
  }

  it("has no reason for a row that is not there", () => {
    const names = new Set(RINGSERVER.map(({ name }) => name));
    assert.deepEqual(
      Object.keys(SEEDLINK_DEVIATIONS).filter((name) => !names.has(name)),
      [],
    );
  });
});

/** What a WebSocket is closed with. */
const CLOSE = "\x03\xe8";
