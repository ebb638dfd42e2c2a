// lib/archive/replay: records of many files in the order of their time, the same each time, at any pace.
import assert from "node:assert/strict";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { PathPattern } from "../../lib/archive/path-pattern.ts";
import { filesAt, filesOfArchive } from "../../lib/archive/replay/found-files.ts";
import { type ReplayedRecord, type ReplayOptions, replay } from "../../lib/archive/replay/replay.ts";
import { packRecords, readRecords } from "../../lib/mseed/index.ts";
import { shiftRecord } from "../../lib/mseed/shift.ts";
import { newFolder } from "../support/folders.ts";

const SECOND = 1_000_000_000n;
const START = 1_700_000_000n * SECOND;

function record(station: string, second: number, formatVersion: 2 | 3 = 3): Buffer {
  const series = {
    sourceId: `FDSN:XX_${station}_00_H_H_Z`,
    startTime: START + BigInt(second) * SECOND,
    sampleRate: 10,
  };
  const samples = Int32Array.from({ length: 10 }, (_, i) => second + i);
  return Buffer.concat([...packRecords({ ...series, samples }, { formatVersion, recordLength: 256 })]);
}

const seconds = (found: ReplayedRecord[]) =>
  found.map(({ record: { startTime } }) => Number((startTime - START) / SECOND));

async function all(files: string[], options?: ReplayOptions): Promise<ReplayedRecord[]> {
  const found: ReplayedRecord[] = [];
  for await (const each of replay(files, options)) found.push(each);
  return found;
}

