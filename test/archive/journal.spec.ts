// lib/archive/journal.ts: what the journal knows after a crash.
import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Journal } from "../../lib/archive/journal.ts";
import { JsonLinesArchive } from "../../lib/archive/json-lines.ts";

const mark = (id: number, bytes = 10, part = 0) => ({
  packetId: BigInt(id),
  packetTime: 1_000_000 * id,
  part,
  bytes,
});

describe("archive journal", () => {
  let folder: string;
  let file: string;
  let journal: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "journal-"));
    file = path.join(folder, "data");
    journal = path.join(folder, "journal");
    writeFileSync(file, "");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const destination = (size: number) => {
    const { dev, ino } = statSync(file);
    return { path: file, identity: `${dev}:${ino}`, size };
  };

  /** Which of the packets a new journal holds, as after a restart. */
  const heldOf = (...ids: number[]) => {
    const reopened = new Journal(journal);
    return ids.filter((id) => reopened.holds(mark(id)));
  };

  async function recorded(...entries: [size: number, ...ids: number[]][]): Promise<void> {
    const written = new Journal(journal);
    await Promise.all(
      entries.map(([size, ...ids]) =>
        written.record(
          destination(size),
          ids.map((id) => mark(id)),
        ),
      ),
    );
    await written.close();
  }

  for (const version of ["untitled", "2"]) {
    it(`reads what an earlier version wrote: ${version}`, () => {
      // Four packets for a file of another identity each time: of the one that was moved away all are held.
      writeFileSync(journal, readFileSync(path.join(__dirname, "vectors", `journal-${version}.dat`)));
      const reopened = new Journal(journal);
      const held = [1, 2, 3, 4, 5].filter((id) => reopened.holds(mark(id, 10 * id, id % 2)));
      assert.deepEqual(held, [1, 2, 3]);
    });
  }

  it("holds what arrived in the file, and nothing else", async () => {
    await recorded([0, 1, 2], [20, 3, 4], [40, 5]);
    for (const [size, held] of [
      [0, []],
      [9, []],
      [10, [1]],
      [35, [1, 2, 3]],
      [50, [1, 2, 3, 4, 5]],
      [99, [1, 2, 3, 4, 5]],
    ] as const) {
      writeFileSync(file, Buffer.alloc(size));
      assert.deepEqual(heldOf(1, 2, 3, 4, 5, 6), held, `${size} bytes`);
    }
    rmSync(file);
    assert.deepEqual(heldOf(1, 2, 3), []);
  });

  it("tells packets with the same id apart by their time, and parts of a packet from each other", async () => {
    const written = new Journal(journal);
    await written.record(destination(0), [mark(1, 10, 0), mark(1, 10, 1)]);
    await written.close();
    writeFileSync(file, Buffer.alloc(10));
    const reopened = new Journal(journal);
    assert.ok(reopened.holds(mark(1)));
    assert.ok(!reopened.holds(mark(1, 10, 1)));
    assert.ok(!reopened.holds({ ...mark(1), packetTime: 5 }));
  });

  it("forgets writes that were taken back", async () => {
    await recorded([0, 1], [10, 2, 3], [10, 4], [20, 5]);
    writeFileSync(file, Buffer.alloc(30));
    assert.deepEqual(heldOf(1, 2, 3, 4, 5), [1, 4, 5]);
  });

  it("knows how much of a file is whole", async () => {
    await recorded([0, 1], [10, 2, 3]);
    for (const [size, whole] of [
      [10, 10],
      [15, 10],
      [20, 20],
      [29, 20],
      [30, 30],
      [31, undefined],
    ] as const) {
      writeFileSync(file, Buffer.alloc(size));
      assert.equal(new Journal(journal).takeWholeLength({ path: file, size }), whole, `${size} bytes`);
    }
    writeFileSync(file, Buffer.alloc(15));
    const opened = new Journal(journal);
    assert.equal(opened.takeWholeLength({ path: file, size: 14 }), undefined);
    assert.equal(opened.takeWholeLength({ path: file, size: 15 }), undefined);
  });

  it("still holds what went to a file that was renamed before the crash", async () => {
    await recorded([0, 1], [10, 2]);
    writeFileSync(file, Buffer.alloc(20));
    renameSync(file, `${file}.1`);
    writeFileSync(file, "");
    await recorded([0, 3]);
    writeFileSync(file, Buffer.alloc(10));
    assert.deepEqual(heldOf(1, 2, 3), [1, 2, 3]);
  });

  it("passes over a torn or damaged end, and goes on behind what is whole", async () => {
    await recorded([0, 1]);
    const { size } = statSync(journal);
    await recorded([10, 2]);
    truncateSync(journal, size + 20);
    writeFileSync(file, Buffer.alloc(30));
    assert.deepEqual(heldOf(1, 2), [1]);
    await recorded([20, 3]);
    assert.deepEqual(heldOf(1, 2, 3), [1, 3]);
    appendFileSync(journal, Buffer.alloc(50));
    assert.deepEqual(heldOf(1, 3), [1, 3]);
    const bytes = readFileSync(journal);
    bytes[size - 1]! ^= 1;
    writeFileSync(journal, bytes);
    // Only the entry that is damaged is forgotten.
    assert.deepEqual(heldOf(1, 3), [3]);
  });

  it("goes on where its very beginning is damaged, and still holds what it held", async () => {
    const { length } = "DataLink archive journal 2\n";
    for (const at of [0, 5, length - 1, length, length + 7]) {
      for (const old of [journal, `${journal}.1`]) rmSync(old, { force: true });
      await recorded([0, 1, 2], [20, 3]);
      const bytes = readFileSync(journal);
      bytes[at]! ^= 0x55;
      writeFileSync(journal, bytes);
      writeFileSync(file, Buffer.alloc(40));
      assert.deepEqual(heldOf(1, 2, 3), [1, 2, 3], `byte ${at}`);
      await recorded([30, 4]);
      assert.deepEqual(heldOf(1, 2, 3, 4), [1, 2, 3, 4], `byte ${at}`);
    }
  });

  it("reads what version 0.1.0 has written, and goes on with it", async () => {
    const vectors = JSON.parse(
      readFileSync(path.join(__dirname, "..", "files", "vectors", "logs-0.1.0.json"), "utf8"),
    ) as { journal: string };
    writeFileSync(journal, Buffer.from(vectors.journal, "base64"));
    const old = { packetId: 7n, packetTime: 1_700_000_000_000_000, part: 0, bytes: 30 };
    const older = { packetId: 2n ** 64n - 1n, packetTime: 1_700_000_000_000_001, part: 2, bytes: 40 };
    for (let round = 0; round < 2; round++) {
      const reopened = new Journal(journal);
      assert.ok(reopened.holds(old) && reopened.holds(older));
      // Its file is not there.
      assert.ok(!reopened.holds({ ...old, packetId: 9n, packetTime: 1_700_000_000_000_002 }));
      await recorded([round * 10, round]);
    }
    writeFileSync(file, Buffer.alloc(20));
    assert.deepEqual(heldOf(0, 1), [0, 1]);
  });

  it("does not touch a journal of a newer version, or another file", () => {
    for (const content of ["DataLink archive journal 3\nwhatever", "DataLink archive journal of something"]) {
      writeFileSync(journal, content);
      assert.throws(() => new Journal(journal), /not a journal that this version can read/);
      assert.equal(readFileSync(journal, "utf8"), content);
    }
  });

  it("remembers as many packets as it says, however long their paths are", async () => {
    const generation = { marks: 50, leastBytes: 100, mostBytes: 1 << 20 };
    const written = new Journal(journal, generation);
    for (let id = 0; id < 100; id++) await written.record(destination(id * 10), [mark(id)]);
    await written.close();
    const more = new Journal(journal, generation);
    for (let id = 100; id < 140; id++) await more.record(destination(id * 10), [mark(id)]);
    await more.close();
    writeFileSync(file, Buffer.alloc(1400));
    const ids = Array.from({ length: 140 }, (_, id) => id);
    assert.deepEqual(heldOf(...ids).slice(-50), ids.slice(-50));
  });

  it("begins anew when it has become long, and remembers one generation before", async () => {
    const written = new Journal(journal, { marks: Number.POSITIVE_INFINITY, leastBytes: 0, mostBytes: 1000 });
    for (let id = 0; id < 100; id++) await written.record(destination(id * 10), [mark(id)]);
    await written.close();
    writeFileSync(file, Buffer.alloc(1000));
    assert.ok(existsSync(`${journal}.1`));
    assert.ok(statSync(journal).size < 1500 && statSync(`${journal}.1`).size < 1500);
    const held = heldOf(...Array.from({ length: 100 }, (_, id) => id));
    assert.ok(held.length >= 10 && held.length < 60);
    assert.deepEqual(
      held,
      held.map((_, i) => 100 - held.length + i),
    );
  });

  it("keeps an archive from writing again what is there", async () => {
    const options = { pattern: `${folder}/%s.jsonl`, journal };
    const packet = (id: number) => ({
      streamId: `FDSN:XX_S${id % 2}/JSON`,
      dataStart: 0,
      payload: Buffer.from(String(id)),
      packetId: BigInt(id),
      packetTime: id,
    });
    {
      await using archive = new JsonLinesArchive(options);
      for (let id = 1; id <= 4; id++) await archive.write(packet(id));
    }
    truncateSync(path.join(folder, "S1.jsonl"), 3);
    await using archive = new JsonLinesArchive(options);
    const bytes = [];
    for (let id = 1; id <= 6; id++) bytes.push((await archive.write(packet(id)))!.bytes);
    assert.deepEqual(bytes, [0, 0, 2, 0, 2, 2]);
    assert.equal(readFileSync(path.join(folder, "S0.jsonl"), "utf8"), "2\n4\n6\n");
    assert.equal(readFileSync(path.join(folder, "S1.jsonl"), "utf8"), "1\n3\n5\n");
    assert.equal(readFileSync(path.join(folder, "S1.jsonl.torn"), "utf8"), "3\n");
  });

  it("says when it cannot be read", () => {
    assert.throws(() => new Journal(folder), { name: "ArchiveError" });
  });
});
