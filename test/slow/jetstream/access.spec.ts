// Who gets in: TLS, user name and password, token, credentials, permissions; and what people are told where the client packages are missing.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import {
  connectJetStream,
  createStream,
  type JetStreamConnectionEvent,
  type JetStreamEvent,
  type JetStreamSettings,
  JetStreamWriter,
  type JetStreamWriterEvent,
  subscribeJetStream,
} from "../../../lib/index.ts";
import { packetOf } from "../../jetstream/packets.ts";
import { recordEvents } from "../../support/events.ts";
import { newFolder } from "../../support/folders.ts";
import { certificateAuthority } from "../../support/network/certificates.ts";
import { natsCluster, natsServer, needsNatsServer } from "../../support/network/nats-servers.ts";

async function works(settings: JetStreamSettings): Promise<void> {
  await using connection = await connectJetStream(settings);
  await createStream(connection, { stream: "S", replicas: 1, maxBytes: 1e6 });
  await using writer = new JetStreamWriter(connection, { stream: "S" });
  await writer.publish(packetOf(1));
  await using packets = subscribeJetStream(connection, { stream: "S", group: "g" });
  const { value } = await packets.next();
  assert.equal(value?.packetId, 1n);
  packets.commit(value!);
}

/** A signed statement of NATS: an operator's, account's or user's. */
function statement(signer: KeyPair, subject: string, name: string, nats: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const issuer = signer.getPublicKey();
  const claims = {
    jti: `${name}-${subject}`,
    iat: 1_700_000_000,
    iss: issuer,
    name,
    sub: subject,
    nats: { version: 2, ...nats },
  };
  const text = `${encode({ typ: "JWT", alg: "ed25519-nkey" })}.${encode(claims)}`;
  return `${text}.${Buffer.from(signer.sign(Buffer.from(text))).toString("base64url")}`;
}

interface KeyPair {
  getPublicKey(): string;
  getSeed(): Uint8Array;
  sign(input: Uint8Array): Uint8Array;
}

interface Keys {
  createOperator(): KeyPair;
  createAccount(): KeyPair;
  createUser(): KeyPair;
}

