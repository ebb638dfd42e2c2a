// lib/server/seedlink/gather.ts and conversions.ts: what a packet of the ring is for SeedLink, and a reader's next packets.
import assert from "node:assert/strict";
import { packRecords } from "../../lib/mseed/pack.ts";
import type { DataLinkServerEvent } from "../../lib/server/events.ts";
import { Ring } from "../../lib/server/ring/ring.ts";
import { WriteBuffers } from "../../lib/server/ring/write-buffers.ts";
import { Conversions, type Protocol3Records } from "../../lib/server/seedlink/conversions.ts";
import { formatAt, gatherRecords, type RecordWish, subformatAt } from "../../lib/server/seedlink/gather.ts";
import { StationRequests } from "../../lib/server/seedlink/station-requests.ts";
import { numbersOf } from "./seedlink-peer.ts";
import { words } from "./seedlink-words.ts";

const DATA = { sequence: "all", start: undefined, end: undefined, timeIsSpare: false, fetch: false } as const;
const ID = "FDSN:XX_A_00_B_H_Z";

function record(version: 2 | 3, count = 20, length = 512): Buffer {
  const series = { sourceId: ID, startTime: 0n, sampleRate: 100, samples: new Int32Array(count).fill(7) };
  const [bytes] = packRecords(series, { formatVersion: version, recordLength: length });
  return Buffer.from(bytes!);
}

function ringOf(payloads: readonly Buffer[], streamId = `${ID}/MSEED`): Ring {
  const ring = new Ring({ ringBytes: 4 << 20, packetSize: 8192 });
  for (const [i, payload] of payloads.entries()) ring.append(streamId, i, i + 1, payload);
  return ring;
}

describe("a packet of the ring", () => {
  /** `2D`: format and subformat, of a payload. */
  function typeOf(payload: Buffer): string {
    const ring = ringOf([Buffer.alloc(1), payload]);
    return String.fromCharCode(formatAt(ring, 1), subformatAt(ring, 1));
  }
  /** A header of miniSEED 2 as far as it is looked at. */
  function header(samples: number, rate: number, length = 64): Buffer {
    const bytes = Buffer.alloc(length, 1);
    bytes.writeUInt16BE(samples, 30);
    bytes.writeUInt16BE(rate, 32);
    return bytes;
  }

  it("is data or a log, of the second or the third format", () => {
    assert.equal(typeOf(record(2)), "2D");
    assert.equal(typeOf(record(3)), "3D");
    assert.equal(typeOf(header(20, 100)), "2D");
    for (const samples of [1, 256]) assert.equal(typeOf(header(samples, 0)), "2L");
    for (const rate of [1, 256]) assert.equal(typeOf(header(5, rate)), "2D");
    for (const first of ["MS\x03", "NS\x03", "MT\x03", "MS\x02"]) {
      const bytes = header(20, 0);
      bytes.write(first, "latin1");
      assert.equal(typeOf(bytes), first === "MS\x03" ? "3D" : "2L", first);
    }
  });

  it("is data where it is too short to be told, or no record at all", () => {
    assert.equal(typeOf(header(20, 0, 48)), "2L");
    assert.equal(typeOf(header(20, 0, 47)), "2D");
    assert.equal(typeOf(header(0, 0)), "2D");
    assert.equal(typeOf(Buffer.alloc(0)), "2D");
  });

  it("without samples is what its blockettes say", () => {
    for (const [blockette, type] of [
      [200, "2E"],
      [299, "2E"],
      [300, "2C"],
      [500, "2T"],
      [2000, "2O"],
      [400, "2D"],
    ] as const) {
      const bytes = record(2);
      bytes.writeUInt16BE(0, 30);
      // The first blockette is 1000; another one behind it, in the room before the data.
      const first = bytes.readUInt16BE(46);
      assert.equal(bytes.readUInt16BE(first), 1000);
      bytes.writeUInt16BE(56, first + 2);
      bytes.writeUInt16BE(blockette, 56);
      bytes.writeUInt16BE(0, 58);
      assert.equal(typeOf(bytes), type, String(blockette));
    }
  });
});

