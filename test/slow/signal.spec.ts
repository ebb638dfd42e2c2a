// The nodes for signals over a day of data with gaps, overlaps and late records, at full speed, and behind a line that loses
// datagrams: nothing drifts, memory stays flat, and triggers are those of the line without losses.
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import vm from "node:vm";
import { packRecords } from "../../lib/mseed/pack.ts";
import { designButterworth, IirFilter } from "../../lib/signal/index.ts";
import { formatNanoseconds } from "../../lib/time.ts";
import coincidenceTrigger from "../../nodes/coincidence-trigger.ts";
import mseedDecode from "../../nodes/mseed-decode.ts";
import signalFilter from "../../nodes/signal-filter.ts";
import signalMeasure from "../../nodes/signal-measure.ts";
import signalTrigger from "../../nodes/signal-trigger.ts";
import stationMonitor from "../../nodes/station-monitor.ts";
import { at, ID, record, START } from "../nodes/signal/records.ts";
import { BareNode } from "../support/bare-node.ts";
import { processorTime } from "../support/processor-time.ts";

const DAY = 86_400;
const RATE = 100;

setFlagsFromString("--expose-gc");
const collectGarbage = vm.runInNewContext("gc") as () => void;

/** Noise about an offset that drifts over the day, and an event of 20 s each half hour: the same for the same second. */
function second(index: number): Int32Array {
  let random = (Math.imul(index + 1, 2_654_435_761) ^ 0x5bd1e995) >>> 0;
  const isEvent = index % 1800 >= 900 && index % 1800 < 920;
  return Int32Array.from({ length: RATE }, () => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const noise = (random >>> 16) / 65_536 - 0.5;
    return 16_000 + index / 10 + 100 * noise * (isEvent ? 40 : 1);
  });
}

type Payload = Record<string, unknown>;
const payloadOf = (msg: object) => (msg as { payload: Payload }).payload;

