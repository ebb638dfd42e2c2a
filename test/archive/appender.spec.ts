// lib/archive/appender.ts and appender/, lib/files/append-file.ts: what happens to writes when the file system refuses, and to files under it.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import fs from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Appender } from "../../lib/archive/appender.ts";
import type { ArchiveEvent } from "../../lib/archive/events.ts";
import type { AppenderOptions } from "../../lib/archive/settings.ts";
import type { WholeLength } from "../../lib/files/append-file.ts";

const NEWLINE = Buffer.from("\n");
const allWhole: WholeLength = async ({ size }) => size;

/** An appender that tells its events, and lets a test wait for one. */
function observed(options: AppenderOptions = {}, wholeLength = allWhole) {
  const events: ArchiveEvent[] = [];
  const waiting = new Map<string, () => void>();
  const onEvent = (event: ArchiveEvent) => {
    events.push(event);
    waiting.get(event.type)?.();
  };
  const appender = new Appender({ ...options, onEvent }, wholeLength, NEWLINE);
  const next = (type: ArchiveEvent["type"]) => new Promise<void>((resolve) => waiting.set(type, resolve));
  return { appender, events, next };
}

function messageOf(event: ArchiveEvent | undefined): string {
  return event?.type === "problem" ? event.error.message : "";
}

const canMount = process.platform === "linux" && process.getuid?.() === 0 && mounts();
const NOBODY = { uid: 65534, gid: 65534 };
const APPENDER = JSON.stringify(path.join(__dirname, "../../lib/archive/appender.js"));
const canBeNobody = process.getuid?.() === 0 && runsAsNobody();