describe("a SeedLink reader's next packets", () => {
  function reader(
    ring: Ring,
    { protocol3 = "convert" as Protocol3Records, beginning = {}, select = "" } = {},
  ) {
    const events: DataLinkServerEvent[] = [];
    const conversions = new Conversions(ring, (event) => void events.push(event));
    const requests = new StationRequests();
    requests.add("*");
    if (select) requests.select([{ negative: false, stream: "*", type: undefined, filter: select as "3" }]);
    requests.begin({ ...DATA, ...beginning });
    requests.start(ring, 4, false);
    const take = (wish: Partial<RecordWish> = {}) => {
      const { bytes, ...gathered } = gatherRecords(
        { ring, conversions, protocol3 },
        {
          ...{ protocol: 4, requests, from: 0, isOverdue: false, maxBytes: 1 << 20 },
          ...{ until: Number.POSITIVE_INFINITY, prefix: undefined, buffers: new WriteBuffers() },
          ...wish,
        },
      );
      return { bytes, words: words(Buffer.from(bytes)), ...gathered };
    };
    return { take, events, conversions };
  }

  it("are as many as fit, but one at least", () => {
    const ring = ringOf([record(2), record(2), record(2)]);
    const { take } = reader(ring);
    const length = ring.lengthAt(0);
    assert.deepEqual(
      [take({ maxBytes: 0 })].map(({ packets, last, next }) => [packets, last, next]),
      [[1, 0, 1]],
    );
    // What a packet takes here is less than in the ring, by which is judged whether one more fits.
    const size = take({ maxBytes: 0 }).bytes.length;
    assert.equal(take({ maxBytes: size + length - 1 }).packets, 1);
    assert.equal(take({ maxBytes: size + length }).packets, 2);
    const all = take();
    assert.deepEqual([all.packets, all.last, all.next, all.isLast], [3, 2, 3, false]);
    assert.deepEqual(numbersOf(all.words), [1, 2, 3]);
    const none = take({ from: 3 });
    assert.deepEqual([none.bytes.length, none.packets, none.last, none.next], [0, 0, -1, 3]);
  });

  it("are looked for among 10,000 at most", () => {
    const ring = new Ring({ ringBytes: 4 << 20, packetSize: 512 });
    for (let i = 0; i < 10_001; i++) ring.append("XX_A/TEXT", 0, 0, Buffer.from("x"));
    assert.equal(reader(ring).take().next, 10_000);
  });

  it("end with a word where all was asked for that there is, which is said once", () => {
    const ring = ringOf([record(2), record(2)]);
    const { take } = reader(ring, { beginning: { fetch: true } });
    const first = take({ maxBytes: 0 });
    assert.deepEqual([first.isLast, first.words.length], [false, 1]);
    const second = take({ from: 1 });
    assert.deepEqual([second.isLast, second.words.at(-1), second.words.length], [true, "END", 2]);
    const empty = take({ from: 2 });
    assert.deepEqual([empty.isLast, empty.words], [true, ["END"]]);
    const overdue = reader(ring).take({ isOverdue: true, maxBytes: 0 });
    assert.equal(overdue.isLast, false, "there is more");
    assert.deepEqual(reader(ring).take({ isOverdue: true }).words.at(-1), "END");
  });

  it("have before each of them, and before the last word, what their transport wants", () => {
    const ring = ringOf([record(2), record(3)]);
    const { take } = reader(ring, { beginning: { fetch: true } });
    const plain = take().bytes;
    const lengths: number[] = [];
    const prefix = (length: number) => {
      lengths.push(length);
      return Buffer.from("<>");
    };
    const framed = take({ prefix }).bytes;
    assert.deepEqual([lengths.at(-1), lengths.length], [3, 3]);
    assert.equal(
      lengths.reduce((sum, length) => sum + length, 0),
      plain.length,
    );
    let at = 0;
    const expected = lengths.flatMap((length) => {
      at += length;
      return [Buffer.from("<>"), plain.subarray(at - length, at)];
    });
    assert.deepEqual(Buffer.from(framed), Buffer.concat(expected));
  });

  it("are converted where that is asked for and can be, once for all readers", () => {
    const ring = ringOf([record(2), Buffer.from("no record")]);
    const { take, events, conversions } = reader(ring, { select: "3" });
    assert.deepEqual(
      take().words.map((word) => word.slice(0, 6)),
      ["SE3D 1", "SE2D 2"],
    );
    assert.equal(conversions.made, 2);
    take();
    assert.equal(conversions.made, 2);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["omitted"],
    );
  });

  it("stop behind one that took work when the time is over", () => {
    const ring = ringOf([record(2), record(2), record(2)]);
    const { take } = reader(ring, { select: "3" });
    assert.equal(take({ until: 0 }).next, 1);
    assert.equal(take({ until: 0 }).next, 2, "the first is known");
    assert.equal(take({ until: 0 }).next, 3);
  });

  it("are in protocol 3 what its setting makes of them, the number with the last of several", () => {
    const ring = ringOf([record(2), record(3), record(2, 200, 4096)]);
    const sent = (protocol3: Protocol3Records) =>
      reader(ring, { protocol3 })
        .take({ protocol: 3 })
        .words.map((word) => word.split(" ")[0]);
    assert.deepEqual(sent("omit"), ["SL000001", "SL000003"]);
    assert.deepEqual(sent("convert"), ["SL000001", "SL000002", "SL000003"]);
    assert.deepEqual(sent("repack"), ["SL000001", "SL000002", "SL000003"]);
    const long = ringOf([record(2, 2000, 8192)]);
    const parts = reader(long, { protocol3: "repack" }).take({ protocol: 3 });
    assert.equal(parts.packets, 1);
    assert.equal(parts.words.at(-1)!.split(" ")[0], "SL000001");
    for (const word of parts.words.slice(0, -1)) assert.equal(word.split(" ")[0], "SL000000");
    assert.equal(parts.bytes.length, parts.words.length * 520);
  });
});
