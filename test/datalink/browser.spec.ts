// The client in a page: bundled, run without anything of Node.js, over the WebSocket that browsers have.
import assert from "node:assert/strict";
import type * as Page from "../../lib/datalink/browser.ts";
import { PacketWriter } from "../../lib/datalink/writer.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { bundledPage } from "../support/bundled-page.ts";

describe("the client in a page", () => {
  let page: typeof Page;
  let server: DataLinkServer;

  before(async function () {
    if (typeof globalThis.WebSocket !== "function") this.skip();
    page = await bundledPage<typeof Page>("datalink/browser.js");
  });

  beforeEach(async () => {
    server = await DataLinkServer.listen({ host: "127.0.0.1", port: 0, webSocket: { origins: ["*"] } });
  });

  afterEach(async () => {
    await server.close();
  });

  const url = (scheme = "ws") => `${scheme}://127.0.0.1:${server.port}`;

  it("writes, reads and asks", async () => {
    await using client = await page.DataLinkClient.connect(url());
    const id = await client.write({ streamId: "XX_A/TEXT", dataStart: 1, payload: "grüße" });
    const packet = await client.read(id);
    assert.equal(new TextDecoder().decode(packet.payload), "grüße");
    assert.equal(packet.streamId, "XX_A/TEXT");
    const { streams } = await client.info("STREAMS");
    assert.deepEqual(
      Array.from(streams, (stream) => stream.streamId),
      ["XX_A/TEXT"],
    );
    await assert.rejects(client.read(99n), (error: { code?: string }) => error.code === "PACKET_NOT_FOUND");
  });

  it("subscribes, bounded while its reader is slow, and goes on where it was", async () => {
    await using writer = new PacketWriter(`datalink://127.0.0.1:${server.port}`);
    const payload = Buffer.alloc(500);
    const count = 2000;
    for (let i = 0; i < count; i++) {
      await writer.ready();
      await writer.write({ streamId: "XX_B/RAW", dataStart: i, payload });
    }
    const kept: { position?: unknown } = {};
    const checkpoint = {
      load: async () => undefined,
      save: (position: unknown) => {
        kept.position = position;
      },
      flush: async () => {},
    };
    const packets = page.subscribe(url(), { from: "earliest", checkpoint, maxInFlight: 10 });
    const ids: bigint[] = [];
    for await (const packet of packets) {
      ids.push(packet.packetId);
      packets.commit(packet);
      if (ids.length % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      if (ids.length === count) break;
    }
    assert.deepEqual(
      ids,
      Array.from({ length: count }, (_, i) => BigInt(i + 1)),
    );
    assert.equal((kept.position as { packetId: bigint }).packetId, BigInt(count));
  });

  it("says what a page cannot do", async () => {
    const refused = (options: object, scheme?: string) =>
      assert.rejects(
        page.DataLinkClient.connect(url(scheme), options),
        (error: { code?: string }) => error.code === "INVALID_ARGUMENT",
      );
    await refused({}, "datalink");
    await refused({ headers: { cookie: "x" } });
    const { port } = server;
    await server.close();
    await assert.rejects(
      page.DataLinkClient.connect(`ws://127.0.0.1:${port}`),
      (error: { code?: string }) => error.code === "CONNECT_FAILED",
    );
  });
});
