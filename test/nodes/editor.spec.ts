// What the dialogs ask the runtime.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import net from "node:net";
import path from "node:path";
import type { NodeAPI } from "node-red";
import { DataLinkServer } from "../../lib/server/server.ts";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import editor from "../../nodes/editor.ts";
import { type Flow, startFlow } from "../support/flow.ts";

describe("questions of the dialogs", () => {
  let server: DataLinkServer;
  let flow: Flow;

  before(async () => {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    server.write({ streamId: "FDSN:XX_A/JSON", dataStart: 1_000_000, payload: "{}" });
    server.write({ streamId: "FDSN:XX_B/JSON", dataStart: 1_000_000, payload: "{}" });
    const connection = {
      id: "server",
      type: "datalink-connection",
      version: 1,
      address: server.url,
      auth: "none",
    };
    flow = await startFlow([datalinkConnection, editor], [connection]);
  });
  after(async () => {
    await flow.stop();
    await server.close();
  });

  it("says what a server answers", async () => {
    const answer = await flow.post("/datalink/test", { id: "new", address: server.url, auth: "none" });
    assert.deepEqual(answer, {
      server: server.url,
      software: (answer as { software: string }).software,
      protocol: "1.1",
      packetSize: 512,
      maxPattern: 6320,
      write: true,
    });
  });

  it("logs in with what environment variables hold", async () => {
    await using guarded = await DataLinkServer.listen({
      port: 0,
      ringBytes: 1 << 20,
      access: { rules: [{ from: "127.0.0.1" }], users: [{ name: "ringo", password: " hush", write: true }] },
    });
    process.env.TEST_DATALINK_PASSWORD = " hush";
    const answer = await flow.post("/datalink/test", {
      id: "new",
      address: guarded.url,
      auth: "password",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED's notation
      credentials: { user: "ringo", password: "${TEST_DATALINK_PASSWORD}" },
    });
    assert.equal((answer as { write: boolean }).write, true, JSON.stringify(answer));
  });

  it("says in a sentence why there is no answer", async () => {
    const nowhere = await flow.post("/datalink/test", { id: "new", address: "127.0.0.1:1", auth: "none" });
    assert.match(
      (nowhere as { error: string }).error,
      /^Cannot connect to datalink:\/\/127\.0\.0\.1:1: nothing listens/,
    );
    const odd = await flow.post("/datalink/test", { id: "new", address: "ftp://x", auth: "none" });
    assert.match((odd as { error: string }).error, /is not a server address/);
  });

  it("lists the streams of a deployed connection", async () => {
    const answer = await flow.post("/datalink/streams", { id: "server" });
    assert.deepEqual(answer, {
      maxPattern: 6320,
      server: server.url,
      streams: ["FDSN:XX_A/JSON", "FDSN:XX_B/JSON"],
      total: 2,
    });
  });

  it("shows where a pattern leads, or what is wrong with it", async () => {
    const example = await flow.get("/datalink/archive-path?kind=mseed&pattern=SDS%40&directory=sds");
    const { path: file } = example as { path: string };
    assert.match(
      path.relative(flow.userDir, file),
      /^sds\/\d{4}\/CO\/JSC\/HHZ\.D\/CO\.JSC\.00\.HHZ\.D\.\d{4}\.\d{3}$/,
    );
    const wrong = await flow.get("/datalink/archive-path?kind=jsonl&pattern=%25x");
    assert.match((wrong as { error: string }).error, /%x/);
  });
});

/** Node-RED's own rule of what a scope allows. */
const { hasPermission } = createRequire(__filename)("@node-red/editor-api/lib/auth/permissions") as {
  hasPermission: (this: void, scope: string, permission: string) => boolean;
};

