// lib/server/access/pattern.ts: matches what a regular expression matches, and refuses in words what could hold up the server.
import assert from "node:assert/strict";
import fc from "fast-check";
import { compilePattern, type Pattern, PatternError } from "../../lib/server/access/pattern.ts";

function compile(text: string): Pattern {
  const steps = compilePattern(text);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function reasonOf(text: string): string | undefined {
  try {
    compile(text);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof PatternError);
    return error.message;
  }
}

const ATOMS = [
  "a",
  "b",
  ".",
  "\\.",
  "\\|",
  "[ab]",
  "[^a|]",
  "[)]",
  "^",
  "$",
  "(a|b)",
  "(?:b|)",
  "(^a|b$)",
  "",
];
const REPEATS = ["", "", "*", "+", "?", "{2}", "{1,2}"];

/** Patterns that RE2 and JavaScript read alike. */
const expression = fc
  .array(fc.tuple(fc.constantFrom(...ATOMS), fc.constantFrom(...REPEATS), fc.constantFrom("", "", "|")), {
    maxLength: 6,
  })
  .map((parts) =>
    parts.map(([atom, repeat, bar]) => atom + (/^(\^|\$|)$/.test(atom) ? "" : repeat) + bar).join(""),
  );
const wrapped = fc
  .tuple(fc.constantFrom("", "^", "^(", "(", "(?:"), expression)
  .map(
    ([before, inner]) => `${before}${inner}${before.includes("(") ? ")" : ""}${before === "^(" ? "$" : ""}`,
  );

describe("pattern", () => {
  it("finds what JavaScript's engine finds", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "|", ")"), maxLength: 6 });
    fc.assert(
      fc.property(wrapped, fc.array(text, { maxLength: 10 }), (pattern, texts) => {
        const ours = compile(pattern);
        for (const candidate of texts) {
          assert.equal(
            ours.test(candidate),
            new RegExp(pattern).test(candidate),
            `${pattern} in ${candidate}`,
          );
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("takes long lists of stream ids, plain and with wildcards", () => {
    const ids = Array.from({ length: 80 }, (_, i) => `FDSN:XX_S${i}_00_B_H_.*/MSEED`);
    for (const list of [ids.join("|"), `(${ids.join("|")})`, `^(${ids.join("|")})$`]) {
      const pattern = compile(list);
      assert.ok(pattern.test("FDSN:XX_S79_00_B_H_Z/MSEED"));
      assert.ok(!pattern.test("FDSN:XX_S80_00_B_H_Z/MSEED"));
    }
  });

  it("gives the same answers after giving its memory back", () => {
    const pattern = compile("S(1|2)+.*Z");
    for (let i = 0; i < 3; i++) {
      assert.deepEqual([pattern.test("XS12_Z"), pattern.test("XS3_Z")], [true, false]);
      pattern.release();
    }
  });

  it("says what it cannot express, and nothing about what is no expression", () => {
    for (const text of ["(", ")", "[a", "a|("]) assert.ok(!reasonOf(text)?.includes("supported"), text);
    for (const text of ["(?=a)b", "(?<!a)b", "(a)\\1", "a++", "(?>a)b", "a\\Z"]) {
      assert.match(reasonOf(text) ?? "", /not supported/, text);
    }
    for (const text of ["\\p{Lu}", "é+"]) assert.match(reasonOf(text) ?? "", /printable ASCII/, text);
  });

  it("refuses at once what is short to write and long to run", () => {
    const nested = "((((x{1,9}){1,9}){1,9}){1,9})";
    for (const text of [
      nested,
      ".{0,1000}.{0,1000}",
      "(a*)*".repeat(1600),
      `${"(".repeat(4000)}a${")*".repeat(4000)}`,
    ]) {
      const start = performance.now();
      assert.match(reasonOf(text) ?? "", /too large/, text.slice(0, 40));
      assert.ok(performance.now() - start < 500);
    }
  });
});
