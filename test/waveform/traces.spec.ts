// lib/waveform/traces.ts: which streams are shown, where the time axis ends, and which clocks are believed.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Picture } from "../../lib/waveform/picture.ts";
import { Traces } from "../../lib/waveform/traces.ts";

const SECOND = 1e6;
const NOW = Date.UTC(2026, 10, 22, 6, 20) * 1000;
const YEAR = 365 * 86400 * SECOND;

function makeTraces(rows = 4): Traces {
  return new Traces({ seconds: 60, columns: 120, rows });
}

/** A second of samples that ends at `end`, arriving at `now`. */
function second(traces: Traces, sourceId: string, end: number, now = NOW): void {
  const samples = Int32Array.from({ length: 10 }, (_, i) => i - 5);
  traces.add({ sourceId, start: end - SECOND, period: SECOND / 10, sampleRate: 10, samples }, now);
}

function filled(picture: Picture | undefined, sourceId: string): number {
  const row = picture?.rows.find((candidate) => candidate.sourceId === sourceId);
  return row ? row.envelope.filter((byte, i) => i % 2 === 0 && byte !== 0).length : 0;
}

describe("traces", () => {
  it("are no picture before the first record", () => {
    assert.equal(makeTraces().picture(NOW), undefined);
  });

  it("share an axis that ends at the newest sample, with rows in the order of their ids", () => {
    const traces = makeTraces();
    second(traces, "B", NOW - 3 * SECOND);
    second(traces, "A", NOW - 10 * SECOND);
    const picture = traces.picture(NOW)!;
    assert.deepEqual([picture.end, picture.span], [NOW - 3 * SECOND, 60 * SECOND]);
    assert.deepEqual(
      picture.rows.map((row) => [row.sourceId, row.sampleRate]),
      [
        ["A", 10],
        ["B", 10],
      ],
    );
    assert.deepEqual([...picture.rows[1]!.envelope.slice(-6, -4)], [0, 0]);
    assert.deepEqual([...picture.rows[1]!.envelope.slice(-4)], [14, 115, 141, 242]);
    assert.deepEqual([filled(picture, "A"), filled(picture, "B")], [2, 2]);
  });

  it("keep a gap, and fill it when the missing record comes late", () => {
    const traces = makeTraces();
    for (const ago of [5, 4, 2, 1]) second(traces, "A", NOW - ago * SECOND);
    assert.equal(filled(traces.picture(NOW), "A"), 8);
    second(traces, "A", NOW - 3 * SECOND);
    assert.equal(filled(traces.picture(NOW), "A"), 10);
  });

  it("tell how late the samples were, and after half a minute of quiet how old they have become", () => {
    const traces = makeTraces();
    second(traces, "A", NOW - 2 * SECOND);
    const latency = (seconds: number) => traces.picture(NOW + seconds * SECOND)!.rows[0]!.latency!;
    assert.deepEqual([latency(0), latency(30), latency(31)].map(Math.round), [2, 2, 33]);
  });

  it("leave out a record of another time, and go on", () => {
    const traces = makeTraces();
    for (const time of [NOW - 20 * SECOND, NOW + 20 * YEAR, NOW - YEAR, NOW - 19 * SECOND])
      second(traces, "A", time);
    const picture = traces.picture(NOW)!;
    assert.deepEqual([picture.end, filled(picture, "A")], [NOW - 19 * SECOND, 4]);
  });

  it("start anew where eight records in a row are of another time: a replay", () => {
    const traces = makeTraces();
    second(traces, "A", NOW);
    for (let i = 0; i < 9; i++) second(traces, "A", NOW - YEAR + i * SECOND);
    const picture = traces.picture(NOW)!;
    assert.deepEqual([picture.end, filled(picture, "A")], [NOW - YEAR + 8 * SECOND, 4]);
  });

  it("go on at once after an outage, and after a clock ran ahead", () => {
    const traces = makeTraces();
    second(traces, "A", NOW - YEAR);
    second(traces, "A", NOW);
    assert.equal(traces.picture(NOW)!.end, NOW);
    second(traces, "B", NOW + YEAR);
    second(traces, "B", NOW);
    assert.equal(filled(traces.picture(NOW), "B"), 2);
  });

  it("aren't dragged along by a stream whose clock is ahead, unless there is no other", () => {
    const traces = makeTraces();
    second(traces, "A", NOW + YEAR);
    assert.equal(traces.picture(NOW)!.end, NOW + YEAR);
    second(traces, "B", NOW);
    const picture = traces.picture(NOW)!;
    assert.deepEqual([picture.end, filled(picture, "A"), filled(picture, "B")], [NOW, 0, 2]);
  });

  it("believe a clock that is a minute ahead, and none that is more", () => {
    const HALF = SECOND / 2;
    const endWith = (ahead: number) => {
      const traces = makeTraces();
      const add = (sourceId: string, start: number) =>
        traces.add({ sourceId, start, period: SECOND, sampleRate: 1, samples: [1] }, NOW);
      add("A", NOW);
      add("B", NOW + ahead);
      return traces.picture(NOW)!.end;
    };
    // Behind the last column, which is half a second wide.
    assert.equal(endWith(60 * SECOND), NOW + 60 * SECOND + HALF);
    assert.equal(endWith(60 * SECOND + 1), NOW + HALF);
  });

  it("show only so many streams, say so, and give the row of a quiet one to a new one", () => {
    const traces = makeTraces(2);
    for (const id of ["A", "B", "C"]) second(traces, id, NOW);
    const ids = (now: number) => traces.picture(now)!.rows.map((row) => row.sourceId);
    assert.deepEqual([ids(NOW), traces.picture(NOW)!.more], [["A", "B"], true]);
    const later = NOW + 40 * SECOND;
    second(traces, "B", later, later);
    second(traces, "C", later, later);
    assert.deepEqual([ids(later), traces.picture(later)!.more, traces.size], [["B", "C"], false, 2]);
  });

  it("keep their bounds whatever comes", () => {
    const record = fc.record({
      sourceId: fc.constantFrom("A", "B", "C", "D", "E"),
      start: fc.oneof(fc.integer({ min: NOW - 1e8, max: NOW + 1e8 }), fc.maxSafeInteger()),
      period: fc.oneof(fc.double({ min: 1e-3, max: 1e12, noNaN: true }), fc.constant(1e4)),
      sampleRate: fc.constant(1),
      samples: fc.array(fc.double(), { minLength: 1, maxLength: 50 }),
    });
    const arrivals = fc.array(fc.tuple(record, fc.integer({ min: 0, max: 1e8 })), { maxLength: 40 });
    fc.assert(
      fc.property(arrivals, (records) => {
        const traces = makeTraces(3);
        let now = NOW;
        for (const [each, wait] of records) {
          now += wait;
          traces.add(each, now);
        }
        const picture = traces.picture(now);
        assert.equal(picture === undefined, records.length === 0);
        for (const row of picture?.rows ?? []) {
          assert.equal(row.envelope.length, 240);
          assert.ok(
            Number.isFinite(row.centre) && Number.isFinite(row.halfRange) && Number.isFinite(row.latency),
          );
        }
        assert.ok((picture?.rows.length ?? 0) <= 3);
      }),
    );
  });
});

