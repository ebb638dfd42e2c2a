// lib/bytes.ts: bytes and text are the same in Node.js and in a browser, which has no Buffer.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { runInNewContext, runInThisContext } from "node:vm";
import fc from "fast-check";
import * as ofNode from "../lib/bytes.ts";

type Bytes = typeof ofNode;

/** The module as a browser has it. */
function withoutBuffer(): Bytes {
  const source = readFileSync(path.join(__dirname, "../lib/bytes.js"), "utf8");
  const module = { exports: {} as Bytes };
  (
    runInThisContext(`(function (exports, globalThis) {${source}\n})`) as (
      exports: Bytes,
      globals: object,
    ) => void
  )(module.exports, {});
  return module.exports;
}

const ofBrowser = withoutBuffer();
const plain = (bytes: Uint8Array) => Array.from(bytes);

for (const [where, bytes] of Object.entries({ "Node.js": ofNode, "a browser": ofBrowser })) {
  describe(`bytes and text in ${where}`, () => {
    it("have a Buffer where there is one", () => {
      for (const made of [bytes.allocateBytes(3), bytes.toBytes("abc"), bytes.viewBytes(new ArrayBuffer(3))])
        assert.deepEqual([made.length, Buffer.isBuffer(made)], [3, bytes === ofNode]);
    });

    it("are turned into each other", () => {
      fc.assert(
        fc.property(fc.string({ unit: "grapheme" }), (text) => {
          const made = bytes.toBytes(text);
          assert.deepEqual(plain(made), plain(Buffer.from(text)));
          assert.equal(bytes.byteLength(text), made.length);
          assert.equal(bytes.toText(made), text);
          const place = bytes.allocateBytes(made.length + 4).fill(0x7e);
          bytes.writeText(place, text, 2);
          assert.deepEqual(plain(place), [0x7e, 0x7e, ...made, 0x7e, 0x7e]);
          assert.equal(bytes.toText(place, 2, made.length + 2), text);
        }),
      );
    });

    it("keep a byte order mark, and show what is not UTF-8", () => {
      assert.equal(bytes.toText(bytes.toBytes("\ufeffa")), "\ufeffa");
      assert.equal(bytes.toText(Buffer.from([0x61, 0xff, 0x62])), "a\ufffdb");
      assert.equal(bytes.toText(Buffer.from("abcdef"), 4), "ef");
    });

    it("have each byte as the character of its number", () => {
      const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      assert.deepEqual(
        Array.from(bytes.toLatin1(all, 0, 256), (character) => character.charCodeAt(0)),
        plain(all),
      );
      assert.equal(bytes.toLatin1(all, 0x41, 0x44), "ABC");
    });

    it("view the bytes of an ArrayBuffer, and join pieces into bytes of their own", () => {
      const { buffer } = Uint8Array.of(1, 2, 3);
      const view = bytes.viewBytes(buffer);
      const joined = bytes.joinBytes([view, Uint8Array.of(), Uint8Array.of(4, 5)]);
      view[0] = 9;
      assert.equal(new Uint8Array(buffer)[0], 9);
      assert.deepEqual(plain(joined), [1, 2, 3, 4, 5]);
      assert.equal(bytes.joinBytes([]).length, 0);
    });

    it("are told from what has no bytes", () => {
      assert.equal(bytes.isBytes(Buffer.of(1)), true);
      assert.equal(bytes.isBytes(runInNewContext("new Uint8Array(1)")), true);
      for (const other of [
        [1],
        "a",
        new ArrayBuffer(1),
        new Uint16Array(1),
        new DataView(new ArrayBuffer(1)),
        null,
      ])
        assert.equal(bytes.isBytes(other), false);
    });
  });
}
