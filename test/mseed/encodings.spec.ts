// lib/mseed/encodings.ts: codes and names, as people write them.
import assert from "node:assert/strict";
import { ENCODINGS, encodingCode, encodingName } from "../../lib/mseed/encodings.ts";

describe("encodings", () => {
  it("are known by code and by name", () => {
    for (const [name, code] of Object.entries(ENCODINGS)) {
      assert.equal(encodingCode(name), code);
      assert.equal(encodingCode(code), code);
      assert.equal(encodingName(code), name);
    }
  });

  it("may be spelled as people do", () => {
    for (const name of ["Steim 2", "STEIM2", "steim-2", "Steim_2"]) assert.equal(encodingCode(name), 11);
    assert.equal(encodingCode("INT32"), 3);
    assert.equal(encodingCode("GEOSCOPE 24"), 12);
  });

  it("are refused where they are none", () => {
    for (const no of ["steim4", "", "toString", "__proto__", 1.5, -1, 256, Number.NaN]) {
      assert.throws(() => encodingCode(no), { name: "MiniSeedError", code: "INVALID_ARGUMENT" });
    }
  });
});
