// lib/net/tcp.ts, tls.ts and open.ts: from an address to an open socket, or to a failure, with nothing left behind.
import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { mock } from "node:test";
import tls from "node:tls";
import { parseAddress } from "../../lib/datalink/address.ts";
import { openTransport } from "../../lib/net/open.ts";
import type { Transport } from "../../lib/net/transport.ts";
import { certificateAuthority } from "../support/network/certificates.ts";

const authority = certificateAuthority();

describe("opening a socket", () => {
  let server: net.Server;
  let accepted: net.Socket[];

  async function serve(create: (onSocket: (socket: net.Socket) => void) => net.Server): Promise<number> {
    accepted = [];
    server = create((socket) => void accepted.push(socket.on("error", () => {})));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  afterEach(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });

  const plain = (onSocket: (socket: net.Socket) => void) => net.createServer(onSocket);

  async function open(url: string, signal = new AbortController().signal): Promise<Transport> {
    const options = { tls: { ca: authority.cert }, headers: {}, subprotocols: [], maxMessage: 1000 };
    return await openTransport(parseAddress(url), options, signal);
  }

  for (const scheme of ["datalink", "datalinks"] as const) {
    it(`gives a transport over ${scheme}://, which sends at once and looks for a silent peer`, async () => {
      const port = await serve(
        scheme === "datalink"
          ? plain
          : (onSocket) => tls.createServer(authority.issue(["127.0.0.1"]), onSocket),
      );
      const noDelay = mock.method(net.Socket.prototype, "setNoDelay");
      const keepAlive = mock.method(net.Socket.prototype, "setKeepAlive");
      try {
        const { signal } = new AbortController();
        const transport = await open(`${scheme}://127.0.0.1:${port}`, signal);
        assert.equal(transport.isEncrypted, scheme === "datalinks");
        assert.equal(transport.isWebSocket, false);
        assert.deepEqual(getEventListeners(signal, "abort"), []);
        assert.deepEqual(
          noDelay.mock.calls.map((call) => call.arguments),
          [[true]],
        );
        assert.deepEqual(
          keepAlive.mock.calls.map((call) => call.arguments),
          [[true, 60_000]],
        );
        transport.send(Buffer.from("one"));
        transport.send(Buffer.from("two"));
        assert.equal(transport.unsent, 6, "they leave together");
        const closed = new Promise((resolve) => transport.listen({ onBytes() {}, onClose: resolve }));
        while (accepted.length === 0) await once(server, "secureConnection");
        accepted[0]!.end();
        assert.equal(await closed, undefined);
      } finally {
        mock.restoreAll();
      }
    });

    it(`gives up over ${scheme}:// when it is told to, before and while it connects`, async () => {
      // What does not speak TLS leaves a handshake open.
      const port = await serve(plain);
      const url = `${scheme}://127.0.0.1:${port}`;
      await assert.rejects(open(url, AbortSignal.abort(new Error("before"))), /before/);
      const aborting = new AbortController();
      const opening = open(url, aborting.signal);
      if (scheme === "datalinks") await once(server, "connection");
      aborting.abort(new Error("while"));
      await assert.rejects(opening, /while/);
      assert.deepEqual(getEventListeners(aborting.signal, "abort"), []);
      for (const socket of accepted) if (!socket.destroyed) await once(socket.resume(), "close");
    });
  }

  it("fails where nothing listens, with nothing left of it", async () => {
    const port = await serve(plain);
    server.close();
    await once(server, "close");
    const { signal } = new AbortController();
    await assert.rejects(open(`datalink://127.0.0.1:${port}`, signal), { code: "CONNECTION_REFUSED" });
    assert.deepEqual(getEventListeners(signal, "abort"), []);
  });

  it("fails where the server closes it before the handshake of TLS is over", async () => {
    const port = await serve(() => net.createServer((socket) => socket.end()));
    await assert.rejects(open(`datalinks://127.0.0.1:${port}`), { code: "CONNECT_FAILED" });
  });

  it("says which options cannot be used", async () => {
    const port = await serve(plain);
    const options = { tls: { cert: "no PEM" }, headers: {}, subprotocols: [], maxMessage: 1000 };
    for (const scheme of ["datalinks", "wss"])
      await assert.rejects(
        openTransport(parseAddress(`${scheme}://127.0.0.1:${port}`), options, new AbortController().signal),
        { code: "INVALID_ARGUMENT", message: /^The options for .* cannot be used/ },
      );
  });
});
