// lib/archive/appender/open-files.ts: how many files are open, which are closed for others, and what is remembered of them.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { mock } from "node:test";
import { Batch } from "../../lib/archive/appender/batch.ts";
import { OpenFiles } from "../../lib/archive/appender/open-files.ts";
import { Target, type Targets } from "../../lib/archive/appender/target.ts";
import type { ArchiveEvent } from "../../lib/archive/events.ts";
import { type AppenderOptions, settingsOf } from "../../lib/archive/settings.ts";
import { openThread } from "../../lib/files/open-thread.ts";

const NEWLINE = Buffer.from("\n");

describe("the open files of an archive", () => {
  let folder: string;
  let targets: Targets;
  let events: ArchiveEvent[];
  /** Files whose end was looked at. */
  let looked: string[];
  before(async () => {
    openThread.acquire();
    await openThread.start();
  });
  after(() => openThread.release());
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "open-files-"));
    targets = new Map();
    events = [];
    looked = [];
  });
  afterEach(async () => {
    mock.restoreAll();
    for (const { file } of targets.values()) await file?.close();
    await rm(folder, { recursive: true });
  });

  const start = (options: AppenderOptions) =>
    new OpenFiles(
      targets,
      settingsOf({ ...options, onEvent: (event) => events.push(event) }),
      async ({ path: file, size }) => {
        looked.push(path.basename(file));
        return size;
      },
      NEWLINE,
    );

  function target(name: string): Target {
    const file = path.join(folder, name);
    const made = targets.get(file) ?? new Target(file);
    targets.set(file, made);
    return made;
  }

  const openOnes = () => [...targets.values()].filter(({ file }) => file !== undefined);
  const nameOf = ({ path: file }: Target) => path.basename(file);

  it("are never more than may be, one by one or many at once", async () => {
    for (const most of [1, 2, 5]) {
      const files = start({ maxOpenFiles: most });
      for (let i = 0; i < 12; i++) {
        await files.open(target(`${most} ${i}`));
        assert.equal(files.count, Math.min(most, i + 1));
        assert.equal(openOnes().length, files.count);
      }
      const many = Array.from({ length: most }, (_, i) => target(`${most} ${i % 12}`)).filter(
        ({ file }) => !file,
      );
      await files.openMany(many);
      assert.ok(many.every(({ file }) => file !== undefined));
      assert.ok(files.count <= most, `${files.count} open, ${most} may be`);
      assert.equal(openOnes().length, files.count);
      for (const each of openOnes()) await files.close(each);
      assert.equal(files.count, 0);
    }
  });

  it("that are written to just now are not closed for others", async () => {
    const files = start({ maxOpenFiles: 2 });
    const [one, other, third, fourth] = ["one", "other", "third", "fourth"].map(target) as [
      Target,
      Target,
      Target,
      Target,
    ];
    for (const each of [one, other]) {
      await files.open(each);
      each.current = new Batch();
    }
    await files.open(third);
    assert.deepEqual(openOnes(), [one, other, third]);
    other.current = undefined;
    third.current = new Batch();
    await files.open(fourth);
    assert.deepEqual(
      [one.file !== undefined, other.file, third.file !== undefined, files.count],
      [true, undefined, true, 3],
    );
  });

  it("that are not there, or cannot be opened, count no more, and are left to be opened one by one", async () => {
    const files = start({ maxOpenFiles: 10 });
    await writeFile(path.join(folder, "there"), "");
    const [there, missing] = ["there", "missing"].map(target) as [Target, Target];
    await files.openMany([missing, there]);
    assert.deepEqual([there.file !== undefined, missing.file, files.count], [true, undefined, 1]);
    await assert.rejects(files.open(new Target(folder)), { code: "EISDIR" });
    assert.equal(files.count, 1);
    await files.open(missing);
    await files.close(there);
    await files.close(there);
    await files.close(missing);
    assert.equal(files.count, 0);
  });

  it("are half as many from then on where the system allows no more, but one at least", async () => {
    const files = start({ maxOpenFiles: 1000 });
    for (let i = 0; i < 9; i++) await files.open(target(`${i}`));
    for (const most of [4, 2, 1, 1]) {
      await files.openFewer();
      assert.deepEqual([files.limit, files.count, openOnes().length], [most, most, most]);
    }
    await files.close(openOnes()[0]!);
    await files.openFewer();
    assert.equal(files.limit, 1);
  });

  it("are closed when nothing has been written to them for a minute", async () => {
    let now = 500_000;
    mock.method(performance, "now", () => now);
    const files = start({ maxOpenFiles: 10 });
    for (const [name, used] of [
      ["old", 0],
      ["just old enough", 1],
      ["newer", 2],
      ["being written", 0],
      ["to be written", 0],
    ] as const) {
      const each = target(name);
      await files.open(each);
      each.used = now + used;
      if (name === "being written") each.current = new Batch();
      if (name === "to be written") each.next = new Batch();
    }
    now += 60_001;
    await files.closeIdle();
    assert.deepEqual(openOnes().map(nameOf), ["newer", "being written", "to be written"]);
    assert.deepEqual([...targets.values()].map(nameOf), ["newer", "being written", "to be written"]);
    assert.equal(files.count, 3);
    assert.deepEqual(events, []);
  });

  it("that were closed whole need no look at their end, unless they changed or were moved away", async () => {
    const files = start({ maxOpenFiles: 10 });
    const each = target("log");
    const reopen = async () => {
      looked = [];
      await files.open(each);
      await files.close(each);
      return looked;
    };
    await writeFile(each.path, "1\n");
    assert.deepEqual(await reopen(), ["log"]);
    assert.deepEqual(await reopen(), []);
    await writeFile(each.path, "1\n2\n");
    assert.deepEqual(await reopen(), ["log"]);
    assert.deepEqual(await reopen(), []);
    files.forget(each.path);
    assert.deepEqual(await reopen(), ["log"]);
  });

  it("are looked up by their path after a second, later where many are open", async () => {
    let now = 500_000;
    mock.method(performance, "now", () => now);
    const files = start({ maxOpenFiles: 100 });
    const each = target("log");
    assert.equal(files.isDue(each, now + 1e6), false);
    await files.open(each);
    assert.deepEqual([files.isDue(each, now + 1002), files.isDue(each, now + 1003)], [false, true]);
    for (let i = 0; i < 49; i++) await files.open(target(`${i}`));
    assert.deepEqual([files.isDue(each, now + 1100), files.isDue(each, now + 1101)], [false, true]);
    now += 2000;
    await files.lookUp(each, now);
    assert.deepEqual([files.isDue(each, now + 1100), each.file !== undefined], [false, true]);
    await rm(each.path);
    await files.lookUp(each, now);
    assert.equal(each.file, undefined);
  });

  it("are to be synchronised after they were closed with the policy interval only", async () => {
    for (const fsync of ["none", "interval", "every"] as const) {
      const files = start({ fsync, maxOpenFiles: 10 });
      const each = target(fsync);
      const file = await files.open(each);
      await file.append(Buffer.from("1\n"));
      await files.close(each);
      assert.deepEqual([...files.unsynced.keys()].sort(), fsync === "interval" ? [folder, each.path] : []);
      assert.ok([...files.unsynced.values()].every((device) => device === file.device));
    }
  });
});
