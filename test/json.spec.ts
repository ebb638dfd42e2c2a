// lib/json.ts: how deep JSON may be, and what of its text counts as depth.
import assert from "node:assert/strict";
import fc from "fast-check";
import { JsonError, parseJson } from "../lib/json.ts";
import { MAX_JSON_DEPTH } from "../lib/limits.ts";

/** Lists and objects within each other, by turns. */
const nested = (depth: number) =>
  Array.from({ length: depth }, (_, i) => (i % 2 === 0 ? "[" : '{"a":')).join("") +
  "1" +
  Array.from({ length: depth }, (_, i) => ((depth - i) % 2 === 1 ? "]" : "}")).join("");

const isTooLarge = (error: unknown) => error instanceof JsonError && error.code === "TOO_LARGE";

describe("JSON from outside", () => {
  it("is as deep as it may be, and no deeper", () => {
    for (const depth of [0, 1, MAX_JSON_DEPTH])
      assert.equal(JSON.stringify(parseJson(nested(depth))), nested(depth));
    for (const depth of [MAX_JSON_DEPTH + 1, 10_000])
      assert.throws(() => parseJson(nested(depth)), isTooLarge);
  });

  it("may have any number of lists and objects beside each other, and of brackets in its strings", () => {
    const many = 3 * MAX_JSON_DEPTH;
    const list = `[${Array<string>(many).fill('[{"a":[]}]').join()}]`;
    assert.equal((parseJson(list) as unknown[]).length, many);
    for (const text of [
      "[".repeat(many),
      "{".repeat(many),
      `\\"${"[".repeat(many)}`,
      `${"[".repeat(many)}\\\\`,
    ])
      assert.equal(JSON.stringify(parseJson(`"${text}"`)), `"${text}"`);
  });

  it("is as deep as it is behind a string with escapes", () => {
    for (const string of ['""', '"\\""', '"\\\\"', '"a\\\\\\""', '"]]]]}}"'])
      assert.throws(() => parseJson(`[${string},${nested(MAX_JSON_DEPTH)}]`), isTooLarge, string);
  });

  it("is what JSON.parse makes of it, or no JSON", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => assert.deepEqual(parseJson(text), JSON.parse(text))),
    );
    for (const text of ["", "[", '"', '"\\', `[${" ".repeat(500)}`, '"'.padEnd(500, "\\")])
      assert.throws(() => parseJson(text), SyntaxError, text.slice(0, 9));
  });
});
