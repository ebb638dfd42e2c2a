// lib/bzip2/decompress.ts: what bzip2 compressed, decompressed; and what is not bzip2, refused.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { bzip2 } from "../../lib/bzip2/compress.ts";
import { Bzip2Error, bunzip2 } from "../../lib/bzip2/decompress.ts";

const LIMIT = 1 << 20;

const DOCUMENT = Buffer.from(
  "QlpoOTFBWSZTWcGufAEAABqbgFAEOBAACgZkjEogADFMJpoDTEGmqenqRmobU9JdwR60wVRHPQw8ZCZ41pspAyZbgNeqS3v8XckU4UJDBrnwBA==",
  "base64",
);
const DOCUMENT_TEXT = '{"id": 1, "text": "hello hello hello", "list": [1,2,3]}';
const RUNS: [number, string][] = [
  [3, "QlpoOTFBWSZTWR/l384AAAEBACAAIAAwjBQYu5IpwoSA/y7+cA=="],
  [4, "QlpoOTFBWSZTWYgSM6YAAAJBAEAAIAAgACEAggsXckU4UJCIEjOm"],
  [5, "QlpoOTFBWSZTWUSkMD0AAAJBACAAIAAgACEAggsXckU4UJBEpDA9"],
  [259, "QlpoOTFBWSZTWUutlGwAAALBAMAAIAAACCAAIKptQZjFR4u5IpwoSCXWyjYA"],
  [260, "QlpoOTFBWSZTWavKTH0AAALBAKAAIAAACCAAIKptQZjFR4u5IpwoSFXlJj6A"],
  [1000, "QlpoOTFBWSZTWUncT2MAAAGBAaAAAIAACCAAIKptQZi6g8XckU4UJBJ3E9jA"],
];
const EMPTY = Buffer.from("QlpoORdyRThQkAAAAAA=", "base64");

const text = (compressed: Uint8Array) => Buffer.from(bunzip2(compressed, LIMIT)).toString();
const hasBzip2 = spawnSync("bzip2", ["--version"], { input: "" }).status === 0;

