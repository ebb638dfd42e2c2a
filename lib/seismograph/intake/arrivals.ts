/** When an earthquake's waves come to a station. */
import type { Arrival, EventMark } from "../frames.ts";
import type { StationPlace } from "./stations.ts";
import { travelTime } from "./travel-times.ts";

/** A shallow earthquake, where no depth is told. */
const USUAL_DEPTH = 10;

/** First P and S at a station; undefined where nobody knows where the earthquake was. */
export function arrivalAt(
  { time, latitude, longitude, depth }: EventMark,
  station: StationPlace,
): Arrival | undefined {
  if (latitude === null || longitude === null) return undefined;
  const distance = distanceOf({ latitude, longitude }, station);
  const at = (phase: "p" | "s") => time + Math.round(1e6 * travelTime(phase, distance, depth ?? USUAL_DEPTH));
  return { distance: Math.round(distance * 100) / 100, p: at("p"), s: at("s") };
}

/** Degrees of the great circle between two places. */
export function distanceOf(a: StationPlace, b: StationPlace): number {
  const radians = Math.PI / 180;
  const [lat1, lat2] = [a.latitude * radians, b.latitude * radians];
  const half = (angle: number) => Math.sin(angle / 2) ** 2;
  const across =
    half(lat2 - lat1) + Math.cos(lat1) * Math.cos(lat2) * half((b.longitude - a.longitude) * radians);
  return (2 * Math.asin(Math.min(1, Math.sqrt(across)))) / radians;
}