describe("access to JetStream", function () {
  this.timeout(300_000);

  before(function () {
    needsNatsServer(this);
  });

  it("is by user name and password, in the settings or the address; a wrong one is told", async () => {
    await using server = await natsServer({ lines: `authorization { user: relay, password: "s/e:c@ret" }` });
    const auth = { user: "relay", password: "s/e:c@ret" };
    await works({ servers: server.url, auth });
    await works({ servers: `nats://relay:s%2Fe%3Ac%40ret@127.0.0.1:${server.port}` });
    for (const settings of [{}, { auth: { ...auth, password: "wrong" } }, { auth: { token: "wrong" } }])
      await assert.rejects(
        connectJetStream({ servers: server.url, ...settings }),
        (error: { code: string; message: string }) => {
          assert.equal(error.code, "NOT_PERMITTED");
          assert.match(error.message, /check user name and password/);
          return !error.message.includes("wrong");
        },
      );
  });

  it("is refused by a cluster as by one server; and one address is enough to come back to another", async () => {
    await using cluster = await natsCluster({ lines: "authorization { user: relay, password: secret }" });
    const [one] = cluster.servers;
    const auth = { user: "relay", password: "wrong" };
    for (const servers of [one!.url, cluster.url])
      await assert.rejects(connectJetStream({ servers, auth }), { code: "NOT_PERMITTED" });
    await using connection = await connectJetStream({
      servers: one!.url,
      auth: { user: "relay", password: "secret" },
    });
    const events = recordEvents<JetStreamConnectionEvent>();
    const stopListening = connection.listen(events.onEvent);
    await one!.kill();
    await events.wait("disconnected");
    await events.wait("connected", () => events.count("connected") === 2);
    stopListening();
  });

  it("is by token", async () => {
    await using server = await natsServer({ lines: "authorization { token: secret }" });
    await works({ servers: server.url, auth: { token: "secret" } });
    await works({ servers: `nats://secret@127.0.0.1:${server.port}` });
  });

  it("is by the text of a .creds file", async () => {
    const { nkeys } = (await import("@nats-io/transport-node")) as unknown as { nkeys: Keys };
    const [operator, account, system, user] = [
      nkeys.createOperator(),
      nkeys.createAccount(),
      nkeys.createAccount(),
      nkeys.createUser(),
    ];
    const unlimited = {
      subs: -1,
      data: -1,
      payload: -1,
      conn: -1,
      leaf: -1,
      imports: -1,
      exports: -1,
      wildcards: true,
    };
    const limits = { ...unlimited, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
    const accounts = [
      [
        account.getPublicKey(),
        statement(operator, account.getPublicKey(), "seis", { type: "account", limits }),
      ],
      [
        system.getPublicKey(),
        statement(operator, system.getPublicKey(), "SYS", { type: "account", limits: unlimited }),
      ],
    ] as const;
    const lines = [
      `operator: ${statement(operator, operator.getPublicKey(), "op", { type: "operator", system_account: system.getPublicKey() })}`,
      `resolver: MEMORY`,
      `resolver_preload: { ${accounts.map(([key, text]) => `${key}: ${text}`).join("\n")} }`,
    ].join("\n");
    await using server = await natsServer({ lines });
    const token = statement(account, user.getPublicKey(), "relay", {
      type: "user",
      subs: -1,
      data: -1,
      payload: -1,
    });
    const creds =
      `-----BEGIN NATS USER JWT-----\n${token}\n------END NATS USER JWT------\n\n` +
      `-----BEGIN USER NKEY SEED-----\n${Buffer.from(user.getSeed()).toString()}\n------END USER NKEY SEED------\n`;
    await works({ servers: server.url, auth: { creds } });
    await assert.rejects(connectJetStream({ servers: server.url }), { code: "NOT_PERMITTED" });
    await assert.rejects(connectJetStream({ servers: server.url, auth: { creds: "no credentials" } }), {
      code: "INVALID_ARGUMENT",
      message: /give the whole text of a \.creds file/,
    });
  });

  it("is over TLS, where the server can prove who it is", async () => {
    const authority = certificateAuthority();
    const other = certificateAuthority("Another authority");
    const folder = newFolder();
    const { cert, key } = authority.issue(["127.0.0.1", "localhost"]);
    const file = (name: string, text: string) => {
      writeFileSync(path.join(folder, name), text);
      return path.join(folder, name);
    };
    const lines = `tls { cert_file: "${file("cert.pem", cert)}", key_file: "${file("key.pem", key)}" }`;
    await using server = await natsServer({ lines });
    const servers = `tls://localhost:${server.port}`;
    await works({ servers, tls: { ca: authority.cert } });
    await works({ servers: `nats://localhost:${server.port}`, tls: { ca: authority.cert } });
    for (const tls of [{}, { ca: other.cert }])
      await assert.rejects(connectJetStream({ servers, tls }), {
        code: "CERTIFICATE_REJECTED",
        message: /certificate was not accepted/,
      });
  });

  it("wants the certificate of a client where the server does", async () => {
    const authority = certificateAuthority();
    const folder = newFolder();
    const file = (name: string, text: string) => {
      writeFileSync(path.join(folder, name), text);
      return path.join(folder, name);
    };
    const own = authority.issue(["localhost", "127.0.0.1"]);
    const lines = `tls { cert_file: "${file("c", own.cert)}", key_file: "${file("k", own.key)}", ca_file: "${file("a", authority.cert)}", verify: true }`;
    await using server = await natsServer({ lines });
    const servers = `tls://localhost:${server.port}`;
    const { cert, key } = authority.issue(["relay"]);
    await works({ servers, tls: { ca: authority.cert, cert, key } });
    await assert.rejects(connectJetStream({ servers, tls: { ca: authority.cert }, timeout: 3000 }), {
      code: "CONNECT_FAILED",
      message: /whether it wants a certificate/,
    });
  });

  it("says where there is no TLS, no JetStream, no NATS, or nothing", async () => {
    await using server = await natsServer({ jetStream: false });
    await assert.rejects(connectJetStream({ servers: server.url }), {
      code: "JETSTREAM_OFF",
      message: /needs "jetstream/,
    });
    await assert.rejects(connectJetStream({ servers: `tls://127.0.0.1:${server.port}` }), {
      code: "CONNECT_FAILED",
      message: /has no TLS/,
    });
    const { createServer } = await import("node:net");
    const web = createServer((socket) =>
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n").on("error", () => {}),
    ).listen(0, "127.0.0.1");
    await new Promise((resolve) => web.once("listening", resolve));
    const { port } = web.address() as { port: number };
    await assert.rejects(connectJetStream({ servers: `127.0.0.1:${port}`, timeout: 3000 }), {
      code: "CONNECT_FAILED",
    });
    web.close();
    const aborted = connectJetStream({ servers: server.url, signal: AbortSignal.abort() });
    await assert.rejects(aborted, { code: "ABORTED" });
  });

  it("that may not write is told, and packets wait", async () => {
    const users = `{ user: admin, password: a }, { user: reader, password: r, permissions: { publish: { deny: "seis.>" } } }`;
    await using server = await natsServer({ lines: `authorization { users: [ ${users} ] }` });
    await works({ servers: server.url, auth: { user: "admin", password: "a" } });
    const events = recordEvents<JetStreamWriterEvent>();
    const auth = { user: "reader", password: "r" };
    const writer = new JetStreamWriter(
      { servers: server.url, auth },
      { stream: "S", onEvent: events.onEvent },
    );
    const waiting = writer.publish(packetOf(2));
    const failed = assert.rejects(waiting, { code: "CLOSED" });
    const { error } = await events.wait("stalled");
    assert.deepEqual([error.code, /do not permit it/.test(error.message)], ["NOT_PERMITTED", true]);
    await writer.close({ timeout: 0 });
    await failed;
  });
});

describe("a client that may not do everything", function () {
  this.timeout(300_000);

  before(function () {
    needsNatsServer(this);
  });

  it("is told what it may not, whatever that is", async () => {
    const denied = {
      acks: 'publish: { deny: "$JS.ACK.>" }',
      pulls: 'publish: { deny: "$JS.API.CONSUMER.MSG.NEXT.>" }',
      questions: 'publish: { deny: "$JS.API.>" }',
      answers: 'subscribe: { deny: "_INBOX.>" }',
      groups: 'publish: { deny: ["$JS.API.CONSUMER.CREATE.>", "$JS.API.CONSUMER.DURABLE.CREATE.>"] }',
    };
    const users = Object.entries(denied).map(
      ([user, what]) => `{ user: ${user}, password: p, permissions: { ${what} } }`,
    );
    await using server = await natsServer({
      lines: `authorization { users: [ { user: admin, password: p }, ${users.join(", ")} ] }`,
    });
    await works({ servers: server.url, auth: { user: "admin", password: "p" } });
    await Promise.all(
      Object.keys(denied).map(async (user) => {
        const events = recordEvents<JetStreamEvent>();
        const settings = { servers: server.url, auth: { user, password: "p" } };
        const packets = subscribeJetStream(settings, { stream: "S", group: user, onEvent: events.onEvent });
        const reading = (async () => {
          for await (const packet of packets) packets.commit(packet);
        })();
        const { error } = await events.wait("refused");
        assert.equal(error.code, "NOT_PERMITTED", error.message);
        assert.match(error.message, /Permissions Violation/);
        await packets.close();
        await reading;
      }),
    );
  });
});

describe("an attempt to connect", function () {
  this.timeout(300_000);

  it("ends at once where the caller wants it, though nobody answers", async () => {
    const { createServer } = await import("node:net");
    const sockets: import("node:net").Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on("error", () => {}))).listen(
      0,
      "127.0.0.1",
    );
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as { port: number };
    const settings = { servers: `127.0.0.1:${port}`, timeout: 600_000 };
    const stop = new AbortController();
    silent.once("connection", () => stop.abort());
    await assert.rejects(connectJetStream({ ...settings, signal: stop.signal }), { code: "ABORTED" });
    const writer = new JetStreamWriter(settings, { stream: "S" });
    const packets = subscribeJetStream(settings, { stream: "S", group: "g" });
    await Promise.all([writer.close(), packets.close()]);
    silent.close();
    for (const socket of sockets) socket.destroy();
  });

  it("and a connection of its own, leave nothing behind in a process whose loop is aborted", async function () {
    needsNatsServer(this);
    await using server = await natsServer();
    await works({ servers: server.url });
    const script = `
      const { subscribeJetStream, JetStreamWriter } = require(${JSON.stringify(path.join(__dirname, "../../../lib/index.js"))});
      (async () => {
        const stop = new AbortController();
        const settings = { servers: ${JSON.stringify(server.url)} };
        const onEvent = ({ type }) => type === "started" && stop.abort();
        const packets = subscribeJetStream(settings, { stream: "S", group: "g", signal: stop.signal, onEvent });
        try { for await (const packet of packets) packets.commit(packet); } catch (error) { console.log(error.code); }
        const failing = subscribeJetStream(settings, { stream: "S", group: "g", onEvent: () => { throw new Error("handler"); } });
        try { for await (const packet of failing) packets.commit(packet); } catch (error) { console.log(error.message); }
      })();`;
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], { timeout: 120_000 });
    assert.equal(stdout, "ABORTED\nhandler\n");
  });
});

