// nodes/runtime/web-paths.ts: a datalink server on Node-RED's own port, behind what stands before the HTTP nodes there.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import { type AddressInfo, connect } from "node:net";
import type { NextFunction, Request, Response } from "express";
import type { NodeAPI } from "node-red";
import { WebSocket } from "ws";
import { encodeFrame } from "../../../lib/datalink/protocol/frame.ts";
import { DataLinkServer } from "../../../lib/server/server.ts";
import { WebPaths } from "../../../nodes/runtime/web-paths.ts";

const express = createRequire(__filename)("express") as typeof import("express");

/** Basic authentication as Node-RED's red.js puts it before the HTTP nodes. */
function httpNodeAuth(request: Request, response: Response, next: NextFunction): void {
  const expected = `Basic ${Buffer.from("ringo:hush").toString("base64")}`;
  if (request.headers.authorization === expected) {
    next();
    return;
  }
  response.set("WWW-Authenticate", 'Basic realm="Authorization Required"');
  response.sendStatus(401);
}

describe("a web path on Node-RED's port", () => {
  let server: DataLinkServer;
  let web: Server;
  let paths: WebPaths;
  let port: number;

  async function start(
    settings: { httpNodeRoot?: string | false; httpNodeAuth?: unknown; httpNodeMiddleware?: unknown } = {},
  ) {
    const app = express();
    const httpNode = express();
    app.set("env", "test");
    web = createServer((request, response) => app(request, response));
    const root = settings.httpNodeRoot || "/";
    if (settings.httpNodeAuth) app.use(root, httpNodeAuth);
    app.use(root, httpNode);
    httpNode.get("/other", (_request: Request, response: Response) => {
      response.send("other");
    });
    web.listen(0, "127.0.0.1");
    await once(web, "listening");
    port = (web.address() as AddressInfo).port;
    server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    paths = new WebPaths({ server: web, httpNode, settings } as unknown as NodeAPI);
  }

  afterEach(async () => {
    paths.end(server);
    await server.close();
    web.closeAllConnections();
    web.close();
  });

  async function id(path: string, headers: Record<string, string> = {}): Promise<string> {
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    await once(webSocket, "open");
    webSocket.send(encodeFrame("ID me"));
    const [answer] = (await once(webSocket, "message")) as [Buffer];
    webSocket.terminate();
    return answer.toString();
  }

  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

  it("is a WebSocket and has the figures below it, and leaves the other paths alone", async () => {
    await start({ httpNodeRoot: "/nodes/" });
    assert.equal(paths.serve("datalink/", server), "/nodes/datalink");
    assert.match(await id("/nodes/datalink"), /WRITE$/);
    const page = await fetch(`http://127.0.0.1:${port}/nodes/datalink/id`);
    assert.equal(((await page.json()) as { packetSize: number }).packetSize, 512);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/nodes/other`)).text(), "other");
    let others = 0;
    web.on("upgrade", (_request, socket) => {
      others++;
      socket.destroy();
    });
    await assert.rejects(id("/nodes/elsewhere"));
    assert.equal(others, 1);
  });

  it("gives up the path of a server that ends, and no other's", async () => {
    await start();
    paths.serve("/one", server);
    const other = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20, packetSize: 1000 });
    paths.serve("/two", other);
    const packetSize = async (path: string) => {
      const page = await fetch(`http://127.0.0.1:${port}${path}/id`);
      return page.status === 200 ? ((await page.json()) as { packetSize: number }).packetSize : page.status;
    };
    assert.deepEqual([await packetSize("/one"), await packetSize("/two")], [512, 1000]);
    paths.end(server);
    assert.deepEqual([await packetSize("/one"), await packetSize("/two")], [404, 1000]);
    assert.match(await id("/two"), /PACKETSIZE:1000/);
    assert.equal(paths.serve("/one", server), "/one");
    assert.match(await id("/one"), /PACKETSIZE:512/);
    paths.end(other);
    assert.deepEqual([await packetSize("/one"), await packetSize("/two")], [512, 404]);
    await other.close();
  });

  it("speaks SeedLink below it, or where that is what the client offers", async () => {
    await start();
    paths.serve("/datalink", server);
    for (const [path, subprotocols] of [
      ["/datalink/seedlink", []],
      ["/datalink", ["SeedLink4.0"]],
    ] as const) {
      const webSocket = new WebSocket(`ws://127.0.0.1:${port}${path}`, [...subprotocols]);
      await once(webSocket, "open");
      assert.equal(webSocket.protocol, subprotocols[0] ?? "");
      webSocket.send("HELLO");
      const [answer] = (await once(webSocket, "message")) as [Buffer];
      assert.match(answer.toString(), /^SeedLink v4\.0/);
      webSocket.terminate();
    }
    assert.match(await id("/datalink"), /WRITE$/);
  });

  it("follows httpNodeAuth: nobody gets in without the password, who has it does, behind a proxy too", async () => {
    await start({ httpNodeAuth: { user: "ringo", pass: "a hash" } });
    paths.serve("/datalink", server);
    for (const headers of [{}, basic("ringo:loud"), basic("paul:hush"), { authorization: "Bearer x" }]) {
      await assert.rejects(id("/datalink", headers), /401/);
      await assert.rejects(id("/datalink/seedlink", headers), /401/);
      assert.equal((await fetch(`http://127.0.0.1:${port}/datalink/streamids`, { headers })).status, 401);
    }
    assert.match(await id("/datalink", basic("ringo:hush")), /WRITE$/);
    const behindProxy = { ...basic("ringo:hush"), "x-forwarded-for": "203.0.113.9" };
    assert.match(await id("/datalink", behindProxy), /PACKETSIZE:512$/);
  });

  it("lets nobody in behind a proxy without httpNodeAuth, unless a rule speaks of them", async () => {
    await start();
    paths.serve("/datalink", server);
    await assert.rejects(id("/datalink", { "x-forwarded-for": "203.0.113.9" }), /403/);
    await assert.rejects(id("/datalink", { "x-forwarded-for": "127.0.0.1" }), /403/);
    assert.match(await id("/datalink"), /WRITE$/);
  });

  for (const [what, middleware] of Object.entries({
    "a function": (request: Request, response: Response, next: NextFunction) => {
      if (request.headers["x-key"] === "right") next();
      else response.sendStatus(403);
    },
    "a list": [
      (_request: Request, _response: Response, next: NextFunction) => setImmediate(next),
      (request: Request, _response: Response, next: NextFunction) =>
        next(request.headers["x-key"] === "right" ? undefined : new Error("no")),
    ],
    "one that throws": (request: Request, _response: Response, next: NextFunction) => {
      if (request.headers["x-key"] !== "right") throw new Error("thrown");
      next();
    },
    "one that rejects": async (request: Request, _response: Response, next: NextFunction) => {
      await new Promise(setImmediate);
      if (request.headers["x-key"] !== "right") throw new Error("rejected");
      next();
    },
  })) {
    it(`follows httpNodeMiddleware: ${what}`, async () => {
      await start({ httpNodeMiddleware: middleware });
      paths.serve("/datalink", server);
      await assert.rejects(id("/datalink"), /403|500/);
      assert.ok((await fetch(`http://127.0.0.1:${port}/datalink/id`)).status >= 400);
      assert.match(await id("/datalink", { "x-key": "right" }), /WRITE$/);
    });
  }

  it("keeps no socket whose client is being checked and goes, nor one that it has refused", async () => {
    let asked = 0;
    await start({ httpNodeMiddleware: () => asked++ });
    paths.serve("/datalink", server);
    const upgrade =
      "GET /datalink HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const sockets = Array.from({ length: 150 }, () => connect({ port, host: "127.0.0.1" }));
    let refused = 0;
    const allRefused = new Promise<void>((resolve) => {
      for (const socket of sockets) socket.on("close", () => ++refused === 50 && resolve());
    });
    for (const socket of sockets)
      socket
        .on("error", () => {})
        .resume()
        .write(upgrade);
    // No more than a hundred are checked at a time; the others are let go of at once.
    await allRefused;
    assert.equal(asked, 100);
    for (const socket of sockets) socket.destroy();
    while ((await new Promise<number>((resolve) => web.getConnections((_, count) => resolve(count)))) > 0)
      await new Promise(setImmediate);
  }).timeout(30_000); // A client that goes while it is checked is let go of after ten seconds.

  it("says that Node-RED serves no HTTP nodes", async () => {
    await start({ httpNodeRoot: false });
    assert.throws(() => paths.serve("/datalink", server), /httpNodeRoot is false/);
  });
});
