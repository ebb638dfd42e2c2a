// Frames survive the way to a page, however the response is cut into pieces; what is not frames is refused.
import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameError, FrameReader } from "../../lib/seismograph/frame-reader.ts";
import { encodeFrame } from "../../lib/seismograph/frame-writer.ts";
import { type Frame, MAX_FRAME_BYTES } from "../../lib/seismograph/frames.ts";

const FRAMES: Frame[] = [
  {
    type: "hello",
    protocol: 1,
    title: "Südstation ✓",
    page: "live",
    view: "1-20",
    views: [{ id: "raw" }, { id: "1-20", low: 1, high: 20 }],
    binWidth: 100_000,
    span: 300,
    hours: 24,
    lineMinutes: 30,
    rawMinutes: 60,
    hasArchive: false,
    isRefilling: true,
    beat: 250,
    now: 1_796_000_000_123_456,
  },
  {
    type: "channels",
    channels: [
      {
        number: 7,
        id: "XX_DEMO_00_H_H_Z",
        sourceId: "FDSN:XX_DEMO_00_H_H_Z",
        sampleRate: 100,
        units: "counts",
        views: ["raw", "1-20"],
      },
    ],
    gone: [3],
  },
  {
    type: "bins",
    channel: 65_535,
    isReset: true,
    first: 17_960_000_001,
    min: new Float32Array([-1, Number.NaN, -3]),
    max: new Float32Array([1, Number.NaN, 2.5]),
  },
  { type: "bins", channel: 0, isReset: false, first: -2, min: new Float32Array(), max: new Float32Array() },
  {
    type: "samples",
    channel: 1,
    start: 5,
    sampleRate: 100,
    samples: new Int32Array([2 ** 31 - 1, -(2 ** 31)]),
  },
  { type: "samples", channel: 2, start: -5, sampleRate: 0.1, samples: new Float32Array([0.5]) },
  { type: "samples", channel: 3, start: 0, sampleRate: 200, samples: new Float64Array([1e-300, Math.PI]) },
  {
    type: "marks",
    triggers: [{ id: "a", channel: "X", on: 1, off: null, ratio: 4, peakRatio: 5, isTest: true }],
    events: [
      {
        id: "e",
        time: 2,
        latitude: 1,
        longitude: null,
        depth: 10,
        magnitude: 5.8,
        place: "Tonga",
        arrivals: { X: { distance: 96, p: 9 } },
      },
    ],
  },
  {
    type: "status",
    now: 1_796_000_000_000_001,
    isRefilling: false,
    channels: [
      {
        channel: 9,
        isTriggered: true,
        isSilent: false,
        isAhead: true,
        latency: 1.5,
        ratio: Number.NaN,
        gaps: 4_000_000_000,
        newest: 1_796_000_000_000_000,
      },
    ],
  },
  { type: "end", reason: "closing", retry: 1000 },
];

describe("frames of a seismograph", () => {
  it("come out as they went in, in any pieces", () => {
    const all = Buffer.concat(FRAMES.map(encodeFrame));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 12 }), (lengths) => {
        const reader = new FrameReader();
        const got: Frame[] = [];
        let at = 0;
        for (const length of [...lengths, all.length]) {
          got.push(...reader.push(all.subarray(at, at + length)));
          at += length;
        }
        assert.deepEqual(got, FRAMES);
        assert.equal(reader.waiting, 0);
      }),
    );
  });

  it("leave out types that are not known yet", () => {
    const other = encodeFrame({ type: "end", reason: "slow", retry: 1 });
    other[4] = 200;
    assert.deepEqual(new FrameReader().push(Buffer.concat([other, encodeFrame(FRAMES[3]!)])), [FRAMES[3]]);
  });

  it("are refused where they cannot be any, and never throw anything else", () => {
    const large = encodeFrame({ type: "end", reason: "slow", retry: 1 });
    new DataView(large.buffer).setUint32(0, MAX_FRAME_BYTES + 1, true);
    assert.throws(() => new FrameReader().push(large), { code: "BAD_FRAME" });
    const all = Buffer.concat(FRAMES.map(encodeFrame));
    fc.assert(
      fc.property(fc.nat(all.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const bytes = Buffer.from(all);
        bytes[at] = value;
        try {
          new FrameReader().push(bytes);
        } catch (error) {
          assert.ok(error instanceof FrameError);
        }
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          new FrameReader().push(bytes);
        } catch (error) {
          assert.ok(error instanceof FrameError);
        }
      }),
    );
  });
});
