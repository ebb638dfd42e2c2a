// How many records of 100 samples a second each step of the signal room takes, and what a record costs: filter and trigger, alone and
// one behind the other, and the rest; 100 streams in turn, so that no state stays in the processor's nearest memory. By processor
// time, collection of garbage included, as other programs may run too.
import {
  Continuity,
  Decimator,
  designButterworth,
  GroundMotion,
  IirFilter,
  RunningMean,
  StationMonitor,
  TriggerDetector,
  WindowStatistics,
} from "../lib/signal/index.ts";

const STREAMS = 100;
const SAMPLES = 100;
const RATE = 100;
const WARM_UP_MS = 300;
const MEASURED_MS = 1500;
const SECOND = 1_000_000_000n;

/** Does the step for record `number` of a stream. */
type Step = (record: { samples: Int32Array; startTime: bigint; sampleRate: number }) => unknown;

/** A record of a sum of sines, and noise. */
function samplesOf(stream: number): Int32Array {
  let random = 12_345 + stream;
  return Int32Array.from({ length: SAMPLES }, (_, i) => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return 16_000 + 3000 * Math.sin(i * 0.01) + 400 * Math.sin(i * 0.13) + (random >>> 24);
  });
}

function show(name: string, make: () => Step): void {
  const steps = Array.from({ length: STREAMS }, make);
  const samples = Array.from({ length: STREAMS }, (_, stream) => samplesOf(stream));
  let [second, records] = [0n, 0];
  const once = () => {
    for (let stream = 0; stream < STREAMS; stream++) {
      steps[stream]!({ samples: samples[stream]!, startTime: second * SECOND, sampleRate: RATE });
    }
    second++;
    records += STREAMS;
  };
  for (const warm = performance.now(); performance.now() - warm < WARM_UP_MS; ) once();
  records = 0;
  const before = process.cpuUsage();
  for (const started = performance.now(); performance.now() - started < MEASURED_MS; ) once();
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  const [perSecond, micros] = [records / seconds, (seconds * 1e6) / records];
  console.log(`  ${name.padEnd(52)} ${perSecond.toFixed(0).padStart(9)} ${micros.toFixed(2).padStart(9)}`);
}

const band = () => designButterworth({ kind: "bandpass", corners: [0.8, 9], order: 4, sampleRate: RATE });
const trigger = (method: "recursive" | "classic") =>
  new TriggerDetector({ method, sta: 6, lta: 30, on: 3.95, off: 0.9, sampleRate: RATE });

console.log(`${"records of 100 samples".padEnd(54)} ${"records/s".padStart(9)} ${"µs each".padStart(9)}`);
show("continuity", () => {
  const continuity = new Continuity();
  return (record) => continuity.push(record);
});
show("filter (band-pass of order 4)", () => {
  const filter = new IirFilter(band());
  return ({ samples }) => filter.push(samples);
});
show("trigger, recursive", () => {
  const detector = trigger("recursive");
  return ({ startTime, samples }) => detector.push(startTime, samples);
});
show("trigger, classic", () => {
  const detector = trigger("classic");
  return ({ startTime, samples }) => detector.push(startTime, samples);
});
show("continuity, filter, trigger", () => {
  const [continuity, filter, detector] = [new Continuity(), new IirFilter(band()), trigger("recursive")];
  return (record) => {
    const { startTime, restart } = continuity.push(record);
    if (restart) filter.reset();
    return detector.push(startTime, filter.push(record.samples));
  };
});
show("running mean", () => {
  const mean = new RunningMean({ sampleRate: RATE });
  return ({ samples }) => mean.push(samples);
});
show("window statistics, 60 s, with median", () => {
  const statistics = new WindowStatistics();
  return (record) => statistics.push(record);
});
show("ground motion, velocity to displacement", () => {
  const motion = new GroundMotion({ sensitivity: 4e8, sampleRate: RATE, to: "displacement" });
  return ({ samples }) => motion.push(samples);
});
show("decimator, factor 5", () => {
  const decimator = new Decimator({ factor: 5 });
  return ({ samples }) => decimator.push(samples);
});
show("station monitor", () => {
  const monitor = new StationMonitor({}, 0n);
  return ({ samples, startTime, sampleRate }) =>
    monitor.push(
      { sourceId: "FDSN:XX_DEMO_00_H_H_Z", startTime, sampleRate, sampleCount: SAMPLES, samples },
      startTime + SECOND,
    );
});
