// lib/archive/json-line.ts: any JSON document becomes one line, and nothing else does.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ArchiveError } from "../../lib/archive/errors.ts";
import { jsonLine } from "../../lib/archive/json-line.ts";

function line(document: string): string {
  return Buffer.from(jsonLine(Buffer.from(document))).toString();
}

function refusal(document: string | Uint8Array, maxDepth?: number): string {
  const bytes = typeof document === "string" ? Buffer.from(document) : document;
  try {
    jsonLine(bytes, maxDepth);
  } catch (error) {
    assert.ok(error instanceof ArchiveError, String(error));
    assert.equal(error.code, "INVALID_JSON");
    return error.message;
  }
  assert.fail(`${String(document)} was taken`);
}

describe("JSON line", () => {
  it("leaves a document of one line as it is, without white space around it", () => {
    for (const document of [
      '{"b": 1,  "a": [ ]}',
      "1.50e+05",
      '"a\\n\\u00e9/\\/"',
      "-0",
      "null",
      "[[],{}]",
      '{"":""}',
    ]) {
      assert.equal(line(document), document);
      assert.equal(line(`\r\n \t${document}\n\n`), document);
    }
  });

  it("makes one line of many, and leaves strings, numbers and the order of keys as they were", () => {
    const pretty =
      '{\n  "b": 1.0,\r\n  "a": "x  y\\"\\\\ \\n z\u2028",\n  "big": 123456789012345678901234567890, "b": [\n1 ,\t2\n]\n}\n';
    assert.equal(
      line(pretty),
      '{"b":1.0,"a":"x  y\\"\\\\ \\n z\u2028","big":123456789012345678901234567890,"b":[1,2]}',
    );
  });

  it("does not copy a document that has one line", () => {
    const document = Buffer.from(" [1] ");
    assert.equal(jsonLine(document).buffer, document.buffer);
  });

  it("leaves out a byte order mark", () => assert.equal(line("\ufeff[1]"), "[1]"));

  it("agrees with JSON.parse on what is JSON", () => {
    const samples = [
      ..."{ [ ] } , : \" - 1 01 1. .5 1e 1e+ 1E5 +1 tru nul falsee 0x1 Infinity NaN '' // ;".split(" "),
      ...[
        "",
        " ",
        "[1,]",
        "[,1]",
        "{,}",
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        "{1:2}",
        '{"a":1 "b":2}',
        "[1 2]",
        "[1]]",
        "1 2",
      ],
      ...[
        '"\\x"',
        '"\\u12"',
        '"\\u12g4"',
        '"\n"',
        '"\t"',
        '"',
        '"\\"',
        "[}",
        "{]",
        "\u00a01",
        "[1}",
        "-",
        "--1",
        "1.e5",
      ],
    ];
    const fragment = fc.constantFrom(
      ...'{}[],:"\\u0041eE+-.019tfnrualse \n'.split(""),
      '"a"',
      "true",
      "null",
      "12",
      "\u007f",
      "é",
    );
    const text = fc.oneof(
      fc.constantFrom(...samples),
      fc.array(fragment).map((parts) => parts.join("")),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (document) => {
        let expected: unknown;
        try {
          expected = JSON.parse(document);
        } catch {
          refusal(document);
          return;
        }
        assert.deepEqual(JSON.parse(line(document)), expected);
      }),
      { numRuns: 2000 },
    );
  });

  it("keeps every value, however it is spread over lines", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, "\t"), (document, indent) => {
        const text = JSON.stringify(JSON.parse(document), null, indent);
        const result = line(text);
        assert.ok(!result.includes("\n"));
        assert.equal(result, indent && text.includes("\n") ? JSON.stringify(JSON.parse(document)) : text);
      }),
    );
  });

  it("says what is wrong and where", () => {
    assert.equal(refusal('{"a":01}'), "it is not JSON: byte 31 at 6 where a comma or } belongs");
    assert.equal(refusal("[1"), "it is not JSON: its end at 2 where a comma or ] belongs");
    assert.equal(refusal(""), "it is not JSON: its end at 0 where a value belongs");
    assert.match(refusal(new Uint8Array([0x22, 0xff, 0x22])), /UTF-8/);
    assert.match(refusal(new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22])), /UTF-8/);
    assert.match(refusal(Buffer.from("[1]", "utf16le")), /not JSON/);
  });

  it("bounds the depth, and does not recurse", () => {
    assert.equal(jsonLine(Buffer.from("[[[]]]"), 2).length, 6);
    assert.match(refusal("[[[[]]]]", 2), /deeper than 2 levels/);
    assert.match(refusal("[".repeat(1_000_000)), /deeper than 512 levels/);
    assert.match(refusal("[".repeat(1_000_000), Number.POSITIVE_INFINITY), /its end at 1000000/);
  });
});
