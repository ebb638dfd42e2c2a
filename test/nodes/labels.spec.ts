// Labels of nodes: short, and in words.
import assert from "node:assert/strict";
import fc from "fast-check";
import { definitions, pureModule } from "../support/editor/definitions.ts";

interface Labels {
  MAX_LABEL_WIDTH: number;
  labelWidth: (text: string) => number;
  shortLabel: (text: string, suffix?: string) => string;
  shortLines: (text: string) => string;
  patternLabel: (pattern: string) => string;
  listLabel: (list: string) => string;
  streamLabel: (streamId: string) => string;
}

describe("labels", () => {
  const labels = pureModule<Labels>("shared/canvas/labels");

  const PATTERNS: [string, string][] = [
    ["^FDSN:XX_DEMO_00_H_H_E/MSEED$", "XX_DEMO_00_H_H_E"],
    [
      "^(FDSN:XX_DEMO_00_H_H_E/MSEED|FDSN:XX_DEMO_00_H_H_N/MSEED|FDSN:XX_DEMO_00_H_H_Z/MSEED)$",
      "XX_DEMO_00_H_H_E +2",
    ],
    ["FDSN:CO_.*", "CO_*"],
    ["FDSN:CO_.*/MSEED", "CO_*"],
    ["CO_JSC_.*|CO_HAW_.*", "CO_JSC_* +1"],
    ["^FDSN:CO_JSC/JSON$", "CO_JSC/JSON"],
    ["FDSN:GE_WLF_.*_H_H_[ENZ]", "GE_WLF_*_H_H_[ENZ]"],
    ["(a|b)(c|d)", "(a|b)(c|d)"],
    ["[a|b]|c", "[a|b] +1"],
    ["A_B\\.C", "A_B.C"],
    ["\\d+", "\\d+"],
    ["A?C.", "A?C?"],
    ["(", "("],
    ["\\", "\\"],
    ["", ""],
  ];
  for (const [pattern, label] of PATTERNS) {
    it(`says ${JSON.stringify(label)} for ${JSON.stringify(pattern)}`, () => {
      assert.equal(labels.patternLabel(pattern), label);
    });
  }

  it("keeps how many more there are where the first one is too long", () => {
    const label = labels.patternLabel(`(${"LONG_STATION_NAME_".repeat(5)}|B|C|D)`);
    assert.match(label, /^LONG_STATION_.*… \+3$/);
    assert.ok(labels.labelWidth(label) <= labels.MAX_LABEL_WIDTH, label);
  });

  it("is never too wide, and says something for everything, whatever is written", () => {
    const text = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.string({ maxLength: 300 }));
    fc.assert(
      fc.property(text, (given) => {
        for (const label of [
          labels.patternLabel(given),
          labels.streamLabel(given),
          ...labels.shortLines(given).split("\\n"),
        ]) {
          assert.ok(labels.labelWidth(label) <= labels.MAX_LABEL_WIDTH, label);
        }
        if (labels.labelWidth(given) <= labels.MAX_LABEL_WIDTH) assert.equal(labels.shortLabel(given), given);
      }),
    );
  });

  it("says how many more stations a list has", () => {
    assert.equal(labels.listLabel("CO_*:HHZ, GE_WLF, IU_ANMO"), "CO_*:HHZ +2");
    assert.equal(labels.listLabel("GE_WLF"), "GE_WLF");
    assert.equal(labels.listLabel(""), "");
  });

  it("leaves the lines of a name that has several", () => {
    assert.equal(labels.shortLines("Vienna \\n north"), "Vienna \\n north");
  });

  it("holds for every node: by its settings, by its name, and with nothing at all", () => {
    const long = "FDSN:XX_DEMO_00_H_H_E/MSEED|".repeat(40);
    for (const [type, definition] of definitions()) {
      const label = (node: object) =>
        (definition as unknown as { label(this: object): string }).label.call({
          type,
          _: (key: string) => key,
          ...node,
        });
      const settings = {
        match: long,
        streamId: long,
        address: long,
        port: "16000".repeat(40),
        streams: long,
      };
      for (const node of [settings, { ...settings, name: long }, {}]) {
        const text = label(node);
        assert.ok(text.length > 0 && labels.labelWidth(text) <= labels.MAX_LABEL_WIDTH, `${type}: ${text}`);
      }
    }
  });

  it("finds what wires lead to, in rings too", () => {
    const { reachedFrom } = pureModule<{
      reachedFrom: (first: string[], next: (id: string) => string[]) => Set<string>;
    }>("shared/canvas/downstream");
    const wires: Record<string, string[]> = { a: ["b", "c"], b: ["a"], c: [], d: ["e"] };
    assert.deepEqual([...reachedFrom(["a"], (id) => wires[id] ?? [])].sort(), ["a", "b", "c"]);
    assert.deepEqual([...reachedFrom([], (id) => wires[id] ?? [])], []);
  });

  it("calls datalink info by its name", () => {
    const info = definitions().get("datalink-info") as unknown as { label(this: object): string };
    assert.equal(info.label.call({ request: "streams", _: (key: string) => key }), "datalink info");
  });
});
