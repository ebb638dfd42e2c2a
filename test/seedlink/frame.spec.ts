// lib/seedlink/protocol/frame.ts: what servers sent cut into frames, however it arrives, and never into anything else.
import assert from "node:assert/strict";
import fc from "fast-check";
import { packRecords } from "../../lib/mseed/index.ts";
import { SeedLinkError } from "../../lib/seedlink/protocol/errors.ts";
import { type DataFrame, type Frame, FrameReader } from "../../lib/seedlink/protocol/frame.ts";
import { PacketMaker } from "../../lib/seedlink/protocol/packet.ts";
import { recordLength } from "../../lib/seedlink/protocol/record-length.ts";
import { translateLegacyStreamId } from "../../lib/stream-id.ts";
import { type Row, received, rings, row, rows } from "./vectors.ts";

const LIMITS = { maxPayload: 1 << 20, maxInfo: 1 << 20 };

/** Reads what a server sent: lines as long as there are lines, frames from the first packet on. */
function readAll(pieces: Buffer[]): (Frame | string)[] {
  const reader = new FrameReader(LIMITS);
  const all: (Frame | string)[] = [];
  const bytes = Buffer.concat(pieces);
  let lines = linesBefore(bytes);
  for (const piece of pieces) {
    reader.push(piece);
    for (;;) {
      const next = lines > 0 ? reader.nextLine() : reader.nextFrame();
      if (next === undefined) break;
      if (lines > 0) lines--;
      all.push(next);
    }
  }
  assert.equal(reader.buffered, 0);
  return all;
}

/** How many lines of answers come before the first packet. */
function linesBefore(bytes: Buffer): number {
  const text = bytes.toString("latin1");
  const answers = /^(?:(?:OK\r\n|ERROR[^\n]*\n|SeedLink [^\n]*\n[^\n]*\n))*/.exec(text)?.[0] ?? "";
  return answers.split("\n").length - 1;
}

function dataOf(frames: (Frame | string)[]): DataFrame[] {
  return frames.filter((frame): frame is DataFrame => typeof frame === "object" && frame.kind === "data");
}

function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, i) => Buffer.from(bytes.subarray(start, at[i] ?? bytes.length)));
}

/** Rows that are whole answers of lines and packets. */
const readable = rows.filter(
  ({ name, transport }) =>
    // CAT is text, and in one row commands follow packets.
    transport === "tcp" && !/^(cat|sc-cat|info-then-data)/.test(name) && received(name).length > 0,
);

/** What the ring held under a number. */
function held(of: Row, sequence: bigint) {
  return rings[of.state]?.find((packet) => packet.packetId === String(sequence));
}

