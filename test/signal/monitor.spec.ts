// The station monitor: what it tells of a stream, once, with a sentence that can be sent as it is.
import assert from "node:assert/strict";
import {
  type MonitorEvent,
  type MonitoredRecord,
  type MonitorOptions,
  matchesStream,
  StationMonitor,
  streamName,
} from "../../lib/signal/index.ts";
import { Completeness } from "../../lib/signal/monitor/completeness.ts";
import { SampleFigures } from "../../lib/signal/monitor/sample-figures.ts";
import { lengthText, timeText } from "../../lib/signal/monitor/sentences.ts";
import { toNanoseconds } from "../../lib/time.ts";
import { readVectors } from "./vectors.ts";

const START = toNanoseconds("2026-01-01T00:00:00Z")!;
const at = (seconds: number): bigint => START + BigInt(Math.round(seconds * 1000)) * 1_000_000n;

const ID = "FDSN:CO_JSC_00_H_H_Z";
const OTHER = "FDSN:CO_BIRD_00_H_H_Z";

/** A network that is fed by the second. */
class Network {
  readonly monitor: StationMonitor;
  readonly events: MonitorEvent[] = [];
  now = 0;

  constructor(options: MonitorOptions = {}) {
    this.monitor = new StationMonitor(options, at(0));
  }

  /** Ten seconds of data of each stream come every ten seconds, for so long. */
  run(seconds: number, streams: string[], more: Partial<MonitoredRecord> & { delay?: number } = {}): this {
    const { delay = 0, ...fields } = more;
    for (const end = this.now + seconds; this.now < end; this.now++) {
      if (this.now % 10 === 0) {
        for (const sourceId of streams)
          this.push({ sourceId, startTime: at(this.now - 10 - delay), ...fields });
      }
      this.events.push(...this.monitor.tick(at(this.now)));
    }
    return this;
  }

  push(record: Partial<MonitoredRecord>): void {
    const whole = {
      sourceId: ID,
      startTime: at(this.now - 10),
      sampleRate: 100,
      sampleCount: 1000,
      ...record,
    };
    this.events.push(...this.monitor.push(whole, at(this.now)));
  }

  /** What has been told since the last time. */
  told(): string[] {
    return this.events.splice(0).map(({ event, message }) => `${event}: ${message}`);
  }
}

