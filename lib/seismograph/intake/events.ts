/**
 * Earthquakes of catalogues, in the forms that these are published in: GeoJSON (USGS, EMSC, also EMSC's WebSocket), the FDSN event
 * service's text, and plain objects.
 */
import { MAX_EVENTS } from "../../limits.ts";
import type { EventMark } from "../frames.ts";
import { fieldsOf, numberOf, textOf, timeOf } from "./fields.ts";
import { tableOf } from "./table.ts";

const LONGEST_ID = 100;
const LONGEST_PLACE = 80;

/** The events of a payload, which may be an empty list; undefined where it is something else. */
export function eventMarks(payload: unknown): EventMark[] | undefined {
  // Of a service that answers that it has none.
  if (payload === "") return [];
  const text = typeof payload === "string" ? tableOf(payload, "EventID") : undefined;
  if (text) return text.map(fromRow).filter((event) => event !== undefined);
  const { data, features, type } = fieldsOf(payload);
  if (Array.isArray(features))
    return features
      .slice(0, MAX_EVENTS)
      .map(fromFeature)
      .filter((event) => event !== undefined);
  // EMSC's WebSocket: { action, data: Feature }.
  const feature = fieldsOf(data).type === "Feature" ? data : type === "Feature" ? payload : undefined;
  const event = feature === undefined ? fromObject(payload) : fromFeature(feature);
  return event && [event];
}

function fromFeature(feature: unknown): EventMark | undefined {
  const { id, geometry, properties } = fieldsOf(feature);
  const { coordinates } = fieldsOf(geometry);
  const [longitude, latitude, depth] = Array.isArray(coordinates) ? (coordinates as unknown[]) : [];
  const { unid, place, flynn_region, time, mag, magnitude, ...more } = fieldsOf(properties);
  const below = numberOf(more.depth, depth);
  return mark({
    id: textOf(LONGEST_ID, id, unid),
    time: timeOf(time),
    latitude: numberOf(latitude, more.lat),
    longitude: numberOf(longitude, more.lon),
    // EMSC counts a height, and says the depth besides.
    depth: below === null ? null : Math.abs(below),
    magnitude: numberOf(mag, magnitude),
    place: textOf(LONGEST_PLACE, flynn_region, place),
  });
}

function fromRow(row: Readonly<Record<string, string>>): EventMark | undefined {
  return mark({
    id: textOf(LONGEST_ID, row.EventID),
    time: timeOf(row.Time),
    latitude: numberOf(row.Latitude),
    longitude: numberOf(row.Longitude),
    depth: numberOf(row["Depth/km"], row.Depth),
    magnitude: numberOf(row.Magnitude),
    place: textOf(LONGEST_PLACE, row.EventLocationName),
  });
}

function fromObject(payload: unknown): EventMark | undefined {
  const { id, time, originTime, latitude, longitude, depth, magnitude, mag, place } = fieldsOf(payload);
  const event = {
    id: textOf(LONGEST_ID, id),
    time: timeOf(time ?? originTime),
    latitude: numberOf(latitude),
    longitude: numberOf(longitude),
    depth: numberOf(depth),
    magnitude: numberOf(magnitude, mag),
    place: textOf(LONGEST_PLACE, place),
  };
  // A time alone is any message of a flow.
  return event.magnitude === null && event.latitude === null ? undefined : mark(event);
}

function mark({ time, ...event }: Omit<EventMark, "arrivals" | "time"> & { time: number | undefined }) {
  if (time === undefined) return undefined;
  const isPlaced = isWithin(event.latitude, 90) && isWithin(event.longitude, 360);
  return {
    ...event,
    id: event.id || `${time} ${event.place}`,
    time,
    latitude: isPlaced ? event.latitude : null,
    longitude: isPlaced ? event.longitude : null,
    arrivals: {},
  };
}

function isWithin(value: number | null, most: number): boolean {
  return value !== null && Math.abs(value) <= most;
}
