// lib/datalink/: the client over TCP on IPv6, TLS, WebSocket and secure WebSocket, with certificates made for this test.
import assert from "node:assert/strict";
import type http from "node:http";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { subscribe } from "../../lib/datalink/subscribe.ts";
import { PacketWriter } from "../../lib/datalink/writer.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { tlsBridge, webSocketBridge } from "../support/network/bridges.ts";
import { certificateAuthority } from "../support/network/certificates.ts";
import { scriptedPeer } from "../support/network/scripted-peer.ts";

const authority = certificateAuthority();
const stranger = certificateAuthority("Another authority");
const own = authority.issue(["127.0.0.1", "ring.example"]);

describe("transports", () => {
  let server: DataLinkServer;

  beforeEach(async () => {
    server = await DataLinkServer.listen({ port: 0, packetSize: 100_000 });
  });
  afterEach(() => server.close());

  /** Packets of all sizes, written with and without acknowledgement, read and streamed, bit by bit the same. */
  async function exchange(url: string, options: Parameters<typeof DataLinkClient.connect>[1]): Promise<void> {
    await using dali = await DataLinkClient.connect(url, options);
    const sizes = [0, 1, 100, 125, 126, 127, 4096, 65_535, 65_536, 100_000];
    const payloads = sizes.map((size, n) => Buffer.alloc(size, n + 1));
    const packets = payloads.map((payload, n) => ({ streamId: "XX_TEST/BIN", dataStart: n, payload }));
    await dali.write(packets[0]!, { ack: false });
    const [second, ...others] = await Promise.all(packets.slice(1).map((packet) => dali.write(packet)));
    assert.deepEqual(
      others,
      others.map((_, n) => second! + BigInt(n + 1)),
    );
    assert.equal(await dali.match("XX_TEST"), 1);
    assert.equal((await dali.info("STREAMS")).streams.length, 1);
    const received = [await dali.read(second! - 1n)];
    for await (const packet of dali.stream()) {
      received.push(packet);
      if (received.length === sizes.length) break;
    }
    received.forEach((packet, n) => {
      assert.ok(packet.payload.equals(payloads[n]!), `packet ${n}`);
    });
  }

  it("TCP over IPv6", async function () {
    let local: DataLinkServer;
    try {
      local = await DataLinkServer.listen({ host: "::1", port: 0, packetSize: 100_000 });
    } catch {
      this.skip();
    }
    await exchange(`[::1]:${local.port}`, {});
    await local.close();
  });

  describe("TLS", () => {
    it("with a certificate of an own authority", async () => {
      await using bridge = await tlsBridge(server.port, own);
      await exchange(`datalinks://127.0.0.1:${bridge.port}`, { tls: { ca: authority.cert } });
      await exchange(`127.0.0.1:${bridge.port}`, { tls: { ca: authority.cert, servername: "ring.example" } });
    });

    it("with a client's certificate", async () => {
      const options = { ...own, ca: authority.cert, requestCert: true, rejectUnauthorized: true };
      await using bridge = await tlsBridge(server.port, options);
      const url = `datalinks://127.0.0.1:${bridge.port}`;
      await exchange(url, { tls: { ca: authority.cert, ...authority.issue(["client"]) } });
      const wrong = { tls: { ca: authority.cert, ...stranger.issue(["client"]) } };
      for (const options of [wrong, { tls: { ca: authority.cert } }]) {
        // The server's alert may be overtaken by the end of the connection.
        const refused = { name: "DataLinkError", message: /certificate|alert/ };
        await assert.rejects(DataLinkClient.connect(url, options), refused);
      }
    });

    const past = { from: new Date("2020-01-01"), to: new Date("2020-01-02") };
    const refused: [string, () => ReturnType<typeof authority.issue>, RegExp][] = [
      [
        "of an unknown authority",
        () => stranger.issue(["127.0.0.1"]),
        /self-signed|unable to verify|local issuer/i,
      ],
      [
        "for another name",
        () => authority.issue(["other.example"]),
        /not in the cert's list|does not match/i,
      ],
      ["that has expired", () => authority.issue(["127.0.0.1"], past), /expired/],
    ];
    for (const [what, issue, why] of refused) {
      it(`refuses a certificate ${what}, unless told otherwise`, async () => {
        await using bridge = await tlsBridge(server.port, issue());
        const url = `datalinks://127.0.0.1:${bridge.port}`;
        const connecting = DataLinkClient.connect(url, { tls: { ca: authority.cert } });
        await assert.rejects(connecting, {
          name: "DataLinkError",
          code: "CERTIFICATE_REJECTED",
          message: why,
        });
        await using dali = await DataLinkClient.connect(url, { tls: { rejectUnauthorized: false } });
        assert.ok(dali.server.write);
      });
    }

    it("says when the port has no TLS, or nothing but TLS", async () => {
      const plain = DataLinkClient.connect(`datalinks://127.0.0.1:${server.port}`);
      await assert.rejects(plain, { name: "DataLinkError", code: "WRONG_SERVER", message: /without TLS/ });
      await using bridge = await tlsBridge(server.port, own);
      const secure = DataLinkClient.connect(`datalink://127.0.0.1:${bridge.port}`);
      await assert.rejects(secure, { name: "DataLinkError", code: "WRONG_SERVER", message: /wants TLS/ });
    });

    it("says when certificate or key cannot be read", async () => {
      const url = `datalinks://127.0.0.1:${server.port}`;
      const connecting = DataLinkClient.connect(url, { tls: { cert: "nonsense", key: "secret nonsense" } });
      await assert.rejects(connecting, (error: Error & { code: string }) => {
        assert.equal(error.code, "INVALID_ARGUMENT");
        assert.ok(!error.message.includes("secret"));
        return true;
      });
    });
  });

  describe("WebSocket", () => {
    it("one packet per message, with headers, over both schemes", async () => {
      const requests: http.IncomingMessage[] = [];
      const onRequest = (request: http.IncomingMessage) => void requests.push(request);
      await using plain = await webSocketBridge(server.port, { onRequest });
      await exchange(`ws://127.0.0.1:${plain.port}`, { headers: { "X-Token": "abc" } });
      await server.close();
      server = await DataLinkServer.listen({ port: 0, packetSize: 100_000 });
      await using secure = await webSocketBridge(server.port, { onRequest, tls: own, path: "/ring/one" });
      await exchange(`wss://127.0.0.1:${secure.port}/ring/one?x=1`, { tls: { ca: authority.cert } });
      assert.deepEqual(
        requests.map((request) => request.url),
        ["/datalink", "/ring/one?x=1"],
      );
      assert.equal(requests[0]!.headers["sec-websocket-protocol"], "DataLink1.1,DataLink1.0");
      assert.equal(requests[0]!.headers["x-token"], "abc");
    });

    it("takes either subprotocol, and none", async () => {
      for (const answer of ["DataLink1.1", "DataLink1.0", false] as const) {
        let requests = 0;
        const onRequest = () => void requests++;
        await using bridge = await webSocketBridge(server.port, { subprotocol: () => answer, onRequest });
        await using dali = await DataLinkClient.connect(`ws://127.0.0.1:${bridge.port}`);
        assert.ok(dali.server.write);
        assert.equal(requests, answer === false ? 2 : 1);
      }
    });

    it("refuses a wrong certificate", async () => {
      await using bridge = await webSocketBridge(server.port, { tls: stranger.issue(["127.0.0.1"]) });
      const connecting = DataLinkClient.connect(`wss://127.0.0.1:${bridge.port}`);
      await assert.rejects(connecting, { code: "CERTIFICATE_REJECTED" });
    });

    it("says what is wrong with an address", async () => {
      await using bridge = await webSocketBridge(server.port);
      const connect = (url: string) => DataLinkClient.connect(url, { timeout: 2000 });
      await assert.rejects(connect(`ws://127.0.0.1:${bridge.port}/other`), {
        name: "DataLinkError",
        code: "CONNECT_FAILED",
        message: /answers 400|answers 404/,
      });
      await assert.rejects(connect("ws://127.0.0.1:1"), { code: "CONNECTION_REFUSED" });
      await using peer = await scriptedPeer(() => "");
      await assert.rejects(connect(`ws://127.0.0.1:${peer.port}`), { name: "DataLinkError" });
    });

    it("makes the server wait for a slow reader", async () => {
      await using bridge = await webSocketBridge(server.port);
      await using packets = subscribe(`ws://127.0.0.1:${bridge.port}`, { from: "earliest", maxInFlight: 5 });
      for (let n = 1; n <= 3000; n++)
        server.write({ streamId: "A/B", dataStart: n, payload: Buffer.alloc(5000) });
      let expected = 1n;
      for await (const packet of packets) {
        assert.equal(packet.packetId, expected++);
        packets.commit(packet);
        if (expected > 3000n) break;
      }
    });

    it("carries a writer", async () => {
      await using bridge = await webSocketBridge(server.port);
      await using writer = new PacketWriter(`ws://127.0.0.1:${bridge.port}`);
      const packet = { streamId: "A/B", dataStart: 1, payload: Buffer.alloc(50_000) };
      const ids = await Promise.all(Array.from({ length: 200 }, () => writer.write(packet)));
      assert.equal(ids.at(-1), 200n);
    });
  });
});
