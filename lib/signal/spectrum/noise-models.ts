/**
 * How quiet and how noisy places on Earth are: the New Low and New High Noise Model of Peterson (1993), USGS Open-File Report
 * 93-322. Each line holds from its period up to the next one's: A + B · log10(period in s), in dB relative to 1 (m/s²)²/Hz.
 */

type Line = readonly [period: number, a: number, b: number];

const LOW: readonly Line[] = [
  [0.1, -162.36, 5.64],
  [0.17, -166.7, 0],
  [0.4, -170, -8.3],
  [0.8, -166.4, 28.9],
  [1.24, -168.6, 52.48],
  [2.4, -159.98, 29.81],
  [4.3, -141.1, 0],
  [5, -71.36, -99.77],
  [6, -97.26, -66.49],
  [10, -132.18, -31.57],
  [12, -205.27, 36.16],
  [15.6, -37.65, -104.33],
  [21.9, -114.37, -47.1],
  [31.6, -160.58, -16.28],
  [45, -187.5, 0],
  [70, -216.47, 15.7],
  [101, -185, 0],
  [154, -168.34, -7.61],
  [328, -217.43, 11.9],
  [600, -258.28, 26.6],
  [10_000, -346.88, 48.75],
];

const HIGH: readonly Line[] = [
  [0.1, -108.73, -17.23],
  [0.22, -150.34, -80.5],
  [0.32, -122.31, -23.87],
  [0.8, -116.85, 32.51],
  [3.8, -108.48, 18.08],
  [4.6, -74.66, -32.95],
  [6.3, 0.66, -127.18],
  [7.9, -93.37, -22.42],
  [15.4, 73.54, -162.98],
  [20, -151.52, 10.01],
  [354.8, -206.66, 31.63],
];

const LONGEST = 100_000;

/** The New Low Noise Model at a period of 0.1 to 100,000 s, in dB relative to 1 (m/s²)²/Hz; NaN elsewhere. */
export function newLowNoiseModel(period: number): number {
  return modelAt(LOW, period);
}

/** The New High Noise Model at a period of 0.1 to 100,000 s, in dB relative to 1 (m/s²)²/Hz; NaN elsewhere. */
export function newHighNoiseModel(period: number): number {
  return modelAt(HIGH, period);
}

function modelAt(lines: readonly Line[], period: number): number {
  const line = lines.findLast(([from]) => from <= period);
  return line && period <= LONGEST ? line[1] + line[2] * Math.log10(period) : Number.NaN;
}
