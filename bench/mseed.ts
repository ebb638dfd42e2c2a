// How many million samples a second are decoded and encoded: Steim 2, records of 512 and 4096 bytes, versions 2 and 3, beside
// libmseedjs and seisplotjs. Those are found where they can be imported, or in the folder that BENCH_PEERS names (one with a
// node_modules). The samples are those of a benchmark of libmseed in C: 1.2 bytes each once packed.
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { packRecords, readRecords, type Series } from "../lib/mseed/index.ts";
import { seisplotjs } from "./peers/seisplotjs.ts";

const SAMPLES = 2_000_000;
const WARM_UP_MS = 300;
const MEASURED_MS = 1500;

/** Does something with all the samples once, and returns how many those were. */
type Run = () => number;

interface Peer {
  name: string;
  /** Parses and decodes records of a length; `undefined` for a version that it does not know. */
  decode: (bytes: Uint8Array, formatVersion: 2 | 3, recordLength: number) => Run | undefined;
}

/** Like microseisms: a sum of sines, and some noise. */
function series(): Series & { samples: Int32Array } {
  let random = 12345;
  const samples = Int32Array.from({ length: SAMPLES }, (_, i) => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const noise = (random >>> 27) - 16;
    return 3000 * Math.sin(i * 0.01) + 400 * Math.sin(i * 0.13) + 40 * Math.sin(i * 1.1) + noise;
  });
  return { sourceId: "FDSN:XX_TEST_00_B_H_Z", startTime: "2026-01-01", sampleRate: 100, samples };
}

/** Million samples a second: the mean of all runs, and the best one, which says more where other programs run too. */
function measure(run: Run): { mean: number; best: number } {
  for (const warm = performance.now(); performance.now() - warm < WARM_UP_MS; ) run();
  let [samples, milliseconds, best] = [0, 0, 0];
  while (milliseconds < MEASURED_MS) {
    const started = performance.now();
    const count = run();
    const took = performance.now() - started;
    samples += count;
    milliseconds += took;
    best = Math.max(best, count / took / 1000);
  }
  return { mean: samples / milliseconds / 1000, best };
}

function show(name: string, run: Run): number {
  const { mean, best } = measure(run);
  console.log(`  ${name.padEnd(44)} ${mean.toFixed(1).padStart(8)} ${best.toFixed(1).padStart(8)}`);
  return best;
}

function ownRuns(bytes: Uint8Array, formatVersion: 2 | 3): [string, Run][] {
  const target = new Int32Array(100_000);
  const sum =
    (options: object, count: (record: { sampleCount: number; samples: unknown }) => number) => () => {
      let samples = 0;
      for (const record of readRecords(bytes, options)) samples += count(record);
      return samples;
    };
  const decodeInto = (options: object) => () => {
    let samples = 0;
    for (const record of readRecords(bytes, options)) samples += record.decodeInto(target);
    return samples;
  };
  const withoutCrc: [string, Run][] =
    formatVersion === 3
      ? [["parse, decode into one array, no checksum", decodeInto({ checkCrc: false })]]
      : [];
  return [
    ["parse", sum({}, ({ sampleCount }) => sampleCount)],
    ["parse, decode into one array", decodeInto({})],
    ...withoutCrc,
    ["parse, decode, an array for each record", sum({}, ({ samples }) => (samples as Int32Array).length)],
  ];
}

/** Looks in the folder that BENCH_PEERS names, then where this program's own packages are. */
function resolvePeer(name: string): string | undefined {
  const folders = [process.env.BENCH_PEERS, __dirname].filter((folder) => folder !== undefined);
  for (const folder of folders) {
    try {
      return createRequire(path.join(path.resolve(folder), "x.js")).resolve(name);
    } catch {
      // Not there: try the next folder.
    }
  }
  console.log(`${name} is not here: not compared (BENCH_PEERS can name a folder whose node_modules has it)`);
  return undefined;
}

interface LibmseedJs {
  new (record: Buffer): { data: number[] };
}

async function libmseedJs(): Promise<Peer | undefined> {
  const file = resolvePeer("libmseedjs");
  if (file === undefined) return undefined;
  const { href } = pathToFileURL(file);
  const { default: MseedRecord } = (await import(href)) as { default: LibmseedJs };
  return {
    name: "libmseedjs",
    decode: (bytes, formatVersion, recordLength) => {
      if (formatVersion === 3) return undefined;
      const buffer = Buffer.from(bytes);
      return () => {
        let samples = 0;
        for (let at = 0; at < buffer.length; at += recordLength) {
          samples += new MseedRecord(buffer.subarray(at, at + recordLength)).data.length;
        }
        return samples;
      };
    },
  };
}

async function seisplotJs(): Promise<Peer | undefined> {
  const file = resolvePeer("seisplotjs");
  if (file === undefined) return undefined;
  const { miniseed, mseed3 } = await seisplotjs(file);
  return {
    name: "seisplotjs",
    decode: (bytes, formatVersion) => {
      const buffer = Uint8Array.from(bytes).buffer;
      const parse = formatVersion === 2 ? miniseed.parseDataRecords : mseed3.parseMSeed3Records;
      return () => parse(buffer).reduce((sum, record) => sum + record.decompress().length, 0);
    },
  };
}

async function main(): Promise<void> {
  const peers = (await Promise.all([libmseedJs(), seisplotJs()])).filter((peer) => peer !== undefined);
  const given = series();
  for (const formatVersion of [2, 3] as const) {
    for (const recordLength of [512, 4096]) {
      const options = { formatVersion, encoding: "steim2", recordLength } as const;
      const bytes = new Uint8Array(Buffer.concat([...packRecords(given, options)]));
      const head = `miniSEED ${formatVersion}, ${recordLength} bytes, Steim 2`;
      console.log(`\n${head.padEnd(46)} ${"mean".padStart(8)} ${"best".padStart(8)} million samples/s`);
      let fastest = 0;
      for (const [name, run] of ownRuns(bytes, formatVersion)) {
        const best = show(name, run);
        if (name.includes("decode")) fastest = Math.max(fastest, best);
      }
      show("encode", () => {
        for (const _record of packRecords(given, options));
        return SAMPLES;
      });
      for (const peer of peers) {
        const run = peer.decode(bytes, formatVersion, recordLength);
        if (run)
          console.log(
            `    ${(fastest / show(`${peer.name}: parse, decode`, run)).toFixed(1)} times ${peer.name}`,
          );
      }
    }
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
