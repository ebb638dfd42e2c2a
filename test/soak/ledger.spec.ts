// The ledger of a soak notices what it is there for: packets that are missing, repeated, torn, or in a file where they do not belong.
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { packRecords } from "../../lib/mseed/index.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { newFolder } from "../support/folders.ts";
import { keyOfRecord, sdsNameOf } from "./keys.ts";
import { ArchiveScan, compare, RingAudit, twiceIn } from "./ledger.ts";

function recordAt(second: number, station = "S001"): Buffer {
  const series = {
    sourceId: `FDSN:SK_${station}_00_H_H_Z`,
    startTime: BigInt(Date.UTC(2026, 10, 22, 0, 0, second)) * 1_000_000n,
    sampleRate: 100,
    samples: Int32Array.from({ length: 50 }, (_, i) => i),
  };
  return Buffer.from([...packRecords(series, { formatVersion: 2, recordLength: 512 })][0]!);
}

const all = () => true;

describe("the ledger of a soak", () => {
  it("reads from a ring what was written, once and twice", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    const audit = new RingAudit();
    const write = (payload: Buffer | string, streamId: string) =>
      server.write({ streamId, dataStart: 0, payload });
    const record = recordAt(1);
    assert.deepEqual(await audit.read(server.url), []);
    write(record, "FDSN:SK_S001_00_H_H_Z/MSEED");
    assert.deepEqual(await audit.read(server.url), [keyOfRecord(record)]);
    write(record, "FDSN:SK_S001_00_H_H_Z/MSEED");
    write('{"feed":1}', "FDSN:SK_FEED__S_O_H/JSON");
    assert.deepEqual(await audit.read(server.url), ['{"feed":1}']);
    assert.deepEqual(await audit.read(server.url), []);
    assert.equal(audit.packets, 3);
    assert.deepEqual(
      [...audit.copies],
      [
        [keyOfRecord(record), 2],
        ['{"feed":1}', 1],
      ],
    );
    assert.equal(twiceIn(audit.copies), 1);
  });

  it("refuses a ring that has moved on before it was read", async () => {
    await using server = await DataLinkServer.listen({ port: 0, ringBytes: 4096, packetSize: 512 });
    const audit = new RingAudit();
    const write = () =>
      server.write({ streamId: "FDSN:SK_S001_00_H_H_Z/MSEED", dataStart: 0, payload: recordAt(1) });
    write();
    await audit.read(server.url);
    for (let i = 0; i < 50; i++) write();
    await assert.rejects(audit.read(server.url), /has moved past packet 2/);
  });

  it("finds records in their files, also those that are added, and what is torn or elsewhere", () => {
    const folder = path.join(newFolder(), "archive");
    const scan = new ArchiveScan(folder, "records");
    scan.readOn();
    mkdirSync(folder);
    const file = path.join(folder, sdsNameOf(recordAt(1)));
    assert.match(file, /SK\.S001\.00\.HHZ\.D\.2026\.326$/);
    writeFileSync(file, Buffer.concat([recordAt(1), recordAt(2).subarray(0, 100)]));
    scan.readOn();
    appendFileSync(file, recordAt(2).subarray(100));
    appendFileSync(file, recordAt(2));
    scan.readOn();
    assert.deepEqual(
      [...scan.copies],
      [
        [keyOfRecord(recordAt(1)), 1],
        [keyOfRecord(recordAt(2)), 2],
      ],
    );
    appendFileSync(file, Buffer.concat([recordAt(3, "S002"), Buffer.alloc(512), recordAt(4).subarray(0, 5)]));
    scan.readOn();
    assert.deepEqual([scan.strange, scan.torn], [1, 1]);
    scan.finish();
    assert.deepEqual([scan.strange, scan.torn], [1, 2]);
  });

  it("finds lines, and what is not a whole one", () => {
    const folder = newFolder();
    const scan = new ArchiveScan(folder, "lines");
    writeFileSync(path.join(folder, "a.jsonl"), '{"feed":1}\n{"feed":{"feed":2}\n{"flow":"a"}\n{"fe');
    writeFileSync(path.join(folder, "a.jsonl.torn"), "12345");
    scan.finish();
    assert.deepEqual([...scan.copies.keys()], ['{"feed":1}', '{"flow":"a"}']);
    assert.deepEqual([scan.torn, scan.setAside], [2, 5]);
  });

  it("says what is missing, and what is there more often than in the ring", () => {
    const ring = new Map([
      ["a", 1],
      ["b", 2],
      ["c", 1],
      ["not ours", 1],
    ]);
    const archive = new Map([
      ["a", 2],
      ["b", 2],
      ["from nowhere", 1],
    ]);
    assert.deepEqual(
      compare(ring, archive, (key) => key !== "not ours"),
      { inRing: 3, archived: 3, missing: 1, repeated: 2, examples: ["c", "a", "from nowhere"] },
    );
    assert.deepEqual(compare(ring, ring, all), {
      inRing: 4,
      archived: 4,
      missing: 0,
      repeated: 0,
      examples: [],
    });
  });
});
