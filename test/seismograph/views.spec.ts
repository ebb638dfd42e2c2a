// The names of band views, as they stand in addresses and settings.
import assert from "node:assert/strict";
import { bandView, sectionsOf } from "../../lib/seismograph/views.ts";

describe("band views", () => {
  it("are known by their corners", () => {
    assert.deepEqual(bandView("raw"), { id: "raw" });
    assert.deepEqual(bandView("1-20"), { id: "1-20", low: 1, high: 20 });
    assert.deepEqual(bandView("0.5-"), { id: "0.5-", low: 0.5 });
    assert.deepEqual(bandView("-1"), { id: "-1", high: 1 });
  });

  for (const name of [
    "",
    "-",
    "20-1",
    "1-1",
    "0-5",
    "1-0",
    "1-2-3",
    "1e3-",
    "--1",
    "RAW",
    "1 - 2",
    "NaN-",
    "x".repeat(5000),
  ])
    it(`are not ${JSON.stringify(name.slice(0, 10))}`, () => {
      assert.throws(() => bandView(name), { code: "INVALID_SETTING" });
    });

  it("have filters where the rate has room for them", () => {
    assert.deepEqual(sectionsOf(bandView("raw"), 1), []);
    assert.equal(sectionsOf(bandView("1-20"), 100)?.length, 4);
    // At 20 Hz the band-pass is the high-pass of its lower corner, as everywhere in the library.
    assert.equal(sectionsOf(bandView("1-20"), 20)?.length, 2);
    assert.equal(sectionsOf(bandView("1-20"), 1), undefined);
    assert.equal(sectionsOf(bandView("-20"), 20), undefined);
  });
});