describe("without the client packages of NATS", () => {
  it("everything else works, and what needs them says what to install", async function () {
    this.timeout(300_000);
    const folder = newFolder();
    const root = path.join(__dirname, "../../..");
    cpSync(path.join(root, "lib"), path.join(folder, "lib"), {
      recursive: true,
      filter: (file) => !/\.ts$/.test(file),
    });
    cpSync(path.join(root, "package.json"), path.join(folder, "package.json"));
    for (const name of ["ws", "re2js", "sax", "smol-toml", "jose"])
      cpSync(path.join(root, "node_modules", name), path.join(folder, "node_modules", name), {
        recursive: true,
      });
    const script = `
      const { connectJetStream, readRecords, JetStreamWriter, subscribeJetStream } = require("./lib/index.js");
      const codes = [];
      const note = (error) => codes.push(error.code, error.message);
      (async () => {
        await connectJetStream({ servers: "127.0.0.1:1" }).catch(note);
        const writer = new JetStreamWriter({ servers: "127.0.0.1:1" }, { stream: "S" });
        await writer.publish({ source: "a", packetId: 1n, packetTime: 1, streamId: "x", dataStart: 1, dataEnd: 1, payload: Buffer.alloc(1) }).catch(note);
        const packets = subscribeJetStream({ servers: "127.0.0.1:1" }, { stream: "S", group: "g" });
        await packets.next().catch(note);
        await Promise.all([packets.close(), writer.close()]);
        console.log(JSON.stringify([codes, typeof readRecords]));
      })();`;
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], {
      cwd: folder,
      timeout: 120_000,
    });
    const [codes, kind] = JSON.parse(stdout) as [string[], string];
    assert.equal(kind, "function");
    assert.deepEqual(
      codes.filter((_, i) => i % 2 === 0),
      ["PACKAGE_MISSING", "PACKAGE_MISSING", "PACKAGE_MISSING"],
    );
    assert.match(codes[1]!, /install @nats-io\/transport-node and @nats-io\/jetstream/);
  });
});
