// lib/files/process-identity.ts: what tells a process from others of its number, on Linux and where less is known.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fsPromises from "node:fs/promises";
import os from "node:os";
import { mock } from "node:test";
import { lifeOf, processSpace } from "../../lib/files/process-identity.ts";

/** Larger than any that a system gives. */
const NOBODY = 2 ** 31 - 1;

describe("the identity of a process", () => {
  afterEach(() => mock.restoreAll());

  it("is the same for as long as it lives, and nobody else's", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(child, "spawn");
    const pid = child.pid!;
    const life = await lifeOf(pid);
    assert.ok(life);
    assert.equal(await lifeOf(pid), life);
    if (process.platform === "linux") assert.notEqual(await lifeOf(process.pid), life);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(await lifeOf(pid), undefined);
    assert.equal(await lifeOf(NOBODY), undefined);
  });

  it("is of a space without blanks, where files of the system tell it and where not", async () => {
    assert.match(await processSpace(), /^\S+$/);
    mock.method(fsPromises, "readFile", async () => {
      throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    });
    mock.method(os, "hostname", () => "the host's name");
    assert.equal(await processSpace(), "the%20host's%20name");
  });

  it("is that a process of its number runs, where the system is not Linux", async () => {
    const platform = Object.getOwnPropertyDescriptor(process, "platform")!;
    Object.defineProperty(process, "platform", { ...platform, value: "darwin" });
    try {
      assert.equal(await lifeOf(process.pid), "running");
      assert.equal(await lifeOf(NOBODY), undefined);
      // Somebody else's.
      mock.method(process, "kill", (_pid: number, signal: number) => {
        assert.equal(signal, 0);
        throw Object.assign(new Error("not permitted"), { code: "EPERM" });
      });
      assert.equal(await lifeOf(process.pid), "running");
    } finally {
      Object.defineProperty(process, "platform", platform);
    }
  });

  it("is none of a process that has ended and is not waited for yet", async function () {
    if (process.platform !== "linux") this.skip();
    const { readFile } = fsPromises;
    const stat = (state: string) =>
      `7 (a ) name) ${state} ${Array.from({ length: 30 }, (_, i) => i + 4).join(" ")}`;
    let state = "S";
    mock.method(fsPromises, "readFile", async (file: string, encoding: "latin1") =>
      file === "/proc/7/stat" ? stat(state) : await readFile(file, encoding),
    );
    assert.match((await lifeOf(7))!, /^[\w-]+\/22$/);
    state = "Z";
    assert.equal(await lifeOf(7), undefined);
  });
});
