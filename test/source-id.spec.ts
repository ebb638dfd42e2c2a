// lib/source-id.ts: identifiers parsed, formatted, checked, and mapped to SEED's codes and back.
import assert from "node:assert/strict";
import fc from "fast-check";
import { bandCode, SourceId, SourceIdError } from "../lib/source-id.ts";
import { readTable } from "./mseed/vectors.ts";

interface FromSid {
  sid: string;
  ok: boolean;
  net: string;
  sta: string;
  loc: string;
  chan: string;
}

interface FromNslc {
  net: string;
  sta: string;
  loc: string;
  chan: string;
  sid: string;
}

describe("SourceId", () => {
  for (const { sid, ok, net, sta, loc, chan } of readTable<FromSid[]>("sid-to-nslc")) {
    it(`reads the codes of ${JSON.stringify(sid)}`, () => {
      const id = new SourceId(sid);
      assert.equal(id.level === "channel", ok);
      if (ok) assert.deepEqual([id.network, id.station, id.location, id.channel], [net, sta, loc, chan]);
      assert.equal(String(id), sid);
      assert.equal(JSON.stringify({ id }), JSON.stringify({ id: sid }));
    });
  }

  for (const { net, sta, loc, chan, sid } of readTable<FromNslc[]>("nslc-to-sid")) {
    // libmseed keeps a location of two dashes.
    const expected = loc === "--" ? sid.replace("_--_", "__") : sid;
    it(`makes ${expected} of codes`, () => {
      const id = SourceId.fromNslc({ network: net, station: sta, location: loc, channel: chan });
      assert.equal(id.text, expected);
    });
  }

  it("tells the level of shorter identifiers", () => {
    assert.equal(new SourceId("FDSN:IU").level, "network");
    assert.equal(new SourceId("FDSN:IU_COLA").level, "station");
    assert.equal(new SourceId("FDSN:IU_COLA_00").level, "location");
    assert.equal(new SourceId("FDSN:IU_COLA_00").station, "COLA");
    assert.equal(new SourceId("FDSN:IU_COLA_00").channel, "");
    assert.equal(new SourceId("FDSN:A_B_C_D").level, undefined);
    assert.equal(new SourceId("XFDSN:A_B_C_D_E_F").level, undefined);
    assert.equal(new SourceId("XFDSN:A_B_C_D_E_F").network, "");
  });

  it("maps a temporary network with its year to SEED's code and back", () => {
    const codes = { network: "XA", station: "ABCD", location: "00", channel: "BHZ" };
    assert.equal(SourceId.fromNslc(codes, 2002).text, "FDSN:XA2002_ABCD_00_B_H_Z");
    assert.deepEqual(SourceId.parse("FDSN:XA2002_ABCD_00_B_H_Z").toNslc(), codes);
    assert.equal(SourceId.fromNslc({ ...codes, network: "IU" }, 2002).network, "IU");
    assert.equal(new SourceId("FDSN:SEIS2018_A__B_H_Z").toNslc(), undefined);
  });

  it("has no SEED codes for what does not fit them", () => {
    for (const text of [
      "FDSN:IU_TOOLONG__B_H_Z",
      "FDSN:IU_A_LOC_B_H_Z",
      "FDSN:IU_A__B_HX_Z",
      "FDSN:IU_A",
      "x",
    ]) {
      assert.equal(new SourceId(text).toNslc(), undefined, text);
    }
  });

  it("parses what the specification allows and says what it does not", () => {
    for (const text of ["FDSN:IU_COLA_00_B_H_Z", "FDSN:NET_ST-A_0-_B_HX_ZZ", "FDSN:XX_A___H_", "FDSN:IU"]) {
      assert.equal(SourceId.parse(text).text, text);
    }
    const refuse = (text: string, message: RegExp) =>
      assert.throws(
        () => SourceId.parse(text),
        (error) =>
          error instanceof SourceIdError && error.code === "INVALID_SOURCE_ID" && message.test(error.message),
      );
    refuse("IU_COLA_00_B_H_Z", /FDSN:/);
    refuse("FDSN:IU_COLA_00_BHZ", /has 4 codes/);
    refuse("FDSN:iu_COLA_00_B_H_Z", /network code "iu"/);
    refuse("FDSN:_COLA_00_B_H_Z", /network/);
    refuse("FDSN:IU_STATIONNN_00_B_H_Z", /station/);
    refuse("FDSN:IU_COLA_--_B_H_Z", /location/);
    refuse("FDSN:IU_COLA_00_B__Z", /source/);
    refuse(`FDSN:${"x".repeat(1000)}`, /…/);
  });

  it("takes any text without throwing", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `FDSN:${text}`),
        ),
        (text) => {
          const id = SourceId.from(text);
          void [id.level, id.channel, id.toNslc(), id.problems()];
          assert.equal(id.text, text);
          assert.equal(SourceId.from(id), id);
        },
      ),
    );
  });

  it("brings SEED's codes back", () => {
    const code = (min: number, max: number) => fc.stringMatching(new RegExp(`^[A-Z0-9]{${min},${max}}$`));
    const nslc = fc.record(
      { network: code(1, 2), station: code(1, 5), location: code(0, 2), channel: code(3, 3) },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(nslc, (codes) => {
        const id = SourceId.fromNslc(codes);
        assert.deepEqual(id.toNslc(), codes);
        assert.deepEqual(id.problems(), []);
      }),
    );
  });

  it("gives codes without padding, of odd identifiers too", () => {
    assert.deepEqual(new SourceId("FDSN: A_B _--_B_H_Z").toNslc(), {
      network: "A",
      station: "B",
      location: "",
      channel: "BHZ",
    });
    const word = fc.constantFrom("", " ", "_", "-", "--", "A", "\0", "\t", "é", "%20");
    const odd = fc.array(word, { maxLength: 14 }).map((words) => `FDSN:${words.join("")}`);
    fc.assert(
      fc.property(odd, (text) => {
        const codes = new SourceId(text).toNslc();
        if (codes) assert.deepEqual(SourceId.fromNslc(codes).toNslc(), codes);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("bandCode", () => {
  it("follows the table of the specification", () => {
    const rates: [number, string, string][] = [
      [10_000, "J", "J"],
      [1000, "F", "G"],
      [4999, "F", "G"],
      [500, "C", "D"],
      [100, "H", "E"],
      [80, "H", "E"],
      [79.9, "B", "S"],
      [20, "B", "S"],
      [9.9, "M", "M"],
      [1, "L", "L"],
      [0.1, "V", "V"],
      [0.01, "U", "U"],
      [0.001, "W", "W"],
      [0.0001, "R", "R"],
      [0.00001, "P", "P"],
      [0.000001, "T", "T"],
      [1e-7, "Q", "Q"],
      [0, "I", "I"],
      [Number.NaN, "I", "I"],
    ];
    for (const [rate, long, short] of rates) {
      assert.equal(bandCode(rate), long, String(rate));
      assert.equal(bandCode(rate, 5), short, String(rate));
    }
  });
});
