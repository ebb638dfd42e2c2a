// lib/stream-id.ts: stream ids split, joined and translated.
import assert from "node:assert/strict";
import { joinStreamId, splitStreamId, translateLegacyStreamId } from "../lib/stream-id.ts";

describe("stream id", () => {
  it("splits and joins", () => {
    assert.deepEqual(splitStreamId("FDSN:CO_JSC_00_H_H_Z/MSEED"), {
      sourceId: "FDSN:CO_JSC_00_H_H_Z",
      type: "MSEED",
      label: "",
    });
    assert.deepEqual(splitStreamId("a/JSON/b/c"), { sourceId: "a", type: "JSON", label: "b/c" });
    assert.deepEqual(splitStreamId("plain"), { sourceId: "plain", type: "", label: "" });
    assert.equal(joinStreamId("FDSN:XX_A", "JSON"), "FDSN:XX_A/JSON");
    assert.equal(joinStreamId("FDSN:XX_A", "JSON", "soh"), "FDSN:XX_A/JSON/soh");
  });

  it("translates what DataLink 1.0 wrote, and nothing else", () => {
    assert.equal(translateLegacyStreamId("IU_ANMO__BHZ/MSEED"), "FDSN:IU_ANMO__B_H_Z/MSEED");
    assert.equal(translateLegacyStreamId("IU_ANMO_00_BHZ/MSEED"), "FDSN:IU_ANMO_00_B_H_Z/MSEED");
    for (const other of [
      "IU_ANMO__BHZ/MSEED3",
      "iu_ANMO__BHZ/MSEED",
      "IU_ANMO__BHZ/MSEED/x",
      "FDSN:IU_ANMO__B_H_Z/MSEED",
    ]) {
      assert.equal(translateLegacyStreamId(other), other);
    }
  });
});
