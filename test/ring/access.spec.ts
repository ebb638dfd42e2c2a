// lib/server/access/access.ts and json-web-token.ts: who may do what.
import assert from "node:assert/strict";
import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import { DataLinkError } from "../../lib/datalink/protocol/errors.ts";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import { Access, type AccessOptions } from "../../lib/server/access/access.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { Peer, write } from "./peer.ts";

const SECRET = "a secret of at least thirty-two bytes";
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PUBLIC_KEY = publicKey.export({ type: "spki", format: "pem" }) as string;
const NOW = Math.floor(Date.now() / 1000);

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function hs256(claims: object, secret = SECRET, algorithm = "HS256"): string {
  const signed = `${part({ alg: algorithm, typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

function rs256(claims: object): string {
  const signed = `${part({ alg: "RS256" })}.${part(claims)}`;
  return `${signed}.${createSign("sha256").update(signed).sign(privateKey, "base64url")}`;
}

function mayWrite(access: Access, token: string, streamId: string): boolean | undefined {
  const write = access.ofToken(token)?.write;
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

  it("knows tokens by their signature, and what they claim", () => {
    const access = new Access({ jwt: { secret: SECRET, publicKey: PUBLIC_KEY } });
    const claims = { sub: "me", iat: NOW, exp: NOW + 600, wpat: "XX_.*/MTRIG" };
    for (const token of [hs256(claims), rs256(claims)]) {
      assert.equal(mayWrite(access, token, "XX_ABC/MTRIG"), true);
      assert.equal(mayWrite(access, token, "YY_ABC/MTRIG"), false);
    }
    assert.equal(mayWrite(access, hs256({ exp: NOW + 600 }), "XX_ABC"), false);
    const { read } = access.ofToken(hs256({ rpat: "^XX" }))!;
    assert.ok(typeof read === "function" && read("XX") && !read("YY"));
  });

  it("refuses tokens that are forged, stale, for others or no tokens", () => {
    const access = new Access({
      jwt: { secret: SECRET, publicKey: PUBLIC_KEY, audience: "ring", issuer: "me" },
    });
    const good = { aud: ["ring"], iss: "me", wpat: "." };
    assert.ok(access.ofToken(hs256(good)));
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
    ]) {
      assert.equal(access.ofToken(token), undefined, token);
    }
  });

  it("says which setting cannot be used", () => {
    const settings: [AccessOptions, RegExp][] = [
      [{ rules: [{ from: "10.0.0.0/33" }] }, /"10\.0\.0\.0\/33" in an access rule/],
      [{ rules: [{ from: "localhost" }] }, /"localhost"/],
      [{ rules: [{ from: "::1", write: "(" }] }, /The pattern "\("/],
      [{ users: [{ name: "a", password: "b", read: "(?=a)" }] }, /not supported/],
      [{ jwt: {} }, /secret/],
      [{ jwt: { secret: "short" } }, /32 bytes/],
      [{ jwt: { publicKey: "-----" } }, /no RSA key/],
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
