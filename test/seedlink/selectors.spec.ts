// lib/seedlink/protocol/selectors.ts and matching.ts: people's text as commands of both protocols, and looked at again here.
import assert from "node:assert/strict";
import fc from "fast-check";
import { SeedLinkError } from "../../lib/seedlink/protocol/errors.ts";
import { FrameReader } from "../../lib/seedlink/protocol/frame.ts";
import { globMatches, StreamMatcher } from "../../lib/seedlink/protocol/matching.ts";
import { candidateOf, PacketMaker } from "../../lib/seedlink/protocol/packet.ts";
import {
  formatStreams,
  parseStreams,
  selectorOf3,
  selectorOf4,
} from "../../lib/seedlink/protocol/selectors.ts";
import { received } from "./vectors.ts";

function lines(text: string): Record<string, [string[], (string | undefined)[]]> {
  return Object.fromEntries(
    parseStreams(text).map(({ station, selectors }) => [
      station,
      [selectors.map(selectorOf4), selectors.map((selector) => selectorOf3(selector, true))],
    ]),
  );
}

/** The streams of a recorded answer that a request keeps. */
function kept(name: string, text: string): string[] {
  const reader = new FrameReader({ maxPayload: 1 << 20, maxInfo: 1 << 20 });
  const bytes = received(name);
  reader.push(bytes);
  while (/^(OK|ERROR)/.test(bytes.toString("latin1", bytes.length - reader.buffered).slice(0, 5)))
    reader.nextLine();
  const matcher = new StreamMatcher(parseStreams(text));
  const streams = new Set<string>();
  for (let frame = reader.nextFrame(); frame; frame = reader.nextFrame()) {
    if (frame.kind !== "data") continue;
    const packet = new PacketMaker().make(frame, 0);
    if (matcher.matches(candidateOf(packet))) streams.add(packet.sourceId);
  }
  return [...streams].sort();
}