describe("traces of all that came", () => {
  const all = (columns = 300) => new Traces({ seconds: "all", columns, rows: 3 });
  const DAY = 86_400 * SECOND;

  it("reach from the first to the last sample, of whatever age, in any order", () => {
    const traces = all();
    const old = Date.UTC(2010, 1, 27) * 1000;
    second(traces, "A", old + 3600 * SECOND);
    second(traces, "B", old + SECOND);
    second(traces, "A", old + DAY);
    const picture = traces.picture(NOW)!;
    const width = picture.span / 4096;
    assert.ok(
      Math.abs(picture.end - (old + DAY)) <= 2 * width &&
        Math.abs(picture.end - picture.span - old) <= 2 * width,
    );
    assert.deepEqual(
      picture.rows.map(({ latency, newest }) => [latency, newest]),
      [
        [undefined, old + DAY - SECOND / 10],
        [undefined, old + SECOND - SECOND / 10],
      ],
    );
    assert.deepEqual([filled(picture, "A"), filled(picture, "B")], [2, 1]);
  });

  it("have the extremes of every column, whatever the order and the pieces in which they came", () => {
    const samples = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 3000 });
    const pieces = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        samples,
        pieces,
        fc.constantFrom(0.5, 20, 100),
        fc.boolean(),
        (values, lengths, rate, backwards) => {
          const cut: { from: number; samples: number[] }[] = [];
          for (let from = 0; from < values.length; ) {
            const length = lengths[cut.length % lengths.length]!;
            cut.push({ from, samples: values.slice(from, from + length) });
            from += length;
          }
          const period = 1e6 / rate;
          const record = (from: number, part: number[]) => ({
            sourceId: "A",
            start: NOW - DAY + from * period,
            period,
            sampleRate: rate,
            samples: part,
          });
          const [inPieces, whole] = [all(), all()];
          if (backwards) cut.reverse();
          for (const each of cut) inPieces.add(record(each.from, each.samples), NOW);
          whole.add(record(0, values), NOW);
          const [a, b] = [inPieces.picture(NOW)!, whole.picture(NOW)!];
          assert.deepEqual([a.end, a.span], [b.end, b.span]);
          const { centre, halfRange, envelope } = b.rows[0]!;
          const shown = Math.max(...envelope);
          assert.ok(
            Math.abs(centre + ((shown - 128) / 127) * halfRange - Math.max(...values)) <= halfRange / 127,
          );
          assert.deepEqual(a.rows[0]!.halfRange, halfRange);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("believe neither a clock of 1970 nor one of 2100, unless it insists", () => {
    const traces = all();
    second(traces, "A", NOW);
    for (const wrong of [0, NOW + 80 * YEAR]) second(traces, "A", wrong);
    assert.ok(traces.picture(NOW)!.span < 2 * SECOND);
    for (let i = 0; i < 8; i++) second(traces, "A", NOW - 5 * YEAR + i * SECOND);
    assert.ok(traces.picture(NOW)!.span > 4 * YEAR);
  });

  it("believe a time 366 days before or behind all others, and none further away", () => {
    const FAR = 366 * DAY;
    const spanWith = (start: number) => {
      const traces = all();
      const add = (from: number) =>
        traces.add({ sourceId: "A", start: from, period: SECOND, sampleRate: 1, samples: [1, 2] }, NOW);
      add(NOW);
      add(start);
      return traces.picture(NOW)!.span;
    };
    for (const start of [NOW - FAR - SECOND, NOW + SECOND + FAR]) assert.ok(spanWith(start) > FAR);
    for (const start of [NOW - FAR - SECOND - 1, NOW + SECOND + FAR + 1]) assert.ok(spanWith(start) < DAY);
  });

  it("keep their rows, say when there are more, and begin anew when they are cleared", () => {
    const traces = all();
    for (const id of ["A", "B", "C", "D"]) second(traces, id, NOW);
    const later = NOW + 3600 * SECOND;
    second(traces, "E", NOW, later);
    const picture = traces.picture(later)!;
    assert.deepEqual(
      picture.rows.map(({ sourceId }) => sourceId),
      ["A", "B", "C"],
    );
    assert.equal(picture.more, true);
    traces.clear();
    assert.equal(traces.picture(later), undefined);
    second(traces, "D", NOW - DAY, later);
    assert.ok(traces.picture(later)!.span < 2 * SECOND && !traces.picture(later)!.more);
  });
});