describe("SeedLink frames", () => {
  for (const of of readable) {
    it(`${of.name} is read to the last byte, and its packets are those that the server held`, () => {
      const frames = readAll([received(of.name)]);
      for (const frame of dataOf(frames)) {
        const packet = new PacketMaker().make(frame, 0);
        const origin = held(of, frame.sequence);
        if (!origin) continue;
        const name = translateLegacyStreamId(origin.streamId);
        assert.equal(packet.streamId.split("/")[0], name.split("/")[0]);
        assert.equal(packet.dataStart, Number(origin.dataStart));
      }
    });
  }

  it("come out the same at every place where a tenth of the rows may be cut", () => {
    for (const of of readable.filter((_, i) => i % 10 === 0)) {
      const bytes = received(of.name);
      const whole = readAll([bytes]);
      const step = Math.max(1, Math.floor(bytes.length / 600));
      for (let at = 1; at < bytes.length; at += step) {
        assert.deepEqual(readAll([bytes.subarray(0, at), bytes.subarray(at)]), whole, `${of.name} at ${at}`);
      }
    }
  });

  it("come out the same for any pieces, single bytes too", () => {
    const samples = [
      "v3-record-sizes",
      "v3-mseed3",
      "v4-mixed-formats",
      "info-streams",
      "v4-station-v3-style",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.array(fc.nat(), { maxLength: 60 }), (name, places) => {
        const bytes = received(name);
        assert.deepEqual(readAll(cut(bytes, places)), readAll([bytes]));
      }),
      { numRuns: 60 },
    );
    const bytes = received("v3-mseed3");
    assert.deepEqual(readAll([...bytes].map((byte) => Buffer.from([byte]))), readAll([bytes]));
  });

  it("of records of any length and format that the codec writes are as long as the records", () => {
    const samples = Int32Array.from({ length: 400 }, (_, i) => i);
    const series = { sourceId: "FDSN:XX_TEST_00_H_H_Z", startTime: 0n, sampleRate: 100, samples };
    const records = [128, 256, 512, 1024, 4096, 65536].flatMap((recordLength) => [
      ...packRecords(series, { formatVersion: 2, recordLength }),
      ...packRecords(series, { formatVersion: 3, recordLength }),
    ]);
    const stream = Buffer.concat(
      records.flatMap((record, i) => [Buffer.from(`SL${hex6(i)}`), Buffer.from(record)]),
    );
    for (const size of [1, 7, 511, 4096, stream.length]) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size)
        pieces.push(Buffer.from(stream.subarray(at, at + size)));
      const frames = dataOf(readAll(pieces));
      assert.deepEqual(
        frames.map((frame) => frame.payload.length),
        records.map((record) => record.length),
      );
    }
  });

  it("are no longer or shorter than a record of miniSEED 2 may be", () => {
    const { payload } = rings.main![0]!;
    // Where its blockette 1000 tells the exponent.
    const EXPONENT = 54;
    assert.equal(payload[EXPONENT], 9);
    for (let exponent = 0; exponent < 256; exponent++) {
      const bytes = Buffer.from(payload);
      bytes[EXPONENT] = exponent;
      const length = () => recordLength({ length: bytes.length, at: (i) => bytes[i]! }, 0);
      if (exponent >= 6 && exponent <= 30) assert.equal(length(), 2 ** exponent);
      else assert.throws(length, failure("PROTOCOL"), String(exponent));
    }
  });

  it("of either byte order are told by a year from 1678 to 2262 and a day from 1 to 366", () => {
    /** With a length of 2^9 for whoever reads high bytes first, and 2^8 for whoever reads them last. */
    const lengthOf = (year: number, day: number) => {
      const bytes = Buffer.alloc(0x4000);
      bytes.write("000001D ", "latin1");
      bytes.writeUInt16BE(year, 20);
      bytes.writeUInt16BE(day, 22);
      bytes.writeUInt16BE(0x3000, 46);
      for (const [at, exponent] of [
        [0x3000, 9],
        [0x30, 8],
      ] as const) {
        if (at === 0x3000) bytes.writeUInt16BE(1000, at);
        else bytes.writeUInt16LE(1000, at);
        bytes[at + 6] = exponent;
      }
      return recordLength({ length: bytes.length, at: (i) => bytes[i]! }, 0);
    };
    for (const [year, day] of [
      [1678, 1],
      [2262, 366],
      [2026, 100],
    ] as const)
      assert.equal(lengthOf(year, day), 512, `${year} ${day}`);
    for (const [year, day] of [
      [1677, 1],
      [2263, 1],
      [2026, 0],
      [2026, 367],
    ] as const)
      assert.equal(lengthOf(year, day), 256, `${year} ${day}`);
  });

  it("have the format, the type and the station that they tell, or that their record has", () => {
    const series = { sourceId: "FDSN:XX_TEST_00_H_H_Z", startTime: 0n, sampleRate: 100, samples: [1, 2] };
    const recordOf = (formatVersion: 2 | 3, sampleRate = 100) =>
      Buffer.concat([
        ...packRecords(
          { ...series, sampleRate },
          { formatVersion, ...(formatVersion === 2 && { recordLength: 512 }) },
        ),
      ]);
    const of = (payload: Buffer, told: Partial<DataFrame> = {}) => {
      const none = { sequence: 1n, format: "", subformat: "", station: "" };
      const { streamId, format, subformat, station } = new PacketMaker().make(
        { kind: "data", ...none, payload, ...told },
        0,
      );
      return [streamId.split("/")[1], format, subformat, station];
    };
    assert.deepEqual(of(recordOf(2)), ["MSEED", "2", "D", "XX_TEST"]);
    assert.deepEqual(of(recordOf(3)), ["MSEED3", "3", "D", "XX_TEST"]);
    assert.deepEqual(of(recordOf(2, 0)), ["MSEED", "2", "L", "XX_TEST"]);
    const told = { format: "2", subformat: "E", station: "YY_OTHER" };
    assert.deepEqual(of(recordOf(2), told), ["MSEED", "2", "E", "YY_OTHER"]);
    assert.deepEqual(of(recordOf(3), told), ["MSEED", "2", "E", "YY_OTHER"]);
    for (const [format, type] of [
      ["J", "JSON"],
      ["X", "XML"],
      ["Z", "Z"],
    ] as const)
      assert.deepEqual(of(Buffer.from("{}"), { ...told, format }), [type, format, "E", "YY_OTHER"]);
  });

  it("of records say how many bytes more they need", () => {
    const { payload } = rings.main![0]!;
    const record3 = Buffer.alloc(40);
    record3.set([0x4d, 0x53, 3]);
    const needed = (bytes: Buffer, length: number) =>
      recordLength(
        { length, at: (i) => (i < length ? bytes[i]! : assert.fail(`byte ${i} is not there`)) },
        0,
      );
    assert.deepEqual(
      [0, 7, 8, 47, 48, 55, 56].map((length) => needed(payload, length)),
      [-8, -8, -48, -48, -56, -56, 512],
    );
    assert.deepEqual(
      [7, 8, 39, 40].map((length) => needed(record3, length)),
      [-8, -40, -40, 40],
    );
  });

  it("of protocol 3 have a number of six hexadecimal digits, and nothing else", () => {
    const { payload } = rings.main![0]!;
    const numberOf = (digits: string) => dataOf(readAll([Buffer.from(`SL${digits}`), payload]))[0]?.sequence;
    for (const digits of ["000000", "00000F", "09afAF", "FFFFFF"])
      assert.equal(numberOf(digits), BigInt(`0x${digits}`));
    for (const digits of ["00000G", "00000g", "00000@", "00000`", "00000/", "00000:", "-00001", "     1"])
      assert.throws(() => numberOf(digits), failure("PROTOCOL"), digits);
  });

  it("of protocol 4 have a number of 64 bits, a format and a station, and say which one is too large", () => {
    const frame4 = (sequence: bigint, station: string, size = 3) => {
      const header = Buffer.alloc(17);
      header.write("SE2D");
      header.writeUInt32LE(size, 4);
      header.writeBigUInt64LE(sequence, 8);
      header[16] = Buffer.byteLength(station);
      return Buffer.concat([header, Buffer.from(`${station}abc`)]);
    };
    for (const sequence of [0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 0x0123_4567_89ab_cdefn, 2n ** 64n - 1n]) {
      const [frame] = dataOf(readAll([frame4(sequence, "CO_JSC")]));
      assert.deepEqual(
        { ...frame, payload: String(frame?.payload) },
        { kind: "data", sequence, format: "2", subformat: "D", station: "CO_JSC", payload: "abc" },
      );
      assert.throws(() => readAll([frame4(sequence, "CO_JSC", LIMITS.maxPayload + 1)]), {
        code: "TOO_LARGE",
        message: new RegExp(`packet ${sequence} with ${LIMITS.maxPayload + 1} bytes`),
      });
    }
  });

  it("that are none are shown by their first bytes", () => {
    const said = (bytes: Buffer) => {
      try {
        readAll([bytes]);
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    assert.match(said(Buffer.from([0x0a, 0xab, 0])), /sent the bytes 0A AB 00 where a packet should begin/);
    assert.match(
      said(Buffer.from("SL000001\x01\x23abcdef")),
      /not a miniSEED record \(it begins with the bytes 01 23 61 62 63 64 65 66\)/,
    );
    const record = rings.main![0]!.payload;
    assert.match(said(Buffer.concat([Buffer.from("SLxyz\n01"), record])), /header "SLxyz\?01", which has no/);
  });

  it("of a record without samples are its stream's all the same", () => {
    const payload = Buffer.from(rings.main![0]!.payload);
    const frame = { kind: "data", sequence: 1n, format: "", subformat: "", station: "", payload } as const;
    const { streamId, sourceId, dataStart } = new PacketMaker().make(frame, 0);
    payload.writeUInt16BE(0, 30);
    const packet = new PacketMaker().make(frame, 0);
    assert.deepEqual([packet.streamId, packet.sourceId, packet.dataStart], [streamId, sourceId, dataStart]);
    assert.notEqual(dataStart, 0);
  });

  it("of a record without blockette 1000 have 512 bytes", () => {
    const record = Buffer.from(rings.main![0]!.payload);
    record.writeUInt16BE(999, 48);
    const [frame] = dataOf(readAll([Buffer.from("SL000001"), record]));
    assert.equal(frame?.payload.length, 512);
  });

  it("are refused by their declared length, before memory is taken for it", () => {
    const header = Buffer.alloc(17);
    header.write("SE2D");
    header.writeUInt32LE(0xffffffff, 4);
    assert.throws(() => readAll([header]), failure("TOO_LARGE"));
    header.write("SEJI");
    assert.throws(() => readAll([header]), failure("TOO_LARGE"));
    const record3 = Buffer.alloc(40);
    record3.set([0x4d, 0x53, 3]);
    record3.writeUInt32LE(0xf0000000, 36);
    assert.throws(() => readAll([Buffer.from("SL000001"), record3]), failure("TOO_LARGE"));
    const record2 = Buffer.from(rings.main![0]!.payload);
    record2[54] = 28;
    assert.throws(() => readAll([Buffer.from("SL000001"), record2]), failure("TOO_LARGE"));
    record2[54] = 255;
    assert.throws(() => readAll([Buffer.from("SL000001"), record2]), failure("PROTOCOL"));
  });

  it("do not walk blockettes in circles, nor for long", () => {
    const record = Buffer.from(rings.main![0]!.payload);
    record.writeUInt16BE(999, 48);
    record.writeUInt16BE(48, 50);
    assert.equal(dataOf(readAll([Buffer.from("SL000001"), record]))[0]?.payload.length, 512);
  });

  it("hold many small pieces of one frame in little more memory than their bytes", () => {
    const reader = new FrameReader({ maxPayload: 1 << 24, maxInfo: 1 << 24 });
    const header = Buffer.alloc(17);
    header.write("SEJI");
    const size = 2_000_000;
    header.writeUInt32LE(size, 4);
    reader.push(header);
    globalThis.gc?.();
    const before = process.memoryUsage();
    for (let i = 0; i < size - 1; i++) reader.push(Buffer.from([0x20]));
    assert.equal(reader.nextFrame(), undefined);
    const after = process.memoryUsage();
    const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
    assert.ok(grown < 100 * 1024 * 1024, `${grown} bytes more`);
    reader.push(Buffer.from(" "));
    const frame = reader.nextFrame();
    assert.equal(frame?.kind === "info" && frame.payload.length, size);
  });

  it("never come of noise: every input ends in frames, in waiting or in an error with a code", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom("", "SL", "SE", "END", "SLINFO", "ER"),
        (noise, start) => {
          const reader = new FrameReader(LIMITS);
          reader.push(Buffer.concat([Buffer.from(start), noise]));
          try {
            while (reader.nextFrame() !== undefined);
          } catch (error) {
            assert.ok(error instanceof SeedLinkError && /^(PROTOCOL|TOO_LARGE)$/.test(error.code));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("tell END, and a refusal in its place", () => {
    assert.deepEqual(readAll([received("fetch-none")]), [{ kind: "end" }]);
    const reader = new FrameReader(LIMITS);
    reader.push(row("auth-required-v4").steps.at(-1)!.recv);
    const frame = reader.nextFrame();
    assert.ok(frame?.kind === "refusal" && !frame.reply.ok && frame.reply.code === "AUTH");
  });

  it("give a refusal without a line end when it is asked for", () => {
    const reader = new FrameReader(LIMITS);
    reader.push(Buffer.from("ERROR ARGUMENTS too many wildcar"));
    assert.equal(reader.nextLine(), undefined);
    const reply = reader.unfinishedRefusal();
    assert.deepEqual(reply, { ok: false, code: "ARGUMENTS", message: "too many wildcar" });
    assert.equal(reader.buffered, 0);
  });

  it("have no line without an end", () => {
    const reader = new FrameReader(LIMITS);
    reader.push(Buffer.alloc(5000, 0x41));
    assert.throws(() => reader.nextLine(), failure("PROTOCOL"));
  });
});

function hex6(value: number): string {
  return value.toString(16).toUpperCase().padStart(6, "0");
}

function failure(code: string) {
  return (error: unknown) => error instanceof SeedLinkError && error.code === code;
}
