// The embedded server by strangers: DataLink, SeedLink, HTTP requests, upgrades and WebSocket messages over real sockets. It may
// refuse anything; it must close the connection soon after the client has closed its side, and go on serving others.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { DataLinkServer } from "../../../lib/server/server.ts";
import { Peer, write } from "../../server/peer.ts";
import { inPieces, mutateBytes, sentence } from "../mutate.ts";
import { pick, type Random, several } from "../random.ts";
import { target } from "../target.ts";
import { COMMAND_WORDS, COMMANDS, madeStream } from "./datalink.ts";
import { RECORDS } from "./records.ts";
import { SEEDLINK_COMMANDS } from "./seedlink.ts";

/** Milliseconds that a busy machine may take for one connection, the server's own patience included. */
const PATIENCE = 60_000;

const SECRET = "0123456789abcdef0123456789abcdef";

/** One server for all inputs of a run, with something of each kind in its ring. */
class Victim {
  readonly #server: DataLinkServer;
  #rounds = 0;

  static async start(): Promise<Victim> {
    const server = await DataLinkServer.listen({
      port: 0,
      ringBytes: 256 * 1024,
      packetSize: 4096,
      ioTimeout: 2000,
      maxStreams: 500,
      access: {
        rules: [{ from: "127.0.0.0/8", read: true, write: true, trusted: true }],
        users: [{ name: "user", password: "secret", write: "^A" }],
        jwt: { secret: SECRET },
      },
    });
    const victim = new Victim(server);
    for (const record of RECORDS.filter(({ length }) => length <= 4096).slice(0, 40)) {
      server.write({ streamId: "FDSN:XX_A_00_H_H_Z/MSEED", dataStart: 1e15, payload: record });
    }
    return victim;
  }

  private constructor(server: DataLinkServer) {
    this.#server = server;
  }

