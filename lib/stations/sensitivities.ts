/** How many counts a unit of ground motion makes: of each channel, for each epoch, the start belonging to it and the end not. */
import { SourceId } from "../source-id.ts";
import { toNanoseconds } from "../time.ts";

/** One channel for a time. */
export interface ChannelEpoch {
  network: string;
  station: string;
  location: string;
  channel: string;
  /** Nanoseconds since 1970; `end` is undefined while it goes on. */
  start: bigint;
  end: bigint | undefined;
  /** Counts per unit, at a frequency in hertz. */
  sensitivity: number;
  frequency: number;
  /** `m`, `m/s`, `m/s²`, `Pa`, or as it was given. */
  units: string;
}

/** Most epochs of all channels: those of all stations of a large network. */
export const MOST_EPOCHS = 200_000;

const UNITS: Record<string, string> = {
  M: "m",
  "M/S": "m/s",
  "M/SEC": "m/s",
  "M/S**2": "m/s²",
  "M/S^2": "m/s²",
  "M/S2": "m/s²",
  "M/S/S": "m/s²",
  "M/(S**2)": "m/s²",
  "M/S²": "m/s²",
  PA: "Pa",
};

/** A unit as this package writes it: `M/S**2` is `m/s²`. One that it does not know stays as it is. */
export function normalUnits(units: string): string {
  const text = units.trim();
  const key = text.toUpperCase().replaceAll(" ", "");
  return Object.hasOwn(UNITS, key) ? UNITS[key]! : text;
}

/** The time of a station description, which may lack its zone; undefined for none, and for one in the far future. */
export function epochTime(text: string | undefined): bigint | undefined {
  const given = text?.trim();
  return given ? toNanoseconds(given) : undefined;
}

const locationOf = (location: string): string => location.trim().replace(/^--$/, "");

export class Sensitivities {
  readonly #epochs = new Map<string, ChannelEpoch[]>();
  #count = 0;

  /** How many epochs of channels are known. */
  get size(): number {
    return this.#count;
  }

  add(epochs: Iterable<ChannelEpoch>): void {
    for (const epoch of epochs) {
      const { network, station, channel } = epoch;
      const key = [network, station, locationOf(epoch.location), channel].join(".");
      const known = this.#epochs.get(key);
      if (known) known.push(epoch);
      else this.#epochs.set(key, [epoch]);
      this.#count++;
    }
  }

  /** The epoch of a stream at a time (nanoseconds since 1970). */
  at(sourceId: string, time: bigint): ChannelEpoch | undefined {
    const nslc = new SourceId(sourceId).toNslc();
    if (!nslc) return undefined;
    const key = [nslc.network, nslc.station, nslc.location, nslc.channel].join(".");
    return this.#epochs
      .get(key)
      ?.findLast(({ start, end }) => start <= time && (end === undefined || time < end));
  }
}
