// What is read and written: records of 512 bytes, of miniSEED 2 with Steim 2, of 40 streams.
import { packRecords } from "../../lib/index.ts";

const STREAMS = 40;

export interface Input {
  streamId: string;
  dataStart: number;
  payload: Uint8Array;
}

/** One packet of each stream, with about 400 samples like microseisms. */
export function inputs(): Input[] {
  return Array.from({ length: STREAMS }, (_, i) => {
    const dataStart = 1_700_000_000_000_000 + i * 1_000_000;
    const sourceId = `FDSN:XX_S${i}_00_H_H_Z`;
    const series = { sourceId, startTime: new Date(dataStart / 1000), sampleRate: 100, samples: samples(i) };
    const [payload] = packRecords(series, { formatVersion: 2, encoding: "steim2", recordLength: 512 });
    return { streamId: `${sourceId}/MSEED`, dataStart, payload: payload! };
  });
}

function samples(seed: number): Int32Array {
  let random = seed;
  return Int32Array.from({ length: 600 }, (_, i) => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return 3000 * Math.sin(i * 0.01) + 400 * Math.sin(i * 0.13) + 40 * Math.sin(i * 1.1) + (random >>> 27);
  });
}
