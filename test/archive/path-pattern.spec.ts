// lib/archive/path-pattern.ts: flags and presets, and codes that try to leave the directory.
import assert from "node:assert/strict";
import { hostname } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { ArchiveError } from "../../lib/archive/errors.ts";
import { PathPattern, PRESETS, RECORD_FLAGS } from "../../lib/archive/path-pattern.ts";

/** The record by which the reference names every flag's value: 2010-058T06:50:00.069539. */
const COLA = {
  network: "IU",
  station: "COLA",
  location: "00",
  channel: "LH1",
  time: 1_267_253_400_069_539,
  quality: "M",
  recordLength: 512,
  sampleRate: 1,
  host: "127.0.0.1",
};

function expand(pattern: string, fields: Partial<typeof COLA> = {}): string {
  return new PathPattern(pattern, { flags: RECORD_FLAGS }).path({ ...COLA, ...fields });
}

function refusal(action: () => unknown, code: string): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ArchiveError, String(error));
    assert.equal(error.code, code, error.message);
    return error.message;
  }
  assert.fail("nothing was refused");
}

describe("archive path pattern", () => {
  const flags: [string, string][] = [
    ["n.%n.s.%s.l.%l.c.%c", "n.IU.s.COLA.l.00.c.LH1"],
    ["%Y %y %j %H %M %S %F", "2010 10 058 06 50 00 069539000"],
    ["%q-%L-%r-%R-%h", "M-512-1-1.000000-127.0.0.1"],
    ["100%%-##1-%s", "100%-#1-COLA"],
    ["%n.#Y", "IU.2010"],
  ];
  for (const [pattern, expected] of flags) {
    it(`fills ${pattern}`, () => assert.equal(expand(`/data/${pattern}`), `/data/${expected}`));
  }

  const presets: [string, string][] = [
    ["BUD", "IU/COLA/COLA.IU.00.LH1.2010.058"],
    ["CHAN", "IU.COLA.00.LH1"],
    ["QCHAN", "IU.COLA.00.LH1.M"],
    ["CDAY", "IU.COLA.00.LH1.2010:058:06:50:00"],
    ["SDAY", "IU.COLA.2010:058"],
    ["HSDAY", "127.0.0.1/IU.COLA.2010:058"],
    ["SDS", "2010/IU/COLA/LH1.D/IU.COLA.00.LH1.D.2010.058"],
  ];
  for (const [name, expected] of presets) {
    it(`knows the layout ${name}`, () => assert.equal(expand(`${name}@/data`), `/data/${expected}`));
  }

  it("has a test for every preset", () => {
    assert.deepEqual(
      presets.map(([name]) => name),
      Object.keys(PRESETS),
    );
  });

  it("gives the paths that simpledali's own test configuration names", () => {
    const pattern = new PathPattern("/tmp/jsonl/%n/%s/%Y/%j/%n.%s.%l.%c.%Y.%j.%H.jsonl");
    const bird = {
      network: "CO",
      station: "BIRD",
      location: "00",
      channel: "HHZ",
      time: 1_767_225_600_000_000,
    };
    assert.equal(pattern.path(bird), "/tmp/jsonl/CO/BIRD/2026/001/CO.BIRD.00.HHZ.2026.001.00.jsonl");
    assert.equal(pattern.directory, "/tmp/jsonl");
  });

  it("keeps empty codes, and takes any directory's characters in a preset as they are", () => {
    assert.equal(expand("/data/%l/%n.%s.%l.%c", { location: "" }), "/data/IU.COLA..LH1");
    assert.equal(expand("CHAN@/a%b#c"), "/a%b#c/IU.COLA.00.LH1");
    assert.equal(expand("%h", { host: undefined as never }), path.resolve(hostname()));
  });

  it("takes nanoseconds, and times before 1970", () => {
    const pattern = new PathPattern("/data/%Y.%j.%H.%M.%S.%F");
    assert.equal(
      pattern.path({ ...COLA, time: 1_267_253_400_069_539_123n }),
      "/data/2010.058.06.50.00.069539123",
    );
    assert.equal(pattern.path({ ...COLA, time: -1 }), "/data/1969.365.23.59.59.999999000");
    assert.equal(pattern.path({ ...COLA, time: -1n }), "/data/1969.365.23.59.59.999999999");
    refusal(() => pattern.path({ ...COLA, time: Number.MAX_SAFE_INTEGER * 1e3 }), "INVALID_STREAM_ID");
  });

  it("names the day of the machine's clock", () => {
    const now = new Date();
    const days =
      (Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) - Date.UTC(now.getFullYear(), 0)) /
      86_400_000;
    const expected = `/data/${now.getFullYear()}${String(days + 1).padStart(3, "0")}`;
    assert.equal(expand("/data/%D"), expected);
  });

  it("says for how long one stream stays in one file", () => {
    const period = (pattern: string) => new PathPattern(pattern).period;
    assert.equal(period("/data/%n.%Y"), 86_400e6);
    assert.equal(period("/data/%n.%Y.%j.%H"), 3600e6);
    assert.equal(period("/data/%n.%M.%Y"), 60e6);
    assert.equal(period("/data/%n"), Number.POSITIVE_INFINITY);
    assert.equal(period("/data/%n.%Y.#H"), 86_400e6);
    assert.equal(period("/data/%D.%n"), 0);
  });

  it("refuses what is not a pattern, and says what is allowed", () => {
    assert.match(
      refusal(() => new PathPattern("/data/%x"), "INVALID_PATTERN"),
      /%x.*%n network.*%j day of the year/,
    );
    assert.match(
      refusal(() => new PathPattern("/data/%n%"), "INVALID_PATTERN"),
      /ends with a single %/,
    );
    assert.match(
      refusal(() => new PathPattern("/data/%q"), "INVALID_PATTERN"),
      /%q/,
    );
    assert.match(
      refusal(() => new PathPattern("FOO@/data"), "INVALID_PATTERN"),
      /BUD, CHAN.*SDS/,
    );
    for (const nameless of ["", "/data/", "/data/%n/"]) {
      assert.match(
        refusal(() => new PathPattern(nameless), "INVALID_PATTERN"),
        /no file name/,
      );
    }
    refusal(() => new PathPattern("/data/%n\0"), "INVALID_PATTERN");
  });

  it("refuses a pattern that leaves its directory", () => {
    for (const pattern of ["/data/%n/../../%s", "/data/%n/.", "../%n", "/other/%n", "/database/%n"]) {
      refusal(() => new PathPattern(pattern, { directory: "/data" }), "PATH_ESCAPES");
    }
    assert.equal(new PathPattern("a/%n", { directory: "/data" }).path(COLA), "/data/a/IU");
    assert.equal(new PathPattern("/data/a/%n", { directory: "/data" }).path(COLA), "/data/a/IU");
    assert.equal(new PathPattern("a/../%n").path(COLA), path.resolve("IU"));
  });

  it("makes codes harmless, and keeps different ones different", () => {
    assert.equal(expand("/data/%n/%s", { station: "../.." }), "/data/IU/%2E%2E%2F%2E%2E");
    assert.equal(expand("/data/%s.%c", { station: "A\0B\\" }), "/data/A%00B%5C.LH1");
    assert.equal(expand("/data/%s", { station: "A B \n" }), "/data/AB");
    assert.equal(expand("/data/%s", { station: "é" }), "/data/%C3%A9");
    assert.equal(expand("/data/%s", { station: "%2F" }), "/data/%252F");
  });

  it("refuses names that empty or endless codes would make", () => {
    const none = { network: "", station: "", location: "", channel: "" };
    refusal(() => expand("/data/%n/%s", none), "PATH_ESCAPES");
    refusal(() => expand("/data/%n/%l..%c", none), "PATH_ESCAPES");
    refusal(() => expand("/data/%n.", none), "PATH_ESCAPES");
    refusal(() => expand("/data/%s", { station: "A".repeat(256) }), "INVALID_STREAM_ID");
    refusal(() => expand("/data/%s", { station: "/".repeat(100) }), "INVALID_STREAM_ID");
  });

  it("never leaves its directory, whatever the codes", () => {
    const code = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.constantFrom("..", ".", "/", "../..", "", "\0", "\\"),
    );
    const patterns = [
      ...Object.keys(PRESETS).map((name) => `${name}@/data/x`),
      "/data/x/%n/%s/%l/%c",
      "/data/x/%n%s%l%c",
      "/data/x/%l.%c./%n",
    ];
    const parsed = patterns.map((pattern) => new PathPattern(pattern, { flags: RECORD_FLAGS }));
    fc.assert(
      fc.property(
        code,
        code,
        code,
        code,
        fc.constantFrom(...parsed),
        (network, station, location, channel, pattern) => {
          let file: string;
          try {
            file = pattern.path({
              ...COLA,
              network,
              station,
              location,
              channel,
              host: network,
              quality: station,
            });
          } catch (error) {
            assert.ok(error instanceof ArchiveError);
            return;
          }
          assert.ok(file.startsWith("/data/x/"), file);
          assert.equal(path.resolve(file), file);
          assert.match(file, /^[\w/:.%-]+$/);
        },
      ),
    );
  });
});
