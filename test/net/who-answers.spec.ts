// lib/net/other-server/who-answers.ts: what a port speaks, asked in each way once, and remembered.
import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { mock } from "node:test";
import type { Address } from "../../lib/net/address.ts";
import { FIRST_BYTES } from "../../lib/net/other-server/speech.ts";
import { whoAnswers } from "../../lib/net/other-server/who-answers.ts";

const HTTP = "HTTP/1.1 400 Bad Request\r\n\r\n";
const SEEDLINK = "SeedLink v3.3 (2024.020)\r\n";

describe("asking a port what it speaks", () => {
  let server: net.Server;
  let sockets: net.Socket[];
  let port: number;

  /** @param answer to the first piece that a client sends */
  async function serve(answer: (socket: net.Socket, word: string) => void): Promise<void> {
    sockets = [];
    server = net.createServer((socket) => {
      sockets.push(socket.on("error", () => {}));
      socket.once("data", (piece) => answer(socket, piece.toString("latin1")));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
  }

  afterEach(() => {
    mock.timers.reset();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  const ask = (host = "127.0.0.1", patience = 10_000, signal?: AbortSignal) =>
    whoAnswers({ host, port } as Address, patience, signal);

  it("believes that it is HTTP if it says so to each word, and not where it answers one", async () => {
    await serve((socket) => socket.write(HTTP));
    assert.equal(await ask(), "http");
    assert.equal(sockets.length, 2);
    server.close();
    await serve((socket, word) => socket.write(word.startsWith("HELLO") ? SEEDLINK : HTTP));
    assert.equal(await ask(), "seedlink");
  });

  it("knows an answer that comes in pieces", async () => {
    await serve((socket) => {
      socket.write("SSH");
      setTimeout(() => socket.write("-2.0-OpenSSH_9.2\r\n"), 10);
    });
    assert.equal(await ask(), "ssh");
  });

  it("waits no longer where the first bytes are those of something else", async () => {
    // A clock that stands still: only bytes can bring an answer.
    mock.timers.enable({ apis: ["setTimeout"] });
    await serve((socket) => socket.write("?".repeat(FIRST_BYTES)));
    assert.equal(await ask(), undefined);
    assert.equal(sockets.length, 3, "two words, and TLS");
  });

  it("waits for a second and a half each time, and for less where there is less patience", async () => {
    for (const [patience, milliseconds] of [
      [10_000, 1500],
      [200, 200],
    ] as const) {
      mock.timers.enable({ apis: ["setTimeout"] });
      let heard = () => {};
      await serve(() => heard());
      const asking = ask("127.0.0.1", patience);
      for (let way = 0; way < 3; way++) {
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
        mock.timers.tick(milliseconds - 1);
        assert.ok(!sockets[way]!.destroyed);
        mock.timers.tick(1);
      }
      assert.equal(await asking, undefined);
      mock.timers.reset();
      server.close();
    }
    await serve(() => {});
  });

  it("has no answer where nothing listens, and asks only once then", async () => {
    await serve(() => {});
    server.close();
    await once(server, "close");
    const connect = mock.method(net, "connect");
    assert.equal(await ask(), undefined);
    assert.equal(connect.mock.callCount(), 1);
    mock.restoreAll();
  });

  it("forgets what it was asked and told to give up", async () => {
    const stop = new AbortController();
    await serve((socket, word) => {
      if (stop.signal.aborted) socket.write(word.startsWith("HELLO") ? SEEDLINK : HTTP);
      else stop.abort();
    });
    assert.equal(await ask("127.0.0.1", 10_000, stop.signal), undefined);
    assert.equal(await ask("127.0.0.1", 10_000, stop.signal), undefined);
    assert.equal(await ask(), "seedlink");
  });

  it("remembers the last 100 answers for five minutes", async () => {
    await serve((socket) => socket.write(SEEDLINK));
    let now = performance.now();
    mock.method(performance, "now", () => now);
    try {
      const isAsked = async () => {
        const before = sockets.length;
        assert.equal(await ask(), "seedlink");
        return sockets.length > before;
      };
      assert.equal(await isAsked(), true);
      now += 299_000;
      assert.equal(await isAsked(), false);
      now += 1000;
      assert.equal(await isAsked(), true);
      // Nothing listens at the other addresses of this machine.
      for (let i = 1; i <= 99; i++) await ask(`127.1.0.${i}`);
      assert.equal(await isAsked(), false);
      await ask("127.1.0.100");
      assert.equal(await isAsked(), true);
    } finally {
      mock.restoreAll();
    }
  });
});
