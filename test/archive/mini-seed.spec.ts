// lib/archive/mini-seed.ts: records, byte for byte, in the files of their codes and start times.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ArchiveEvent } from "../../lib/archive/events.ts";
import { MiniSeedArchive } from "../../lib/archive/mini-seed.ts";
import { type PackOptions, packRecords } from "../../lib/mseed/index.ts";

const MIDNIGHT = BigInt(Date.UTC(2026, 10, 22)) * 1_000_000n;
const HOUR = 3_600_000_000_000n;

function record(
  options: { sourceId?: string; startTime?: bigint; count?: number } & PackOptions = {},
): Uint8Array {
  const { sourceId = "FDSN:XX_STA_00_H_H_Z", startTime = MIDNIGHT, count = 50, ...pack } = options;
  const samples = Int32Array.from({ length: count }, (_, i) => i * i);
  const [bytes] = packRecords(
    { sourceId, startTime, sampleRate: 100, samples },
    { formatVersion: 2, recordLength: 512, ...pack },
  );
  return bytes!;
}

function packet(payload: Uint8Array, streamId = "FDSN:XX_STA_00_H_H_Z/MSEED") {
  return { streamId, dataStart: Number(MIDNIGHT / 1000n), payload, packetId: 7n };
}

describe("miniSEED archive", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "archive-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const read = (name: string) => readFile(path.join(folder, name));
  const DAY_FILE = "2026/XX/STA/HHZ.D/XX.STA.00.HHZ.D.2026.326";

  it("appends records to the SDS file of the day of their start", async () => {
    await using archive = new MiniSeedArchive({ directory: folder });
    const [early, late, next, v3] = [
      record({ startTime: MIDNIGHT + HOUR }),
      record({ startTime: MIDNIGHT + 24n * HOUR - 1_000n }),
      record({ startTime: MIDNIGHT + 24n * HOUR }),
      record({ formatVersion: 3, count: 3 }),
    ];
    assert.deepEqual(await archive.write(packet(early)), { file: path.join(folder, DAY_FILE), bytes: 512 });
    for (const bytes of [late, next, v3]) await archive.write(packet(bytes));
    assert.deepEqual(await read(DAY_FILE), Buffer.concat([early, late, v3]));
    assert.deepEqual(await read("2026/XX/STA/HHZ.D/XX.STA.00.HHZ.D.2026.327"), Buffer.from(next));
  });

  it("takes bytes of several records, each to its own file, and says so", async () => {
    await using archive = new MiniSeedArchive({ pattern: `${folder}/%n.%s.%l.%c.%j` });
    const records = [
      record(),
      record({ sourceId: "FDSN:XX_STA__H_H_N" }),
      record({ startTime: MIDNIGHT - 1000n }),
    ];
    const files = ["XX.STA.00.HHZ.326", "XX.STA..HHN.326", "XX.STA.00.HHZ.325"].map((name) =>
      path.join(folder, name),
    );
    assert.deepEqual(await archive.write(Buffer.concat(records)), { file: files[0], bytes: 1536, files });
    assert.deepEqual(
      await Promise.all(files.map((file) => readFile(file))),
      records.map((bytes) => Buffer.from(bytes)),
    );
  });

  it("names one file where all records of a packet go to one", async () => {
    await using archive = new MiniSeedArchive({ pattern: `${folder}/%n.%s.%l.%c.%j` });
    const file = path.join(folder, "XX.STA.00.HHZ.326");
    assert.deepEqual(await archive.write(Buffer.concat([record(), record()])), { file, bytes: 1024 });
    assert.deepEqual(await archive.write(record()), { file, bytes: 512 });
  });

  it("knows the flags that only a record has, and the codes of the record, not of the stream id", async () => {
    await using archive = new MiniSeedArchive({ pattern: `${folder}/%n.%s.%c.%q.%L.%r.%R.%F` });
    const bytes = record({ sourceId: "FDSN:XX_STA_00_H_HX_Z", formatVersion: 3, startTime: MIDNIGHT + 5n });
    const written = await archive.write(packet(bytes, "FDSN:YY_ZZ__B_H_Z/MSEED3"));
    assert.equal(path.basename(written!.file), `XX.STA.H_HX_Z.R.${bytes.length}.100.100.000000.000000005`);
    const raw = await archive.write(record({ sourceId: "FDSN:XX_STA_00_H_H_Z" }));
    assert.match(raw!.file, /XX\.STA\.HHZ\..\.512\./);
  });

  it("writes the packets of a file with # to the file that is there", async () => {
    const layout = `CDAY@${folder}`;
    const name = "XX.STA.00.HHZ.2026:326:01:00:00";
    {
      await using archive = new MiniSeedArchive({ pattern: layout });
      await archive.write(record({ startTime: MIDNIGHT + HOUR }));
      await archive.write(record({ startTime: MIDNIGHT }));
      assert.deepEqual(await readdir(folder), [name]);
    }
    await writeFile(path.join(folder, `${name}.torn`), "");
    await using archive = new MiniSeedArchive({ pattern: layout });
    assert.equal(
      (await archive.write(record({ startTime: MIDNIGHT + 2n * HOUR })))!.file,
      path.join(folder, name),
    );
    await archive.write(record({ startTime: MIDNIGHT + 30n * HOUR }));
    assert.deepEqual(await readdir(folder), [name, `${name}.torn`, "XX.STA.00.HHZ.2026:327:06:00:00"]);
    assert.equal((await read(name)).length, 3 * 512);
  });

  it("leaves packets of other types alone, and refuses what is not only records", async () => {
    await using archive = new MiniSeedArchive({ directory: folder, keepRejected: true });
    assert.equal(await archive.write(packet(Buffer.from("{}"), "FDSN:XX_STA_00_H_H_Z/JSON")), undefined);
    const whole = record();
    for (const payload of [
      Buffer.from("no record"),
      whole.subarray(0, 300),
      Buffer.concat([whole, whole.subarray(0, 9)]),
      Buffer.alloc(0),
    ]) {
      await assert.rejects(archive.write(packet(payload)), {
        code: "INVALID_RECORD",
        message: /^Packet 7 of FDSN:XX_STA_00_H_H_Z\/MSEED is not/,
      });
    }
    await assert.rejects(archive.write(Buffer.from("no record")), { code: "INVALID_RECORD" });
    const kept = (await read(`${DAY_FILE}.rejected`)).toString().trim().split("\n");
    assert.equal(kept.length, 4);
    assert.equal(Buffer.from(JSON.parse(kept[0]!).payload, "base64").toString(), "no record");
    assert.deepEqual(await readdir(path.dirname(path.join(folder, DAY_FILE))), [
      `${path.basename(DAY_FILE)}.rejected`,
    ]);
  });

  for (const [what, whole] of [
    ["records of one length", [record(), record()]],
    [
      "records of many lengths",
      [record({ formatVersion: 3, count: 3 }), record(), record({ formatVersion: 3, count: 20 })],
    ],
  ] as const) {
    for (const length of [1, 47, 100, 511]) {
      it(`sets the first ${length} bytes of a record aside behind ${what}`, async () => {
        const file = path.join(folder, "XX");
        const torn = record({ startTime: MIDNIGHT + HOUR }).subarray(0, length);
        await writeFile(file, Buffer.concat([...whole, torn]));
        const events: ArchiveEvent[] = [];
        await using archive = new MiniSeedArchive({
          pattern: `${folder}/%n`,
          onEvent: (event) => events.push(event),
        });
        await archive.write(record());
        assert.deepEqual(await readFile(file), Buffer.concat([...whole, record()]));
        assert.deepEqual(await read("XX.torn"), Buffer.from(torn));
        assert.deepEqual(events, [{ type: "torn", file, aside: `${file}.torn`, bytes: length }]);
      });
    }
  }

  it("needs to know where to write", () => {
    assert.throws(() => new MiniSeedArchive({}), { code: "INVALID_ARGUMENT" });
    assert.equal(new MiniSeedArchive({ pattern: "SDS@/data" }).openFiles, 0);
  });
});
