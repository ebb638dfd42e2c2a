// Each client at each server that is not its own, over real sockets: the sentence says what is there, and what to do.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import {
  DataLinkClient,
  DataLinkServer,
  SeedLinkClient,
  subscribe,
  subscribeSeedLink,
} from "../../lib/index.ts";
import { SeisCompServer } from "../seedlink/seiscomp-server.ts";

const VECTORS = path.join(__dirname, "../../test/vectors/tls");
const tls = {
  key: readFileSync(path.join(VECTORS, "key.pem"), "utf8"),
  cert: readFileSync(path.join(VECTORS, "cert.pem"), "utf8"),
};

const CLIENTS = {
  datalink: DataLinkClient,
  datalinks: DataLinkClient,
  ws: DataLinkClient,
  wss: DataLinkClient,
  seedlink: SeedLinkClient,
  seedlinks: SeedLinkClient,
};
type Scheme = keyof typeof CLIENTS;

/** What the sentence says of a server. */
const IS = {
  seedLink:
    /is a SeedLink server: use seedlink in, or an address with seedlink:\/\/, or give the port of a DataLink server, which usually is 16000\.$/,
  dataLink:
    /is a DataLink server: use datalink in, or an address with datalink:\/\/, or give the port of a SeedLink server, which usually is 18000\.$/,
  web: /is a web server: use an address with ws:\/\/ if it has (DataLink|SeedLink) at a path, or give the port of a \1 server/,
  ssh: /is an SSH server: check the port/,
  wantsTls: /wants TLS: use an address with (datalinks|seedlinks|wss):\/\/, or choose a TLS configuration\.$/,
  hasNoTls:
    /(speaks (DataLink|SeedLink)|is a web server) without TLS: use an address with (datalink|seedlink|ws):\/\//,
};

interface Server {
  port: number;
  close(): unknown;
}

async function listening(server: net.Server): Promise<Server> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as net.AddressInfo).port, close };
}

const SERVERS: Record<string, () => Promise<Server>> = {
  "a DataLink server": () => DataLinkServer.listen({ port: 0, ringBytes: 1 << 20, seedLink: false }),
  "a DataLink server with TLS": () =>
    DataLinkServer.listen({ port: 0, ringBytes: 1 << 20, seedLink: false, tls }),
  // As ringserver's port for DataLink alone: it closes without a word.
  "a DataLink server that says nothing to others": () =>
    listening(
      net.createServer((socket) => {
        socket.on("data", (piece) => {
          if (piece.toString("latin1").startsWith("DL")) {
            socket.write(`DL\x19ID DataLink v1.1 (x/1) :: `);
          } else socket.destroy();
        });
      }),
    ),
  // It waits for the end of a line, which no word of DataLink has.
  "a SeedLink server": async () => {
    const server = await SeisCompServer.start();
    return { port: Number(new URL(server.url).port), close: () => server[Symbol.asyncDispose]() };
  },
  "a web server": () => listening(http.createServer((_request, response) => response.end("hello"))),
  "an SSH server": () =>
    listening(net.createServer((socket) => void socket.write("SSH-2.0-OpenSSH_9.2\r\n"))),
};

const PAIRS: [server: string, Scheme, says: RegExp][] = [
  ["a DataLink server", "datalinks", IS.hasNoTls],
  ["a DataLink server", "wss", IS.hasNoTls],
  ["a DataLink server", "seedlink", IS.dataLink],
  ["a DataLink server", "seedlinks", IS.dataLink],
  ["a DataLink server that says nothing to others", "seedlink", IS.dataLink],
  ["a DataLink server that says nothing to others", "seedlinks", IS.dataLink],
  ["a DataLink server that says nothing to others", "datalinks", IS.hasNoTls],
  ["a DataLink server with TLS", "datalink", IS.wantsTls],
  ["a DataLink server with TLS", "ws", IS.wantsTls],
  ["a DataLink server with TLS", "seedlink", IS.wantsTls],
  ["a SeedLink server", "datalink", IS.seedLink],
  ["a SeedLink server", "datalinks", IS.seedLink],
  ["a SeedLink server", "ws", IS.seedLink],
  ["a SeedLink server", "seedlinks", IS.hasNoTls],
  ["a web server", "datalink", IS.web],
  ["a web server", "datalinks", IS.web],
  ["a web server", "wss", IS.hasNoTls],
  ["a web server", "seedlink", IS.web],
  ["a web server", "seedlinks", IS.web],
  ["an SSH server", "datalink", IS.ssh],
  ["an SSH server", "seedlink", IS.ssh],
];

describe("a client at another server", () => {
  for (const [name, open] of Object.entries(SERVERS)) {
    describe(`which is ${name}`, () => {
      let server: Server;
      before(async () => {
        server = await open();
      });
      after(() => server.close());

      for (const [, scheme, says] of PAIRS.filter(([of]) => of === name)) {
        it(`says what it is, to ${scheme}://`, async () => {
          const options = {
            timeout: 1000,
            ...(/s$/.test(scheme.replace("ws", "")) && { tls: { rejectUnauthorized: false } }),
          };
          const url = `${scheme}://127.0.0.1:${server.port}`;
          await assert.rejects(CLIENTS[scheme].connect(url, options), {
            code: "WRONG_SERVER",
            message: says,
          });
        });
      }
    });
  }

  it("is a refusal for subscriptions, which try again all the same", async () => {
    const server = await SERVERS["a web server"]!();
    const stop = new AbortController();
    const told = (url: string) =>
      new Promise<{ type: string; error: Error }>((resolve) => {
        const options = { timeout: 1000, signal: stop.signal, onEvent: resolve as (event: object) => void };
        const packets = url.startsWith("seed")
          ? subscribeSeedLink(url, { ...options, streams: "" })
          : subscribe(url, options);
        packets.next().catch(() => {});
      });
    for (const scheme of ["datalink", "seedlink"]) {
      const { type, error } = await told(`${scheme}://127.0.0.1:${server.port}`);
      assert.equal(type, "refused");
      assert.match(error.message, IS.web);
    }
    stop.abort();
    server.close();
  });

  it("is not made of a server of its own that refuses, is silent or breaks off", async () => {
    const silent = await listening(net.createServer(() => {}));
    const closing = await listening(net.createServer((socket) => socket.destroy()));
    const connect = (port: number) =>
      DataLinkClient.connect(`datalink://127.0.0.1:${port}`, { timeout: 300 });
    await assert.rejects(connect(silent.port), { code: "TIMEOUT" });
    await assert.rejects(connect(closing.port), { code: "CONNECTION_LOST" });
    silent.close();
    closing.close();
    await assert.rejects(connect(closing.port), { code: "CONNECTION_REFUSED" });
  });

  it("asks once in five minutes, however often a client tries, and not at all once it is aborted", async () => {
    let connections = 0;
    const silent = await listening(
      net.createServer((socket) => {
        connections++;
        socket.destroy();
      }),
    );
    const connect = (signal?: AbortSignal) =>
      DataLinkClient.connect(`datalink://127.0.0.1:${silent.port}`, { timeout: 1000, signal });
    await assert.rejects(connect(), { code: "CONNECTION_LOST" });
    const asked = connections - 1;
    assert.ok(asked >= 1 && asked <= 3, `${asked} connections to find out`);
    await assert.rejects(connect(), { code: "CONNECTION_LOST" });
    assert.equal(connections, asked + 2);
    silent.close();
  });
});