describe("replay", () => {
  let folder: string;
  beforeEach(() => {
    folder = newFolder();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function write(name: string, bytes: Uint8Array): Promise<string> {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
    return file;
  }

  const stations = (station: string, from: number, to: number) =>
    Buffer.concat(Array.from({ length: to - from }, (_, i) => record(station, from + i)));

  it("gives the records of all files in the order of their time, also of compressed ones", async () => {
    const files = [
      await write("later.mseed", stations("A", 5, 9)),
      await write("b.mseed", stations("B", 0, 7)),
      await write("a.mseed.gz", gzipSync(stations("A", 0, 5))),
    ];
    assert.deepEqual(seconds(await all(files)), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8]);
  });

  it("goes on behind any record as if it had never stopped, also where files are out of order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 6 }), {
          minLength: 1,
          maxLength: 4,
        }),
        async (times) => {
          const files: string[] = [];
          for (const [i, list] of times.entries())
            files.push(
              await write(`${i}.mseed`, Buffer.concat(list.map((second) => record(`S${i}`, second)))),
            );
          const whole = await all(files);
          assert.equal(whole.length, times.flat().length);
          const tell = ({ position: { file, record: n } }: ReplayedRecord) => `${path.basename(file)} ${n}`;
          for (const [i, { position }] of whole.entries()) {
            assert.deepEqual((await all(files, { after: position })).map(tell), whole.slice(i + 1).map(tell));
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it("gives what has samples in a span of time", async () => {
    const file = await write("a.mseed", stations("A", 0, 10));
    const options = { startTime: START + 3n * SECOND + SECOND / 2n, endTime: START + 6n * SECOND };
    assert.deepEqual(seconds(await all([file], options)), [3, 4, 5, 6]);
    // The last sample of a record of a second is 0.1 s before the next one.
    const end = START + 3n * SECOND + (9n * SECOND) / 10n;
    assert.deepEqual(seconds(await all([file], { startTime: end, endTime: START + 5n * SECOND })), [3, 4, 5]);
    assert.deepEqual(
      seconds(await all([file], { startTime: end + 1n, endTime: START + 5n * SECOND - 1n })),
      [4],
    );
  });

  it("gives records of the same time in the order of their files' names, and of a file without one what is behind it", async () => {
    const files = [
      await write("b", stations("B", 0, 2)),
      await write("c", Buffer.alloc(0)),
      await write("a", stations("A", 0, 2)),
    ];
    const names = (await all(files)).map(
      ({ position: { file, record: n } }) => `${path.basename(file)} ${n}`,
    );
    assert.deepEqual(names, ["a 0", "b 0", "a 1", "b 1"]);
  });

  it("keeps a pace, and ends at once when it is told to", async () => {
    const file = await write("a.mseed", stations("A", 0, 8));
    const begun = performance.now();
    assert.equal((await all([file], { speed: 20 })).length, 8);
    const took = performance.now() - begun;
    assert.ok(took > 380, `${took} ms for 7.9 s at 20 times real time`);
    const aborting = new AbortController();
    setTimeout(() => aborting.abort(), 50);
    assert.deepEqual(await all([file], { speed: 0.001, signal: aborting.signal }), []);
  });

  it("tells of files without records, reads on behind damage, and fails for what is not there", async () => {
    const files = [
      await write("text", Buffer.from("not a record")),
      await write("a.mseed", Buffer.concat([record("A", 0), Buffer.alloc(77, 1), record("A", 1)])),
    ];
    const problems: string[] = [];
    const onProblem: ReplayOptions["onProblem"] = (file, { code }) =>
      problems.push(`${path.basename(file)} ${code}`);
    assert.deepEqual(seconds(await all(files, { onProblem })), [0, 1]);
    assert.deepEqual(problems, ["text NOT_MINISEED", "a.mseed NOT_MINISEED"]);
    await assert.rejects(all([path.join(folder, "none")]), { code: "ENOENT" });
    await assert.rejects(filesAt(path.join(folder, "none")), { code: "NOT_FOUND" });
  });

  it("finds files of folders and archives, and none that is hidden or of another pattern", async () => {
    const archive = path.join(folder, "sds");
    const day = "sds/2023/XX/A/HHZ.D/XX.A.00.HHZ.D.2023.318";
    for (const name of [day, `${day.slice(0, -1)}9.gz`, "sds/readme.txt", "sds/.hidden"])
      await write(name, record("A", 0));
    const pattern = new PathPattern(`SDS@${archive}`);
    assert.deepEqual(
      (await filesOfArchive(pattern)).map((file) => path.relative(folder, file)),
      [day, `${day.slice(0, -1)}9.gz`],
    );
    assert.equal((await filesAt(archive)).length, 3);
    await mkdir(path.join(folder, "empty"));
    await assert.rejects(filesAt(path.join(folder, "empty")), { code: "NOT_FOUND" });
    await assert.rejects(filesOfArchive(new PathPattern(`BUD@${archive}`)), { code: "NOT_FOUND" });
  });

  it("follows links to files, and none to folders or to nothing", async () => {
    const file = await write("links/file", record("A", 0));
    await mkdir(path.join(folder, "other"));
    await write("other/file", record("A", 0));
    for (const [name, to] of [
      ["to a file", file],
      ["to a folder", path.join(folder, "other")],
      ["to nothing", path.join(folder, "nothing")],
    ] as const)
      await symlink(to, path.join(folder, "links", name));
    const found = await filesAt(path.join(folder, "links"));
    assert.deepEqual(
      found.map((name) => path.basename(name)),
      ["file", "to a file"],
    );
  });

  it("says what is not there, and what the file system says otherwise", async () => {
    const none = path.join(folder, "none");
    const notFound = { code: "NOT_FOUND", message: `There is no file and no folder ${none}.` };
    await assert.rejects(filesAt(none), notFound);
    await assert.rejects(filesOfArchive(new PathPattern(`SDS@${none}`)), notFound);
    const below = path.join(await write("file", Buffer.alloc(0)), "x");
    await assert.rejects(filesAt(below), { code: "NOT_FOUND" });
    await assert.rejects(filesAt(path.join(folder, "x".repeat(300))), { code: "ENAMETOOLONG" });
  });

  it("looks for files in folders within each other, but not without end", async () => {
    const deep = (folders: number) => path.join("deep", ...Array<string>(folders).fill("d"), "file");
    const file = await write(deep(64), record("A", 0));
    assert.deepEqual(await filesAt(path.join(folder, "deep")), [file]);
    await write(deep(65), record("A", 0));
    await assert.rejects(filesAt(path.join(folder, "deep")), { code: "TOO_MANY_FILES" });
  });
});

describe("shiftRecord", () => {
  it("moves a record by any time and changes nothing else", () => {
    const shifts = fc.bigInt({ min: -30n * 365n * 86_400n * SECOND, max: 30n * 365n * 86_400n * SECOND });
    fc.assert(
      fc.property(
        shifts,
        fc.constantFrom(2 as const, 3 as const),
        fc.nat(1_000_000),
        (shift, version, extra) => {
          const series = {
            sourceId: "FDSN:XX_A_00_H_H_Z",
            startTime: START + BigInt(extra) * 1000n,
            sampleRate: 100,
            samples: [1, 2, 3],
          };
          const [bytes] = packRecords(series, { formatVersion: version, recordLength: 256 });
          const [before] = readRecords(bytes!);
          const [after] = readRecords(shiftRecord(before!, shift), { strict: true });
          const moved = after!.startTime - before!.startTime - shift;
          assert.ok(version === 3 ? moved === 0n : Math.abs(Number(moved)) <= 50_000, `${moved}`);
          assert.deepEqual(after!.samples, before!.samples);
          assert.equal(after!.extraHeadersText, before!.extraHeadersText);
        },
      ),
    );
  });
});