describe("what a user of the editor may ask", () => {
  const SECRET = "hunter2-env";
  let server: DataLinkServer;
  let flow: Flow;
  let scope = "*";
  /** All that anybody has sent to another server than the stored one. */
  let overheard = "";
  const listener = net.createServer((socket) => {
    socket.on("data", (data) => {
      overheard += data.toString("latin1");
      socket.write(reply(/AUTH/.test(data.toString("latin1")) ? "OK 0 0" : ID));
    });
    socket.on("error", () => {});
  });
  const ID = "ID DataLink v1.1 (x/1) :: DLPROTO:1.1 PACKETSIZE:512 WRITE AUTH";
  const reply = (header: string) =>
    Buffer.concat([Buffer.from("DL"), Buffer.of(header.length), Buffer.from(header)]);
  let elsewhere: string;

  before(async () => {
    process.env.TEST_DATALINK_SECRET = SECRET;
    server = await DataLinkServer.listen({
      port: 0,
      ringBytes: 1 << 20,
      access: {
        rules: [{ from: "127.0.0.1" }],
        users: [{ name: "alice", password: "stored-secret", write: true }],
      },
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    elsewhere = `127.0.0.1:${(listener.address() as net.AddressInfo).port}`;
    const needsPermission: NodeAPI["auth"]["needsPermission"] = (permission) => (_request, response, next) =>
      hasPermission(scope, permission) ? next() : response.status(401).end();
    const guardedEditor = (RED: NodeAPI) =>
      editor({ ...RED, httpAdmin: RED.httpAdmin, auth: { needsPermission } });
    const line = { type: "datalink-connection", version: 1, auth: "password", timeout: "3" };
    flow = await startFlow(
      [datalinkConnection, guardedEditor],
      [
        { ...line, id: "line", address: server.url },
        { id: "other", type: "helper", wires: [] },
      ],
      {
        credentials: {
          line: { user: "alice", password: "stored-secret", token: "stored-token" },
          other: { user: "bob", password: "foreign-secret" },
        },
      },
    );
  });
  beforeEach(() => {
    scope = "*";
    overheard = "";
  });
  after(async () => {
    await flow.stop();
    await server.close();
    listener.close();
    delete process.env.TEST_DATALINK_SECRET;
  });

  const VARIABLES = [
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: Node-RED's notation
    "pattern=${TEST_DATALINK_SECRET}%n",
    "pattern=%n&directory=${TEST_DATALINK_SECRET}",
    "pattern=a${TEST_DATALINK_SECRET}b/%n",
    "pattern=${x}${TEST_DATALINK_SECRET}",
    "kind=mseed&pattern=SDS@${TEST_DATALINK_SECRET}",
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: Node-RED's notation
  ].map((query) => `/datalink/archive-path?${query.replace(/[%${}]/g, encodeURIComponent)}`);

  it("a reader sees paths, and no environment variable", async () => {
    scope = "read";
    const { path: file } = (await flow.get("/datalink/archive-path?pattern=%25n%2F%25s")) as { path: string };
    assert.match(file, /CO\/JSC$/);
    for (const resource of VARIABLES) {
      assert.equal(JSON.stringify(await flow.get(resource)).includes(SECRET), false, resource);
    }
  });

  it("who may write sees what environment variables make of a path", async () => {
    for (const allowed of ["*", "write"]) {
      scope = allowed;
      // The first route asks for permission to read: who may write only has no dialog to ask from.
      const answers = await Promise.all(VARIABLES.map((resource) => flow.get(resource)));
      const shown = answers.filter((answer) => JSON.stringify(answer).includes(SECRET));
      assert.equal(shown.length, allowed === "*" ? VARIABLES.length : 0);
    }
  });

  it("a reader, or who may write something else, connects to nothing", async () => {
    for (const other of ["read", "flows.write", "datalink-archive.write", "datalink-server.read"]) {
      scope = other;
      for (const resource of ["/datalink/test", "/datalink/streams"]) {
        assert.deepEqual(await flow.post(resource, { id: "line", address: elsewhere, auth: "none" }), {});
      }
      assert.deepEqual(await flow.get("/datalink/server-test/line"), {});
    }
    assert.equal(overheard, "");
  });

  const question = (more: object) => ({
    id: "line",
    address: server.url,
    auth: "password",
    timeout: "3",
    credentials: { user: "alice", password: "__PWRD__" },
    ...more,
  });

  it("a stored secret goes to the address that it is stored with", async () => {
    for (const address of [server.url, server.url.replace("datalink://", "")]) {
      const answer = await flow.post("/datalink/test", question({ address }));
      assert.equal((answer as { write: boolean }).write, true, JSON.stringify(answer));
    }
    // What the editor has of a connection that was changed and not yet deployed.
    const changed = question({ credentials: { user: "alice", has_password: true } });
    assert.equal(((await flow.post("/datalink/streams", changed)) as { total: number }).total, 0);
  });

  it("a stored secret goes nowhere else", async () => {
    const addresses = [elsewhere, `ws://${elsewhere}/`, server.url.replace("127.0.0.1", "127.0.0.2")];
    const shapes = [
      { credentials: { user: "alice", password: "__PWRD__" } },
      { credentials: { user: "alice", has_password: true } },
      { auth: "token", credentials: { token: "__PWRD__" } },
      { id: "other" },
      { id: "nothing" },
    ];
    for (const address of addresses) {
      for (const shape of shapes) {
        for (const resource of ["/datalink/test", "/datalink/streams"]) {
          const answer = (await flow.post(resource, question({ address, ...shape }))) as { error: string };
          assert.match(answer.error, /^The stored (password|token) goes only to the address/);
        }
      }
    }
    assert.equal(overheard, "");
  });

  it("a node of another type lends no secret to the address of ours", async () => {
    const answer = (await flow.post("/datalink/test", question({ id: "other" }))) as { error: string };
    assert.match(answer.error, /^The stored password goes only/);
    const streams = (await flow.post("/datalink/streams", { id: "other" })) as { error: string };
    assert.match(streams.error, /^No server is chosen/);
  });

  it("another address can be tested with what is typed anew, or without a login", async () => {
    await flow.post(
      "/datalink/test",
      question({ address: elsewhere, credentials: { user: "a", password: "b" } }),
    );
    assert.match(overheard, /AUTH/);
    overheard = "";
    await flow.post("/datalink/test", question({ address: elsewhere, auth: "none" }));
    assert.match(overheard, /ID/);
    assert.doesNotMatch(overheard, /AUTH|stored/);
  });

  it("a question of any shape is answered", async () => {
    const odd: unknown[] = [
      {},
      [],
      { id: {} },
      { id: "__proto__" },
      { id: "line", address: ["a"], credentials: null },
      { id: "line", address: "x y", credentials: [] },
      question({ address: "x".repeat(100_000) }),
      question({ match: "x".repeat(100_000) }),
      question({ timeout: {}, tls: "other" }),
    ];
    for (const body of odd) {
      for (const resource of ["/datalink/test", "/datalink/streams"]) {
        const answer = (await flow.post(resource, body as object)) as object;
        assert.ok("error" in answer || "server" in answer, JSON.stringify([body, answer]).slice(0, 300));
      }
    }
    for (const id of ["__proto__", "constructor", "line", "other", "..%2f"]) {
      const answer = (await flow.get(`/datalink/server-test/${id}`)) as { error: string };
      assert.match(answer.error, /not running/);
    }
    assert.ok("error" in ((await flow.get("/datalink/archive-path?pattern[]=a&directory[b]=c")) as object));
  });
});
