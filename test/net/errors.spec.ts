// lib/net/errors.ts: each failure of a connection has its code, and says what to do.
import assert from "node:assert/strict";
import { parseAddress } from "../../lib/datalink/address.ts";
import { closeReason, codeOf, connectError, lossOf, messageOf, NetError } from "../../lib/net/errors.ts";

const withCode = (code: string, message = "of the system") => Object.assign(new Error(message), { code });

const FAILURES: [Error, code: string, says: RegExp][] = [
  [withCode("ENOTFOUND"), "HOST_NOT_FOUND", /no host of this name/],
  [withCode("EAI_AGAIN"), "HOST_NOT_FOUND", /could not be looked up/],
  [withCode("ECONNREFUSED"), "CONNECTION_REFUSED", /nothing listens on this port/],
  [withCode("ECONNRESET"), "CONNECT_FAILED", /closed the connection at once/],
  [withCode("ETIMEDOUT"), "TIMEOUT", /does not answer/],
  [withCode("EHOSTUNREACH"), "CONNECT_FAILED", /no route to the host;/],
  [withCode("ENETUNREACH"), "CONNECT_FAILED", /no route to the host's network/],
  [withCode("CERT_HAS_EXPIRED", "expired."), "CERTIFICATE_REJECTED", /was not accepted \(expired\)/],
  [withCode("DEPTH_ZERO_SELF_SIGNED_CERT"), "CERTIFICATE_REJECTED", /its certificate/],
  [withCode("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "CERTIFICATE_REJECTED", /its certificate/],
  [withCode("ERR_TLS_CERT_ALTNAME_INVALID"), "CERTIFICATE_REJECTED", /its certificate/],
  // An alert of the server about this client's certificate.
  [withCode("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"), "CONNECT_FAILED", /: of the system\.$/],
  [withCode("ERR_SSL_WRONG_VERSION_NUMBER"), "CONNECT_FAILED", /there is no TLS on this port/],
  [withCode("ERR_SSL_PACKET_LENGTH_TOO_LONG"), "CONNECT_FAILED", /there is no TLS on this port/],
  [withCode("EPROTO"), "CONNECT_FAILED", /there is no TLS on this port/],
  [withCode("EPROTONOSUPPORT"), "CONNECT_FAILED", /: of the system\.$/],
  [new Error("Unexpected server response: 401"), "NOT_PERMITTED", /answers 401; it wants other credentials/],
  [new Error("Unexpected server response: 403"), "NOT_PERMITTED", /answers 403; it wants other credentials/],
  [
    new Error("Unexpected server response: 404"),
    "CONNECT_FAILED",
    /answers 404; check the path, which usually is \/datalink\.$/,
  ],
  [withCode("EWHATEVER", "who knows."), "CONNECT_FAILED", /: who knows\.$/],
  [new Error(""), "CONNECT_FAILED", /: no reason given\.$/],
  [
    new AggregateError([withCode("ECONNREFUSED"), withCode("ENETUNREACH")], "all"),
    "CONNECTION_REFUSED",
    /nothing listens/,
  ],
];

describe("the failure of a connection", () => {
  const address = parseAddress("ws://ring.example:8000/x?token=secret");

  for (const [error, code, says] of FAILURES) {
    it(`is ${code} for ${codeOf(error) || error.message || "one without words"}`, () => {
      const failure = connectError(address, error);
      assert.ok(failure instanceof NetError);
      assert.equal(failure.code, code);
      assert.match(failure.message, says);
      assert.ok(failure.message.startsWith("Cannot connect to ws://ring.example:8000/x: "), failure.message);
      assert.equal(failure.cause, error);
    });
  }

  it("is told in the words it has already", () => {
    const known = new NetError("INVALID_ARGUMENT", "known");
    assert.equal(connectError(address, known), known);
  });

  it("has the code of Node.js, of several tries the first one's, and none where there is none", () => {
    assert.equal(codeOf(new AggregateError([withCode("ONE"), withCode("TWO")])), "ONE");
    assert.equal(codeOf(Object.assign(new AggregateError([]), { code: "EMPTY" })), "EMPTY");
    for (const other of [undefined, null, "text", new Error("plain"), { code: 5 }])
      assert.equal(codeOf(other), "");
  });

  it("has words, without their full stop", () => {
    assert.equal(messageOf(new Error("Broken.")), "Broken");
    assert.equal(messageOf("a text"), "a text");
    assert.equal(messageOf(new Error(".")), "no reason given");
  });
});

describe("the loss of a connection", () => {
  it("is told in words where Node.js only has a code", () => {
    for (const [code, words] of [
      ["ECONNRESET", /broke it off/],
      ["EPIPE", /had closed it/],
      ["ETIMEDOUT", /does not answer any more/],
      ["EHOSTUNREACH", /no route to the host any more/],
      ["ENETUNREACH", /no network any more/],
      ["EOTHER", /^of the system$/],
    ] as const)
      assert.match(lossOf(withCode(code)), words);
  });

  it("has a reason where the close code of a WebSocket says one", () => {
    for (const code of [1000, 1005, 1006]) assert.equal(closeReason(code, "whatever"), undefined);
    assert.equal(closeReason(1001, "")?.message, "WebSocket close code 1001");
    assert.equal(closeReason(1011, "bad\nnews é")?.message, 'WebSocket close code 1011, "bad?news ?"');
  });
});
