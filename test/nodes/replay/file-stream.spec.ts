// nodes/replay/file-stream.ts: records of files as packets, the position that they leave, and its end at any moment.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { mock } from "node:test";
import { packRecords, readRecords } from "../../../lib/mseed/index.ts";
import {
  type FileEvent,
  type FilePacket,
  type FileReading,
  FileStream,
  ReplayPositionFile,
} from "../../../nodes/replay/file-stream.ts";
import { newFolder } from "../../support/folders.ts";

const START = 1_700_000_000_000_000_000n;
const HOUR = 3_600_000_000_000n;

const record = (hour: number, formatVersion: 2 | 3 = 3) =>
  Buffer.concat([
    ...packRecords(
      {
        ...{ sourceId: "FDSN:XX_A_00_H_H_Z", startTime: START + BigInt(hour) * HOUR, sampleRate: 10 },
        samples: Int32Array.of(hour, 1, 2),
      },
      { formatVersion },
    ),
  ]);

describe("packets of files", () => {
  let folder: string;
  let file: string;
  let events: FileEvent[];
  beforeEach(() => {
    folder = newFolder();
    file = path.join(folder, "records");
    events = [];
    writeFileSync(file, Buffer.concat([0, 1, 2].map((hour) => record(hour))));
  });
  afterEach(() => {
    mock.restoreAll();
    rmSync(folder, { recursive: true, force: true });
  });

  const position = () => path.join(folder, "position.json");
  function stream(change: Partial<FileReading> = {}): FileStream {
    const reading = {
      name: "these",
      files: async () => [file],
      options: {},
      isShifted: false,
      maxInFlight: 10,
    };
    const checkpoint = new ReplayPositionFile(position(), (error) => assert.fail(error));
    return new FileStream({ ...reading, ...change }, checkpoint, (event) => events.push(event));
  }
  async function all(from: FileStream): Promise<FilePacket[]> {
    const packets: FilePacket[] = [];
    for await (const packet of from) packets.push(packet);
    return packets;
  }
  const hours = (packets: FilePacket[]) =>
    packets.map(({ dataStart }) => Number((BigInt(dataStart) * 1000n - START) / HOUR));
  const types = () => events.map(({ type }) => type);

  it("go on behind the last one that was committed, in whatever order", async () => {
    const first = stream();
    const packets = await all(first);
    assert.deepEqual(
      [hours(packets), types()],
      [
        [0, 1, 2],
        ["connected", "ended"],
      ],
    );
    assert.deepEqual(events[0], { type: "connected", server: "these", files: 1 });
    first.commit(packets[1]!);
    assert.equal(first.position, undefined);
    await first.close();
    assert.equal(existsSync(position()), false);
    const second = stream();
    const again = await all(second);
    for (const i of [1, 0]) second.commit(again[i]!);
    assert.deepEqual(second.position, again[1]!.position);
    await second.close();
    events = [];
    const third = stream();
    assert.deepEqual(hours(await all(third)), [2]);
    assert.deepEqual(types(), ["connected", "resumed", "ended"]);
    assert.deepEqual(third.position, again[1]!.position);
    await third.close();
  });

  it("end at once when it is closed, also between two records in real time, and tell of no end then", async () => {
    const paced = stream({ options: { speed: 1 } });
    const packets = paced[Symbol.asyncIterator]();
    assert.equal((await packets.next()).done, false);
    const next = packets.next();
    await paced.close();
    assert.equal((await next).done, true);
    assert.deepEqual(types(), ["connected"]);
  });

  it("end at once when it is closed while it waits for room", async () => {
    const full = stream({ maxInFlight: 1 });
    const packets = full[Symbol.asyncIterator]();
    const first = (await packets.next()).value as FilePacket;
    let next = packets.next();
    full.commit(first);
    assert.deepEqual(hours([(await next).value as FilePacket]), [1]);
    next = packets.next();
    await full.close();
    assert.equal((await next).done, true);
  });

  it("begin anew with a word where the position is no position", async () => {
    const good = { time: String(START), file, record: 0 };
    const bad = [
      "{",
      5,
      { ...good, time: Number(START) },
      { ...good, time: "soon" },
      { ...good, time: "1".repeat(31) },
      { ...good, file: 5 },
      { ...good, record: "0" },
      { ...good, record: 0.5 },
      null,
    ];
    for (const value of bad) {
      events = [];
      writeFileSync(position(), typeof value === "string" ? value : JSON.stringify(value));
      assert.deepEqual(hours(await all(stream())), [0, 1, 2], JSON.stringify(value));
      assert.deepEqual(types(), ["position-damaged", "connected", "ended"]);
      assert.equal((events[0] as { server: string }).server, "these");
    }
    for (const time of [good.time, `-${"1".repeat(30)}`]) {
      writeFileSync(position(), JSON.stringify({ ...good, time }));
      events = [];
      await all(stream());
      assert.deepEqual(types(), ["connected", "resumed", "ended"]);
    }
    assert.match(readFileSync(position(), "utf8"), /"time":"-1{30}"/);
  });

  it("are moved by the same whole milliseconds, the first one to now, if that is asked for", async () => {
    const now = 1_800_000_000_000.123;
    mock.method(performance, "now", () => now - performance.timeOrigin);
    mock.method(Date, "now", () => Math.floor(now));
    for (const version of [2, 3] as const) {
      writeFileSync(file, Buffer.concat([0, 1].map((hour) => record(hour, version))));
      const packets = await all(stream({ isShifted: true }));
      const [first, second] = packets.map(({ dataStart }) => dataStart);
      assert.equal(second! - first!, Number(HOUR / 1000n));
      assert.equal(first! % 1000, 0);
      assert.ok(Math.abs(first! / 1000 - now) < 1, `${first}`);
      for (const [i, { payload, dataStart, dataEnd }] of packets.entries()) {
        const [moved] = readRecords(payload, { strict: true });
        assert.equal(Number(moved!.startTime / 1000n), dataStart);
        assert.equal(dataEnd - dataStart, 200_000);
        assert.deepEqual([...(moved!.samples as Int32Array)], [i, 1, 2]);
      }
    }
  });
});
