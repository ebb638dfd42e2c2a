// lib/seismograph/http/query.ts: what the questions of a target may be, at their edges.
import assert from "node:assert/strict";
import { readTarget } from "../../../lib/seismograph/http/query.ts";

const asked = (query: string) => readTarget(`/x?${query}`).query;
const isBad = (ask: () => unknown, sentence: RegExp) =>
  assert.throws(ask, { code: "BAD_REQUEST", message: sentence });

describe("the target of a request", () => {
  it("is a path of at most 8 KiB, its escapes resolved once", () => {
    assert.equal(readTarget("/heli/a%20b%252e?x=1").path, "/heli/a b%2e");
    assert.equal(readTarget(`/${"x".repeat(8191)}`).path.length, 8192);
    for (const text of ["", "x", "//x", `/${"x".repeat(8192)}`, "http://page/x"])
      isBad(() => readTarget(text), /is not a path/);
    for (const text of ["/%", "/%ff", "/a%00", "/a%5cb"]) isBad(() => readTarget(text), /stand for no text/);
  });

  it("has words once, and choices among those that there are", () => {
    const query = asked("a=1&b=&c=x&c=y&d=two");
    assert.deepEqual([query.text("a"), query.text("b"), query.text("z")], ["1", undefined, undefined]);
    isBad(() => query.text("c"), /^c is given more than once/);
    const choices = ["one", "two"] as const;
    assert.deepEqual([query.choice("d", choices, "one"), query.choice("b", choices, "one")], ["two", "one"]);
    isBad(() => query.choice("a", choices, "one"), /^a is "1": it must be one of one, two\.$/);
    const long = asked(`a=${"y".repeat(70)}`);
    isBad(() => long.choice("a", choices, "one"), new RegExp(`^a is "${"y".repeat(60)}": `));
    const flags = asked("on=1&off=0&odd=2");
    assert.deepEqual([flags.isOn("on"), flags.isOn("off"), flags.isOn("none")], [true, false, false]);
    isBad(() => flags.isOn("odd"), /^odd is "2"/);
  });

  it("has numbers within their bounds, and no other spelling of them", () => {
    const number = (text: string) => asked(`n=${text}`).number("n", 0.5, 20, 7);
    assert.deepEqual(
      [number(""), number("0.5"), number("20"), number("19.999999999")],
      [...[7, 0.5, 20, 19.999999999]],
    );
    for (const text of [
      "0.4",
      "21",
      "-1",
      "+1",
      "1e1",
      ".5",
      "5.",
      "5.0000000000",
      "x",
      "0x5",
      "1".repeat(16),
    ])
      isBad(() => number(text), /it must be a number from 0\.5 to 20\.$/);
  });

  it("has times as ISO 8601, or in microseconds", () => {
    const time = (text: string) => asked(`t=${text}`).time("t");
    assert.equal(time("1970-01-01T00:00:01.5Z"), 1_500_000);
    assert.equal(time("17000000000"), 17_000_000_000);
    assert.equal(time("-1700000000000000"), -1_700_000_000_000_000);
    for (const text of ["", "soon", "99999999999999999", "1700000000x"])
      isBad(() => time(text), /it must be a time such as/);
    isBad(() => asked("").time("t"), /^t is ""/);
  });
});
