// lib/signal/trigger-detector.ts and trigger.ts: the times that are told where records do not begin when they are due, and what counts
// at a limit itself.
import assert from "node:assert/strict";
import {
  type TriggerChange,
  TriggerDetector,
  TriggerLogic,
  type TriggerOptions,
} from "../../lib/signal/index.ts";

const SECOND = 1_000_000_000n;

/** What ratios change, as `event at place: reason`; the sample behind each is its ratio's tenfold. */
function changesOf(options: Omit<TriggerOptions, "sampleRate">, ratios: number[]): string[] {
  const logic = new TriggerLogic({ sampleRate: 10, ...options });
  return ratios.flatMap((ratio, i) => {
    const change = logic.step(ratio, -10 * ratio);
    return change ? [inWords(change, i)] : [];
  });
}

function inWords(change: TriggerChange, at: number): string {
  const from = `${change.event} ${change.onIndex}`;
  return change.event === "on" ? `${from}, told at ${at}` : `${from} to ${change.offIndex}: ${change.reason}`;
}

const line = (...parts: [ratio: number, count: number][]) =>
  parts.flatMap(([ratio, count]) => Array<number>(count).fill(ratio));

describe("the rules of a trigger", () => {
  it("begin it at on itself, and end it behind the last ratio of off itself", () => {
    assert.deepEqual(changesOf({ on: 4, off: 2 }, [3.9, 4, 2, 2, 1.9, 3.9, 4, 1]), [
      ...["on 1, told at 1", "off 1 to 3: ratio", "on 6, told at 6", "off 6 to 6: ratio"],
    ]);
  });

  it("tell of one that has lasted as long as it must, and of none that is a sample shorter", () => {
    const options = { on: 4, off: 2, minimum: 0.5 };
    assert.deepEqual(changesOf(options, line([0, 1], [5, 5], [0, 3])), []);
    assert.deepEqual(changesOf(options, line([0, 1], [5, 6], [0, 3])), [
      "on 1, told at 6",
      "off 1 to 6: ratio",
    ]);
  });

  it("keep the time from one that is told of to the next", () => {
    const after = (quiet: number) =>
      changesOf({ on: 4, off: 2, deadTime: 1 }, line([5, 1], [0, quiet], [5, 1], [0, 1]));
    assert.deepEqual(after(8), ["on 0, told at 0", "off 0 to 0: ratio"]);
    assert.deepEqual(after(9), [
      ...["on 0, told at 0", "off 0 to 0: ratio", "on 10, told at 10", "off 10 to 10: ratio"],
    ]);
    // One that goes on until then is told of with its true onset.
    assert.deepEqual(
      changesOf({ on: 4, off: 2, deadTime: 1 }, line([5, 1], [0, 2], [5, 9], [0, 1])).slice(2),
      [...["on 3, told at 10", "off 3 to 11: ratio"]],
    );
  });

  it("end one that lasts too long, and begin none before the ratio was below on", () => {
    const options = { on: 4, off: 2, longest: 0.5 };
    assert.deepEqual(changesOf(options, line([5, 6], [3, 1], [5, 1])), [
      ...["on 0, told at 0", "off 0 to 5: longest", "on 7, told at 7"],
    ]);
    assert.deepEqual(changesOf(options, line([5, 9], [4, 9])), ["on 0, told at 0", "off 0 to 5: longest"]);
    assert.deepEqual(changesOf(options, line([5, 5], [0, 1])), ["on 0, told at 0", "off 0 to 4: ratio"]);
  });

  it("have the first of equal peaks, by the ratio and by the sample's size", () => {
    const logic = new TriggerLogic({ sampleRate: 10, on: 4, off: 2 });
    const steps: [number, number][] = [
      [4, -3],
      [6, 3],
      [6, Number.NaN],
      [5, -9],
      [5, 9],
    ];
    for (const [ratio, sample] of steps) logic.step(ratio, sample);
    const { onIndex, peakRatio, peakRatioIndex, peakAmplitude, peakAmplitudeIndex } = logic.span!;
    assert.deepEqual(
      [onIndex, peakRatio, peakRatioIndex, peakAmplitude, peakAmplitudeIndex],
      [0, 6, 1, 9, 3],
    );
  });

  it("count the samples of a gap, and arm it again", () => {
    const logic = new TriggerLogic({ sampleRate: 10, on: 4, off: 2, longest: 0.2 });
    for (const ratio of [5, 5, 5]) logic.step(ratio);
    assert.equal(logic.step(5), undefined);
    assert.equal(logic.end("gap", 7), undefined);
    assert.equal(logic.index, 11);
    const [change] = [logic.step(5)];
    assert.deepEqual([change?.event, change?.onIndex], ["on", 11]);
    const end = logic.end("no data");
    assert.ok(end?.event === "off");
    assert.deepEqual([end.offIndex, end.reason, logic.index, logic.isRunning], [11, "no data", 12, false]);
  });
});

describe("a trigger detector", () => {
  /** One ratio above the threshold where a sample is large: a short window of one sample over a long one of four. */
  const options = { method: "classic" as const, sta: 0.1, lta: 0.4, sampleRate: 10, on: 2, off: 1.1 };
  const quiet = [1, -1, 1, -1];

  it("counts times from the start of the record that each sample is of, also where the next one is early or late", () => {
    for (const off of [-30_000_000n, 0n, 30_000_000n]) {
      const detector = new TriggerDetector(options);
      // Onset and both peaks in the last sample but one of the first record, the last ratio above off in its last one.
      const first = detector.push(0n, [...quiet, ...quiet, 9, 20]);
      const second = detector.push(SECOND + off, [0, 0, 0, 0, 0]);
      const [on] = first.events;
      const [end] = second.events;
      assert.deepEqual([on?.event, end?.event], ["on", "off"]);
      assert.deepEqual(
        [on!.onTime, end!.onTime, end!.peakRatioTime, end!.peakTime, end!.offTime],
        [800_000_000n, 800_000_000n, 800_000_000n, 900_000_000n, 900_000_000n],
        `${off}`,
      );
      assert.equal(end!.duration, 0.1);
    }
  });

  it("has the end in the record that the last sample is of, and counts with its rate", () => {
    const detector = new TriggerDetector(options);
    detector.push(0n, [...quiet, ...quiet, 9, 20]);
    const late = SECOND + 40_000_000n;
    const { events } = detector.push(late, [40, 80, 0, 0, 0], 8);
    const [end] = events;
    assert.deepEqual(
      [end?.onTime, end?.peakTime, end?.offTime],
      [800_000_000n, ...Array<bigint>(2).fill(late + SECOND / 8n)],
    );
  });

  it("ends a trigger at a gap with the time of its last sample, and begins anew behind it", () => {
    const detector = new TriggerDetector(options);
    detector.push(0n, [...quiet, ...quiet, 9, 20]);
    const end = detector.reset("gap", 3);
    assert.deepEqual([end?.reason, end?.offTime, detector.isActive], ["gap", 900_000_000n, false]);
    // Samples without a ratio: the fourth one has the first.
    assert.equal(detector.warmUp, 3);
    const { events } = detector.push(4n * SECOND, [...quiet, 9, 0, 0, 0]);
    assert.deepEqual(
      events.map(({ event, onTime }) => [event, onTime]),
      [
        ["on", 4_400_000_000n],
        ["off", 4_400_000_000n],
      ],
    );
    assert.equal(detector.reset(), undefined);
  });
});
