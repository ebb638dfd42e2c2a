// lib/files/folder-lock.ts: a folder has one owner, whoever comes at the same time and whatever the dead have left.
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import fsPromises from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { mock } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FileError } from "../../lib/files/errors.ts";
import { lockFolder } from "../../lib/files/folder-lock.ts";
import { lifeOf, processSpace } from "../../lib/files/process-identity.ts";

const PROCESSES = 8;
const ROUNDS = 64;
const SCRIPT = path.join(__dirname, "lock-process.js");

describe("lockFolder", () => {
  let folder: string;
  let file: string;
  let processes: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "lock-"));
    file = path.join(folder, "lock");
  });
  afterEach(() => {
    for (const child of processes) child.kill("SIGKILL");
    processes = [];
    rmSync(folder, { recursive: true, force: true });
  });

  function start(): ChildProcess {
    const child = fork(SCRIPT);
    processes.push(child);
    return child;
  }

  async function ask(child: ChildProcess, message: object): Promise<string> {
    child.send(message);
    const [answer] = await once(child, "message");
    return String(answer);
  }

  it("has exactly one owner of eight that come at once, whatever a dead one left, in 64 rounds", async function () {
    this.timeout(60_000);
    const children = Array.from({ length: PROCESSES }, start);
    const [space, life] = [await processSpace(), await lifeOf(process.pid)];
    const leftovers = [
      "999999 old/1\n",
      `${process.pid} another-boot/1\n`,
      `999999 x/1 ${space} token\n`,
      `${process.pid} x/1 ${space} token\n`,
      undefined,
    ];
    assert.ok(life);
    for (let round = 0; round < ROUNDS; round++) {
      const left = leftovers[round % leftovers.length];
      if (left !== undefined) writeFileSync(file, left);
      const answers = await Promise.all(children.map((child) => ask(child, { lock: folder })));
      const owners = answers.filter((answer) => answer === "locked");
      assert.equal(owners.length, 1, `round ${round}: ${answers.join(", ")}`);
      for (const answer of answers) assert.match(answer, /^(locked|FOLDER_IN_USE)$/);
      const owner = children[answers.indexOf("locked")]!;
      assert.equal(Number.parseInt(readFileSync(file, "utf8"), 10), owner.pid);
      await ask(owner, { release: true });
      assert.deepEqual(readdirSync(folder), []);
    }
  });

  it("goes to another when its owner, or who was taking it over, is killed", async () => {
    for (let round = 0; round < 6; round++) {
      const [owner, next] = [start(), start()];
      assert.equal(await ask(owner, { lock: folder }), "locked");
      assert.equal(await ask(next, { lock: folder }), "FOLDER_IN_USE");
      owner.kill("SIGKILL");
      await once(owner, "exit");
      const taking = start();
      await once(taking, "spawn");
      taking.send({ lock: folder });
      if (round > 0) await sleep(30 + 5 * round);
      taking.kill("SIGKILL");
      await once(taking, "exit");
      assert.equal(await ask(next, { lock: folder }), "locked");
      assert.equal(await ask(next, { release: true }), "released");
    }
  });

  it("waits for a sign of life of an owner whose number means nothing here", async function () {
    this.timeout(30_000);
    const elsewhere = "1 boot/7 boot/pid:[1] token\n";
    writeFileSync(file, elsewhere);
    // It lives, in another container or on another machine.
    const timer = setInterval(() => writeFileSync(file, elsewhere), 1000);
    await assert.rejects(
      lockFolder(folder),
      (error) => error instanceof FileError && error.code === "FOLDER_IN_USE",
    );
    clearInterval(timer);
    // It is dead.
    const lock = await lockFolder(folder);
    assert.ok(lock.isHeld);
    await assert.rejects(lockFolder(folder), { code: "FOLDER_IN_USE" });
    await lock.release();
    assert.deepEqual(readdirSync(folder), []);
  });

  describe("from second to second", () => {
    beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
    afterEach(() => mock.timers.reset());

    /** A look that is still under way counts for the next second too. */
    async function seconds(until: () => boolean): Promise<void> {
      while (!until()) {
        mock.timers.tick(1000);
        await sleep(1);
      }
    }

    it("shows signs of life, puts back what was removed, and stays the owner", async () => {
      const lock = await lockFolder(folder);
      const content = readFileSync(file, "utf8");
      for (let i = 0; i < 2; i++) {
        utimesSync(file, 0, 0);
        await seconds(() => statSync(file).mtimeMs > 0);
        rmSync(file);
        await seconds(() => existsSync(file));
        assert.equal(readFileSync(file, "utf8"), content);
        assert.ok(lock.isHeld);
      }
      await lock.release();
      assert.deepEqual(readdirSync(folder), []);
    });

    it("notices that it was taken over, and then leaves the other's file alone", async () => {
      const lock = await lockFolder(folder);
      writeFileSync(file, "1 taken over\n");
      await seconds(() => !lock.isHeld);
      await lock.release();
      assert.equal(readFileSync(file, "utf8"), "1 taken over\n");
    });
  });

  it("has one owner on a file system without hard links, too", async () => {
    mock.method(fsPromises, "link", async () => {
      throw Object.assign(new Error("operation not supported"), { code: "ENOTSUP" });
    });
    try {
      const lock = await lockFolder(folder);
      assert.equal(Number.parseInt(readFileSync(file, "utf8"), 10), process.pid);
      await lock.release();
      const alive = `${process.pid} ${await lifeOf(process.pid)} ${await processSpace()} another\n`;
      writeFileSync(file, alive);
      await assert.rejects(lockFolder(folder), { code: "FOLDER_IN_USE" });
      assert.equal(readFileSync(file, "utf8"), alive);
      writeFileSync(file, alive.replace(/ \S+/, " another-boot/1"));
      await (await lockFolder(folder)).release();
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      mock.restoreAll();
    }
  });

  it("says who its owner is from the first moment on, however slowly the disk writes", async () => {
    const { open, link, rename } = fsPromises;
    mock.method(fsPromises, "open", async (name: string, flags: string, mode: number) => {
      const handle = await open(name, flags, mode);
      const writeFile = handle.writeFile.bind(handle);
      handle.writeFile = async (content: string) => {
        await sleep(10);
        await writeFile(content);
      };
      return handle;
    });
    const appeared: string[] = [];
    for (const [name, move] of Object.entries({ link, rename })) {
      mock.method(fsPromises, name as "link", async (from: string, to: string) => {
        if (to === file) appeared.push(`${name} ${readFileSync(from, "utf8")}`);
        await move(from, to);
      });
    }
    try {
      writeFileSync(file, `${process.pid} another-boot/1\n`);
      const lock = await lockFolder(folder);
      await lock.release();
      await (await lockFolder(folder)).release();
    } finally {
      mock.restoreAll();
    }
    // The first attempt finds the one that is dead.
    const owner = new RegExp(`^\\w+ ${process.pid} \\S+ \\S+ \\S+\n$`);
    assert.deepEqual(
      appeared.map((each) => each.split(" ")[0]),
      ["link", "rename", "link"],
    );
    for (const each of appeared) assert.match(each, owner);
  });

  it("is not had where the file system refuses for another reason, and may be tried again", async () => {
    for (const refuses of ["link", "open"] as const) {
      mock.method(fsPromises, refuses, async () => {
        throw Object.assign(new Error("the disk is broken"), { code: "EIO" });
      });
      await assert.rejects(lockFolder(folder), { code: "EIO" });
      mock.restoreAll();
      assert.deepEqual(readdirSync(folder), []);
    }
    await (await lockFolder(folder)).release();
  });

  it("lets nobody else read who it is", async function () {
    if (process.platform === "win32") this.skip();
    const lock = await lockFolder(folder);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    await lock.release();
  });
});
