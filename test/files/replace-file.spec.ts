// lib/files/replace-file.ts: a file has all of its old content or all of the new one, whatever happens.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { moveInPlace, replaceFile } from "../../lib/files/replace-file.ts";

describe("replaceFile", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "replace-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("creates a file with its directories, and replaces it by text or bytes", async () => {
    const file = path.join(folder, "a", "b", "position");
    await replaceFile(file, "first é");
    assert.equal(readFileSync(file, "utf8"), "first é");
    await replaceFile(file, Uint8Array.of(0, 255));
    assert.deepEqual([...readFileSync(file)], [0, 255]);
    assert.deepEqual(readdirSync(path.dirname(file)), ["position"]);
  });

  it("rejects where the name cannot be taken, and leaves nothing behind", async () => {
    const file = path.join(folder, "directory");
    mkdirSync(file);
    await assert.rejects(replaceFile(file, "x"), /EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    assert.deepEqual(readdirSync(folder), ["directory"]);
    writeFileSync(path.join(folder, "file"), "");
    await assert.rejects(replaceFile(path.join(folder, "file", "below"), "x"), /ENOTDIR|EEXIST/);
  });

  it("keeps the old content where the new one cannot be written, and takes what a crash left for nothing", async () => {
    const file = path.join(folder, "position");
    await replaceFile(file, "old");
    mkdirSync(`${file}.new`);
    await assert.rejects(replaceFile(file, "new"), /EISDIR/);
    assert.equal(readFileSync(file, "utf8"), "old");
    rmSync(`${file}.new`, { recursive: true });
    writeFileSync(`${file}.new`, "half of something much longer");
    await replaceFile(file, "new");
    assert.equal(readFileSync(file, "utf8"), "new");
  });

  it("writes one after the other what is given at the same time: the last one stays", async () => {
    const file = path.join(folder, "position");
    await Promise.all(Array.from({ length: 20 }, (_, i) => replaceFile(file, `${i} `.repeat(1000 - i))));
    assert.equal(readFileSync(file, "utf8"), "19 ".repeat(981));
    assert.deepEqual(readdirSync(folder), ["position"]);
  });

  it("leaves a whole file when the process is killed in the middle of it", async () => {
    const file = path.join(folder, "position");
    const script = `const { replaceFile } = require(${JSON.stringify(require.resolve("../../lib/files/replace-file.js"))});
      (async () => { for (let i = 0; ; i++) { await replaceFile(${JSON.stringify(file)}, (i + " ").repeat(50000)); if (i === 0) console.log(i); } })();`;
    for (let kill = 0; kill < 5; kill++) {
      rmSync(file, { force: true });
      const writer = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
      await once(writer.stdout, "data");
      setTimeout(() => writer.kill("SIGKILL"), 7 * kill);
      await once(writer, "close");
      const words = readFileSync(file, "utf8").trimEnd().split(" ");
      assert.equal(words.length, 50000);
      assert.equal(new Set(words).size, 1);
    }
  });
});

describe("moveInPlace", () => {
  it("gives a file its name in the place of another", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "replace-"));
    writeFileSync(path.join(folder, "a"), "new");
    writeFileSync(path.join(folder, "b"), "old");
    await moveInPlace(path.join(folder, "a"), path.join(folder, "b"));
    assert.equal(readFileSync(path.join(folder, "b"), "utf8"), "new");
    assert.deepEqual(readdirSync(folder), ["b"]);
    rmSync(folder, { recursive: true });
  });
});
