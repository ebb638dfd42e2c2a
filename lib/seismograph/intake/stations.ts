/** Where stations are: of the FDSN station service's text, at any level that has stations. */
import { numberOf } from "./fields.ts";
import { tableOf } from "./table.ts";

/** A station's place, in degrees. */
export interface StationPlace {
  latitude: number;
  longitude: number;
}

/** The places of the stations of a payload, by `NETWORK_STATION`; undefined where it is something else. */
export function stationPlaces(payload: unknown): Map<string, StationPlace> | undefined {
  const rows = typeof payload === "string" ? tableOf(payload, "Network") : undefined;
  if (!rows) return undefined;
  const places = new Map<string, StationPlace>();
  for (const row of rows) {
    const place = placeOf(row.Latitude, row.Longitude);
    if (place && row.Network && row.Station) places.set(`${row.Network}_${row.Station}`, place);
  }
  return places;
}

/** A place, if both are numbers that one can have. */
export function placeOf(latitude: unknown, longitude: unknown): StationPlace | undefined {
  const [lat, lon] = [numberOf(latitude), numberOf(longitude)];
  if (lat === null || lon === null || Math.abs(lat) > 90 || Math.abs(lon) > 360) return undefined;
  return { latitude: lat, longitude: lon };
}
