// lib/archive/appender/syncing.ts: what is synchronised by itself, and what with its file system as a whole.
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Syncing } from "../../lib/archive/appender/syncing.ts";
import { Target } from "../../lib/archive/appender/target.ts";
import type { ArchiveEvent } from "../../lib/archive/events.ts";
import type { AppendFile } from "../../lib/files/append-file.ts";
import { syncFileSystems, syncThread } from "../../lib/files/sync-thread.ts";

/** More than are synchronised by Node.js's own threads. */
const MANY = 40;
/** No file system has it. */
const NOWHERE = "0";

/** An open file that counts. */
class CountingFile {
  readonly path: string;
  device: string;
  isDirty = true;
  synced = 0;
  failure: Error | undefined;
  onTake: () => void = () => {};
  directories: readonly string[] = [];

  constructor(file: string, device: string) {
    this.path = file;
    this.device = device;
  }

  get unsynced(): string[] {
    return this.isDirty ? [this.path, ...this.directories] : [...this.directories];
  }

  takeUnsynced(): readonly string[] {
    const { directories } = this;
    this.isDirty = false;
    this.directories = [];
    this.onTake();
    return directories;
  }

  giveBackUnsynced(directories: readonly string[]): void {
    this.isDirty = true;
    this.directories = directories;
  }

  async sync(): Promise<void> {
    this.synced++;
    if (this.failure) throw this.failure;
    this.isDirty = false;
    this.directories = [];
  }
}

describe("synchronising of some files", () => {
  /** An open file that is synchronised when the test says so. */
  function slowFile(name: string, targets: Map<string, Target>) {
    const file = new CountingFile(name, NOWHERE);
    const target = new Target(name);
    target.file = file as unknown as AppendFile;
    targets.set(name, target);
    let end!: (error?: Error) => void;
    const ended = new Promise<void>((resolve, reject) => {
      end = (error) => (error ? reject(error) : resolve());
    });
    file.sync = async () => {
      file.synced++;
      await ended;
      file.isDirty = false;
    };
    return { file, end };
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it("takes as long as the slowest, two at a time, and fails with the first that fails, wherever it stands", async () => {
    const targets = new Map<string, Target>();
    const files = ["one", "two", "three", "four"].map((name) => slowFile(name, targets));
    const events: ArchiveEvent[] = [];
    const syncing = new Syncing(targets, new Map(), (event) => events.push(event));
    let outcome: unknown = "under way";
    const round = syncing.syncAll().then((failure) => {
      outcome = failure;
    });
    const begun = async () => {
      await turn();
      return files.map(({ file }) => file.synced);
    };
    assert.deepEqual(await begun(), [1, 1, 0, 0]);
    assert.notEqual(syncing.underWay, undefined);
    files[0]!.end();
    assert.deepEqual(await begun(), [1, 1, 1, 0]);
    files[2]!.end(Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" }));
    assert.deepEqual(await begun(), [1, 1, 1, 1]);
    files[3]!.end();
    await turn();
    assert.equal(outcome, "under way");
    files[1]!.end();
    await round;
    assert.match(String(outcome), /EIO/);
    assert.deepEqual(
      events.map(({ type, file }) => [type, file]),
      [["problem", "three"]],
    );
    assert.equal(syncing.underWay, undefined);
  });

  it("passes over what is synchronised already", async () => {
    const targets = new Map<string, Target>();
    const { file } = slowFile("one", targets);
    file.isDirty = false;
    targets.set("closed", new Target("closed"));
    assert.equal(await new Syncing(targets, new Map(), () => {}).syncAll(), undefined);
    assert.equal(file.synced, 0);
  });
});

describe("synchronising of many files", () => {
  let folder: string;
  let device: string;
  let closed: Map<string, string>;
  let events: ArchiveEvent[];
  before(async function () {
    syncThread.acquire();
    const path = tmpdir();
    device = String(fs.statSync(path).dev);
    await syncThread.start();
    // Only some file systems tell of all that is in them.
    if (!(await syncFileSystems([{ device, path }])).has(device)) this.skip();
  });
  after(() => syncThread.release());
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "syncing-"));
    closed = new Map();
    events = [];
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  function start(deviceOf: (i: number) => string) {
    const targets = new Map<string, Target>();
    const files = Array.from({ length: MANY }, (_, i) => {
      const name = path.join(folder, String(i));
      fs.writeFileSync(name, "");
      const file = new CountingFile(name, deviceOf(i));
      const target = new Target(name);
      target.file = file as unknown as AppendFile;
      targets.set(name, target);
      return file;
    });
    const syncing = new Syncing(targets, closed, (event) => events.push(event));
    return { targets, files, syncing };
  }

  it("leaves alone what is safe with its file system, open or closed", async () => {
    const { files, syncing } = start(() => device);
    files[0]!.directories = [folder];
    closed.set(path.join(folder, "closed"), device);
    assert.equal(await syncing.syncAll(), undefined);
    assert.ok(files.every(({ synced, unsynced }) => synced === 0 && unsynced.length === 0));
    assert.deepEqual([...closed], []);
    assert.deepEqual(events, []);
  });

  it("does not take for safe what is written meanwhile", async () => {
    const { files, syncing } = start(() => device);
    const [first, second] = files as [CountingFile, CountingFile];
    first.onTake = () => queueMicrotask(() => first.giveBackUnsynced([]));
    second.onTake = () => queueMicrotask(() => closed.set(second.path, device));
    await syncing.syncAll();
    assert.deepEqual(first.unsynced, [first.path]);
    assert.deepEqual([...closed.keys()], [second.path]);
  });

  it("synchronises each file where its file system cannot be shown to be the one of its path", async () => {
    const { files, syncing } = start((i) => (i % 2 === 0 ? device : NOWHERE));
    closed.set(files[1]!.path, NOWHERE);
    files[3]!.directories = [folder];
    await syncing.syncAll();
    assert.deepEqual(
      files.map(({ synced }) => synced),
      files.map((_, i) => i % 2),
    );
    assert.ok(files.every(({ unsynced }) => unsynced.length === 0));
    assert.deepEqual([...closed], []);
  });

  it("synchronises by its path what was closed meanwhile and is not safe with its file system", async () => {
    const { files, syncing, targets } = start(() => NOWHERE);
    const [first] = files as [CountingFile];
    first.directories = [folder];
    first.onTake = () => {
      targets.get(first.path)!.file = undefined;
    };
    let seen: string[] = [];
    files[1]!.sync = async () => {
      seen = [...closed.keys()];
    };
    await syncing.syncAll();
    assert.deepEqual(seen.sort(), [folder, first.path].sort());
    assert.equal(first.synced, 0);
    assert.deepEqual([...closed], []);
  });

  it("tells of what cannot be synchronised, and when it is safe again with its file system", async () => {
    const { files, syncing } = start(() => NOWHERE);
    const [first] = files as [CountingFile];
    first.failure = Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });
    assert.match(String(await syncing.syncAll()), /EIO/);
    assert.deepEqual(
      events.map(({ type, file }) => [type, file]),
      [["problem", first.path]],
    );
    for (const file of files) {
      file.device = device;
      file.isDirty = true;
    }
    assert.equal(await syncing.syncAll(), undefined);
    assert.deepEqual(events[1], { type: "recovered", file: first.path });
  });
});