  /** Says all of it, and waits until the server has closed the connection. */
  async hear(pieces: readonly Buffer[]): Promise<void> {
    const socket = connect({ port: this.#server.port, host: "127.0.0.1", noDelay: true });
    socket.on("error", () => {});
    socket.resume();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    for (const piece of pieces) if (!socket.destroyed) socket.write(piece);
    socket.end();
    const given = new AbortController();
    const late = sleep(PATIENCE, "late", { signal: given.signal, ref: false }).catch(() => "");
    assert.notEqual(await Promise.race([closed, late]), "late", "the connection stays open");
    given.abort();
    if (this.#rounds++ % 20 === 0) await this.#serve();
  }

  /** Somebody honest is served as ever. */
  async #serve(): Promise<void> {
    const peer = await Peer.connect(this.#server.port);
    try {
      assert.match(await peer.ask("ID honest"), /^ID DataLink/);
      const ack = await peer.ask(write("WITNESS/TEXT", `round ${this.#rounds}`));
      const id = /^OK (\d+)/.exec(ack)?.[1];
      assert.equal(await peer.ask(`READ ${id}`), `PACKET WITNESS/TEXT ${id} round ${this.#rounds}`);
      assert.match(await peer.ask("INFO STREAMS"), /<\/DataLink>/);
    } finally {
      peer.end();
    }
  }

  async stop(): Promise<void> {
    await this.#server.close();
    assert.equal(this.#server.status.clients, 0, "clients are left");
  }
}

function strangers(about: string, quick: number, make: (random: Random) => Buffer) {
  return target(about, quick, async () => {
    const victim = await Victim.start();
    return {
      make: (random: Random) => {
        const bytes = make(random);
        return random(2) === 0 ? [bytes] : inPieces(bytes, random);
      },
      check: (pieces: Buffer[]) => victim.hear(pieces),
      [Symbol.asyncDispose]: () => victim.stop(),
    };
  });
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const signed = `${part({ alg: "HS256" })}.${part({ sub: "x", wpat: "^A" })}`;
const TOKEN = `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;

const DATALINK_WORDS = [
  ...COMMAND_WORDS,
  TOKEN,
  "user\r\nsecret",
  "(a*)*b",
  "[",
  "\\",
  "^FDSN:",
  ".*",
  "1000000",
];

const SEEDLINK_WORDS = [
  ...[
    "HELLO",
    "SLPROTO 4.0",
    "STATION XX_A",
    "STATION A XX",
    "SELECT BHZ",
    "SELECT *:3",
    "SELECT !LOG",
    "DATA",
    "DATA ALL",
  ],
  ...[
    "DATA 1",
    "FETCH",
    "TIME 2026,1,1,0,0,0",
    "END",
    "ENDFETCH",
    "INFO STREAMS",
    "INFO ID",
    "INFO STATIONS XX_*",
  ],
  ...[
    "INFO CONNECTIONS",
    "INFO FORMATS",
    "INFO CAPABILITIES",
    "BATCH",
    "CAT",
    "USERAGENT a b",
    "AUTH USERPASS user secret",
  ],
  ...[
    `AUTH JWT ${TOKEN}`,
    "CAPABILITIES EXTREPLY",
    "GETCAPABILITIES",
    "BYE",
    "?",
    "*",
    "\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    "é",
  ],
];

function seedlinkText(random: Random): Buffer {
  const lines = several(8, random, () =>
    random(3) === 0
      ? mutateBytes(SEEDLINK_COMMANDS, random, SEEDLINK_WORDS)
      : Buffer.from(
          `${random(4) === 0 ? sentence(SEEDLINK_WORDS, 3, random) : pick(SEEDLINK_WORDS, random)}\r\n`,
        ),
  );
  return Buffer.concat(lines);
}

const TARGETS = [
  ...[
    "/",
    "/id",
    "/status",
    "/streams",
    "/streams?match=XX",
    "/streamids?match=%5B",
    "/connections",
    "/datalink",
    "/seedlink",
  ],
  ...[
    "//",
    "http://[",
    "/\\",
    "*",
    "//:0",
    "/%",
    "/%00",
    "/streams?match=(a*)*b",
    "/streams/json",
    "/../id",
    "/id?%ff",
    "",
  ],
];
const HEADERS = [
  ...[
    "Host: 127.0.0.1",
    "Host: evil.test",
    "Host:",
    "Origin: http://evil.test",
    "Origin: null",
    "Connection: Upgrade",
  ],
  ...[
    "Upgrade: websocket",
    "Upgrade: h2c",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Key: x",
  ],
  ...["Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 99", "Sec-WebSocket-Protocol: DataLink1.0"],
  ...[
    "Sec-WebSocket-Protocol: SeedLink4.0, x",
    "Sec-WebSocket-Extensions: permessage-deflate",
    "X-Forwarded-For: 10.0.0.1",
  ],
  ...[
    'Forwarded: for="[::1]"',
    "Content-Length: 5",
    "Content-Length: -1",
    "Transfer-Encoding: chunked",
    "Expect: 100-continue",
  ],
  ...[
    `Authorization: Bearer ${TOKEN}`,
    "Authorization: Basic eDp5",
    ": x",
    "X",
    `X: ${"y".repeat(9000)}`,
    "Connection: close",
  ],
];

function request(random: Random, headers: readonly string[]): string {
  const method = pick(
    ["GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "CONNECT", "PUT", "PRI", "G\0T"],
    random,
  );
  const version = pick(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "", "HTTP/9"], random);
  return `${[`${method} ${pick(TARGETS, random)} ${version}`, ...headers].join("\r\n")}\r\n\r\n`;
}

function http(random: Random): Buffer {
  const requests = several(3, random, () =>
    Buffer.from(
      request(
        random,
        several(6, random, () => pick(HEADERS, random)),
      ),
    ),
  );
  return random(2) === 0
    ? Buffer.concat(requests)
    : mutateBytes(requests, random, [...HEADERS, ...TARGETS, "\r\n"]);
}

function upgrade(path: string): Buffer {
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
}

/** A frame of RFC 6455 as a client sends it, in most cases. */
function webSocketFrame(payload: Buffer, random: Random): Buffer {
  const mask = Buffer.from([random(256), random(256), random(256), random(256)]);
  const first = pick([0x82, 0x82, 0x82, 0x81, 0x80, 0x02, 0x88, 0x89, 0x8a, 0xc2, 0xf2, 0x83], random);
  const length =
    payload.length < 126
      ? Buffer.from([first, 0x80 | payload.length])
      : Buffer.from([first, 0xfe, payload.length >> 8, payload.length & 0xff]);
  const masked = payload.map((byte, i) => byte ^ mask[i % 4]!);
  return Buffer.concat([length, mask, masked]);
}

function webSocket(random: Random): Buffer {
  const isSeedLink = random(3) === 0;
  const say = () =>
    isSeedLink ? seedlinkText(random) : madeStream(COMMANDS, DATALINK_WORDS, random).subarray(0, 60_000);
  const frames = several(5, random, () => webSocketFrame(say().subarray(0, 60_000), random));
  const sent = random(2) === 0 ? Buffer.concat(frames) : mutateBytes(frames, random);
  return Buffer.concat([upgrade(isSeedLink ? "/seedlink" : "/datalink"), sent]);
}

export const serverTargets = {
  "server-datalink": strangers("the server, by DataLink", 100, (random) =>
    madeStream(COMMANDS, DATALINK_WORDS, random),
  ),
  "server-seedlink": strangers("the server, by SeedLink", 100, seedlinkText),
  "server-http": strangers("the server, by HTTP requests and upgrades", 100, http),
  "server-websocket": strangers("the server, by messages of a WebSocket", 80, webSocket),
};
