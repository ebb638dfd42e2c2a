// lib/net/read-gatherer.ts: small reads that follow one another are gathered, others never wait, and nothing is lost by it.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import tls from "node:tls";
import { WebSocketServer } from "ws";
import { parseAddress } from "../../lib/datalink/address.ts";
import { openTransport } from "../../lib/net/open.ts";
import { ReadGatherer } from "../../lib/net/read-gatherer.ts";
import type { Transport } from "../../lib/net/transport.ts";
import { certificateAuthority } from "../support/network/certificates.ts";

/** A source that tells when it is paused and resumed. */
class Source {
  isReading = true;
  pauses = 0;
  #tell = () => {};

  pause(): void {
    this.isReading = false;
    this.pauses++;
  }

  resume(): void {
    this.isReading = true;
    this.#tell();
  }

  async resumed(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#tell = resolve;
    });
  }
}

/** The next turn of the event loop: what comes within one counts as one read. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function gathering(): { source: Source; reads: ReadGatherer; burst: (bytes?: number) => Promise<void> } {
  const source = new Source();
  const reads = new ReadGatherer(source);
  reads.isOn = true;
  const burst = async (bytes = 600) => {
    for (let i = 0; i < 200 && source.isReading; i++) {
      reads.onRead(bytes);
      await turn();
    }
  };
  return { source, reads, burst };
}

describe("gathering reads", () => {
  it("rests for a moment where small reads follow one another", async () => {
    const { source, burst } = gathering();
    await burst();
    assert.equal(source.isReading, false);
    const began = performance.now();
    await source.resumed();
    assert.ok(performance.now() - began < 500);
    await burst();
    assert.equal(source.pauses, 2);
    await source.resumed();
  });

  it("never keeps what comes after a pause waiting", async () => {
    const { source, reads } = gathering();
    for (let i = 0; i < 30; i++) {
      reads.onRead(600);
      await delay(3);
    }
    assert.equal(source.pauses, 0);
  });

  it("forgets a burst when a pause follows it", async () => {
    const { source, reads, burst } = gathering();
    await burst();
    await source.resumed();
    await delay(5);
    reads.onRead(600);
    await turn();
    assert.equal(source.isReading, true);
  });

  it("does not rest behind large reads, nor where it is not asked to", async () => {
    const { source, reads, burst } = gathering();
    await burst(64 * 1024);
    reads.isOn = false;
    await burst();
    assert.equal(source.pauses, 0);
  });

  it("reads on at once when it is taken back", async () => {
    const { source, reads, burst } = gathering();
    await burst();
    assert.equal(source.isReading, false);
    reads.isOn = false;
    assert.equal(source.isReading, true);
  });

  it("leaves a pause of its user alone", async () => {
    const { source, reads, burst } = gathering();
    await burst();
    reads.pause();
    await delay(20);
    assert.equal(source.isReading, false);
    reads.resume();
    assert.equal(source.isReading, true);
    await burst();
    reads.pause();
    reads.resume();
    assert.equal(source.isReading, false, "the rest goes on");
    await source.resumed();
  });

  describe("over a connection", () => {
    const authority = certificateAuthority();
    const MESSAGES = 20_000;
    const SIZE = 100;

    /** Numbered messages, each written by itself. */
    async function sendAll(write: (message: Buffer) => void): Promise<void> {
      for (let i = 0; i < MESSAGES; i++) {
        const message = Buffer.alloc(SIZE);
        message.writeUInt32BE(i);
        write(message);
        if (i % 4 === 3) await new Promise((resolve) => setImmediate(resolve));
      }
    }

    /** They say nothing before they are spoken to, as the servers of this field. */
    const answer = (socket: net.Socket) =>
      void socket.once("data", () => void sendAll((message) => socket.write(message)));
    const servers: Record<string, () => net.Server> = {
      datalink: () => net.createServer({ noDelay: true }, answer),
      datalinks: () => tls.createServer(authority.issue(["127.0.0.1"]), answer),
    };

    async function receiveAll(transport: Transport): Promise<number> {
      let reads = 0;
      const pieces: Buffer[] = [];
      await new Promise<void>((resolve, reject) => {
        let left = MESSAGES * SIZE;
        transport.listen({
          onBytes(piece) {
            reads++;
            pieces.push(piece);
            left -= piece.length;
            // A slow user pauses too.
            if (reads % 50 === 0) {
              transport.pause();
              setTimeout(() => transport.resume(), 2);
            }
            if (left === 0) resolve();
          },
          onClose: () => reject(new Error("closed")),
        });
        transport.send(Buffer.of(0));
      });
      const bytes = Buffer.concat(pieces);
      for (let i = 0; i < MESSAGES; i++) assert.equal(bytes.readUInt32BE(i * SIZE), i);
      return reads;
    }

    async function open(url: string): Promise<Transport> {
      const options = { tls: { ca: authority.cert }, headers: {}, subprotocols: [], maxMessage: 1 << 20 };
      return await openTransport(parseAddress(url), options, new AbortController().signal);
    }

    for (const [scheme, create] of Object.entries(servers)) {
      it(`brings all bytes in order over ${scheme}://`, async () => {
        const server = create().listen(0, "127.0.0.1");
        await once(server, "listening");
        const transport = await open(`${scheme}://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
        transport.gatherReads?.(true);
        const reads = await receiveAll(transport);
        transport.destroy();
        server.close();
        if (scheme === "datalink") assert.ok(reads < MESSAGES / 4, `${reads} reads`);
      });
    }

    it("brings all messages in order over ws://", async () => {
      const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
      server.on("connection", (socket) => {
        socket.once("message", () => void sendAll((message) => socket.send(message)));
      });
      await once(server, "listening");
      const transport = await open(`ws://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
      transport.gatherReads?.(true);
      assert.equal(await receiveAll(transport), MESSAGES);
      transport.destroy();
      server.close();
    });
  });
});