describe("signals, a day of them", function () {
  this.timeout(300_000);
  const nodes: BareNode[] = [];
  const made = (...[module, settings, wires]: ConstructorParameters<typeof BareNode>) => {
    const node = new BareNode(module, settings, wires);
    nodes.push(node);
    return node;
  };
  afterEach(() => Promise.all(nodes.splice(0).map((node) => node.close())));

  it("passes all nodes without drift, without NaN, and in memory that stays flat", async () => {
    const sections = designButterworth({ kind: "bandpass", corners: [1, 20], order: 4, sampleRate: RATE });
    let reference = new IirFilter(sections);
    const count = { filtered: 0, triggers: 0, windows: 0, seconds: 0 };
    let expected: Float32Array | undefined;
    const measure = made(signalMeasure, { removeMean: false, window: "60" }, [
      (msg) => {
        const { rsam, rms, peak, mean } = payloadOf(msg) as Record<string, number>;
        assert.ok([rsam, rms, peak, mean].every(Number.isFinite));
        // Behind the filter there is nothing of the offset that drifts: it ends as it began.
        assert.ok(Math.abs(mean!) < 2, `mean ${mean}`);
        count.windows++;
      },
    ]);
    const together = made(coincidenceTrigger, { stations: "1" }, [() => count.triggers++]);
    const monitor = made(stationMonitor, { report: "0" });
    const trigger = made(signalTrigger, { noData: "0" }, [(msg) => void together.receive(msg)]);
    const filter = made(signalFilter, { kind: "bandpass", low: "1", high: "20" }, [
      (msg) => {
        const { samples } = payloadOf(msg) as { samples: Float32Array };
        assert.ok(
          samples.every((value, i) => value === expected![i]),
          "as in one piece",
        );
        count.filtered++;
        void measure.receive(msg);
      },
    ]);
    const give = (payload: object) => {
      for (const node of [filter, trigger, monitor]) void node.receive({ payload });
    };
    const memory: number[] = [];
    for (let i = 0; i < DAY; i++) {
      if (i % 1000 === 0) await setImmediate();
      if (i % 21_600 === 10_800) {
        collectGarbage();
        memory.push((process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers) / 1e6);
      }
      // Ten gaps of 3 s; each 1000 s an overlap of half a second, a record that is late and one that comes twice.
      if (i % 8640 >= 4000 && i % 8640 < 4003) {
        reference = new IirFilter(sections);
        continue;
      }
      const samples = second(i);
      count.seconds++;
      expected = Float32Array.from(reference.push(samples));
      if (i % 1000 === 500) give(record(i - 0.5, [...second(i - 1).subarray(50), ...samples]));
      else give(record(i, samples));
      if (i % 1000 === 700) give(record(i - 50, second(i - 50).subarray(0, 90)));
      if (i % 1000 === 800) give(record(i, samples));
    }
    await setImmediate();
    assert.equal(count.filtered, count.seconds);
    assert.deepEqual(
      nodes.map(({ errors }) => errors),
      [0, 0, 0, 0, 0],
    );
    assert.ok(count.windows > 1430 && count.triggers >= 2 * 47, JSON.stringify(count));
    console.log(`      memory at four times of the day: ${memory.map((mb) => mb.toFixed(1)).join(", ")} MB`);
    // A leak of one record in four would take more; the collector's own moods take some megabytes.
    assert.ok(Math.max(...memory.slice(1)) < memory[0]! + 10, "memory grows");
  });

  it("goes from bytes to triggers at 5,000 records a second and more", async () => {
    let out = 0;
    const trigger = made(signalTrigger, { filter: "none" }, [() => {}, () => out++]);
    const filter = made(signalFilter, { low: "0.8", high: "9" }, [(msg) => void trigger.receive(msg)]);
    const decode = made(mseedDecode, {}, [(msg) => void filter.receive(msg)]);
    const records = Array.from({ length: 20 }, (_, stream) => `FDSN:XX_S${stream}_00_H_H_Z`).flatMap(
      (sourceId) =>
        Array.from({ length: 1000 }, (_, i) => {
          const series = { sourceId, startTime: at(i), sampleRate: RATE, samples: second(i) };
          return Buffer.from([...packRecords(series, { formatVersion: 3, recordLength: 512 })][0]!);
        }),
    );
    const before = processorTime();
    for (const payload of records) await decode.receive({ payload });
    const perSecond = (1000 * records.length) / (processorTime() - before);
    assert.equal(out, records.length);
    console.log(`      ${perSecond.toFixed(0)} records per second of processor time`);
    assert.ok(perSecond >= 5000, `${perSecond} records a second`);
  });

  it("triggers behind a lossy line as behind one without losses, except where data are missing", async () => {
    const HOUR = 3600;
    /** A Shake's datagrams: 25 samples, four a second; one of a hundred is lost, and once a whole minute. */
    const isLost = (index: number) =>
      (Math.imul(index + 7, 2_654_435_761) >>> 0) % 100 === 0 || (index >= 8000 && index < 8240);
    const triggersOf = async (loses: boolean) => {
      const times: number[] = [];
      const trigger = made(signalTrigger, { gap: "100", noData: "0" }, [
        (msg) => {
          const { event, onTime } = payloadOf(msg) as Record<string, string>;
          if (event === "on") times.push(Date.parse(onTime!) / 1000);
        },
      ]);
      for (let i = 0; i < HOUR * 4; i++) {
        if (loses && isLost(i)) continue;
        // An event each five minutes.
        const now = Math.floor(i / 4);
        const samples = second(now % 300 >= 200 && now % 300 < 215 ? 900 + (now % 20) : now % 900);
        await trigger.receive({ payload: record(i / 4, samples.subarray(25 * (i % 4), 25 * (i % 4) + 25)) });
      }
      return times;
    };
    const [whole, lossy] = [await triggersOf(false), await triggersOf(true)];
    const begin = Number(START / 1_000_000_000n);
    // The minute that is lost, and the half minute behind it in which the long window is filled again.
    const isGone = (time: number) => time >= begin + 2000 && time < begin + 2060 + 30;
    const kept = whole.filter((time) => !isGone(time));
    assert.ok(
      whole.length >= 10 && kept.length >= whole.length - 1,
      `${whole.length} triggers without losses`,
    );
    assert.equal(lossy.length, kept.length);
    for (const [i, time] of kept.entries())
      assert.ok(Math.abs(lossy[i]! - time) < 0.5, `trigger ${i}: ${lossy[i]! - time} s`);
    console.log(
      `      ${whole.length} triggers without losses, ${lossy.length} with, of ${ID} from ${formatNanoseconds(START)}`,
    );
  });
});
