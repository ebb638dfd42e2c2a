// lib/mseed/v2/codes.ts and lib/source-id.ts: whatever the codes of a miniSEED 2 header are, they stay what they are.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ConvertOptions,
  convertRecord,
  type MiniSeedRecord,
  type Problem,
  packRecords,
  readRecords,
} from "../../lib/mseed/index.ts";
import { SourceId } from "../../lib/source-id.ts";

const SERIES = {
  sourceId: "FDSN:XX_A_00_H_H_Z",
  startTime: "2026-01-01",
  sampleRate: 100,
  samples: [1, 2, 3],
};

function only(bytes: Uint8Array | undefined): MiniSeedRecord {
  const [record] = readRecords(bytes as Uint8Array);
  assert.ok(record);
  return record;
}

/** A record with these 12 bytes of station, location, channel and network. */
function recordOf(codes: Uint8Array): MiniSeedRecord {
  const [bytes] = packRecords(SERIES, { formatVersion: 2 }) as Iterable<Uint8Array>;
  bytes?.set(codes, 8);
  return only(bytes);
}

function codesOf(record: MiniSeedRecord): string {
  return Buffer.from(record.bytes.subarray(8, 20)).toString("latin1");
}

function convert(record: MiniSeedRecord, options: ConvertOptions): MiniSeedRecord {
  const problems: Problem[] = [];
  const converted = convertRecord(record, { ...options, onProblem: (problem) => problems.push(problem) });
  assert.deepEqual(
    problems.map(({ message }) => message),
    [],
  );
  return only(converted[0]);
}

/** Every byte but control characters, blanks, underscores and dashes more often than the others. */
const codeByte = fc.oneof(
  fc.constantFrom(..." _-".split(""), "A", "0", "%", ":", "2").map((c) => c.charCodeAt(0)),
  fc.integer({ min: 0x20, max: 0x7e }),
  fc.integer({ min: 0x80, max: 0xff }),
);
const codes = fc.array(codeByte, { minLength: 12, maxLength: 12 }).map((bytes) => Uint8Array.from(bytes));

describe("the codes of miniSEED 2", () => {
  it("stay the same bytes in version 2, whatever else changes", () => {
    fc.assert(
      fc.property(codes, fc.uint8Array({ minLength: 12, maxLength: 12 }), (ordinary, any) => {
        for (const bytes of [ordinary, any]) {
          const record = recordOf(bytes);
          const changes = [
            { recordLength: 1024 },
            { publicationVersion: 4 },
            { encoding: "int32" },
            { extraHeaders: "" },
          ];
          for (const change of changes) assert.equal(codesOf(convert(record, change)), codesOf(record));
        }
      }),
    );
  });

  it("come back from version 3, and from the headers of a record packed anew", () => {
    fc.assert(
      fc.property(codes, (bytes) => {
        const record = recordOf(bytes);
        const three = convert(record, { formatVersion: 3 });
        assert.equal(three.sourceId.text, record.sourceId.text);
        assert.equal(codesOf(convert(three, { formatVersion: 2 })), codesOf(record));
        const { sourceId, startTime, sampleRate, samples, extraHeaders } = record;
        const series = { sourceId: sourceId.text, startTime, sampleRate, samples, extraHeaders };
        assert.equal(codesOf(only([...packRecords(series, { formatVersion: 2 })][0])), codesOf(record));
      }),
      { numRuns: 2000 },
    );
  });

  it("need no extra header where a source identifier says them", () => {
    for (const channel of [
      "BHZ",
      "H  ",
      "   ",
      " ZH",
      "A_B",
      "--",
      "B H",
      "_A ",
      "A_ ",
      "A _",
      "___",
      "  _",
    ]) {
      const record = recordOf(Buffer.from(`SCR  00${channel.padEnd(3)}XX`));
      assert.deepEqual(record.extraHeaders, {}, channel);
      assert.equal(record.sourceId.level, "channel");
    }
    assert.equal(recordOf(Buffer.from("SCR  00H  XX")).sourceId.text, "FDSN:XX_SCR_00_H__");
    assert.equal(recordOf(Buffer.from("SCR  00B_ZXX")).sourceId.text, "FDSN:XX_SCR_00_B___Z");
    assert.deepEqual(recordOf(Buffer.from("S_R  --BHZXX")).extraHeaders, {
      SEED: { Station: "S_R", Location: "--", Channel: "BHZ", Network: "XX" },
    });
    assert.deepEqual(recordOf(Buffer.from("SCR  --BHZXX")).extraHeaders, { SEED: { Location: "--" } });
  });

  it("give way to another source identifier", () => {
    const three = convert(recordOf(Buffer.from("S_R  --BHZXX")), { formatVersion: 3 });
    for (const formatVersion of [2, 3] as const) {
      const renamed = convert(three, { formatVersion, sourceId: "FDSN:YY_B__L_H_N" });
      assert.equal(renamed.sourceId.text, "FDSN:YY_B__L_H_N");
      assert.deepEqual(renamed.extraHeaders, {});
    }
  });
});

describe("a source identifier", () => {
  it("and the three characters of a channel are each other's inverse", () => {
    const character = fc.oneof(
      fc.constantFrom(" ", "_", "-", "%", ":"),
      fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
    );
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(fc.tuple(character, character, character), (characters) => {
        const channel = characters.join("");
        const id = SourceId.fromNslc({ network: "XX", station: "STA", location: "00", channel });
        assert.equal(id.level, "channel");
        assert.deepEqual(id.toNslc(), { network: "XX", station: "STA", location: "00", channel });
        assert.equal(SourceId.fromNslc(id.toNslc() as never).text, id.text);
        assert.equal(seen.get(id.text) ?? channel, channel);
        seen.set(id.text, channel);
      }),
      { numRuns: 5000 },
    );
  });
});