describe("SeedLink selectors", () => {
  it("are read as people write them, and said to servers of both protocols", () => {
    assert.deepEqual(lines("CO_JSC:BHZ 00HH? !BHN, IU_KONO"), {
      CO_JSC: [
        ["*_B_H_Z", "00_H_H_?", "!*_B_H_N"],
        ["BHZ", "00HH?", "!BHN"],
      ],
      IU_KONO: [[], []],
    });
    assert.deepEqual(lines("IU_KONO:BHE BHN,GE_WLF,MN_AQU:HH?"), {
      IU_KONO: [
        ["*_B_H_E", "*_B_H_N"],
        ["BHE", "BHN"],
      ],
      GE_WLF: [[], []],
      MN_AQU: [["*_H_H_?"], ["HH?"]],
    });
    assert.deepEqual(lines("FDSN:CO_HAW__B_H_Z"), { CO_HAW: [["_B_H_Z"], ["--BHZ"]] });
    assert.deepEqual(lines("fdsn:co_jsc_00_h_h_z/mseed, CO_JSC_10_HNZ"), {
      CO_JSC: [
        ["00_H_H_Z", "10_H_N_Z"],
        ["00HHZ", "10HNZ"],
      ],
    });
    assert.deepEqual(lines("CO_JSC:--BHZ --_L_O_G 10_* 00*"), {
      CO_JSC: [
        ["_B_H_Z", "_L_O_G", "10_*", "00_*"],
        ["--BHZ", "--LOG", "10???", "00???"],
      ],
    });
    assert.deepEqual(lines("CO_JSC:BH* *Z L*"), {
      CO_JSC: [
        ["*_B_H_*", "*_*_Z", "*_L_*"],
        ["BH?", "???", "???"],
      ],
    });
    assert.deepEqual(lines(""), { "*": [[], []] });
    assert.deepEqual(lines("CO_*:HHZ, GE_WLF"), { GE_WLF: [[], []], "CO_*": [["*_H_H_Z"], ["HHZ"]] });
    assert.deepEqual(lines("CO_JSC:BHZ.D L BHZ:3".replace(" BHZ:3", "")), {
      CO_JSC: [
        ["*_B_H_Z", "*"],
        ["BHZ", "???"],
      ],
    });
    assert.deepEqual(parseStreams("CO_JSC:BHZ.3D:3")[0]!.selectors.map(selectorOf4), ["*_B_H_Z.3D:3"]);
  });

  it("whose location is empty ask SeisComP, which has no word for it, for more, and take the rest away here", () => {
    const { selectors } = parseStreams("CO_HAW:--BHZ !--LOG")[0]!;
    assert.deepEqual(
      selectors.map((selector) => selectorOf3(selector, false)),
      ["BHZ", undefined],
    );
    assert.deepEqual(kept("sc-data-oldest", "CO_JSC:--LOG"), ["FDSN:CO_JSC__L_O_G"]);
  });

  it("of protocol 3 with `!` are translated behind the `!`, which libslink does not", () => {
    assert.deepEqual(lines("CO_JSC:!BHZ"), { CO_JSC: [["!*_B_H_Z"], ["!BHZ"]] });
  });

  it("that take away never take away more than they say", () => {
    assert.deepEqual(lines("CO_JSC:!BHZ.L !10_* !*_B_H_*"), {
      CO_JSC: [["!*_B_H_Z", "!10_*", "!*_B_H_*"].map((text) => text), [undefined, undefined, undefined]],
    });
  });

  it("with a conversion are not said to protocol 3", () => {
    const { selectors } = parseStreams("CO_JSC:BHZ:3")[0]!;
    assert.throws(
      () => selectorOf3(selectors[0]!, true),
      (error) => error instanceof SeedLinkError && error.code === "NOT_SUPPORTED",
    );
  });

  it("that make no sense are named", () => {
    for (const text of [
      "CO",
      "CO_JSC:",
      "CO_JSC:BHZZZZZ",
      "CO_JSC:B+Z",
      "CO JSC",
      "CO_JSC:BHZ\u0007",
      "CO_JSC_00_BHZ_X_Y_Z",
      "CO_JSC:B",
      // Four letters: neither a channel nor a location and a channel.
      "CO_JSC:BHZL",
      "CO_JSC:BH?L",
      "CO_JSC:00_B",
      "CO_J\u00e4",
      "x".repeat(2_000_000),
      "A_B,".repeat(20_000).replaceAll("A_B", "A_B:BHZ"),
    ]) {
      assert.throws(
        () => parseStreams(text),
        (error) => error instanceof SeedLinkError && error.code === "INVALID_ARGUMENT",
        text.slice(0, 40),
      );
    }
  });

  it("come back from their text", () => {
    for (const text of ["CO_JSC_00_BH*", "CO_JSC_00_BHZ*", "00_B_H_Z*00", "CO_JSC:00_BH*Z BH*"])
      assert.deepEqual(parseStreams(formatStreams(parseStreams(text))), parseStreams(text), text);
    const code = (max: number) => fc.stringMatching(new RegExp(`^[A-Z0-9?]{1,${max}}$`));
    const channel = fc.array(code(1), { minLength: 3, maxLength: 3 });
    const stream = fc
      .tuple(fc.constantFrom("", "00", "*", "1?", "LONG"), channel)
      .map(([location, letters]) => [location, ...letters].join("_"));
    const selector = fc.record(
      {
        negative: fc.boolean(),
        stream: fc.oneof(stream, fc.constantFrom("*", "10_*", "*_B_H_*")),
        type: fc.constantFrom("D", "L", "2D", "?D"),
        filter: fc.constantFrom("native", "3"),
      },
      { requiredKeys: ["negative", "stream"], noNullPrototype: true },
    );
    const station = fc.tuple(code(2), code(5)).map(([network, name]) => `${network}_${name}`);
    const requests = fc.uniqueArray(
      fc.record({ station, selectors: fc.array(selector, { maxLength: 5 }) }, { noNullPrototype: true }),
      { minLength: 1, maxLength: 5, selector: (request) => request.station },
    );
    fc.assert(
      fc.property(requests, (given) => {
        const once = parseStreams(formatStreams(given));
        assert.deepEqual(
          [...once].sort((a, b) => (a.station < b.station ? -1 : 1)),
          [...given].sort((a, b) => (a.station < b.station ? -1 : 1)),
        );
      }),
    );
  });

  it("of protocol 3 ask for at least what they mean, for every stream that there may be", () => {
    const letter = fc.constantFrom("A", "B", "H", "Z", "0", "1");
    const pattern = fc
      .tuple(
        fc.constantFrom("", "00", "*", "0?", "A"),
        fc.array(fc.oneof(letter, fc.constantFrom("?", "*")), { minLength: 3, maxLength: 3 }),
      )
      .map(([location, letters]) => [location, ...letters].join("_"));
    const actual = fc.tuple(
      fc.constantFrom("", "00", "01", "A0"),
      fc.array(letter, { minLength: 3, maxLength: 3 }),
    );
    fc.assert(
      fc.property(
        pattern,
        actual,
        fc.boolean(),
        fc.boolean(),
        (stream, [location, letters], negative, dashes) => {
          const word = selectorOf3({ negative, stream }, dashes);
          const means = globMatches(stream, [location, ...letters].join("_"));
          const says = word !== undefined && fits3(word.replace("!", ""), location, letters.join(""));
          if (negative)
            assert.ok(!says || means, `${stream} as ${word} takes away ${location}${letters.join("")}`);
          else assert.ok(!means || says, `${stream} as ${word} leaves out ${location}${letters.join("")}`);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

/** How a server of protocol 3 reads a selector. */
function fits3(word: string, location: string, channel: string): boolean {
  const [loc, cha] = word.length === 5 ? [word.slice(0, 2), word.slice(2)] : ["??", word];
  const place = loc === "--" ? location === "" : globMatches(loc, location.padEnd(2, " "));
  return place && globMatches(cha, channel);
}

describe("SeedLink packets that were not asked for", () => {
  it("do not pass where the server adds overlapping stations up (v4-overlap)", () => {
    const streams = kept("v4-overlap", "CO_JSC:BHZ, CO_*");
    assert.ok(streams.includes("FDSN:CO_JSC_00_B_H_Z") && streams.includes("FDSN:CO_HAW__B_H_Z"));
    assert.ok(!streams.includes("FDSN:CO_JSC_00_B_H_N"));
  });

  it("do not pass after a refused SELECT (v4-illegal, select-short-star)", () => {
    assert.deepEqual(kept("v4-illegal", "CO_JSC:BHZ"), ["FDSN:CO_JSC_00_B_H_Z"]);
    assert.deepEqual(kept("select-short-star", "CO_JSC:10HNZ"), ["FDSN:CO_JSC_10_H_N_Z"]);
  });

  it("do not pass where STATION was refused and everything came (v4-station-v3-style)", () => {
    assert.deepEqual(kept("v4-station-v3-style", "CO_HAW"), ["FDSN:CO_HAW__B_H_Z"]);
  });

  it("do not pass by their type or format (select-any-l, v4-format-3d)", () => {
    assert.deepEqual(kept("select-any-l", "CO_JSC:L"), ["FDSN:CO_JSC__L_O_G"]);
    assert.deepEqual(kept("v4-format-3d", "CO_JSC:*.3D"), []);
  });

  it("are those of no station asked for, taken away by any entry, or fitting none", () => {
    const of = (station: string, stream: string | undefined, type = "2D") => ({
      ...{ station, stream, format: type[0]!, subformat: type.slice(1) },
    });
    const matches = (text: string, ...candidate: Parameters<typeof of>) =>
      new StreamMatcher(parseStreams(text)).matches(of(...candidate));
    assert.equal(matches("CO_JSC", "CO_HAW", "00_H_H_Z"), false);
    assert.equal(matches("CO_JSC", "CO_JSC", "00_H_H_Z"), true);
    assert.equal(matches("CO_*:HHZ,CO_JSC:BHZ", "CO_JSC", "00_H_H_Z"), false);
    assert.equal(matches("CO_*:HHZ,CO_JSC:BHZ", "CO_HAW", "00_H_H_Z"), true);
    assert.equal(matches("CO_JSC:HHZ !10_*", "CO_JSC", "10_H_H_Z"), false);
    assert.equal(matches("CO_JSC:!10_*", "CO_JSC", "00_H_H_Z"), true);
    assert.equal(matches("CO_JSC:HHZ", "CO_JSC", undefined), false);
    assert.equal(matches("CO_JSC", "CO_JSC", undefined), true);
    assert.equal(matches("CO_JSC:HHZ.L", "CO_JSC", "00_H_H_Z", "2D"), false);
    assert.equal(matches("CO_JSC:HHZ.3D", "CO_JSC", "00_H_H_Z", "3D"), true);
    assert.equal(matches("CO_JSC:HHZ.3D", "CO_JSC", "00_H_H_Z", "2D"), false);
  });

  it("are told in time that grows with the product of the lengths only", () => {
    const began = Date.now();
    assert.equal(globMatches(`${"*a".repeat(2000)}b`, "a".repeat(4000)), false);
    assert.ok(Date.now() - began < 2000);
  });

  it("fit a pattern exactly if they fit its regular expression", () => {
    const text = fc.stringMatching(/^[ab_]{0,8}$/);
    const pattern = fc.stringMatching(/^[ab_*?]{0,6}$/);
    fc.assert(
      fc.property(pattern, text, (glob, name) => {
        const expected = new RegExp(`^${glob.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(name);
        assert.equal(globMatches(glob, name), expected);
      }),
      { numRuns: 2000 },
    );
  });
});
