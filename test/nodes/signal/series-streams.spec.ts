// nodes/signal/series-streams.ts and sensor-vectors.ts: what is kept of streams and sensors, and who goes when there are too many.
import assert from "node:assert/strict";
import { SensorVectors } from "../../../nodes/signal/sensor-vectors.ts";
import { readSeries, type SeriesRecord } from "../../../nodes/signal/series-message.ts";
import { SeriesStreams } from "../../../nodes/signal/series-streams.ts";
import { record } from "./records.ts";

const MIB = 1024 * 1024;
const series = (sourceId: string, seconds = 0, more: object = {}, samples: number[] = [1, 2, 3]) =>
  readSeries(record(seconds, samples, { sourceId, ...more }))!;

class State {
  readonly bytes: number;
  readonly resets: number[] = [];

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  reset(gap: number): void {
    this.resets.push(gap);
  }
}

describe("streams of a node for signals", () => {
  const streamsOf = (bytes: (record: SeriesRecord) => number, longestHeld?: number) => {
    const gone: string[] = [];
    const streams = new SeriesStreams((each: SeriesRecord) => new State(bytes(each)), {
      ...(longestHeld !== undefined && { longestHeld }),
      gone: (_, sourceId) => gone.push(sourceId),
    });
    return { streams, gone };
  };

  it("are a thousand, of which the longest silent makes room", () => {
    const { streams, gone } = streamsOf(() => 1);
    for (let i = 0; i < 1000; i++) streams.take(series(`S${i}`));
    streams.take(series("S0", 0.03));
    assert.deepEqual([streams.size, gone], [1000, []]);
    streams.take(series("S1000"));
    assert.deepEqual([streams.size, gone], [1000, ["S1"]]);
    assert.deepEqual([...streams.entries()].map(([sourceId]) => sourceId).slice(-2), ["S0", "S1000"]);
  });

  it("take 512 MiB together and no more, whatever comes and goes", () => {
    const { streams, gone } = streamsOf(({ sampleRate }) => (sampleRate === 100 ? 256 : 255) * MIB);
    const tooMuch = { code: "INVALID_SETTING", message: /more than 512 MiB/ };
    streams.take(series("A"));
    streams.take(series("B"));
    assert.throws(() => streams.take(series("C")), tooMuch);
    assert.equal(streams.size, 2);
    // In place of its state at another rate, a stream's new state has room.
    streams.take(series("A", 1, { sampleRate: 50 }));
    streams.take(series("A", 2));
    assert.deepEqual(gone, ["A", "A"]);
    assert.throws(() => streams.take(series("C")), tooMuch);
    streams.clear();
    assert.equal(streams.size, 0);
    for (const id of ["A", "B"]) streams.take(series(id));
    assert.throws(() => streams.take(series("C")), tooMuch);
  });

  it("begin anew behind a gap, unless it may be passed over, and count gaps and what is late", () => {
    const { streams } = streamsOf(() => 1, 5);
    const { state } = streams.take(series("A"))!;
    const turns = [0.03, 0.11, 0.2, 0.21].map((seconds) => streams.take(series("A", seconds)));
    assert.deepEqual(
      turns.map((turn) => turn && [turn.kind, Math.round(100 * turn.gap), turn.held, turn.samples.length]),
      [
        ["continuous", 0, 0, 3],
        ["gap", 5, 5, 3],
        ["gap", 6, 0, 3],
        ["overlap", 0, 0, 1],
      ],
    );
    assert.deepEqual(
      state.resets.map((gap) => Math.round(100 * gap)),
      [6],
    );
    assert.equal(streams.take(series("A", 0.1)), undefined);
    assert.equal(streams.take(series("A", 0.21)), undefined);
    assert.deepEqual([streams.gaps, streams.dropped], [2, 2]);
    streams.clear();
    assert.deepEqual([streams.gaps, streams.dropped], [0, 0]);
  });

  it("pass over no gap where that was not asked for", () => {
    const streams = new SeriesStreams(() => new State(1));
    const { state } = streams.take(series("A"))!;
    assert.equal(streams.take(series("A", 0.04))!.held, 0);
    assert.equal(state.resets.length, 1);
  });
});

describe("vectors of sensors", () => {
  const lengths = (vectors: SensorVectors, sensor: string, component: string, more: object = {}) => {
    const each = series(`FDSN:XX_${sensor}_00_H_N_${component}`, 0, more, [2, 3, 6]);
    const { sourceId, lengths: found } = vectors.push(each, { ...each, state: {} } as never);
    assert.equal(sourceId, `FDSN:XX_${sensor}_00_H_N`);
    return found.length;
  };

  it("are of a thousand sensors, of which the longest silent makes room", () => {
    const vectors = new SensorVectors();
    for (let i = 0; i < 1000; i++) lengths(vectors, `S${i}`, "Z");
    lengths(vectors, "S0", "N");
    lengths(vectors, "S1000", "Z");
    assert.equal(lengths(vectors, "S0", "E"), 1);
    lengths(vectors, "S1", "N");
    assert.equal(lengths(vectors, "S1", "E"), 0, "its Z has made room");
    lengths(vectors, "S3", "N");
    assert.equal(lengths(vectors, "S3", "E"), 1);
  });

  it("begin anew where the rate is another one, and not where it is given with other digits", () => {
    const vectors = new SensorVectors();
    lengths(vectors, "A", "Z");
    lengths(vectors, "A", "N", { sampleRate: 100.005 });
    assert.equal(lengths(vectors, "A", "E"), 1);
    lengths(vectors, "B", "Z");
    lengths(vectors, "B", "N", { sampleRate: 100.02 });
    assert.equal(lengths(vectors, "B", "E", { sampleRate: 100.02 }), 0);
    lengths(vectors, "C", "Z");
    lengths(vectors, "C", "N");
    vectors.clear();
    assert.equal(lengths(vectors, "C", "E"), 0);
  });
});
