// lib/datalink/address.ts: every form of address, and no secret in any text.
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../lib/datalink/address.ts";
import { DataLinkError } from "../../lib/datalink/protocol/errors.ts";
import { AddressError, type AddressForm, parseAddress as parse } from "../../lib/net/address.ts";

describe("addresses", () => {
  const forms: [string, string][] = [
    ["ring.example", "datalink://ring.example:16000"],
    ["Ring.Example:18000", "datalink://ring.example:18000"],
    ["ring.example@18000", "datalink://ring.example:18000"],
    ["127.0.0.1:16500", "datalinks://127.0.0.1:16500"],
    ["[::1]:18000", "datalink://[::1]:18000"],
    ["[::1]", "datalink://[::1]:16000"],
    ["::1", "datalink://[::1]:16000"],
    ["fe80::1%eth0", "datalink://[fe80::1%eth0]:16000"],
    ["[fe80::1%eth0]:18000", "datalink://[fe80::1%eth0]:18000"],
    ["::ffff:10.0.0.1", "datalink://[::ffff:10.0.0.1]:16000"],
    ["  datalink://ring.example  ", "datalink://ring.example:16000"],
    ["DATALINK://ring.example:1/", "datalink://ring.example:1"],
    ["datalink://ring.example:16500", "datalink://ring.example:16500"],
    ["datalinks://ring.example", "datalinks://ring.example:16500"],
    ["datalinks://[::1]", "datalinks://[::1]:16500"],
    ["ws://ring.example", "ws://ring.example:80/datalink"],
    ["ws://ring.example:18000/", "ws://ring.example:18000/datalink"],
    ["wss://ring.example", "wss://ring.example:443/datalink"],
    ["wss://ring.example/ring/one", "wss://ring.example:443/ring/one"],
    ["wss://ring.example?token=secret", "wss://ring.example:443/datalink"],
    ["datalink://me:secret@ring.example:18000", "datalink://ring.example:18000"],
    ["ws://me:se%40cret@ring.example/x?token=secret#y", "ws://ring.example:80/x"],
  ];
  for (const [text, meaning] of forms) {
    it(`takes ${text.trim()}`, () => {
      const address = parseAddress(text);
      assert.equal(formatAddress(address), meaning);
      const { credentials: _credentials, ...rest } = address;
      if (!address.path.includes("?")) assert.deepEqual(parseAddress(meaning), rest);
    });
  }

  it("means TLS where TLS is asked for", () => {
    const secure = (text: string) => formatAddress(parseAddress(text, true));
    assert.equal(secure("ring.example"), "datalinks://ring.example:16500");
    assert.equal(secure("ring.example:18000"), "datalinks://ring.example:18000");
    assert.equal(secure("datalink://[::1]"), "datalinks://[::1]:16500");
    assert.equal(secure("ws://ring.example"), "wss://ring.example:443/datalink");
  });

  it("takes user name and password out of a URL, decoded, and keeps a WebSocket's query", () => {
    const address = parseAddress("wss://me%3A:se%40c:ret@ring.example/x?token=1");
    assert.deepEqual(address.credentials, { user: "me:", password: "se@c:ret" });
    assert.equal(address.path, "/x?token=1");
    assert.deepEqual(parseAddress("datalink://me@ring.example").credentials, { user: "me", password: "" });
  });

  const wrong = [
    "",
    " ",
    "http://ring.example",
    "ring.example:",
    "ring.example:0",
    "ring.example:65536",
    "ring.example:999999",
    "ring example",
    "a:b:c",
    "[::1",
    "[::1]:",
    "[nonsense]",
    "[::1%/etc]",
    "::1%wss://]",
    "::1%eth0%wss://]",
    "datalink://",
    "datalink:///path",
    "datalink://ring.example/path",
    "datalink://ring.example:port",
    "datalink://a%zz@ring.example",
    "a\r\nb",
    "ring/example",
    "wss://me:pass/word@ring.example",
  ];
  for (const text of wrong) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseAddress(text), { name: "DataLinkError", code: "INVALID_ADDRESS" });
    });
  }

  it("takes no half of a password for a path", () => {
    for (const url of ["wss://me:1/hunter2@ring.example", "ws://me:1?hunter2@ring.example"]) {
      const refusal = { code: "INVALID_ADDRESS", message: /^(?!.*hunter2).*%2F/ };
      assert.throws(() => parseAddress(url), refusal);
    }
  });

  it("shows no secret, whether or not it is an address", () => {
    const secrets = fc.tuple(
      fc.constantFrom("datalink://", "wss://", "http://", ""),
      fc.string({ maxLength: 8 }),
      fc.constantFrom("@ring.example", "@", "@@:", "@[::1]:1/x?secret", "@ring.example:99999", "\n@x"),
    );
    fc.assert(
      fc.property(secrets, ([scheme, noise, rest]) => {
        let shown: string;
        try {
          shown = formatAddress(parseAddress(`${scheme}me:${noise}hunter2${rest}`));
        } catch (error) {
          assert.ok(error instanceof DataLinkError, String(error));
          shown = error.message;
        }
        assert.ok(!shown.includes("hunter2"), shown);
      }),
    );
  });
});

describe("addresses of another protocol", () => {
  const form: AddressForm = {
    schemes: ["seedlink", "seedlinks"],
    ports: [18000, 18500],
    webSocketPath: "/seedlink",
  };
  const shown = (text: string, secure?: boolean) => formatAddress(parse(text, form, secure));

  it("have its schemes, ports and path", () => {
    assert.equal(shown("ring.example"), "seedlink://ring.example:18000");
    assert.equal(shown("ring.example:18500"), "seedlinks://ring.example:18500");
    assert.equal(shown("seedlinks://[::1]"), "seedlinks://[::1]:18500");
    assert.equal(shown("seedlink://ring.example", true), "seedlinks://ring.example:18500");
    assert.equal(shown("ws://ring.example"), "ws://ring.example:80/seedlink");
    assert.equal(shown("wss://ring.example/x"), "wss://ring.example:443/x");
  });

  it("are not those of DataLink", () => {
    assert.throws(
      () => parse("datalink://me:secret@ring.example", form),
      (error: unknown) =>
        error instanceof AddressError &&
        /seedlink:\/\/, seedlinks:\/\/, ws:\/\/ or wss:/.test(error.message) &&
        !/secret/.test(error.message),
    );
    assert.throws(() => parse("seedlink://", form), /"host:18000"/);
  });
});
