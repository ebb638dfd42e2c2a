// lib/server/access/pattern.ts: matches what a regular expression matches, and refuses in words what could hold up the server.
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import { compilePattern, PatternError, type StreamPattern } from "../../lib/server/access/pattern.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { Peer } from "./peer.ts";

function compile(text: string): StreamPattern {
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
  "(a|ab|b[^a])",
  "((a|b.)b?|.a)",
  "[a-c.]",
  "\\w",
  "\\D",
  "\\x61",
  "",
];
const REPEATS = ["", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0}", "{1,}", "{0,3}?"];

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

  it("finds what JavaScript's engine finds in names, by expressions of names", () => {
    const part = fc.constantFrom(
      ..."FDSN: XX _ S1 S12 S[12] S\\d B_H_ [BH]_H_[ZNE] .* . /MSEED /MSEED3? \\d{2} (S1|S12|T.) (?:_00|)? \\. (?:.1)* (?:_|1)+".split(
        " ",
      ),
    );
    const expression = fc
      .tuple(
        fc.constantFrom("", "^", "\\A"),
        fc.array(part, { maxLength: 5 }),
        fc.constantFrom("", "$", "\\z", ".*"),
      )
      .map(([start, parts, end]) => start + parts.join("") + end);
    const list = fc.tuple(fc.constantFrom("", "(?i)"), fc.array(expression, { minLength: 1, maxLength: 6 }));
    const pieces = "FDSN: fdsn: XX _ S1 S12 T1 B_H_Z _00 /MSEED /MSEED3 . 12".split(" ");
    const name = fc.array(fc.constantFrom(...pieces), { maxLength: 7 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(list, fc.array(name, { maxLength: 12 }), ([flags, expressions], names) => {
        const text = expressions.join("|");
        const theirs = new RegExp(text.replaceAll("\\A", "^").replaceAll("\\z", "$"), flags && "i");
        for (const given of [flags + text, `${flags}(?:${text})`]) {
          const ours = compile(given);
          for (const each of names) assert.equal(ours.test(each), theirs.test(each), `${given} in ${each}`);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("finds what possessive quantifiers and atomic groups find, or refuses them", () => {
    const atoms = ["a", "b", "[ab]", "[^a]", ".", "(a|b)", "$"];
    const possessive = fc
      .tuple(
        fc.array(fc.constantFrom(...atoms), { maxLength: 2 }),
        fc.constantFrom("a", "[ab]", "."),
        fc.constantFrom("*", "+", "?", "{1,2}"),
        fc.array(fc.constantFrom(...atoms, "b?", "b*", "|b"), { maxLength: 2 }),
      )
      .chain(([before, atom, repeat, after]) =>
        fc
          .constantFrom(
            { ours: `${atom}${repeat}+`, theirs: `${atom}${repeat}` },
            { ours: `(?>${atom}${repeat})`, theirs: `${atom}${repeat}` },
            { ours: "(?>a|ab)", theirs: "a|ab" },
            { ours: "(?>ab|b)", theirs: "ab|b" },
          )
          .map(({ ours, theirs }) => ({
            ours: before.join("") + ours + after.join(""),
            // What a look-ahead has found is not tried again.
            theirs: `${before.join("")}(?=(?<kept>${theirs}))\\k<kept>${after.join("")}`,
          })),
      );
    let [taken, refused] = [0, 0];
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });
    fc.assert(
      fc.property(possessive, fc.array(text, { maxLength: 10 }), ({ ours, theirs }, texts) => {
        const reason = reasonOf(ours);
        if (reason !== undefined) {
          refused++;
          return assert.match(reason, /not supported/, ours);
        }
        taken++;
        const pattern = compile(ours);
        for (const each of texts)
          assert.equal(pattern.test(each), new RegExp(theirs).test(each), `${ours} in ${each}`);
      }),
      { numRuns: 1000 },
    );
    assert.ok(taken > 100 && refused > 100, `${taken} taken, ${refused} refused`);
  });

  it("reads \\Z and comments", () => {
    const pattern = compile("^XX(?#network)_(?# any (station )S[(?#)]*(?#)+_Z\\Z|\\(?#Q");
    for (const [text, found] of [
      ["XX_SS_Z", false],
      ["YXX_S_Z", false],
      ["XX_S(#?)_Z", true],
      ["XX_S_Z", true],
      ["XX_S(_ZZ", false],
      ["a#Q", true],
    ] as const)
      assert.equal(pattern.test(text), found, text);
    assert.ok(reasonOf("a(?#") !== undefined);
    for (const text of ["[(?#a)]", "\\(?#a", "\\Q(?#a)\\E"]) {
      assert.ok(compile(text).test(text === "\\(?#a" ? "#a" : "(?#a)"), text);
    }
    assert.ok(compile("a\\\\Z").test("a\\Z"));
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

  it("takes as many stations as an expression of 64 KiB holds, in every usual form, in a bounded time", () => {
    const forms = [
      "FDSN:XX_SNNNN_.*",
      "^FDSN:XX_SNNNN_.*/MSEED3?$",
      "FDSN:XX_SNNNN_00_H_H_[ZNE]/MSEED",
      "XX_SNNNN_(00|10)?_[BH]_H.",
      "XX_SNNNN_\\d\\d_.*_[^E]",
      ".*SNNNN.*Z.*",
      "SNNNN",
    ];
    const names = Array.from({ length: 9999 }, (_, i) => `FDSN:XX_S${9999 - i}_00_H_H_Z/MSEED`);
    for (const form of forms)
      for (const [before, after] of [
        ["", ""],
        ["^.*(?:", ")"],
        ["(?i)", ""],
      ] as const) {
        const list: string[] = [];
        for (let i = 1000, size = 0; size < 65_000 && i < 9999; i++) {
          const each = form.replace("NNNN", String(i));
          list.push(each);
          size += each.length + 1;
        }
        const start = process.cpuUsage();
        const pattern = compile(before + list.join("|") + after);
        const found = names.filter((name) => pattern.test(name)).length;
        const { user, system } = process.cpuUsage(start);

        assert.equal(found, list.length, `${before}${form}`);
        assert.ok(user + system < 3_000_000, `${before}${form}: ${user + system} us`);
      }
  });

  it("is matched in a bounded time, however cunning its 64 KiB are", () => {
    const many = (make: (i: number) => string) => {
      const list: string[] = [];
      for (let [i, size] = [0, 0]; size < 65_500; i++) size += list[list.push(make(i)) - 1]!.length + 1;
      return list.join("|").slice(0, 65_536);
    };
    const letter = (i: number) => String.fromCharCode(97 + (i % 26));
    const word = (i: number) => letter(i) + letter(i / 26) + letter(i / 676);
    const text = "aaabacabbbabcaaacaaddabcaaabacabbbabcaaacaadaaabacabbbabcaaacaadz";
    let taken = 0;
    for (const cunning of [
      many((i) => `a?b?c?${word(i)}Q`),
      many((i) => `.*a.*${word(i)}.*Q`),
      many((i) => `[a${letter(i)}][b${letter(i / 26)}]*[c${letter(i / 676)}]+Q`),
      many((i) => `(a|${word(i)})*(b|.)*Q`),
      many((i) => `[abc]{0,9}${word(i)}`),
      "a?".repeat(16).concat("|").repeat(1900),
      "(?:a|b?)+|".repeat(6500),
      ".".repeat(65_536),
      "a|".repeat(32_768),
      "(".repeat(65_536),
      "(?#".repeat(21_000),
      "[".repeat(65_536),
      "[[:".repeat(21_000),
      "(?>a|ab)".repeat(8000),
      `(?>${"a|".repeat(30_000)}b)`,
      "a{1000}|".repeat(8000),
      "x*+".repeat(20_000),
      "\\".repeat(65_536),
    ]) {
      let start = process.cpuUsage();
      const used = () => {
        const { user, system } = process.cpuUsage(start);
        return (user + system) / 1000;
      };
      const reason = reasonOf(cunning);
      assert.ok(used() < 1500, `${cunning.slice(0, 30)} compiled in ${used()} ms`);
      if (reason !== undefined) continue;
      taken++;
      const pattern = compile(cunning);
      start = process.cpuUsage();
      for (let i = 0; i < 10; i++) pattern.test(text);
      assert.ok(used() < 400, `${cunning.slice(0, 30)} tested 10 times in ${used()} ms`);
    }
    assert.ok(taken > 3);
  });

  it("says what it cannot express, and nothing about what is no expression", () => {
    for (const text of ["(", ")", "[a", "a|(", "a)(b"])
      assert.ok(!reasonOf(text)?.includes("supported"), text);
    for (const text of ["(?=a)b", "(?<!a)b", "(a)\\1", "a++ab", "(?>a|ab)b"]) {
      assert.match(reasonOf(text) ?? "", /not supported/, text);
    }
    for (const text of ["\\p{Lu}", "é+"]) assert.match(reasonOf(text) ?? "", /printable ASCII/, text);
  });

  it("says which part is too large, and of repetitions only where there are some", () => {
    const stations = Array.from({ length: 400 }, (_, i) => `S${i}_[[:alpha:]]+_(?:a|b){2}`);
    assert.match(
      reasonOf(["a", "(?:bc){500}", "d"].join("|")) ?? "",
      /^\(\?:bc\)\{500\} is too large: .*repetitions/,
    );
    assert.match(
      reasonOf(stations.join("|")) ?? "",
      /^S\d+_\S+ is too large: it and the alternatives before it/,
    );
    const optional = Array.from({ length: 17_000 }, (_, i) => `${i}?`).join("|");
    assert.match(reasonOf(optional) ?? "", /too large: it has more than 16384 wildcards and optional parts/);
  });

  it("judges how large an expression is by what repetitions make of it", () => {
    // A group that is repeated is not of the usual part of the language: (4 + 1) times 2, and 2 for each of the others.
    for (const [text, most] of [
      ["(?:ab){2}c{N}", 395],
      ["(?:ab){2}c{1,N}", 395],
      ["(?:ab){2}c{N,}", 395],
      ["(?:ab){2}(?:de|f){N}", 112],
      ["(?:ab){2}[c\\]|(]{N}", 395],
      ["(?:ab){2}\\|{N}", 395],
    ] as const) {
      const reason = (count: number) => reasonOf(text.replace("N", String(count)));
      assert.equal(reason(most), undefined, text);
      assert.match(
        reason(most + 1) ?? "",
        /is too large: written out, it has about \d+ steps where 800/,
        text,
      );
    }
    assert.match(reasonOf(`(?:ab){2}${"c".repeat(12_800)}`) ?? "", /it has more than 12800 characters/);
  });

  it("refuses at once what is short to write and long to run", () => {
    const nested = "((((x{1,9}){1,9}){1,9}){1,9})";
    for (const text of [
      nested,
      ".{0,1000}.{0,1000}",
      "(a*)*".repeat(1600),
      "(?:a?){400}a{400}",
      `${"(".repeat(4000)}a${")*".repeat(4000)}`,
    ]) {
      const start = performance.now();
      assert.match(reasonOf(text) ?? "", /too large/, text.slice(0, 40));
      assert.ok(performance.now() - start < 500);
    }
  });

  for (const [packetSize, stations] of [
    [512, 395],
    [8192, 3999],
  ] as const) {
    it(`lets a client name ${stations} stations where packets have ${packetSize} bytes, and says the limit`, async () => {
      const ringBytes = 64 * (packetSize + 512);
      await using server = await DataLinkServer.listen({ port: 0, packetSize, ringBytes });
      for (const id of ["S000", "S394", "X"]) {
        server.write({ streamId: `FDSN:XX_${id}_00_H_H_Z/MSEED`, dataStart: 0, payload: "" });
      }
      const peer = await Peer.connect(server.port);
      const list = Array.from(
        { length: stations },
        (_, i) => `FDSN:XX_S${String(i).padStart(3, "0")}_.*`,
      ).join("|");
      const ask = (word: string, text: string) =>
        peer.ask(Buffer.concat([encodeFrame(`${word} ${text.length}`), Buffer.from(text)]));
      assert.match(await ask("MATCH", list), /^OK 2 2 streams selected after match/);
      assert.match(await ask("REJECT", list), /^OK 0 0 streams selected after reject/);
      const limit = Math.min(131_072, Math.max(8192, 10 * (packetSize + 120)));
      assert.match(await ask("MATCH", "x".repeat(limit)), /^OK 0/);
      assert.match(
        await peer.ask(`MATCH ${limit + 1}`),
        new RegExp(`match expression too large, must be <= ${limit} with packets of ${packetSize} bytes`),
      );
      peer.end();
    });
  }
});