function runsAsNobody(): boolean {
  try {
    execFileSync(process.execPath, ["-e", `require(${APPENDER})`], { ...NOBODY, stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function mounts(): boolean {
  const point = fs.mkdtempSync(path.join(tmpdir(), "mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", point], { stdio: "ignore" });
    execFileSync("umount", [point], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    fs.rmdirSync(point);
  }
}

describe("archive appender", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "appender-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const inFolder = (name: string) => path.join(folder, name);
  const lines = async (name: string) => (await readFile(inFolder(name), "utf8")).split("\n").slice(0, -1);
  const text = (i: number) => Buffer.from(`line ${i}`);

  it("moves no file away that is being written to", async () => {
    const file = inFolder("busy");
    await using appender = new Appender({}, allWhole, NEWLINE);
    for (let line = 0; line < 50; line++) {
      const writing = appender.append(file, Buffer.from(String(line)));
      assert.equal(await appender.moveAway(file, `${file}.moved`), false);
      await writing;
    }
    assert.equal(await readFile(file, "utf8"), Array.from({ length: 50 }, (_, i) => `${i}\n`).join(""));
    assert.equal(fs.existsSync(`${file}.moved`), false);
    assert.equal(await appender.moveAway(file, `${file}.moved`), true);
    assert.equal(fs.existsSync(file), false);
  });

  it("goes on in a new file when the file was renamed", async () => {
    await using appender = new Appender({}, allWhole, NEWLINE);
    await appender.append(inFolder("log"), text(1));
    await rename(inFolder("log"), inFolder("log.1"));
    for (let i = 2; !fs.existsSync(inFolder("log")); i++) {
      await appender.append(inFolder("log"), text(i));
      await delay(100);
    }
    const all = [...(await lines("log.1")), ...(await lines("log"))];
    assert.deepEqual(
      all,
      all.map((_, i) => `line ${i + 1}`),
    );
  });

  it("puts the next line where its path says, right after a rename", async function () {
    await using appender = new Appender({}, allWhole, NEWLINE);
    const probe = fs.openSync(inFolder("probe"), "w");
    try {
      const before = fs.fstatSync(probe).ctimeMs;
      await delay(20);
      fs.renameSync(inFolder("probe"), inFolder("probe.1"));
      // Some file systems do not note a rename: there it is seen within a second.
      if (fs.fstatSync(probe).ctimeMs === before) this.skip();
    } finally {
      fs.closeSync(probe);
    }
    for (let i = 1; i <= 5; i++) {
      await appender.append(inFolder("log"), text(i));
      assert.deepEqual(await lines("log"), [`line ${i}`]);
      // The clock of a file system may tick in steps of some milliseconds.
      await delay(20);
      await rename(inFolder("log"), inFolder(`log.${i}`));
    }
    assert.deepEqual(await lines("log.3"), ["line 3"]);
  });

  it("writes again what went with a file that was removed, and makes its directory again", async () => {
    await using appender = new Appender({}, allWhole, NEWLINE);
    await appender.append(inFolder("a/b/log"), text(1));
    await rm(inFolder("a"), { recursive: true });
    await appender.append(inFolder("a/b/log"), text(2));
    assert.deepEqual(await lines("a/b/log"), ["line 2"]);
  });

  it("goes on at the end of a file that was truncated", async () => {
    await using appender = new Appender({}, allWhole, NEWLINE);
    await appender.append(inFolder("log"), text(1));
    fs.truncateSync(inFolder("log"));
    await appender.append(inFolder("log"), text(2));
    assert.deepEqual(await lines("log"), ["line 2"]);
  });

  it("holds what cannot be written, says so, and writes it when it can", async () => {
    const { appender, events, next } = observed({ retryFor: 60_000 });
    await writeFile(inFolder("a"), "in the way");
    const problem = next("problem");
    const writes = Promise.all([1, 2, 3].map((i) => appender.append(inFolder("a/log"), text(i))));
    await problem;
    const other = appender.append(inFolder("b"), text(0));
    await other;
    await rm(inFolder("a"));
    await writes;
    await appender.close();
    assert.deepEqual(await lines("a/log"), ["line 1", "line 2", "line 3"]);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["problem", "recovered"],
    );
    assert.match(messageOf(events[0]), /a file has the name of a directory/);
  });

  for (const [name, ahead] of [
    ["ahead", 86_400_000],
    ["back", -86_400_000],
  ] as const) {
    it(`goes on trying for as long as it is to, also where the clock on the wall is set ${name} meanwhile`, async () => {
      const wall = Date.now;
      const patient = observed({ retryFor: 60_000 });
      const { appender } = observed({ retryFor: 300 });
      await writeFile(inFolder("a"), "in the way");
      const problem = patient.next("problem");
      const held = patient.appender.append(inFolder("a/held"), text(1));
      const refused = assert.rejects(appender.append(inFolder("a/refused"), text(2)), {
        code: "WRITE_FAILED",
      });
      try {
        await problem;
        Date.now = () => wall() + ahead;
        // Tried again several times by then, also where one gives up at once.
        await Promise.all([refused, new Promise((resolve) => setTimeout(resolve, 1000))]);
        await rm(inFolder("a"));
        await held;
      } finally {
        Date.now = wall;
        await Promise.all([appender.close(), patient.appender.close()]);
      }
      assert.deepEqual(await lines("a/held"), ["line 1"]);
    });
  }

  it("refuses after a while, and then at once until it works again", async () => {
    const { appender } = observed({ retryFor: 1500 });
    await writeFile(inFolder("a"), "");
    const failure = {
      name: "ArchiveError",
      code: "WRITE_FAILED",
      message: /^Cannot write .*a\/log: a file has/,
    };
    await assert.rejects(appender.append(inFolder("a/log"), text(1)), failure);
    const started = performance.now();
    await assert.rejects(appender.append(inFolder("a/log"), text(2)), failure);
    assert.ok(performance.now() - started < 1400);
    await rm(inFolder("a"));
    await appender.append(inFolder("a/log"), text(3));
    await appender.close();
    assert.deepEqual(await lines("a/log"), ["line 3"]);
  });

  it("does not go on trying when it is closed", async () => {
    const { appender, next } = observed({ retryFor: Number.POSITIVE_INFINITY });
    await writeFile(inFolder("a"), "");
    const problem = next("problem");
    const write = assert.rejects(appender.append(inFolder("a/log"), text(1)), { code: "WRITE_FAILED" });
    await problem;
    await appender.close();
    await write;
    await assert.rejects(appender.append(inFolder("b"), text(1)), { code: "CLOSED" });
  });

  it("writes once what is being tried again when it is closed", async () => {
    const steps = new EventEmitter();
    const isClosing = once(steps, "closing");
    let opened = 0;
    const wholeLength: WholeLength = async (file) => {
      if (opened++ === 0) throw new Error("not yet");
      steps.emit("retried");
      await isClosing;
      return file.size;
    };
    const { appender } = observed({}, wholeLength);
    const write = appender.append(inFolder("log"), text(1));
    await once(steps, "retried");
    const closing = appender.close();
    // A second write of it, if closing began one, is under way by now.
    await new Promise(setImmediate);
    steps.emit("closing");
    await Promise.all([write, closing]);
    assert.deepEqual(await lines("log"), ["line 1"]);
  });

  it("is closed once, however often it is closed", async () => {
    const { appender } = observed();
    const written = appender.append(inFolder("log"), text(1));
    const closing = appender.close();
    assert.equal(appender.close(), closing);
    await Promise.all([written, closing, appender[Symbol.asyncDispose]()]);
    assert.equal(appender.close(), closing);
    assert.equal(appender.openFiles, 0);
    await assert.rejects(appender.append(inFolder("log"), text(2)), { code: "CLOSED" });
    assert.deepEqual(await lines("log"), ["line 1"]);
  });

  it("can be closed by whoever is told of a problem", async () => {
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= appender.close();
    };
    const appender = new Appender({ onEvent: close }, allWhole, NEWLINE);
    await writeFile(inFolder("a"), "");
    await assert.rejects(appender.append(inFolder("a/log"), text(1)), { code: "WRITE_FAILED" });
    await closing;
    assert.equal(appender.pendingBytes, 0);
  });

  it("waits for room, and refuses more than may wait", async () => {
    const appender = new Appender({ maxPendingBytes: 100 }, allWhole, NEWLINE);
    const chunk = Buffer.alloc(49);
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, () =>
        appender.append(inFolder("log"), chunk).then(
          () => "",
          (error) => error.code,
        ),
      ),
    );
    assert.deepEqual(outcomes, [...Array(10).fill(""), "OVERLOADED", "OVERLOADED"]);
    const large = Buffer.alloc(1000);
    await appender.append(inFolder("log"), large);
    assert.equal(appender.pendingBytes, 0);
    await appender.close();
    assert.equal(fs.statSync(inFolder("log")).size, 10 * 50 + 1001);
  });

  it("opens few files anew where somewhat more are written in turn than may be open", async () => {
    const MOST = 100;
    const paths = Array.from({ length: MOST + 10 }, (_, i) => inFolder(String(i)));
    const { open } = fs;
    let opened = 0;
    fs.open = ((...argv: Parameters<typeof open>) => {
      opened++;
      open(...argv);
    }) as typeof open;
    try {
      await using appender = new Appender({ maxOpenFiles: MOST }, allWhole, NEWLINE);
      const writeAll = () => Promise.all(paths.map((file) => appender.append(file, text(0))));
      await writeAll();
      opened = 0;
      for (let turn = 0; turn < 20; turn++) {
        await writeAll();
        assert.ok(appender.openFiles <= MOST, `${appender.openFiles} files open`);
      }
    } finally {
      fs.open = open;
    }
    // Closing the one not used for longest, each write would find its file closed.
    assert.ok(opened < 0.5 * 20 * paths.length, `${opened} opened`);
    for (const file of paths) assert.equal(fs.readFileSync(file, "utf8"), "line 0\n".repeat(21));
  });

  it("writes to hundreds of files at once, whatever becomes of some of them", async () => {
    const { appender, events } = observed({ retryFor: 200 });
    const COUNT = 300;
    const name = (i: number) => (i % 50 === 7 ? `wrong${i}/log` : `right${i}`);
    for (let i = 0; i < COUNT; i++) if (i % 50 === 7) await writeFile(inFolder(`wrong${i}`), "");
    for (let line = 1; line <= 4; line++) {
      if (line === 3) {
        await rename(inFolder(name(10)), inFolder("renamed"));
        await rm(inFolder(name(20)));
        fs.truncateSync(inFolder(name(30)));
      }
      const outcomes = await Promise.allSettled(
        Array.from({ length: COUNT }, (_, i) => appender.append(inFolder(name(i)), text(line))),
      );
      for (const [i, { status }] of outcomes.entries())
        assert.equal(status, i % 50 === 7 ? "rejected" : "fulfilled");
    }
    await appender.close();
    assert.equal(events.filter(({ type }) => type === "problem").length, COUNT / 50);
    for (let i = 0; i < COUNT; i++) {
      if (i % 50 === 7) continue;
      const isNew = i === 10 || i === 20 || i === 30;
      assert.deepEqual(
        await lines(name(i)),
        (isNew ? [3, 4] : [1, 2, 3, 4]).map((line) => `line ${line}`),
        name(i),
      );
    }
    assert.deepEqual(await lines("renamed"), ["line 1", "line 2"]);
  });

  it("is content with fewer files where the system allows fewer", async function () {
    if (process.platform === "win32") this.skip();
    // In a process of its own, which may have 40 files open.
    const script = `
      const { Appender } = require(${APPENDER});
      const problems = [];
      const appender = new Appender({ maxOpenFiles: 1000, retryFor: 20000, onEvent: (event) => problems.push(event.error?.code) },
        async ({ size }) => size, Buffer.from("\\n"));
      const all = [];
      for (let i = 0; i < 200; i++) for (let k = 0; k < 3; k++) all.push(appender.append(process.argv[1] + "/" + i, Buffer.from("x" + k)));
      Promise.all(all).then(() => appender.close()).then(() => console.log(JSON.stringify(problems)));`;
    const child = spawn("sh", [
      "-c",
      'ulimit -n 40 && exec "$0" -e "$1" "$2"',
      process.execPath,
      script,
      folder,
    ]);
    let output = "";
    let complaint = "";
    child.stdout.on("data", (piece) => (output += piece));
    child.stderr.on("data", (piece) => (complaint += piece));
    const [status] = await once(child, "close");
    assert.equal(status, 0, complaint);
    assert.ok(output.includes("TOO_MANY_FILES"), output);
    for (let i = 0; i < 200; i++) assert.deepEqual(await lines(String(i)), ["x0", "x1", "x2"]);
  });

  (canBeNobody ? it : it.skip)(
    "says when permission is lost, and goes on when it is given back (needs root to become nobody)",
    async () => {
      await chmod(folder, 0o755);
      await mkdir(inFolder("d"));
      fs.chownSync(inFolder("d"), NOBODY.uid, NOBODY.gid);
      const script = `
      const { Appender } = require(${APPENDER});
      const appender = new Appender({ retryFor: 60000, onEvent: (event) => console.log(event.error?.code ?? event.type) },
        async ({ size }) => size, Buffer.from("\\n"));
      const file = (i) => process.argv[1] + "/" + i;
      const write = (i) => appender.append(file(i), Buffer.from("x"));
      process.stdin.on("data", (i) => write(String(i).trim()).then(() => console.log("written")));
      process.stdin.on("end", () => appender.close());
      console.log("ready");`;
      const child = spawn(process.execPath, ["-e", script, inFolder("d")], NOBODY);
      child.stderr.pipe(process.stderr);
      const said = (async function* () {
        for await (const piece of child.stdout) yield* String(piece).trim().split("\n");
      })();
      const next = async () => (await said.next()).value;
      assert.equal(await next(), "ready");
      child.stdin.write("a\n");
      assert.equal(await next(), "written");
      await chmod(inFolder("d"), 0o500);
      child.stdin.write("b\n");
      assert.equal(await next(), "NOT_PERMITTED");
      await chmod(inFolder("d"), 0o700);
      assert.equal(await next(), "recovered");
      assert.equal(await next(), "written");
      child.stdin.end();
      await once(child, "close");
      assert.deepEqual(await readdir(inFolder("d")), ["a", "b"]);
    },
  );

  (canMount ? describe : describe.skip)("on a small disk (needs root to mount one)", () => {
    beforeEach(() => execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]));
    afterEach(() => execFileSync("umount", ["-l", folder]));

    it("loses and doubles nothing that it acknowledged when the disk is full, and tears no line", async () => {
      const { appender, events } = observed({ retryFor: 100, maxPendingBytes: 8000 });
      const acknowledged: string[] = [];
      const write = async (i: number) => {
        const line = `${i} ${"x".repeat(i % 700)}`;
        await appender.append(inFolder(`log${i % 3}`), Buffer.from(line));
        acknowledged.push(line);
      };
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, batch) => fill(batch * 100, write)),
      );
      const refused = outcomes.filter(({ status }) => status === "rejected").length;
      assert.ok(refused > 0 && acknowledged.length > 0);
      assert.ok(events.some((event) => event.type === "problem" && event.error.code === "DISK_FULL"));
      // Room again: what comes now is taken.
      await rm(inFolder("log0"));
      acknowledged.splice(
        0,
        acknowledged.length,
        ...acknowledged.filter((line) => Number.parseInt(line, 10) % 3 !== 0),
      );
      for (let i = 3001; i < 3010; i++) await write(i);
      await appender.close();
      const found = (await Promise.all((await readdir(folder)).map(lines))).flat();
      assert.deepEqual(found.sort(), acknowledged.sort());
    });

    it("holds what does not fit, until it does", async () => {
      const { appender, next } = observed({ retryFor: 60_000 });
      await writeFile(inFolder("ballast"), Buffer.alloc(56_000));
      const problem = next("problem");
      const writes = Promise.all(
        Array.from({ length: 20 }, (_, i) => appender.append(inFolder("log"), Buffer.alloc(1000, 65 + i))),
      );
      await problem;
      assert.equal((await readFile(inFolder("log"))).length, 0);
      await rm(inFolder("ballast"));
      await writes;
      await appender.close();
      assert.deepEqual(
        (await lines("log")).map((line) => line[0]),
        Array.from("ABCDEFGHIJKLMNOPQRST"),
      );
    });

    it("says when the disk becomes read-only, and goes on when it is not", async () => {
      const { appender, events, next } = observed({ retryFor: 60_000 });
      const problem = next("problem");
      execFileSync("mount", ["-o", "remount,ro", folder]);
      const write = appender.append(inFolder("b"), text(2));
      await problem;
      execFileSync("mount", ["-o", "remount,rw", folder]);
      await write;
      await appender.close();
      assert.deepEqual(await lines("b"), ["line 2"]);
      assert.match(messageOf(events[0]), /read-only/);
    });
  });
});

/** A hundred writes one after the other; fails with the first that fails, after trying all. */
async function fill(from: number, write: (i: number) => Promise<void>): Promise<void> {
  let failure: unknown;
  for (let i = from; i < from + 100; i++) {
    try {
      await write(i);
    } catch (error) {
      failure = error;
    }
  }
  if (failure) throw failure as Error;
}
