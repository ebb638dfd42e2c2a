// The SeedLink client in a page: bundled, run without anything of Node.js, over the WebSocket that browsers have.
import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocketServer } from "ws";
import { DataLinkServer, PacketWriter } from "../../lib/index.ts";
import type * as Page from "../../lib/seedlink/browser.ts";
import { bundledPage } from "../support/bundled-page.ts";
import { numberOf, recordOf } from "./ring-server.ts";

const RECORDS = 2000;

/** A page's bytes are no Buffer. */
const isSame = (payload: Uint8Array, n: number) => Buffer.from(payload).equals(recordOf(n).bytes);

describe("the SeedLink client in a page", () => {
  let page: typeof Page;
  let server: DataLinkServer;

  before(async function () {
    if (typeof globalThis.WebSocket !== "function") this.skip();
    page = await bundledPage<typeof Page>("seedlink/browser.js");
    server = await DataLinkServer.listen({ host: "127.0.0.1", port: 0, webSocket: { origins: ["*"] } });
    await using writer = new PacketWriter(server.url);
    for (let n = 0; n < RECORDS; n++) {
      await writer.ready();
      const { sourceId, start, bytes } = recordOf(n);
      void writer.write({
        streamId: `${sourceId}/MSEED`,
        dataStart: start,
        dataEnd: start + 200_000,
        payload: bytes,
      });
    }
  });

  after(async () => {
    await server?.close();
  });

  const url = (scheme = "ws") => `${scheme}://127.0.0.1:${server.port}`;

  for (const protocol of ["4.0", "3.1"] as const) {
    it(`asks and reads in protocol ${protocol}`, async () => {
      await using client = await page.SeedLinkClient.connect(url(), { protocol });
      assert.equal(client.server.protocol, protocol);
      const { stations } = await client.info("STREAMS");
      assert.ok(stations.some(({ id, streams }) => id === "AA_ONE" && streams[0]!.id === "00_H_H_Z"));
      await assert.rejects(
        client.info("GAPS" as "ID"),
        (error: { code?: string }) => error.code === "INVALID_ARGUMENT",
      );
      const seen: number[] = [];
      for await (const packet of client.stream({ streams: "AA_*:HHZ", from: "earliest" })) {
        assert.ok(isSame(packet.payload, numberOf(packet)));
        seen.push(numberOf(packet));
        if (seen.length === 100) break;
      }
      const expected = Array.from({ length: 250 }, (_, n) => n).filter((n) => n % 5 < 2);
      assert.deepEqual(seen, expected);
    });

    it(`subscribes in protocol ${protocol}, bounded while its reader is slow, and goes on where it was`, async () => {
      let kept: Page.SeedLinkPosition | undefined;
      const checkpoint = {
        load: async () => kept,
        save: (position: Page.SeedLinkPosition) => {
          kept = position;
        },
        flush: async () => {},
      };
      const seen: number[] = [];
      for (const end of [RECORDS / 2, RECORDS]) {
        const packets = page.subscribeSeedLink(url(), {
          protocol,
          from: "earliest",
          checkpoint,
          maxInFlight: 10,
        });
        for await (const packet of packets) {
          assert.ok(isSame(packet.payload, numberOf(packet)));
          seen.push(numberOf(packet));
          packets.commit(packet);
          if (seen.length % 400 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
          if (seen.length === end) break;
        }
      }
      assert.deepEqual(
        seen,
        Array.from({ length: RECORDS }, (_, n) => n),
      );
    });
  }

  it("takes text messages of WebSocket, too", async () => {
    const other = new WebSocketServer({ port: 0, host: "127.0.0.1", path: "/seedlink" });
    await once(other, "listening");
    other.on("connection", (socket) => {
      socket.on("message", (message: Buffer) => {
        const isHello = message.toString() === "HELLO\r\n";
        socket.send(isHello ? "SeedLink v4.0 (Other/1) :: SLPROTO:4.0\r\nTest\r\n" : "OK\r\n");
      });
    });
    const { port } = other.address() as { port: number };
    const client = await page.SeedLinkClient.connect(`ws://127.0.0.1:${port}`);
    assert.equal(client.server.software, "Other/1");
    await client.close();
    other.close();
    for (const socket of other.clients) socket.terminate();
  });

  it("says what a page cannot do", async () => {
    const refused = (options: object, scheme?: string) =>
      assert.rejects(
        page.SeedLinkClient.connect(url(scheme), options),
        (error: { code?: string }) => error.code === "INVALID_ARGUMENT",
      );
    await refused({}, "seedlink");
    await refused({ headers: { cookie: "x" } });
    await refused({ tls: { ca: "x" } }, "wss");
  });
});
