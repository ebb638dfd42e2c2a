// lib/files/entry-log.ts: an entry is in a log whole or not at all, damage costs only what it hits, and old logs are read.
import assert from "node:assert/strict";
import fs, { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { formatOf, type LogKind } from "../../lib/files/entry-format.ts";
import { EntryLog, type LogState, readLog, readLogNow, readSecret } from "../../lib/files/entry-log.ts";
import { EntryScanner } from "../../lib/files/entry-scanner.ts";

const KIND: LogKind = {
  name: "Test log",
  oldTitle: "Test log 1\n",
  oldMark: Buffer.from("\nOLD"),
  oldLengthCountsAll: false,
};
const MAX = 100_000;

/** Bytes of the mark before each entry. */
const MARK_BYTES = 8;

describe("entry log", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "log-"));
    file = path.join(folder, "log");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function write(bodies: readonly Buffer[]): Promise<void> {
    const log = await EntryLog.create(file, KIND);
    for (const body of bodies) await log.append([body]);
    await log.close();
  }

  async function read(secrets: Buffer[] = []): Promise<{ bodies: Buffer[]; state: LogState }> {
    const entries = readLog(file, KIND, MAX, { secrets });
    const bodies: Buffer[] = [];
    for (;;) {
      const step = await entries.next();
      if (step.done) return { bodies, state: step.value };
      bodies.push(Buffer.from(step.value.body));
    }
  }

  it("gives back what was appended, alone or together, and goes on after it was closed", async () => {
    await write([Buffer.from("a"), Buffer.alloc(50_000, 7)]);
    const log = await EntryLog.open(file, KIND);
    await log.append([Buffer.from("b"), Buffer.from("c")]);
    assert.equal(log.size, statSync(file).size);
    await log.close();
    const { bodies, state } = await read();
    assert.deepEqual(
      bodies.map(({ length }) => length),
      [1, 50_000, 1, 1],
    );
    assert.ok(state.state === "read" && state.damages.length === 0);
    assert.deepEqual(
      readLogNow(file, KIND).entries.map(({ body }) => Buffer.from(body)),
      bodies,
    );
  });

  it("notices that its file was removed", async () => {
    const log = await EntryLog.create(file, KIND);
    assert.equal(log.isRemoved(), false);
    rmSync(file);
    assert.equal(log.isRemoved(), true);
    await log.close();
  });

  it("loses the entries that damage hits, and no other, wherever it is and whatever they hold", async () => {
    // Bodies that look like entries themselves must not be taken for some.
    const fake = Buffer.concat([
      Buffer.from("Test log 2\n"),
      KIND.oldMark,
      Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0]),
    ]);
    const body = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.constant(Buffer.concat([fake, fake, fake])),
      fc.constant(Buffer.alloc(5000, 0)),
    );
    const damage = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      length: fc.integer({ min: 1, max: 400 }),
      by: fc.constantFrom("flip", "zero", "noise"),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(body, { minLength: 1, maxLength: 12 }),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        async (bodies, damages) => {
          rmSync(file, { force: true });
          const log = await EntryLog.create(file, KIND);
          const places: { from: number; to: number; body: Buffer }[] = [];
          for (const each of bodies) {
            const from = log.size;
            await log.append([each]);
            places.push({ from, to: log.size, body: each });
          }
          await log.close();
          const sound = readFileSync(file);
          const secret = await readSecret(file, KIND);
          const bytes = Buffer.from(sound);
          for (const { at, length, by } of damages) {
            const from = Math.floor(at * bytes.length);
            for (let i = from; i < Math.min(from + length, bytes.length); i++) {
              bytes[i] = by === "flip" ? bytes[i]! ^ 1 : by === "zero" ? 0 : (i * 31) & 255;
            }
          }
          writeFileSync(file, bytes);
          const whole = places.filter(({ from, to }) =>
            bytes.subarray(from, to).equals(sound.subarray(from, to)),
          );
          const found = await read([secret!]);
          if (whole.length === 0) {
            // All marks are damaged: by one of them, entries may be found whose checksums tell that they are sound.
            const isSound = ({ from, to }: { from: number; to: number }) =>
              bytes.subarray(from + MARK_BYTES, to).equals(sound.subarray(from + MARK_BYTES, to));
            const some = places.filter(isSound).map((place) => place.body.toString("hex"));
            for (const each of found.bodies) assert.ok(some.includes(each.toString("hex")));
            return;
          }
          assert.deepEqual(
            found.bodies,
            whole.map((place) => place.body),
          );
          assert.ok(found.state.state === "read");
          const told = found.state.damages.reduce((sum, { from, to }) => sum + to - from, 0);
          const lost = places
            .filter((place) => !whole.includes(place))
            .reduce((sum, { from, to }) => sum + to - from, 0);
          assert.equal(told, lost);
        },
      ),
      { numRuns: 150, endOnFailure: true },
    );
  });

  it("finds the same however the bytes come in pieces", async () => {
    await write(Array.from({ length: 20 }, (_, i) => Buffer.alloc(i * 7 + 1, i)));
    const bytes = readFileSync(file);
    bytes[200]! ^= 1;
    const format = formatOf(KIND, "", bytes)!;
    const scanAll = (size: number) => {
      const scanner = new EntryScanner(format, bytes.length, MAX);
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        scanner.push(bytes.subarray(at, at + size));
        for (let entry = scanner.next(); entry; entry = scanner.next())
          found.push(entry.body.toString("hex"));
      }
      scanner.end();
      for (let entry = scanner.next(); entry; entry = scanner.next()) found.push(entry.body.toString("hex"));
      return { found, damages: scanner.damages };
    };
    const atOnce = scanAll(bytes.length);
    assert.equal(atOnce.found.length, 19);
    for (const size of [1, 2, 3, 7, 16, 17, 100, 999]) assert.deepEqual(scanAll(size), atOnce);
  });

  it("goes on with what a short write left over, and takes back what cannot be completed", async () => {
    const log = await EntryLog.create(file, KIND);
    await log.append([Buffer.from("first")]);
    const { size } = log;
    const { writev, write: writeOne } = fs;
    let full = false;
    // A disk that takes seven bytes at a time, until it is full.
    const short = (
      descriptor: number,
      bytes: Buffer,
      done: (error: Error | null, written?: number) => void,
    ) => {
      if (full) done(Object.assign(new Error("no space"), { code: "ENOSPC" }));
      else writeOne(descriptor, bytes, 0, Math.min(7, bytes.length), null, done);
    };
    fs.writev = ((descriptor: number, pieces: Buffer[], _position: null, done: never) =>
      short(descriptor, pieces[0]!, done)) as never;
    fs.write = ((
      descriptor: number,
      bytes: Buffer,
      _offset: number,
      _length: number,
      _position: null,
      done: never,
    ) => short(descriptor, bytes, done)) as never;
    try {
      await log.append([Buffer.from("second, which is longer")]);
      const before = log.size;
      const failing = log.append([Buffer.from("third, which does not fit")]);
      full = true;
      await assert.rejects(failing, { code: "ENOSPC" });
      assert.equal(log.size, before);
      assert.equal(statSync(file).size, before);
    } finally {
      Object.assign(fs, { writev, write: writeOne });
    }
    await log.append([Buffer.from("fourth"), Buffer.from("fifth")]);
    await log.close();
    assert.ok(log.size > size);
    const { bodies } = await read();
    assert.deepEqual(bodies.map(String), ["first", "second, which is longer", "fourth", "fifth"]);
  });

  it("creates no log in the place of anything else, and tells what is not one or newer", async () => {
    writeFileSync(path.join(folder, "precious"), "precious");
    symlinkSync(path.join(folder, "precious"), file);
    await assert.rejects(EntryLog.create(file, KIND), { code: "EEXIST" });
    assert.equal((await read()).state.state, "foreign");
    await assert.rejects(EntryLog.open(file, KIND), /not a log/);
    assert.equal(readFileSync(path.join(folder, "precious"), "utf8"), "precious");
    rmSync(file);
    for (const [content, state] of [
      ["", "begun"],
      ["Test lo", "begun"],
      ["Test log 2\nabc", "begun"],
      ["Test log 3\nwhatever this holds", "newer"],
      ["Another program's file, which is longer than that", "foreign"],
    ] as const) {
      writeFileSync(file, content);
      assert.equal((await read()).state.state, state, content);
    }
  });
});
