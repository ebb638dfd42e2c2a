// lib/mseed/extra-headers.ts: values by JSON pointer in text that else stays as it is.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  getExtraHeader,
  getExtraHeaderText,
  type JsonObject,
  MiniSeedError,
  removeExtraHeader,
  setExtraHeader,
  setExtraHeaderText,
} from "../../lib/mseed/index.ts";

const TEXT =
  '{"FDSN": {"Time":{"Quality":100, "Correction":2.0}, "Flags":{}},\n "a/b~": [1,{"x":"]}\\""},[ ]] }';

describe("extra headers as text", () => {
  it("finds values by pointer", () => {
    assert.equal(getExtraHeader(TEXT, "/FDSN/Time/Quality"), 100);
    assert.equal(getExtraHeaderText(TEXT, "/FDSN/Time/Correction"), "2.0");
    assert.equal(getExtraHeader(TEXT, "/a~1b~0/1/x"), ']}"');
    assert.deepEqual(getExtraHeader(TEXT, "/a~1b~0/2"), []);
    assert.deepEqual(getExtraHeader(TEXT, ""), JSON.parse(TEXT));
    assert.equal(getExtraHeader(TEXT, "/FDSN/Time/Quality/x"), undefined);
    assert.equal(getExtraHeader(TEXT, "/a~1b~0/3"), undefined);
    assert.equal(getExtraHeader("", "/FDSN"), undefined);
    assert.equal(getExtraHeader('{"a":1,"a":2}', "/a"), 2);
  });

  it("changes one value and no other character", () => {
    assert.equal(setExtraHeader(TEXT, "/FDSN/Time/Quality", 99), TEXT.replace("100", "99"));
    assert.equal(setExtraHeaderText(TEXT, "/FDSN/Time/Correction", "3.00"), TEXT.replace("2.0", "3.00"));
    assert.equal(
      setExtraHeader(TEXT, "/FDSN/Flags/Spikes", true),
      TEXT.replace('"Flags":{}', '"Flags":{"Spikes":true}'),
    );
    assert.equal(setExtraHeader(TEXT, "/a~1b~0/-", "end"), TEXT.replace("[ ]]", '[ ],"end"]'));
    assert.equal(setExtraHeader(TEXT, "/new/way", 1), TEXT.replace("]] }", ']],"new":{"way":1} }'));
    assert.equal(setExtraHeader("", "/a/b", null), '{"a":{"b":null}}');
    assert.equal(setExtraHeader(TEXT, "", { a: 1 }), '{"a":1}');
  });

  it("removes a member and its comma", () => {
    const text = '{"a":1, "b" : 2.0 ,"c":[1,2,3]}';
    assert.equal(removeExtraHeader(text, "/a"), '{"b" : 2.0 ,"c":[1,2,3]}');
    assert.equal(removeExtraHeader(text, "/c"), '{"a":1, "b" : 2.0}');
    assert.equal(removeExtraHeader(text, "/c/1"), '{"a":1, "b" : 2.0 ,"c":[1,3]}');
    assert.equal(removeExtraHeader(text, "/d"), text);
    assert.equal(removeExtraHeader('{"a":1,"a":2}', "/a"), "");
    assert.equal(removeExtraHeader(text, ""), "");
  });

  it("refuses pointers and text that it cannot follow", () => {
    const refuse = (code: string, action: () => unknown) =>
      assert.throws(action, (error) => error instanceof MiniSeedError && error.code === code);
    refuse("INVALID_ARGUMENT", () => getExtraHeader(TEXT, "FDSN"));
    refuse("INVALID_ARGUMENT", () => setExtraHeader(TEXT, "/a~1b~0/7", 1));
    refuse("INVALID_ARGUMENT", () => setExtraHeader(TEXT, "/FDSN/Time/Quality/x", 1));
    refuse("EXTRA_HEADERS_INVALID", () => getExtraHeader("[1]", "/0"));
    refuse("EXTRA_HEADERS_INVALID", () => getExtraHeader("{", "/0"));
    refuse("EXTRA_HEADERS_INVALID", () => setExtraHeaderText("{}", "/a", "1 2"));
    refuse("EXTRA_HEADERS_INVALID", () => setExtraHeader("{}", "", 1));
    for (const value of [1n, { n: 1n }, undefined])
      refuse("EXTRA_HEADERS_INVALID", () => setExtraHeader("{}", "/a", value as never));
    // As deep as a value may be, and too deep where it is to stand.
    const deep = "[".repeat(128) + "]".repeat(128);
    refuse("EXTRA_HEADERS_INVALID", () => setExtraHeaderText("", "/a", deep));
    refuse("EXTRA_HEADERS_INVALID", () => setExtraHeaderText(TEXT, "/FDSN/new/one", deep.slice(1, -1)));
  });

  it("agrees with a parser, whatever the JSON", () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })) as fc.Arbitrary<JsonObject>;
    const spaced = fc
      .tuple(json, fc.constantFrom(undefined, 1, "\t"))
      .map(([v, space]) => JSON.stringify(v, null, space));
    fc.assert(
      fc.property(spaced, fc.string(), fc.string(), fc.jsonValue(), (text, a, b, value) => {
        const pointer = `/${[a, b].map((key) => key.replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`;
        const before = JSON.parse(text) as JsonObject;
        const parent = Object.hasOwn(before, a) ? before[a] : {};
        if (typeof parent !== "object" || parent === null || Array.isArray(parent)) return;
        const edited = setExtraHeader(text, pointer, value as null);
        assert.deepEqual(getExtraHeader(edited, pointer), JSON.parse(JSON.stringify(value)));
        const removed = removeExtraHeader(edited, pointer);
        assert.equal(getExtraHeader(removed, pointer), undefined);
        const expected = JSON.parse(text) as JsonObject;
        const child = (Object.hasOwn(expected, a) ? expected[a] : {}) as JsonObject;
        delete child[b];
        Object.defineProperty(expected, a, { value: child, enumerable: true, configurable: true });
        assert.deepEqual(JSON.parse(removed), expected);
      }),
    );
  });
});
