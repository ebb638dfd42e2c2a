// lib/files/file-thread.ts, file-task.ts, write-thread.ts, sync-thread.ts: many files with one message to a thread.
import assert from "node:assert/strict";
import childProcess, { execFileSync } from "node:child_process";
import fs from "node:fs";
import os, { tmpdir } from "node:os";
import path from "node:path";
import { mock } from "node:test";
import { AppendFile } from "../../lib/files/append-file.ts";
import { FAILED, type FileSystem, type FileTask, perform, WRITTEN } from "../../lib/files/file-task.ts";
import { FileThread } from "../../lib/files/file-thread.ts";
import { openByThread, openThread } from "../../lib/files/open-thread.ts";
import {
  syncDescriptor,
  syncFileSystems,
  syncPathInThread,
  syncThread,
} from "../../lib/files/sync-thread.ts";
import { MANY_FILES, type WriteJob, writeAll, writeThread } from "../../lib/files/write-thread.ts";

describe("thread for files", () => {
  let folder: string;
  let descriptors: number[];
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "file-thread-"));
    descriptors = [];
    writeThread.acquire();
    syncThread.acquire();
  });
  afterEach(async () => {
    await writeThread.release();
    await syncThread.release();
    for (const descriptor of descriptors) fs.closeSync(descriptor);
    fs.rmSync(folder, { recursive: true });
  });

  const inFolder = (name: string) => path.join(folder, name);
  const open = (name: string, flags = "a+") => {
    const descriptor = fs.openSync(inFolder(name), flags);
    descriptors.push(descriptor);
    return descriptor;
  };
  const bytes = (i: number) => Buffer.from(`${i},`.repeat(i + 1));
  const changedAt = (descriptor: number) => fs.fstatSync(descriptor).ctimeMs;

  for (const count of [1, MANY_FILES - 1, MANY_FILES, 50]) {
    it(`appends to ${count} files, and tells what became of each`, async () => {
      const jobs: WriteJob[] = Array.from({ length: count }, (_, i) => ({
        descriptor: open(String(i)),
        bytes: bytes(i),
        changedAt: 0,
      }));
      for (const round of [1, 2]) {
        const outcomes = await writeAll(jobs);
        for (const [i, outcome] of outcomes.entries()) {
          assert.deepEqual(outcome, {
            state: "written",
            changedAt: changedAt(jobs[i]!.descriptor),
            links: 1,
          });
          jobs[i]!.changedAt = outcome.state === "written" ? outcome.changedAt : 0;
          assert.equal(fs.readFileSync(inFolder(String(i)), "utf8"), bytes(i).toString().repeat(round));
        }
      }
    });

    it(`writes nothing to one of ${count} files that was changed, and says so of one that was removed`, async () => {
      const jobs = Array.from({ length: count }, (_, i) => ({
        descriptor: open(String(i)),
        bytes: bytes(i),
        changedAt: 0,
      }));
      for (const [i, outcome] of (await writeAll(jobs)).entries())
        jobs[i]!.changedAt = outcome.state === "written" ? outcome.changedAt : 0;
      const last = count - 1;
      jobs[last]!.changedAt -= 1;
      const outcomes = await writeAll(jobs);
      assert.deepEqual(outcomes[last], { state: "touched" });
      assert.deepEqual(fs.readFileSync(inFolder(String(last))), bytes(last));
      fs.rmSync(inFolder(String(last)));
      jobs[last]!.changedAt = 0;
      const [removed] = (await writeAll(jobs.map((job) => ({ ...job, changedAt: 0 })))).slice(-1);
      assert.ok(removed?.state === "written" && removed.links === 0);
    });

    it(`tells of one of ${count} files that cannot be written`, async () => {
      fs.writeFileSync(inFolder(String(count - 1)), "");
      const jobs = Array.from({ length: count }, (_, i) => ({
        descriptor: open(String(i), i === count - 1 ? "r" : "a+"),
        bytes: bytes(i),
        changedAt: 0,
      }));
      const outcomes = await writeAll(jobs);
      const failed = outcomes[count - 1]!;
      assert.ok(failed.state === "failed" && failed.written === 0 && failed.error.code === "EBADF");
      assert.match(failed.error.message, /^EBADF: /);
      assert.ok(outcomes.slice(0, -1).every(({ state }) => state === "written"));
    });
  }

  it("synchronises what is open, what is not, and file systems", async () => {
    assert.ok(await syncThread.start());
    const all = Array.from({ length: 600 }, (_, i) => syncDescriptor(open(String(i))));
    await Promise.all([...all, syncPathInThread(folder), syncPathInThread(inFolder("7"))]);
    await syncFileSystems([{ device: String(fs.statSync(folder).dev), path: folder }]);
    await assert.rejects(syncPathInThread(inFolder("none")), { code: "ENOENT" });
    const closed = fs.openSync(inFolder("0"), "r");
    fs.closeSync(closed);
    await assert.rejects(syncDescriptor(closed), { code: "EBADF" });
    // Nothing stays open but what was.
    if (process.platform !== "linux") return;
    const isBelow = (fd: string) =>
      fs.existsSync(`/proc/self/fd/${fd}`) && fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    assert.equal(fs.readdirSync("/proc/self/fd").filter(isBelow).length, descriptors.length);
  });

  it("has the directories to be synchronised that got new entries", async () => {
    const open = () => AppendFile.open(inFolder("new/deeper/log"), async ({ size }) => size, Buffer.alloc(0));
    const file = await open();
    assert.deepEqual(file.takeUnsynced(), [inFolder("new/deeper"), inFolder("new"), folder]);
    await file.append(Buffer.from("x"));
    await file.close();
    const again = await open();
    assert.deepEqual(again.takeUnsynced(), []);
    await again.close();
  });

  it("takes no file system for safe by a path that is not in it, or is gone, and goes on with others", async function () {
    assert.ok(await syncThread.start());
    const here = { device: String(fs.statSync(folder).dev), path: folder };
    const isProof = (await syncFileSystems([here])).size > 0;
    for (let i = 0; i < 5; i++) {
      const others = [
        { device: "0", path: folder },
        { device: here.device, path: inFolder("none") },
      ];
      assert.deepEqual([...(await syncFileSystems(others))], []);
    }
    // Only some systems and file systems tell of all that is in them.
    if (!isProof) this.skip();
    assert.deepEqual([...(await syncFileSystems([here]))], [here.device]);
  });

  it("opens files that are there after it has closed others, and tells of each", async () => {
    openThread.acquire();
    assert.ok(await openThread.start());
    fs.writeFileSync(inFolder("old"), "old");
    fs.mkdirSync(inFolder("directory"));
    fs.writeFileSync(inFolder("file"), "");
    const closed = fs.openSync(inFolder("old"), "r");
    const none = fs.openSync(inFolder("old"), "r");
    fs.closeSync(none);
    const failed: [number, string | undefined][] = [];
    const names = ["old", "file", "new", "directory", "file/below"];
    const opened = await openByThread([closed, none], names.map(inFolder), (place, { code }) =>
      failed.push([place, code]),
    );
    for (const each of opened) if (each) descriptors.push(each.descriptor);
    assert.deepEqual(failed, [[1, "EBADF"]]);
    assert.deepEqual(
      opened.map((each) => each && [each.size, each.nlink, each.createdIn]),
      [[3, 1, []], [0, 1, []], undefined, undefined, undefined],
    );
    assert.equal(fs.existsSync(inFolder("new")), false);
    for (const [i, each] of opened.slice(0, 2).entries()) {
      const { dev, ino } = fs.statSync(inFolder(names[i]!));
      assert.deepEqual([each!.dev, each!.ino], [dev, ino]);
    }
    // They stay open when the thread has ended.
    await openThread.release();
    fs.writeSync(opened[0]!.descriptor, " and new");
    assert.equal(fs.readFileSync(inFolder("old"), "utf8"), "old and new");
  });

  it("tells all that wait when its thread ends, and is not started anew at once", async () => {
    const thread = new FileThread();
    thread.acquire();
    await thread.start();
    const good: FileTask = { kind: "sync", descriptors: [], paths: [], fileSystems: [] };
    const bad = { ...good, descriptors: null } as unknown as FileTask;
    const tasks = [bad, good].map((task) => thread.run(task));
    const outcomes = await Promise.allSettled(tasks);
    assert.ok(outcomes.every(({ status }) => status === "rejected"));
    await assert.rejects(thread.run(good), /does not run/);
    assert.equal(await thread.start(), false);
    await thread.release();
  });

  it("starts again after it has ended", async () => {
    const thread = new FileThread();
    thread.acquire();
    assert.ok(await thread.start());
    await thread.release();
    thread.acquire();
    assert.ok(await thread.start());
    const { failures } = await thread.run({
      kind: "sync",
      descriptors: [],
      paths: [folder],
      fileSystems: [],
    });
    assert.equal(failures.size, 0);
    await thread.release();
  });

  it("finds what of a job is in its file where the thread did not tell", async () => {
    const file = await AppendFile.open(inFolder("log"), async ({ size }) => size, Buffer.alloc(0));
    await file.append(Buffer.from("first,"));
    const all = Buffer.from("second,");
    assert.equal(await file.findWritten(all), undefined);
    fs.appendFileSync(inFolder("log"), "sec");
    assert.equal(await file.findWritten(all), undefined);
    assert.equal(fs.readFileSync(inFolder("log"), "utf8"), "first,");
    fs.appendFileSync(inFolder("log"), all);
    const found = await file.findWritten(all);
    assert.equal(found?.state, "written");
    assert.equal(await file.settle(all, found!), "written");
    assert.equal(file.size, 13);
    fs.appendFileSync(inFolder("log"), "of another");
    assert.equal(await file.findWritten(Buffer.from("third,")), undefined);
    assert.equal(fs.readFileSync(inFolder("log"), "utf8"), "first,second,of another");
    await file.close();
  });

  it("goes on behind a short write, each file with its own bytes, and tells how far it came where the disk is full", () => {
    const texts = ["first file", "the second, which is longer", "third"];
    const bytes = Buffer.from(texts.join(""));
    const descriptors = texts.map((_, i) => open(String(i)));
    const { writeSync } = fs;
    let left = Number.POSITIVE_INFINITY;
    // A disk that takes seven bytes at a time, until it is full.
    fs.writeSync = ((descriptor: number, all: Uint8Array, from: number, length: number) => {
      const taken = Math.min(7, length, left);
      if (taken === 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      left -= taken;
      return writeSync(descriptor, all, from, taken);
    }) as typeof fs.writeSync;
    try {
      const write = () => {
        const table = Float64Array.from(texts.flatMap((text, i) => [descriptors[i]!, text.length, 0]));
        const answer = perform({ kind: "write", bytes: Uint8Array.from(bytes), table });
        return { failures: answer.failures, table: Array.from(answer.table!) };
      };
      assert.equal(write().failures.size, 0);
      for (const [i, text] of texts.entries())
        assert.equal(fs.readFileSync(inFolder(String(i)), "utf8"), text);
      left = 10 + 14;
      const { failures, table } = write();
      assert.deepEqual(
        [...failures].map(([place, { code }]) => [place, code]),
        [
          [1, "ENOSPC"],
          [2, "ENOSPC"],
        ],
      );
      assert.deepEqual([table[0], ...table.slice(3)], [WRITTEN, FAILED, 14, 0, FAILED, 0, 0]);
      assert.equal(fs.readFileSync(inFolder("1"), "utf8"), texts[1] + texts[1]!.slice(0, 14));
    } finally {
      fs.writeSync = writeSync;
    }
  });

  it("appends again to a file that was touched, and closes it in the end", async () => {
    const file = await AppendFile.open(inFolder("log"), async ({ size }) => size, Buffer.alloc(0));
    const append = async (text: string) => {
      const bytes = Buffer.from(text);
      const [outcome] = await writeAll([file.jobFor(bytes)]);
      return await file.settle(bytes, outcome!);
    };
    assert.equal(await append("first,"), "written");
    // By its time alone, as a backup does.
    fs.chmodSync(inFolder("log"), 0o640);
    assert.equal(await append("second,"), "touched");
    assert.equal(await append("second,"), "written");
    assert.equal(await append("third"), "written");
    assert.equal(fs.readFileSync(inFolder("log"), "utf8"), "first,second,third");
    const descriptor = file.handOver()!;
    await file.close();
    assert.throws(() => fs.fstatSync(descriptor), { code: "EBADF" });
  });

  describe("synchronising whole file systems", () => {
    const here = () => ({ device: String(fs.statSync(folder).dev), path: folder });
    let commands: unknown[];
    let outcome: { status: number | null; error?: Error };
    let module: { perform: typeof perform };
    beforeEach(function () {
      if (process.platform !== "linux") this.skip();
      // How often the command has failed is the module's own.
      const file = require.resolve("../../lib/files/file-task.js");
      const kept = require.cache[file];
      delete require.cache[file];
      module = require(file) as typeof module;
      require.cache[file] = kept;
      commands = [];
      outcome = { status: 0 };
      mock.method(childProcess, "spawnSync", (command: string, words: string[]) => {
        commands.push([command, ...words]);
        return outcome;
      });
      system("6.1.0-18-amd64", EXT4);
    });
    afterEach(() => mock.restoreAll());

    const EXT4 = 0xef53;
    const system = (version: string, type: number) => {
      mock.method(os, "release", () => version);
      mock.method(fs, "statfsSync", () => ({ type }));
    };
    const safe = (...fileSystems: FileSystem[]) =>
      module.perform({ kind: "sync", descriptors: [], paths: [], fileSystems }).safe;

    it("is by one command for each, and proof where the kernel and the file system tell of all that fails", () => {
      assert.deepEqual(safe(here()), [here().device]);
      assert.deepEqual(commands, [["sync", "-f", "--", folder]]);
      for (const version of ["5.8.0", "5.10.209", "6.0", "10.0.1"]) {
        system(version, EXT4);
        assert.equal(safe(here()).length, 1, version);
      }
      for (const version of ["5.7.19", "4.19.0", "", "unknown"]) {
        system(version, EXT4);
        assert.equal(safe(here()).length, 0, version);
      }
    });

    // By the numbers of Linux's <linux/magic.h>.
    const TYPES = { ext4: EXT4, xfs: 0x58465342, btrfs: 0x9123683e, f2fs: 0xf2f52010, tmpfs: 0x01021994 };
    const OTHERS = {
      nfs: 0x6969,
      smb: 0xff534d42,
      fuse: 0x65735546,
      overlayfs: 0x794c7630,
      ext4Next: 0xef54,
    };
    for (const [types, count] of [
      [TYPES, 1],
      [OTHERS, 0],
    ] as const) {
      for (const [name, type] of Object.entries(types)) {
        it(`is ${count === 1 ? "" : "no "}proof on ${name}`, () => {
          system("6.1.0", type);
          assert.equal(safe(here()).length, count);
        });
      }
    }

    it("is not done where the path is in another one, nor taken for done where it is no longer there", () => {
      assert.deepEqual(safe({ device: "0", path: folder }, { ...here(), path: inFolder("none") }), []);
      assert.deepEqual(commands, []);
      const { device } = here();
      fs.mkdirSync(inFolder("mount"));
      mock.method(childProcess, "spawnSync", () => {
        fs.rmdirSync(inFolder("mount"));
        return outcome;
      });
      assert.deepEqual(safe({ device, path: inFolder("mount") }), []);
    });

    it("is left alone from its third failure in a row on", () => {
      const failures = [{ status: 1 }, { status: null, error: new Error("no such command") }];
      for (const failure of failures) {
        outcome = failure;
        assert.deepEqual(safe(here()), []);
      }
      outcome = { status: 0 };
      assert.equal(safe(here()).length, 1);
      outcome = { status: 1 };
      for (let i = 0; i < 3; i++) assert.deepEqual(safe(here()), []);
      assert.equal(commands.length, 6);
      outcome = { status: 0 };
      assert.deepEqual(safe(here()), []);
      assert.equal(commands.length, 6);
    });
  });

  it("takes no file system for safe where the command for it fails", async () => {
    const { PATH } = process.env;
    process.env.PATH = folder;
    const thread = new FileThread();
    thread.acquire();
    try {
      assert.ok(await thread.start());
    } finally {
      process.env.PATH = PATH;
    }
    const here = { device: String(fs.statSync(folder).dev), path: folder };
    for (let i = 0; i < 5; i++) {
      const { safe } = await thread.run({ kind: "sync", descriptors: [], paths: [], fileSystems: [here] });
      assert.deepEqual([...safe], []);
    }
    await thread.release();
  });

  it("keeps a process that waits for it, and no other", () => {
    const lib = JSON.stringify(path.join(__dirname, "../../lib/files"));
    const script = `
      const { writeAll, writeThread } = require(${lib} + "/write-thread.js");
      const fs = require("node:fs");
      writeThread.acquire();
      const jobs = Array.from({ length: 10 }, (_, i) => (
        { descriptor: fs.openSync(process.argv[1] + "/" + i, "a"), bytes: Buffer.from("x"), changedAt: 0 }));
      writeThread.start().then(() => writeAll(jobs)).then((all) => console.log(all.every(({ state }) => state === "written")));`;
    assert.equal(
      execFileSync(process.execPath, ["-e", script, folder], { timeout: 8000, encoding: "utf8" }),
      "true\n",
    );
  });
});