describe("the station monitor", () => {
  it("tells of a silent stream once, and when it is back for a minute", () => {
    const network = new Network().run(120, [ID, OTHER]).run(400, [OTHER]);
    assert.deepEqual(network.told(), [
      "silent: CO.JSC.00.HHZ has sent nothing for 5 minutes (last sample 2026-01-01 00:01:50 UTC).",
    ]);
    assert.deepEqual([network.monitor.streamCount, network.monitor.silentCount], [2, 1]);
    network.run(60, [ID, OTHER]);
    const [gap] = network.events.splice(0);
    assert.deepEqual([gap!.event, gap!.seconds, gap!.samples], ["gap", 400, 40_000]);
    assert.equal(network.monitor.silentCount, 0);
    network.run(20, [ID, OTHER]);
    assert.deepEqual(network.told(), []);
  });

  it("tells that a stream is back with how long it was away", () => {
    const network = new Network({ gapFrom: 1e6 }).run(120, [ID, OTHER]).run(400, [OTHER]);
    network.told();
    network.run(100, [ID, OTHER]);
    const [back] = network.events;
    assert.deepEqual([back!.event, back!.after, network.events.length], ["back", "silent", 1]);
    assert.match(back!.message, /^CO\.JSC\.00\.HHZ sends again, after 8 minutes\.$/);
  });

  it("tells once that nothing comes, not once for each stream", () => {
    const streams = Array.from({ length: 12 }, (_, i) => `FDSN:XX_S${i}_00_H_H_Z`);
    const network = new Network().run(120, streams).run(900, []);
    assert.deepEqual(network.told(), [
      "silent: Nothing has come from any of 12 streams for 5 minutes: look at the connection first.",
    ]);
    assert.equal(network.monitor.silentCount, 12);
    network.run(70, streams.slice(1));
    const told = network.told().filter((text) => !text.startsWith("gap"));
    assert.deepEqual(told, ["back: Data come again, after 16 minutes without any."]);
    network.run(330, streams.slice(1));
    assert.deepEqual(network.told(), [
      "silent: XX.S0.00.HHZ has sent nothing for 21 minutes (last sample 2026-01-01 00:01:50 UTC).",
    ]);
  });

  it("does not take one of two streams for all because the other one sends rarely", () => {
    const network = new Network();
    for (let turn = 0; turn < 8; turn++) {
      network.push({ sourceId: OTHER, sampleRate: 1, sampleCount: 400, startTime: at(network.now - 400) });
      network.run(400, turn < 6 ? [ID] : []);
    }
    assert.deepEqual(
      network.events.map(({ event, sourceId }) => [event, sourceId]),
      [["silent", ID]],
    );
  });

  it("waits longer for a stream that sends rarely", () => {
    const network = new Network();
    for (let turn = 0; turn < 9; turn++) {
      network.push({ sampleRate: 1, sampleCount: 400, startTime: at(network.now - 400) });
      network.run(400, [OTHER]);
    }
    network.told();
    network.run(1500, [OTHER]);
    assert.deepEqual(network.told(), []);
    network.run(300, [OTHER]);
    assert.match(network.told().join(), /CO\.JSC\.00\.HHZ has sent nothing for/);
  });

  it("waits longer for a stream that sends rarely now, and less for one that does so no more", () => {
    const network = new Network().run(300, [ID, OTHER]);
    const rarely = () => {
      network.push({ sampleRate: 1, sampleCount: 400, startTime: at(network.now - 400) });
      network.run(400, [OTHER]);
    };
    const isMissed = (seconds: number) => {
      network.told();
      network.run(seconds, [OTHER]);
      return network.told().some((text) => text.includes("has sent nothing for"));
    };
    for (let turn = 0; turn < 9; turn++) rarely();
    assert.deepEqual([1500, 300].map(isMissed), [false, true]);
    network.run(300, [ID, OTHER]);
    assert.equal(isMissed(320), true);
  });

  it("tells of stations when all of their streams are silent", () => {
    const [z, n] = ["FDSN:CO_JSC_00_H_H_Z", "FDSN:CO_JSC_00_H_H_N"];
    const network = new Network({ groupBy: "station" }).run(60, [z, n, OTHER]).run(400, [n, OTHER]);
    assert.deepEqual(network.told(), []);
    network.run(400, [OTHER]);
    const [silent] = network.events;
    assert.deepEqual([silent!.event, silent!.sourceId, silent!.station], ["silent", null, "CO_JSC"]);
    assert.match(silent!.message, /^CO\.JSC has sent nothing/);
  });

  it("tells of stations that never came, and of nothing at all in one sentence", () => {
    const network = new Network({ expected: ["CO.JSC", "CO.BIRD.00.HHZ", "CO_X*"] }).run(400, [ID]);
    assert.deepEqual(network.told(), [
      "silent: Nothing of CO.BIRD.00.HHZ has come since the monitor began 5 minutes ago.",
      "silent: Nothing of CO_X* has come since the monitor began 5 minutes ago.",
    ]);
    assert.equal(network.monitor.silentCount, 2);
    network.run(20, [ID, OTHER]);
    assert.deepEqual(network.told(), ["back: CO.BIRD.00.HHZ has come; CO.BIRD.00.HHZ was missed."]);
    const nothing = new Network({ expected: ["CO.JSC", "CO.BIRD"] }).run(900, []);
    assert.deepEqual(
      nothing.told(),
      ["silent: Nothing has come since the monitor began 5 minutes ago (2 names expected)."].map((text) =>
        text.replace("stream or stations", "streams or stations"),
      ),
    );
  });

  it("tells of gaps, overlaps and late records, and of many of them together", () => {
    const network = new Network().run(60, [ID]);
    network.push({ startTime: at(network.now - 5), sampleCount: 1000 });
    assert.deepEqual(network.told(), [
      "gap: CO.JSC.00.HHZ has a gap: 5 s from 2026-01-01 00:00:50 UTC on are missing.",
    ]);
    for (let i = 1; i <= 3; i++) network.push({ startTime: at(network.now - 5 + 15 * i), sampleCount: 1000 });
    network.push({ startTime: at(network.now + 45), sampleCount: 1000 });
    network.push({ startTime: at(10), sampleCount: 100 });
    assert.deepEqual(
      network.told().map((text) => text.split(":")[0]),
      ["clock", "overlap", "late"],
    );
    network.run(61, []);
    assert.deepEqual(network.told(), ["gap: CO.JSC.00.HHZ has had 3 more gaps since then, 15 s in all."]);
  });

  it("tells of gaps and overlaps from so many seconds on", () => {
    const toldOf = (off: number) => {
      const network = new Network({ gapFrom: 5 }).run(60, [ID]);
      network.push({ startTime: at(network.now - 10 + off) });
      return network.told().map((text) => text.split(":")[0]);
    };
    assert.deepEqual([4.99, 5].map(toldOf), [[], ["gap"]]);
    assert.deepEqual([-4.99, -5].map(toldOf), [[], ["overlap"]]);
  });

  it("tells of the clock: questionable times, a low quality, a lock that is lost, the future", () => {
    const trouble: [Partial<MonitoredRecord>, RegExp][] = [
      [{ isTimeQuestionable: true }, /questionable/],
      [{ timingQuality: 20 }, /timing quality 20 %, below 50 %/],
      [{ isClockLocked: false }, /locked no more/],
      [{ startTime: at(500) }, /ahead of this machine's clock/],
    ];
    for (const [fields, reason] of trouble) {
      const network = new Network({ minimumTimingQuality: 50, gapFrom: 1e6 }).run(60, [ID], {
        timingQuality: 100,
        isClockLocked: true,
      });
      network.push({ timingQuality: 100, isClockLocked: true, ...fields });
      const [clock] = network.told();
      assert.match(clock!, /^clock: CO\.JSC\.00\.HHZ has a clock to be looked at/);
      assert.match(clock!, reason);
      if ("startTime" in fields) continue;
      network.now += 10;
      network.run(90, [ID], { timingQuality: 100, isClockLocked: true });
      assert.deepEqual(network.told(), ["back: CO.JSC.00.HHZ has good time again."]);
    }
  });

  it("tells of a dead channel, an offset and data that come late", () => {
    const moving = Int32Array.from({ length: 1000 }, (_, i) => (i * 7919) % 100);
    const network = new Network({ maximumOffset: 1000, maximumDelay: 60, gapFrom: 1e6 });
    network.run(100, [ID], { samples: moving }).run(80, [ID], { samples: new Int32Array(1000).fill(5) });
    assert.deepEqual(network.told(), [
      "dead: CO.JSC.00.HHZ is dead: all samples have been the same for 1 minute.",
    ]);
    network.run(80, [ID], { samples: moving });
    assert.deepEqual(network.told(), ["back: CO.JSC.00.HHZ moves again."]);
    network.run(130, [ID], { samples: moving.map((value) => value + 5000) });
    assert.match(network.told().join(), /^offset: CO\.JSC\.00\.HHZ has an offset of \d+, beyond 1000\.$/);
    network.run(130, [ID], { samples: moving });
    assert.deepEqual(network.told(), ["back: CO.JSC.00.HHZ is centred again."]);
    const slow = new Network({ maximumDelay: 60 }).run(60, [ID], { delay: 90 });
    assert.deepEqual(slow.told(), ["late: CO.JSC.00.HHZ comes late: 2 minutes after it was recorded."]);
  });

  it("looks for nothing whose limit is 0", () => {
    const network = new Network({ deadAfter: 0, maximumOffset: 0, maximumDelay: 0, minimumCompleteness: 0 });
    network.run(600, [ID], { samples: new Int32Array(1000).fill(1e6), delay: 7200 });
    assert.deepEqual(network.told(), []);
    assert.deepEqual(network.monitor.report(at(network.now))[0]!.problems, []);
  });

  it("tells of an offset and a delay beyond a limit, and not at the limit", () => {
    const samples = (offset: number) =>
      Int32Array.from({ length: 1000 }, (_, i) => offset + (i % 2 === 0 ? 3 : -3));
    const kinds = (options: MonitorOptions, fields: Parameters<Network["run"]>[2]) =>
      new Network(options).run(130, [ID], fields).events.map(({ event }) => event);
    for (const sign of [1, -1]) {
      assert.deepEqual(kinds({ maximumOffset: 1000 }, { samples: samples(sign * 1000) }), []);
      assert.deepEqual(kinds({ maximumOffset: 1000 }, { samples: samples(sign * 1001) }), ["offset"]);
    }
    assert.deepEqual(kinds({ maximumDelay: 60 }, { delay: 60 }), []);
    assert.deepEqual(kinds({ maximumDelay: 59.9 }, { delay: 60 }), ["late"]);
  });

  it("counts a second that came twice once, and reports no more than all", () => {
    const network = new Network({ gapFrom: 1e6 });
    for (let minute = 1; minute <= 20; minute++) {
      network.now = 60 * minute;
      // Half of each minute, and half of that again.
      network.push({ startTime: at(network.now - 60), sampleCount: 3000 });
      network.push({ startTime: at(network.now - 45), sampleCount: 3000 });
      network.push({ startTime: at(network.now - 60), sampleCount: 2900 });
    }
    const [row] = network.monitor.report(at(network.now));
    assert.ok(row!.completeness10min > 0.9 && row!.completeness10min <= 1, `${row!.completeness10min}`);
    const [more] = [new Completeness()];
    more.add(0, 60);
    for (let i = 0; i < 5; i++) more.add(60, 60);
    more.add(180, 60);
    assert.equal(more.share(3, 240), 2 / 3);
  });

  it("reports a row for each stream", () => {
    const samples = Int32Array.from({ length: 1000 }, (_, i) => 1000 + (i % 2 === 0 ? 3 : -3));
    const network = new Network({ minimumCompleteness: 99 }).run(3600, [ID, OTHER], { samples });
    network.now += 1800;
    network.run(1801, [ID], { samples });
    const [bird, jsc] = network.monitor.report(at(network.now));
    assert.equal(bird!.state, "silent");
    assert.deepEqual([jsc!.sourceId, jsc!.state, jsc!.problems], [ID, "problem", ["completeness"]]);
    assert.deepEqual([jsc!.gaps, jsc!.overlaps, jsc!.late, jsc!.duplicates], [1, 0, 0, 0]);
    assert.equal(jsc!.completeness10min, 1);
    assert.ok(Math.abs(jsc!.completeness1h - 0.5) < 0.02, `${jsc!.completeness1h}`);
    assert.ok(Math.abs(jsc!.completeness24h - 0.75) < 0.02, `${jsc!.completeness24h}`);
    assert.deepEqual([jsc!.mean, jsc!.peak, jsc!.equalShare, jsc!.extremeShare], [1000, 3, 0, 1]);
    assert.ok(Math.abs(jsc!.rms - 3) < 1e-9);
    assert.deepEqual([jsc!.sampleRate, jsc!.measuredRate, jsc!.delay, jsc!.latency], [100, 100, 0, 1]);
    assert.equal(jsc!.samplesExpected - jsc!.samplesReceived, 180_000);
  });

  it("keeps at most so many streams: silent ones make room, others do not", () => {
    const network = new Network({ streams: 2 }).run(60, [ID, OTHER]);
    network.push({ sourceId: "FDSN:XX_NEW_00_H_H_Z" });
    assert.deepEqual([network.monitor.streamCount, network.monitor.refused], [2, 1]);
    network.run(400, [OTHER]);
    network.push({ sourceId: "FDSN:XX_NEW_00_H_H_Z" });
    assert.deepEqual([network.monitor.streamCount, network.monitor.refused], [2, 1]);
    assert.deepEqual(
      network.monitor.report(at(network.now)).map(({ sourceId }) => sourceId),
      [OTHER, "FDSN:XX_NEW_00_H_H_Z"],
    );
  });

  it("has the delays of monitor.json", () => {
    interface Listed {
      start: string;
      sampleRate: number;
      sampleCount: number;
      arrival: string;
      delay: number;
      kind: string;
    }
    const { records } = readVectors<{ records: Listed[] }>("monitor.json");
    const monitor = new StationMonitor({}, records[0]!.arrival);
    for (const { start, sampleRate, sampleCount, arrival, delay, kind } of records) {
      monitor.push({ sourceId: ID, startTime: start, sampleRate, sampleCount }, arrival);
      if (kind === "late" || kind === "duplicate") continue;
      const [row] = monitor.report(arrival);
      assert.ok(Math.abs(row!.delay - delay) < 1e-6, `${start}: ${row!.delay}`);
    }
  });

  it("takes what is no series of samples as a sign of life", () => {
    const network = new Network().run(60, [ID, OTHER]);
    for (const none of [
      { sampleRate: 0, sampleCount: 0 },
      { sampleRate: 0, sampleCount: 80 },
      { sampleRate: 100, sampleCount: 0 },
    ]) {
      for (let i = 0; i < 40; i++) {
        network.push(none);
        network.run(10, [OTHER]);
      }
    }
    assert.deepEqual(network.told(), []);
  });

  it("takes what is no series of samples for a second of life of a stream that was silent", () => {
    const network = new Network({ backAfter: 60 }).run(120, [ID, OTHER]).run(400, [OTHER]);
    network.told();
    const logs = (count: number) => {
      for (let i = 0; i < count; i++) {
        network.push({ sampleRate: 0, sampleCount: 0 });
        network.run(5, [OTHER]);
      }
      return network.told().map((text) => text.split(":")[0]);
    };
    assert.deepEqual(logs(59), []);
    assert.deepEqual(logs(1), ["back"]);
  });
});

describe("figures of samples", () => {
  const of = (...samples: number[]) => {
    const figures = new SampleFigures();
    figures.push(samples);
    return figures;
  };
  const shares = ({ summary }: SampleFigures) => [summary.equalShare, summary.extremeShare];

  it("have shares of those that are the same as the one before, and of those at the extremes", () => {
    assert.deepEqual(shares(of(1, 5, 3, 5, 5, 1, 2, 1)), [1 / 8, 6 / 8]);
    assert.deepEqual(shares(of(3, 2, 2, 1, 4)), [1 / 5, 2 / 5]);
    assert.deepEqual(shares(of(4, 4, 4)), [2 / 3, 1]);
    assert.deepEqual(shares(of()), [0, 0]);
  });

  it("have mean, spread and peak about it, and leave out what is missing", () => {
    const { count, mean, rms, peak } = of(Number.NaN, 1, 2, Number.POSITIVE_INFINITY, 6, 1e101, 3).turn();
    assert.deepEqual([count, mean, peak], [4, 3, 3]);
    assert.ok(Math.abs(rms - Math.sqrt(14 / 4)) < 1e-12);
    assert.equal(of(0, 5, 6, 5).summary.peak, 4);
    const none = of(Number.NaN).summary;
    assert.deepEqual([none.count, none.mean, none.rms, none.peak], [0, Number.NaN, Number.NaN, Number.NaN]);
  });

  it("begin anew at a turn, but for how long all have been the same", () => {
    const figures = of(7, 7, 7);
    assert.equal(figures.equalRun, 3);
    figures.turn();
    assert.equal(figures.equalRun, 3);
    figures.push([9, 7, 7], 1);
    const { count, mean, rms, peak, equalShare, extremeShare } = figures.turn();
    assert.deepEqual([count, mean, rms, peak, equalShare, extremeShare], [2, 7, 0, 0, 1, 1]);
    assert.equal(figures.equalRun, 5);
    figures.push([8, 7, 7]);
    assert.equal(figures.equalRun, 2);
    assert.deepEqual(shares(figures), [1 / 3, 1]);
  });
});

describe("lengths of time in sentences", () => {
  it("are whole numbers of the largest unit that there are two of", () => {
    for (const [seconds, text] of [
      [0, "0 s"],
      [0.24, "0.2 s"],
      [9.96, "10 s"],
      [10.4, "10 s"],
      [59.4, "59 s"],
      [60, "1 minute"],
      [89, "1 minute"],
      [119, "2 minutes"],
      [120, "2 minutes"],
      [7199, "120 minutes"],
      [7200, "2 hours"],
      [86_400, "24 hours"],
      [172_799, "48 hours"],
      [172_800, "2 days"],
      [1_000_000, "12 days"],
    ] as const)
      assert.equal(lengthText(seconds), text, `${seconds}`);
  });

  it("and times to tenths of a second", () => {
    assert.equal(timeText(START), "2026-01-01 00:00:00 UTC");
    assert.equal(timeText(START + 1_299_999_999n), "2026-01-01 00:00:01.2 UTC");
  });
});

describe("names of streams", () => {
  it("as people write them", () => {
    assert.equal(streamName(ID), "CO.JSC.00.HHZ");
    assert.equal(streamName("FDSN:TOOLONG_STATION1_00_H_H_Z"), "FDSN:TOOLONG_STATION1_00_H_H_Z");
    const fit = [
      "CO",
      "CO.JSC",
      "CO_JSC",
      "CO.JSC.00.HHZ",
      "CO_*",
      "*",
      "CO.J?C",
      ID,
      "*.HHZ",
      "CO.JSC.*.HH?",
    ];
    assert.deepEqual(
      fit.filter((pattern) => !matchesStream(pattern, ID)),
      [],
    );
    const other = ["C", "JSC", "CO.JS", "CO.JSCX", "CO.JSC.00.HHN", "", "co.jsc", "CO.J?"];
    assert.deepEqual(
      other.filter((pattern) => matchesStream(pattern, ID)),
      [],
    );
  });

  it("by patterns that do not hold up the process", () => {
    assert.equal(matchesStream(`${"*A".repeat(50)}B`, `FDSN:XX_${"A".repeat(5000)}`), false);
  });
});
