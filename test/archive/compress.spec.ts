// lib/archive/compress.ts: which files are compressed, and that every line is there exactly once, wherever it is killed.
import assert from "node:assert/strict";
import promises, {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { Appender } from "../../lib/archive/appender.ts";
import { Compressor } from "../../lib/archive/compress.ts";
import type { ArchiveEvent } from "../../lib/archive/events.ts";
import { JsonLinesArchive, type JsonLinesOptions } from "../../lib/archive/json-lines.ts";
import { PathPattern } from "../../lib/archive/path-pattern.ts";

const DAY = 86_400;
const STREAM = "FDSN:XX_A__L_O_G/JSON";
const PATTERN = "%n/%l/%s.%Y.%j.jsonl";
/** Its path has no name for the empty location. */
const FILE = "XX/A.2026.001.jsonl";
const DATA_START = Date.UTC(2026, 0, 1) * 1000;

/** The functions that change something on the disk, in the order of their use. */
const STEPS = ["copyFile", "utimes", "rename", "rm", "unlink"] as const;

/** Runs an action and lets it change so many things on the disk; then nothing more, as if the process were killed. */
async function killedAfter(changes: number, action: () => Promise<void>): Promise<number> {
  const whole = Object.fromEntries(STEPS.map((step) => [step, promises[step]]));
  let count = 0;
  const counted =
    (step: (...values: unknown[]) => unknown) =>
    (...values: unknown[]) => {
      if (count >= changes) return Promise.reject(new Error("killed"));
      count++;
      return step(...values);
    };
  Object.assign(
    promises,
    Object.fromEntries(STEPS.map((step) => [step, counted(promises[step] as () => unknown)])),
  );
  try {
    await action();
  } finally {
    Object.assign(promises, whole);
  }
  return count;
}

describe("files that are compressed", () => {
  let folder: string;
  let events: ArchiveEvent[];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "compress-"));
    events = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const inFolder = (name: string) => path.join(folder, name);

  async function makeOld(name: string): Promise<void> {
    const old = Date.now() / 1000 - DAY - 60;
    await utimes(inFolder(name), old, old);
  }

  /** A compressor for one walk over the folder, with an appender of lines. */
  async function walk(pattern = PATTERN): Promise<void> {
    const onEvent = (event: ArchiveEvent) => void events.push(event);
    await using appender = new Appender({ onEvent }, async ({ size }) => size, Buffer.from("\n"));
    const patterns = [new PathPattern(pattern, { directory: folder })];
    const compressor = new Compressor(appender, { patterns, after: DAY, onEvent });
    await compressor.walk();
    await compressor.close();
  }

  async function write(...values: number[]): Promise<void> {
    await using archive = new JsonLinesArchive({ directory: folder, pattern: PATTERN });
    for (const value of values) {
      const payload = Buffer.from(String(value));
      await archive.write({ streamId: STREAM, dataStart: DATA_START, payload });
    }
  }

  /** An archive that compresses, and when it has done so for the first time. */
  function compressing(options: Partial<JsonLinesOptions> = {}) {
    let onEvent!: (event: ArchiveEvent) => void;
    const compressed = new Promise<void>((resolve) => {
      onEvent = ({ type }) => type === "compressed" && resolve();
    });
    const all = { directory: folder, pattern: PATTERN, gzipAfter: DAY, ...options, onEvent };
    return { archive: new JsonLinesArchive(all), compressed };
  }

  async function names(): Promise<string[]> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
      .sort();
  }

  const unpacked = async (name: string) => gunzipSync(await readFile(inFolder(name))).toString();

  it("are those that were not written to for a day, with the time they had", async () => {
    await write(1, 2);
    await walk();
    assert.deepEqual(await names(), [FILE]);
    await makeOld(FILE);
    const { mtimeMs, mode } = await stat(inFolder(FILE));
    await walk();
    assert.deepEqual(await names(), [`${FILE}.gz`]);
    assert.equal(await unpacked(`${FILE}.gz`), "1\n2\n");
    const compressed = await stat(inFolder(`${FILE}.gz`));
    assert.ok(Math.abs(compressed.mtimeMs - mtimeMs) < 1);
    assert.equal(compressed.mode, mode);
    assert.deepEqual(events, [{ type: "compressed", file: inFolder(FILE), to: inFolder(`${FILE}.gz`) }]);
  });

  it("get what comes late as a further member", async () => {
    for (const value of [1, 2, 3]) {
      await write(value);
      await makeOld(FILE);
      await walk();
    }
    assert.deepEqual(await names(), [`${FILE}.gz`]);
    assert.equal(await unpacked(`${FILE}.gz`), "1\n2\n3\n");
  });

  it("are none but those that the pattern makes", async () => {
    const foreign = [
      "notes.txt",
      "A.2026.001.jsonl",
      "XX/A.2026.1.jsonl",
      "XX/A.2026.001.jsonl.bak",
      "XX/.A.2026.001.jsonl",
      "XX/00/deeper/A.2026.001.jsonl",
      "XX/A.2026.001.jsonl.rejected",
      "XX/A.2026.001.jsonl.torn",
      "XX/notes.compressing-0",
    ];
    await mkdir(inFolder("XX/00/deeper"), { recursive: true });
    await mkdir(inFolder("elsewhere"));
    for (const name of [...foreign, "elsewhere/A.2026.001.jsonl", "XX/00/B.2026.001.jsonl"]) {
      await writeFile(inFolder(name), "1\n");
      await makeOld(name);
    }
    await symlink(inFolder("notes.txt"), inFolder("XX/L.2026.001.jsonl"));
    await symlink(inFolder("elsewhere"), inFolder("YY"));
    const before = await names();
    await walk("%n/00/%s.%Y.%j.jsonl");
    const after = before.map((name) => name.replace("00/B.2026.001.jsonl", "00/B.2026.001.jsonl.gz"));
    assert.deepEqual(await names(), after);
  });

  it("need every value of a flag to be the same", () => {
    const sds = new PathPattern("SDS@", { directory: "/sds" });
    assert.ok(sds.couldMake("/sds/2026/XX/A/HHZ.D/XX.A..HHZ.D.2026.001"));
    assert.ok(sds.couldMake("/sds/2026/XX/A%2F/HHZ.D/XX.A%2F..HHZ.D.2026.001"));
    assert.ok(!sds.couldMake("/sds/2026/XX/A/HHZ.D/XX.B..HHZ.D.2026.001"));
    assert.ok(!sds.couldMake("/sds/2026/XX/A/HHZ.D/XX.A..HHZ.D.2026.001.gz"));
    assert.ok(!sds.couldMake("/other/2026/XX/A/HHZ.D/XX.A..HHZ.D.2026.001"));
  });

  it("do not hold up others by a name that takes long to compare", () => {
    const pattern = new PathPattern("%n_%s_%l_%c_%Y.x", { directory: "/a" });
    const start = performance.now();
    assert.ok(!pattern.couldMake(`/a/${"_".repeat(250)}`));
    assert.ok(performance.now() - start < 1000);
  });

  it("have a path that the pattern could make, whatever the codes", () => {
    const loose = new PathPattern("%n/%s/%l/%c/%n.%s.%l.%c.%Y.%y.%j.#H.#M.#S.%F.%D", {
      directory: "/a",
    });
    const code = fc.string({ maxLength: 2, unit: "binary" });
    const time = fc.integer({ min: 0, max: 4e15 });
    fc.assert(
      fc.property(code, code, code, code, time, (network, station, location, channel, at) => {
        const file = loose.path({ network, station, location, channel, time: at });
        assert.ok(loose.couldMake(file), file);
      }),
    );
  });

  it("hold every line once, killed after any step and started again", async () => {
    for (let members = 0; members < 2; members++) {
      for (let changes = 0; ; changes++) {
        await rm(folder, { recursive: true });
        if (members === 1) {
          await write(1);
          await makeOld(FILE);
          await walk();
        }
        await write(2);
        await makeOld(FILE);
        const made = await killedAfter(changes, () => walk());
        // What comes before the next start begins the file anew, or goes on with it.
        await write(3);
        await makeOld(FILE);
        await walk();
        await walk();
        assert.deepEqual(await names(), [`${FILE}.gz`], `after ${changes} changes`);
        const expected = members === 1 ? "1\n2\n3\n" : "2\n3\n";
        assert.equal(await unpacked(`${FILE}.gz`), expected, `after ${changes} changes`);
        if (made < changes) {
          assert.ok(changes > 4);
          break;
        }
      }
    }
  });

  it("are begun again where a kill left half a compressed file", async () => {
    await mkdir(inFolder("XX"));
    await writeFile(inFolder(`${FILE}.compressing-0`), "1\n");
    await writeFile(inFolder(`${FILE}.gz.tmp`), Buffer.from([0x1f, 0x8b, 8]));
    await walk();
    assert.deepEqual(await names(), [`${FILE}.gz`]);
    assert.equal(await unpacked(`${FILE}.gz`), "1\n");
  });

  it("stay as they are, and it is told, where the name is taken by something else", async () => {
    await write(1);
    await makeOld(FILE);
    await writeFile(inFolder(`${FILE}.gz`), "not compressed");
    await walk();
    assert.equal(await readFile(inFolder(`${FILE}.gz`), "utf8"), "not compressed");
    const [event] = events;
    assert.ok(event?.type === "problem");
    assert.match(event.error.message, /\.gz: it is not compressed by gzip/);
    await rm(inFolder(`${FILE}.gz`));
    await walk();
    assert.equal(await unpacked(`${FILE}.gz`), "1\n");
  });

  it("are set right first where a crash tore them", async () => {
    const file = inFolder(FILE);
    await mkdir(inFolder("XX"));
    await writeFile(file, '1\n{"tor');
    await makeOld(FILE);
    const { archive, compressed } = compressing();
    await compressed;
    const payload = Buffer.from("2");
    await archive.write({ streamId: STREAM, dataStart: DATA_START, payload });
    await archive.close();
    assert.equal(await unpacked(`${FILE}.gz`), "1\n");
    assert.equal(await readFile(file, "utf8"), "2\n");
    assert.deepEqual(await names(), [FILE, `${FILE}.gz`, `${FILE}.torn`].sort());
  });

  it("lose no line of those written while they are moved away", async () => {
    const file = inFolder(FILE);
    await using appender = new Appender({}, async ({ size }) => size, Buffer.from("\n"));
    const writes: Promise<void>[] = [];
    const pieces: string[] = [];
    for (let line = 0; line < 2000; line++) {
      writes.push(appender.append(file, Buffer.from(String(line))));
      if (line % 20 > 0) continue;
      await Promise.all(writes);
      const aside = `${file}.${pieces.length}`;
      const moving = appender.moveAway(file, aside);
      writes.push(appender.append(file, Buffer.from(String(line + 1))));
      assert.ok(await moving);
      line++;
      pieces.push(aside);
    }
    await Promise.all(writes);
    const texts = await Promise.all([...pieces, file].map((each) => readFile(each, "utf8")));
    assert.equal(texts.join(""), Array.from({ length: 2000 }, (_, i) => `${i}\n`).join(""));
    // What came while a file was moved away is in the next one: nothing writes to it any more.
    for (const [i, text] of texts.slice(0, -1).entries())
      assert.ok(text.endsWith(`\n${20 * i}\n`) || i === 0);
  });

  it("wait for what was set aside from the same file before", async () => {
    const count = 16;
    await mkdir(inFolder("XX"));
    for (let i = 0; i < count; i++) {
      const file = `XX/A${i}.2026.001.jsonl`;
      // The order in which a directory is read can be that of creation, the reverse, or none.
      const parts: [string, string][] = [
        [`${file}.compressing-0`, "1\n"],
        [file, "2\n"],
      ];
      for (const [name, text] of i < count / 2 ? parts : parts.reverse()) {
        await writeFile(inFolder(name), text);
        await makeOld(name);
      }
    }
    await walk();
    await walk();
    for (let i = 0; i < count; i++) assert.equal(await unpacked(`XX/A${i}.2026.001.jsonl.gz`), "1\n2\n");
    assert.equal((await names()).length, count);
  });

  it("are remembered by the journal, so that no packet comes in again", async () => {
    const journal = inFolder(".journal");
    const options = { directory: folder, pattern: PATTERN, journal };
    const packet = {
      streamId: STREAM,
      dataStart: DATA_START,
      payload: Buffer.from("1"),
      packetId: 7n,
      packetTime: 1,
    };
    {
      await using archive = new JsonLinesArchive(options);
      await archive.write(packet);
    }
    await makeOld(FILE);
    const { archive, compressed } = compressing({ journal });
    await compressed;
    await archive.close();
    await using again = new JsonLinesArchive(options);
    assert.equal((await again.write(packet))?.bytes, 0);
  });

  it("need an age that is a number", () => {
    assert.throws(
      () => new JsonLinesArchive({ directory: folder, pattern: PATTERN, gzipAfter: Number.NaN }),
      { code: "INVALID_ARGUMENT", message: /gzipAfter must be a number of at least 0/ },
    );
  });
});
