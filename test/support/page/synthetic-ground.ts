/**
 * The ground as a seismometer has it, made up: microseism, noise that people make by day, earthquakes near and far. The same seed gives
 * the same ground; times are microseconds since 1970, values counts.
 */

/** An earthquake at a station. */
export interface Quake {
  /** Time of its first wave. */
  p: number;
  /** From P to S, in seconds: about 8 km of distance each. */
  sAfter: number;
  /** Peak of its S waves, in counts. */
  peak: number;
  /** Of its waves, in hertz. */
  frequency: number;
  /** Seconds in which it fades to a third. */
  fade: number;
}

export interface GroundOptions {
  start: number;
  seconds: number;
  sampleRate: number;
  seed?: number;
  quakes?: readonly Quake[];
}

/** Numbers between -1 and 1 that follow from a seed (Marsaglia's xorshift). */
function randomOf(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}

/** Counts of the ground. */
export function syntheticGround({
  start,
  seconds,
  sampleRate,
  seed = 1,
  quakes = [],
}: GroundOptions): Int32Array {
  const count = Math.round(seconds * sampleRate);
  const samples = new Float32Array(count);
  const random = randomOf(seed);
  const [a1, a2] = resonance(0.2 / sampleRate, 0.995);
  let [y1, y2, day] = [0, 0, 1];
  for (let i = 0; i < count; i++) {
    if (i % 1000 === 0) day = bustle(start + (i / sampleRate) * 1e6);
    const white = random();
    const y = white + a1 * y1 + a2 * y2;
    y2 = y1;
    y1 = y;
    samples[i] = 3 * y + 40 * day * (white + random());
  }
  for (const quake of quakes) addQuake(samples, quake, { start, sampleRate }, random);
  return Int32Array.from(samples, Math.round);
}

/** The feedback of a resonance at a frequency in cycles per sample. */
const resonance = (frequency: number, radius: number): [number, number] => [
  2 * radius * Math.cos(2 * Math.PI * frequency),
  -radius * radius,
];

/** How busy people are: most at noon, least at midnight. */
function bustle(time: number): number {
  const part = (time / 86_400e6) % 1;
  return 1 - 0.6 * Math.cos(2 * Math.PI * part);
}

function addQuake(
  samples: Float32Array,
  { p, sAfter, peak, frequency, fade }: Quake,
  { start, sampleRate }: { start: number; sampleRate: number },
  random: () => number,
): void {
  const first = Math.round(((p - start) / 1e6) * sampleRate);
  const last = Math.min(samples.length, first + Math.round(8 * fade * sampleRate));
  const [a1, a2] = resonance(frequency / sampleRate, 0.97);
  let [y1, y2] = [0, 0];
  const loudest = 1 / (1 - 0.97);
  for (let i = Math.max(0, first); i < last; i++) {
    const t = (i - first) / sampleRate;
    const strength = t < sAfter ? 0.25 * Math.exp(-t / fade) : Math.exp((sAfter - t) / fade);
    const y = random() + a1 * y1 + a2 * y2;
    y2 = y1;
    y1 = y;
    samples[i]! += (6 * peak * strength * y) / loudest;
  }
}
