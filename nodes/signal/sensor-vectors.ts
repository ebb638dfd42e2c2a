/** The components of a sensor as one stream of vector lengths. */

import { type TimedSamples, VectorMagnitude } from "../../lib/signal/vector-magnitude.ts";
import { SourceId } from "../../lib/source-id.ts";
import type { SeriesRecord } from "./series-message.ts";
import type { Turn } from "./series-streams.ts";

interface Sensor {
  vectors: VectorMagnitude;
  sampleRate: number;
}

const MOST_SENSORS = 1000;

export class SensorVectors {
  readonly #sensors = new Map<string, Sensor>();

  clear(): void {
    this.#sensors.clear();
  }

  /** The lengths that are complete with a component's new samples, as of the sensor: `FDSN:XX_DEMO_00_H_N`. */
  push(record: SeriesRecord, turn: Turn<unknown>): { sourceId: string; lengths: TimedSamples[] } {
    const { sensorId, component } = partsOf(record.sourceId);
    const known = this.#sensors.get(sensorId);
    const isSame = known !== undefined && Math.abs(record.sampleRate / known.sampleRate - 1) <= 1e-4;
    const { sampleRate } = record;
    const sensor = isSame ? known : { vectors: new VectorMagnitude({ sampleRate }), sampleRate };
    this.#sensors.delete(sensorId);
    this.#sensors.set(sensorId, sensor);
    if (this.#sensors.size > MOST_SENSORS) {
      for (const oldest of [...this.#sensors.keys()].slice(0, 1)) this.#sensors.delete(oldest);
    }
    return { sourceId: sensorId, lengths: sensor.vectors.push(component, turn.startTime, turn.samples) };
  }
}

function partsOf(sourceId: string): { sensorId: string; component: string } {
  const { network, station, location, band, source, subsource } = new SourceId(sourceId);
  if (subsource === "") return { sensorId: sourceId, component: "" };
  return { sensorId: `FDSN:${[network, station, location, band, source].join("_")}`, component: subsource };
}
