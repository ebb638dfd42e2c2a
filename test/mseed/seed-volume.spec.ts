// lib/mseed/v2/control-headers.ts: SEED volumes, full and dataless, however they arrive.
import assert from "node:assert/strict";
import { type Problem, packRecords, RecordReader, readRecords } from "../../lib/mseed/index.ts";

import { messagePackets } from "../../nodes/messages/message-packets.ts";

/** A control header, filled up with spaces. */
function control(sequence: number, type: string, text: string, length: number): Buffer {
  return Buffer.from(`${String(sequence).padStart(6, "0")}${type}${text}`.padEnd(length), "latin1");
}

function volume(exponent: number, stations: number): Buffer[] {
  const length = 2 ** exponent;
  const text = `010009502.4${String(exponent).padStart(2, "0")}1994,001,00:00:00.0000~2026,001~~Réseau~~`;
  return [
    control(1, "V ", text, length),
    control(2, "A ", "0300034VELOCITY~000100~", length),
    ...Array.from({ length: stations }, (_, i) =>
      control(3 + i, i % 2 ? "S*" : "S ", "0500050ABCDE +47.0~", length),
    ),
  ];
}

function data(recordLength: number): Uint8Array[] {
  const samples = Int32Array.from({ length: 3000 }, (_, i) => i * i * 37);
  const series = { sourceId: "FDSN:XX_A_00_B_H_Z", startTime: "2026-01-01", sampleRate: 100, samples };
  return [...packRecords(series, { formatVersion: 2, encoding: "steim1", recordLength })];
}

/** The record without its blockettes, as the data records of old volumes are. */
function bare(record: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(record);
  copy[39] = 0;
  copy.fill(0, 46, 48);
  return copy;
}

interface Outline {
  offsets: number[];
  problems: [string, string, number, number][];
  messages: string[];
}

function outline(bytes: Uint8Array, piece = 0): Outline {
  const found: Outline = { offsets: [], problems: [], messages: [] };
  const onProblem = ({ code, severity, offset, length, message }: Problem) => {
    if (code === "ENCODING_ASSUMED") return;
    found.problems.push([code, severity, offset, length]);
    found.messages.push(message);
  };
  if (piece === 0) {
    for (const { offset } of readRecords(bytes, { onProblem })) found.offsets.push(offset);
    return found;
  }
  const reader = new RecordReader({ onProblem });
  const take = () => {
    for (let record = reader.next(); record; record = reader.next()) found.offsets.push(record.offset);
  };
  for (let at = 0; at < bytes.length; at += piece) {
    reader.push(bytes.subarray(at, at + piece));
    take();
  }
  reader.finish();
  take();
  return found;
}

function assertOutline(bytes: Uint8Array, expected: Omit<Outline, "messages">): Outline {
  const whole = outline(bytes);
  const { offsets, problems } = whole;
  assert.deepEqual({ offsets, problems }, expected);
  for (const piece of [1, 100, 512, 5000]) assert.deepEqual(outline(bytes, piece), whole);
  return whole;
}

function steps(from: number, length: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i * length);
}

describe("a SEED volume", () => {
  for (const exponent of [8, 9, 12, 15]) {
    const length = 2 ** exponent;

    it(`full, with records of ${length} bytes: its headers are one warning, its data are read`, () => {
      const headers = volume(exponent, 5);
      const records = data(Math.min(length, 4096));
      const spans = [control(20, "T ", "0700054T2026,001,00:00:00.0000~", length)];
      const end = headers.length * length + Buffer.concat(records).length;
      const bytes = Buffer.concat([...headers, ...records, ...spans, ...records]);
      const step = records[0]?.length ?? 0;
      const { messages } = assertOutline(bytes, {
        offsets: [
          ...steps(headers.length * length, step, records.length),
          ...steps(end + length, step, records.length),
        ],
        problems: [
          ["SEED_HEADERS", "warning", 0, headers.length * length],
          ["SEED_HEADERS", "warning", end, length],
        ],
      });
      assert.match(
        messages[0] ?? "",
        /^7 control headers of a SEED volume \(1 volume, 1 dictionary, 5 station\)/,
      );
      assert.match(messages[1] ?? "", /^1 control headers? .*1 time span/);
    });

    it(`dataless, with records of ${length} bytes: one warning`, () => {
      const bytes = Buffer.concat(volume(exponent, 9));
      assertOutline(bytes, { offsets: [], problems: [["SEED_HEADERS", "warning", 0, bytes.length]] });
    });
  }

  it("gives its length to data records that have no blockette 1000", () => {
    const headers = volume(12, 2);
    const records = data(4096).map(bare);
    const bytes = Buffer.concat([...headers, ...records]);
    assertOutline(bytes, {
      offsets: steps(4 * 4096, 4096, records.length),
      problems: [["SEED_HEADERS", "warning", 0, 4 * 4096]],
    });
  });

  it("without its first header is known by what follows", () => {
    const stations = volume(9, 4).slice(2);
    const [record] = data(512) as [Uint8Array];
    assertOutline(Buffer.concat([...stations, record]), {
      offsets: [2048],
      problems: [["SEED_HEADERS", "warning", 0, 2048]],
    });
    assertOutline(Buffer.concat(stations), {
      offsets: [],
      problems: [["SEED_HEADERS", "warning", 0, 2048]],
    });
  });

  it("is not written to a server or an archive without a word", () => {
    const payload = Buffer.concat([...volume(9, 2), ...data(512)]);
    assert.throws(() => messagePackets({ payload } as never, ""), /control headers/);
  });

  it("has lines and tabs in its headers, and no other control characters", () => {
    const [first, second] = volume(12, 0) as [Buffer, Buffer];
    const [record] = data(512) as [Uint8Array];
    first.set([0x09, 0x0a, 0x0b, 0x0c, 0x0d], 60);
    assertOutline(Buffer.concat([first, second, record]), {
      offsets: [2 * 4096],
      problems: [["SEED_HEADERS", "warning", 0, 2 * 4096]],
    });
    for (const byte of [0x01, 0x08, 0x0e, 0x1f]) {
      first[60] = byte;
      const { problems } = outline(Buffer.concat([first, second, record]));
      assert.deepEqual(problems[0], ["NOT_MINISEED", "error", 0, 4096], `byte ${byte}`);
    }
  });

  it("does not hide what is damaged, nor a record inside", () => {
    const [first, second] = volume(12, 0) as [Buffer, Buffer];
    const [record] = data(512) as [Uint8Array];
    const cut = first.subarray(0, 3000);
    assertOutline(Buffer.concat([cut, record]), {
      offsets: [3000],
      problems: [["NOT_MINISEED", "error", 0, 3000]],
    });
    const noise = new Uint8Array(700).fill(0xfe);
    assertOutline(Buffer.concat([first, second, noise, record]), {
      offsets: [2 * 4096 + 700],
      problems: [
        ["SEED_HEADERS", "warning", 0, 2 * 4096],
        ["NOT_MINISEED", "error", 2 * 4096, 700],
      ],
    });
  });
});