describe("bzip2", () => {
  it("decompresses a document", () => assert.equal(text(DOCUMENT), DOCUMENT_TEXT));

  it("decompresses nothing", () => assert.equal(text(EMPTY), ""));

  for (const [length, compressed] of RUNS) {
    it(`decompresses a run of ${length}`, () => {
      assert.equal(text(Buffer.from(compressed, "base64")), "a".repeat(length));
    });
  }

  it("decompresses streams that follow each other", () => {
    assert.equal(text(Buffer.concat([DOCUMENT, EMPTY, DOCUMENT])), DOCUMENT_TEXT + DOCUMENT_TEXT);
  });

  it("decompresses no more than it may", () => {
    const run = Buffer.from(RUNS.at(-1)![1], "base64");
    assert.equal(bunzip2(run, 1000).length, 1000);
    assert.throws(() => bunzip2(run, 999), { name: "Bzip2Error", code: "TOO_LARGE" });
  });

  it("refuses what is cut short, and gives nothing else where a bit is wrong", () => {
    const refused = { name: "Bzip2Error", code: "INVALID_BZIP2" };
    for (let length = 0; length < DOCUMENT.length; length++) {
      assert.throws(() => bunzip2(DOCUMENT.subarray(0, length), LIMIT), refused);
    }
    // A few bits are never looked at: the codes of a table that no group uses.
    let refusals = 0;
    for (let bit = 0; bit < 8 * DOCUMENT.length; bit++) {
      const damaged = Buffer.from(DOCUMENT);
      damaged[bit >> 3]! ^= 0x80 >> (bit & 7);
      try {
        assert.equal(text(damaged), DOCUMENT_TEXT);
      } catch (error) {
        assert.ok(error instanceof Bzip2Error, String(error));
        refusals++;
      }
    }
    assert.ok(refusals > 7 * DOCUMENT.length);
  });

  it("takes nothing for bzip2 that does not begin with BZh and a digit from 1 on", () => {
    for (const begin of ["BZh0", "BZh:", "BZhA", "BZg9", "Bzh9", "AZh9", "BZh/"]) {
      const other = Buffer.concat([Buffer.from(begin), EMPTY.subarray(4)]);
      assert.throws(() => bunzip2(other, LIMIT), /does not begin with BZh and a digit/, begin);
    }
    for (let level = 1; level <= 9; level++)
      assert.equal(text(Buffer.concat([Buffer.from(`BZh${level}`), EMPTY.subarray(4)])), "");
  });

  it("has no block that is longer than its level says", () => {
    const run = Buffer.from(Array.from({ length: 120_000 }, (_, i) => (i * 7919) & 0xff));
    const compressed = Buffer.from(bzip2(run));
    assert.equal(bunzip2(compressed, LIMIT).length, run.length);
    compressed[3] = 0x31;
    assert.throws(() => bunzip2(compressed, LIMIT), /has a block that is too long/);
  });

  it("takes nothing for a block or an end that does not begin with its whole mark", () => {
    const [from, bits] = [4, 48];
    for (const compressed of [DOCUMENT, EMPTY]) {
      for (let bit = 8 * from; bit < 8 * from + bits; bit++) {
        const damaged = Buffer.from(compressed);
        damaged[bit >> 3]! ^= 0x80 >> (bit & 7);
        assert.throws(() => bunzip2(damaged, LIMIT), /has no block where one belongs/);
      }
    }
  });

  it("never fails in another way, whatever the bytes", () => {
    const damaged = fc.tuple(fc.nat(DOCUMENT.length), fc.uint8Array({ maxLength: 30 }));
    fc.assert(
      fc.property(damaged, ([at, bytes]) => {
        try {
          bunzip2(
            Buffer.concat([DOCUMENT.subarray(0, at), bytes, DOCUMENT.subarray(at + bytes.length)]),
            LIMIT,
          );
        } catch (error) {
          assert.ok(error instanceof Bzip2Error, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });

  /** What compressors find hard: noise, few letters, long runs, and repetitions of repetitions. */
  const originals = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }),
    fc.array(fc.constantFrom(97, 98), { maxLength: 3000 }).map((bytes) => Uint8Array.from(bytes)),
    fc
      .array(fc.tuple(fc.nat(255), fc.nat(600)), { maxLength: 12 })
      .map((runs) => Buffer.concat(runs.map(([byte, length]) => Buffer.alloc(length, byte)))),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 7 }), fc.nat(400))
      .map(([part, count]) => Buffer.concat(Array.from({ length: count }, () => part))),
    fc.json({ maxDepth: 8 }).map((text) => Buffer.from(text)),
  );

  it("gives back what it has compressed", () => {
    fc.assert(
      fc.property(originals, (original) => {
        assert.deepEqual(Buffer.from(bunzip2(bzip2(original), LIMIT)), Buffer.from(original));
      }),
      { numRuns: 200 },
    );
  });

  it("compresses what is larger than a block, and long runs in no time", () => {
    const large = Buffer.alloc(950_000, "abc");
    for (let i = 0; i < large.length; i += 1 + (i % 977)) large[i] = i;
    assert.ok(large.equals(bunzip2(bzip2(large), LIMIT)));
    const run = Buffer.alloc(300_000);
    assert.ok(bzip2(run).length < 100);
    assert.ok(run.equals(bunzip2(bzip2(run), LIMIT)));
  });

  (hasBzip2 ? it : it.skip)("compresses as the program bzip2 decompresses (needs it)", () => {
    for (const original of [Buffer.alloc(0), Buffer.from(DOCUMENT_TEXT), ...fc.sample(originals, 30)]) {
      const { stdout, status } = spawnSync("bzip2", ["-dc"], { input: bzip2(original) });
      assert.equal(status, 0);
      assert.ok(stdout.equals(original));
    }
  });

  (hasBzip2 ? it : it.skip)("decompresses what the program bzip2 makes (needs it)", () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed;
    };
    const originals = [
      Buffer.from(Array.from({ length: 300_000 }, () => random() & 0xff)),
      Buffer.from(Array.from({ length: 250_000 }, () => "abcdef"[random() % 6]).join("")),
      Buffer.from(Array.from({ length: 3000 }, () => "xy"[random() % 2]!.repeat(random() % 300)).join("")),
    ];
    for (const original of originals) {
      for (const level of ["-1", "-9"]) {
        const { stdout } = spawnSync("bzip2", [level, "-c"], { input: original, maxBuffer: 1 << 24 });
        assert.ok(original.equals(bunzip2(stdout, LIMIT)));
      }
    }
  });
});
