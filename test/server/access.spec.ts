// lib/server/access/access.ts and json-web-token.ts: who may do what.
import assert from "node:assert/strict";
import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import { DataLinkError } from "../../lib/datalink/protocol/errors.ts";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import { LOGINS_AT_ONCE, LOGINS_PER_MINUTE } from "../../lib/limits.ts";
import { Access, type AccessOptions } from "../../lib/server/access/access.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { describe as inWords, Peer, write } from "./peer.ts";

const SECRET = "a secret of at least thirty-two bytes";
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PUBLIC_KEY = publicKey.export({ type: "spki", format: "pem" }) as string;
const SMALL_KEY = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({
  type: "spki",
  format: "pem",
}) as string;
const NOW = Math.floor(Date.now() / 1000);

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function signed(header: unknown, claims: unknown, secret = SECRET): string {
  const body = `${part(header)}.${part(claims)}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

function hs256(claims: object, secret = SECRET, algorithm = "HS256"): string {
  return signed({ alg: algorithm, typ: "JWT" }, claims, secret);
}

function rs256(claims: object): string {
  const signed = `${part({ alg: "RS256" })}.${part(claims)}`;
  return `${signed}.${createSign("sha256").update(signed).sign(privateKey, "base64url")}`;
}

async function mayWrite(access: Access, token: string, streamId: string): Promise<boolean | undefined> {
  const write = (await access.ofToken(token))?.write;
  return typeof write === "function" ? write(streamId) : write;
}

describe("access", () => {
  it("lets this machine do everything, and nobody else in", () => {
    const access = new Access();
    for (const address of ["127.0.0.1", "127.8.9.10", "::1"]) {
      assert.deepEqual(access.ofAddress(address), { read: true, write: true, trusted: true });
    }
    for (const address of ["10.0.0.1", "128.0.0.1", "::2", ""])
      assert.equal(access.ofAddress(address), undefined);
  });

  it("goes by the first rule that an address fits", () => {
    const access = new Access({
      rules: [
        { from: "10.1.2.3", read: false },
        { from: ["10.1.0.0/16", "2001:db8::/32"], write: "^XX_" },
        { from: "0.0.0.0/0" },
      ],
    });
    assert.equal(access.ofAddress("10.1.2.3")?.read, false);
    const { write } = access.ofAddress("10.1.2.4")!;
    assert.ok(typeof write === "function" && write("XX_A") && !write("YY_XX_A"));
    assert.equal(typeof access.ofAddress("2001:db8::7")?.write, "function");
    assert.deepEqual(access.ofAddress("192.0.2.1"), { read: true, write: false, trusted: false });
    assert.equal(access.ofAddress("2001:db9::7"), undefined);
  });

  it("turns away addresses that a later rule would let in", () => {
    const access = new Access({ rules: [{ from: "10.6.6.0/24", refuse: true }, { from: "10.0.0.0/8" }] });
    assert.equal(access.ofAddress("10.6.6.6"), undefined);
    assert.equal(access.ofAddress("10.6.7.6")?.read, true);
  });

  it("knows users by their passwords", () => {
    const access = new Access({ users: [{ name: "me", password: "secret", write: true }] });
    assert.equal(access.ofUser("me", "secret")?.write, true);
    for (const [name, password] of [
      ["me", "Secret"],
      ["me", ""],
      ["you", "secret"],
      ["", ""],
    ] as const) {
      assert.equal(access.ofUser(name, password), undefined);
    }
  });

  it("knows tokens by their signature, and what they claim", async () => {
    const access = new Access({ jwt: { secret: SECRET, publicKey: PUBLIC_KEY } });
    const claims = { sub: "me", iat: NOW, exp: NOW + 600, wpat: "XX_.*/MTRIG" };
    for (const token of [hs256(claims), rs256(claims)]) {
      assert.equal(await mayWrite(access, token, "XX_ABC/MTRIG"), true);
      assert.equal(await mayWrite(access, token, "YY_ABC/MTRIG"), false);
    }
    assert.equal(await mayWrite(access, hs256({ exp: NOW + 600 }), "XX_ABC"), false);
    const { read } = (await access.ofToken(hs256({ rpat: "^XX" })))!;
    assert.ok(typeof read === "function" && read("XX") && !read("YY"));
  });

  it("refuses tokens that are forged, stale, for others or no tokens", async () => {
    const access = new Access({
      jwt: { secret: SECRET, publicKey: PUBLIC_KEY, audience: "ring", issuer: "me" },
    });
    const good = { aud: ["ring"], iss: "me", wpat: "." };
    assert.ok(await access.ofToken(hs256(good)));
    const [head, , signature] = hs256(good).split(".");
    for (const token of [
      "",
      "a.b",
      "a.b.c",
      hs256(good, `${SECRET}!`),
      // Signed with what is public, as if it were the secret.
      hs256(good, PUBLIC_KEY),
      hs256(good, SECRET, "none"),
      `${part({ alg: "none" })}.${part(good)}.`,
      `${head}.${part({ ...good, sub: "root" })}.${signature}`,
      hs256({ ...good, exp: NOW - 120 }),
      hs256({ ...good, exp: "tomorrow" }),
      hs256({ ...good, nbf: NOW + 3600 }),
      hs256({ ...good, aud: "other" }),
      hs256({ ...good, iss: undefined }),
      hs256({ ...good, wpat: "(" }),
      hs256({ ...good, exp: NOW - 1 }),
      hs256({ ...good, exp: null }),
      hs256(good, SECRET, "HS512"),
      signed({ alg: "HS256", crit: ["x"], x: 1 }, good),
      signed({ alg: "HS256", b64: false, crit: ["b64"] }, good),
      signed([], good),
      `${hs256(good)}.x`,
      ...[5, null, false, true, ["."], { a: 1 }].flatMap((value) => [
        hs256({ ...good, wpat: value }),
        hs256({ ...good, rpat: value }),
      ]),
    ]) {
      assert.equal(await access.ofToken(token), undefined, token);
    }
  });

  it("lets an empty expression in a token stand for nothing", async () => {
    const access = new Access({ jwt: { secret: SECRET } });
    for (const empty of ["", "\0", "\0.*"]) {
      assert.equal(await mayWrite(access, hs256({ wpat: empty }), "XX_A"), false);
      assert.deepEqual((await access.ofToken(hs256({ rpat: empty })))?.read, false);
    }
    assert.equal((await access.ofToken(hs256({})))?.write, false);
    assert.equal((await access.ofToken(hs256({})))?.read, true);
  });

  it("says which setting cannot be used", () => {
    const settings: [AccessOptions, RegExp][] = [
      [{ rules: [{ from: "10.0.0.0/33" }] }, /"10\.0\.0\.0\/33" in an access rule/],
      [{ rules: [{ from: "localhost" }] }, /"localhost"/],
      [{ rules: [{ from: "::1", write: "(" }] }, /The pattern "\("/],
      [{ users: [{ name: "a", password: "b", read: "(?=a)" }] }, /not supported/],
      [{ jwt: {} }, /secret/],
      [{ jwt: { secret: "short" } }, /32 bytes/],
      [{ jwt: { publicKey: "-----" } }, /not an RSA key/],
      [{ jwt: { publicKey: SMALL_KEY } }, /1024 bits/],
      [{ rules: [{ from: "::1", write: "" }] }, /empty expression/],
      [{ rules: [{ from: "::1", read: "" }] }, /empty expression/],
      [{ rules: [{ from: "::1", readExcept: "\0x" }] }, /empty expression/],
      [{ users: [{ name: "a", password: "" }] }, /"a" has an empty password/],
    ];
    for (const [access, words] of settings) {
      assert.throws(
        () => new Access(access),
        (error) =>
          error instanceof DataLinkError && error.code === "INVALID_ARGUMENT" && words.test(error.message),
      );
    }
  });

  it("is what a token gives, on the wire, also by simpledali's word for it", async () => {
    await using server = await DataLinkServer.listen({
      port: 0,
      ringBytes: 1 << 16,
      access: { rules: [{ from: "127.0.0.1" }], jwt: { secret: SECRET } },
    });
    const token = Buffer.from(hs256({ wpat: "^XX_" }));
    for (const command of [`AUTH JWT ${token.length}`, `AUTHORIZATION ${token.length}`]) {
      const peer = await Peer.connect(server.port);
      assert.equal(await peer.ask(encodeFrame(command, token)), "OK 0 Authentication successful");
      assert.match(await peer.ask("ID me"), / WRITE AUTH$/);
      assert.match(await peer.ask(write("XX_A", "x")), /^OK/);
      assert.match(await peer.ask(write("YY_A", "x")), /permission denied for WRITE of stream ID: YY_A/);
      await peer.untilClosed();
    }
  });

  it("answers AUTH in order with the other commands of the connection", async () => {
    await using server = await DataLinkServer.listen({
      port: 0,
      ringBytes: 1 << 16,
      access: { rules: [{ from: "127.0.0.1" }], jwt: { secret: SECRET } },
    });
    const token = Buffer.from(hs256({ wpat: "^XX_" }));
    const peer = await Peer.connect(server.port);
    const auth = encodeFrame(`AUTH JWT ${token.length}`, token);
    peer.send(
      "ID a",
      auth,
      write("XX_A", "1"),
      "ID b",
      auth,
      write("XX_A", "2"),
      "READ 2",
      write("YY_A", "3"),
      "ID c",
    );
    const replies = (await peer.take(8)).map(inWords);
    assert.deepEqual(
      replies.map((reply) => reply.split(" ").slice(0, 2).join(" ")),
      ["ID DataLink", "OK 0", "OK 1", "ID DataLink", "OK 0", "OK 2", "PACKET XX_A", "ERROR 0"],
    );
    await peer.untilClosed();
    assert.equal(server.status.packetsIn, 2);
  });

  it("has a client that logs in, writes and closes write with its login", async () => {
    await using server = await DataLinkServer.listen({
      port: 0,
      ringBytes: 1 << 16,
      access: { rules: [{ from: "127.0.0.1" }], jwt: { secret: SECRET } },
    });
    const token = Buffer.from(hs256({ wpat: "^XX_" }));
    const peer = await Peer.connect(server.port);
    peer.socket.end(Buffer.concat([encodeFrame(`AUTH JWT ${token.length}`, token), write("XX_A", "x", "N")]));
    await peer.untilClosed();
    while (server.status.clients > 0) await new Promise(setImmediate);
    assert.equal(server.status.packetsIn, 1);
  });

  it("ends a connection whose token expires, also one that streams", async () => {
    const reasons: string[] = [];
    await using server = await DataLinkServer.listen({
      port: 0,
      ringBytes: 1 << 16,
      ioTimeout: 400,
      access: { rules: [{ from: "127.0.0.1", read: false }], jwt: { secret: SECRET } },
      onEvent: (event) => event.type === "closed" && reasons.push(event.reason),
    });
    const expires = Math.floor(Date.now() / 1000) + 2;
    for (const exp of [expires, undefined]) {
      const token = Buffer.from(hs256({ wpat: ".", ...(exp && { exp }) }));
      const peer = await Peer.connect(server.port);
      assert.match(await peer.ask(encodeFrame(`AUTH JWT ${token.length}`, token)), /^OK/);
      peer.send("STREAM");
      if (exp === undefined) {
        assert.match(await peer.ask("ID"), /^ID/);
        peer.end();
        continue;
      }
      assert.match(inWords(await peer.next()), /^ERROR 0 Authentication has expired/);
      await peer.untilClosed();
      assert.ok(Date.now() / 1000 >= expires);
      while (reasons.length === 0) await new Promise(setImmediate);
      assert.match(reasons[0]!, /expired/);
    }
  });

  it("lets nobody guess often, and others log in meanwhile", async () => {
    await using server = await DataLinkServer.listen({
      port: 0,
      ringBytes: 1 << 16,
      access: { rules: [{ from: "127.0.0.0/8" }], users: [{ name: "me", password: "secret", write: true }] },
    });
    const login = (password: string) =>
      encodeFrame(`AUTH USERPASS ${3 + password.length}`, Buffer.from(`me\r${password}`));
    const peers = await Promise.all(Array.from({ length: 40 }, () => Peer.connect(server.port)));
    const begun = performance.now();
    for (const peer of peers) for (let i = 0; i < 4; i++) peer.send(login("wrong"));
    const answered = () => peers.reduce((sum, { replies }) => sum + replies.length, 0);
    while (performance.now() - begun < 1500 || answered() < LOGINS_AT_ONCE / 2) {
      const other = await Peer.connect(server.port, "127.0.0.2");
      assert.equal(await other.ask(login("secret")), "OK 0 Authentication successful");
      other.end();
    }
    const answers = answered();
    const minutes = (performance.now() - begun) / 60_000;
    assert.ok(
      answers <= LOGINS_AT_ONCE + 1 + minutes * LOGINS_PER_MINUTE,
      `${answers} guesses were answered`,
    );
    assert.ok(peers.every(({ closed }) => !closed));
    for (const peer of peers) peer.end();
  });

  it("sends away who keeps guessing", async () => {
    await using server = await DataLinkServer.listen({
      port: 0,
      ringBytes: 1 << 16,
      access: { rules: [{ from: "127.0.0.1" }], users: [{ name: "me", password: "secret" }] },
    });
    const peer = await Peer.connect(server.port);
    const guess = encodeFrame("AUTH USERPASS 6", Buffer.from("me\rsec"));
    for (let i = 0; i < 5; i++) assert.match(await peer.ask(guess), /^ERROR 0 Authentication failed/);
    await peer.untilClosed();
    assert.ok(peer.closed);
  });
});
