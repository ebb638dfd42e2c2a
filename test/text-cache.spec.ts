// lib/text-cache.ts: texts of bytes, made once and never mixed up.
import assert from "node:assert/strict";
import fc from "fast-check";
import { TextCache } from "../lib/text-cache.ts";

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

describe("texts of bytes", () => {
  it("are those of the bytes, however often and in whatever order they come", () => {
    const cache = new TextCache(latin1);
    const property = fc.property(fc.uint8Array({ maxLength: 30 }), fc.nat(30), (bytes, start) => {
      const from = Math.min(start, bytes.length);
      assert.equal(cache.get(bytes, from, bytes.length - from), latin1(bytes.subarray(from)));
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it("are made once, and do not hold the bytes that they were made of", () => {
    let made = 0;
    const views: Uint8Array[] = [];
    const cache = new TextCache((bytes) => {
      made++;
      views.push(bytes);
      return latin1(bytes);
    });
    const bytes = Buffer.alloc(65_536, "abc");
    for (let i = 0; i < 3; i++) assert.equal(cache.get(bytes, 3, 6), "abcabc");
    assert.equal(made, 1);
    assert.equal(views[0]!.buffer.byteLength, 6);
    bytes.fill(0);
    assert.equal(cache.get(Buffer.from("abcabc"), 0, 6), "abcabc");
    assert.equal(made, 1);
  });

  it("are all made anew when there are more than may be kept", () => {
    const made: string[] = [];
    const cache = new TextCache((bytes) => {
      made.push(latin1(bytes));
      return latin1(bytes);
    }, 3);
    const get = (text: string) => {
      made.length = 0;
      for (const each of text) assert.equal(cache.get(Buffer.from(each), 0, 1), each);
      return made.join("");
    };
    assert.deepEqual(["abc", "cab", "d", "dabd", "abd"].map(get), ["abc", "", "d", "ab", ""]);
  });
});
