// lib/net/other-server/speech.ts: what a server speaks, by its first bytes. Those below are what servers have sent to words of other
// protocols (ringserver 4.5.3, SeisComP 3.3, Node.js 24, OpenSSH).
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import { FIRST_BYTES, speechOf } from "../../lib/net/other-server/speech.ts";

const KNOWN: [string, Buffer | string, string][] = [
  [
    "ringserver's ID",
    encodeFrame("ID DataLink v1.1 (RingServer/4.5.3) :: DLPROTO:1.1 PACKETSIZE:512 WRITE"),
    "datalink",
  ],
  ["a refusal of DataLink", encodeFrame("ERROR 0 5", Buffer.from("Login")), "datalink"],
  [
    "ringserver's HELLO",
    "SeedLink v4.0 (RingServer/4.5.3) :: SLPROTO:4.0 SLPROTO:3.1 CAP WS:13\r\nPeer\r\n",
    "seedlink",
  ],
  ["SeisComP's HELLO", "SeedLink v3.3 (2024.020)\r\ndummy\r\n", "seedlink"],
  ["SeedLink's refusal", "ERROR\r\n", "seedlink"],
  ["SeedLink's refusal with a reason", "ERROR\rnot here\r\n", "seedlink"],
  ["SeedLink 4's refusal", "ERROR UNSUPPORTED what\r\n", "seedlink"],
  ["SeedLink's OK", "OK\r\n", "seedlink"],
  ["a packet of SeedLink 3", "SL00002A000001D ", "seedlink"],
  ["Node.js's answer to a bad request", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "http"],
  ["a page without a header, as of old servers", "<html>\r\n<head><title>400 Bad Request", "http"],
  ["a page of Apache", '<!DOCTYPE HTML PUBLIC "-//IETF//DTD', "http"],
  ["an alert of TLS 1.2", Buffer.from("15030300020246", "hex"), "tls"],
  ["an alert of TLS 1.0", Buffer.from("1503010002020a", "hex"), "tls"],
  ["a greeting of SSH", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", "ssh"],
];

const UNKNOWN: [string, Buffer | string][] = [
  ["nothing", ""],
  ["the beginning of DataLink", "DL"],
  ["DataLink with another word", encodeFrame("NONSENSE 1 2")],
  ["mail", "220 mail.example.org ESMTP Postfix\r\n"],
  ["zeros", Buffer.alloc(64)],
  ["a record of miniSEED", "000001D ABC  00HHZXX"],
  ["SL without a number", "SLEEPING"],
  ["an error of something else", "ERRORS"],
];

describe("what a server speaks", () => {
  for (const [what, bytes, speech] of KNOWN) {
    it(`is known from ${what}`, () => assert.equal(speechOf(Buffer.from(bytes as string)), speech));
  }
  for (const [what, bytes] of UNKNOWN) {
    it(`is not known from ${what}`, () => assert.equal(speechOf(Buffer.from(bytes as string)), undefined));
  }

  it("is told of any bytes, by the first of them alone", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.equal(speechOf(bytes), speechOf(bytes.subarray(0, FIRST_BYTES)));
      }),
    );
  });
});
