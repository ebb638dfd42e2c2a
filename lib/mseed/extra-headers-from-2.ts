/** What the header and the blockettes of miniSEED 2 say, in the terms of miniSEED 3's extra headers (FDSN, reserved key `FDSN`). */
import type { JsonObject } from "./record.ts";
import type { MiniSeed2Record } from "./record2.ts";

/** Flags that have a name of their own, by bit. */
const EVENT_FLAGS: readonly [number, string][] = [
  [0x04, "Begin"],
  [0x08, "End"],
  [0x40, "InProgress"],
];
const QUALITY_FLAGS: readonly [number, string][] = [
  [0x01, "AmplifierSaturation"],
  [0x02, "DigitizerClipping"],
  [0x04, "Spikes"],
  [0x08, "Glitches"],
  [0x10, "MissingData"],
  [0x20, "TelemetrySyncError"],
  [0x40, "FilterCharging"],
];
const INPUT_FLAGS: readonly [number, string][] = [
  [0x01, "StationVolumeParityError"],
  [0x02, "LongRecordRead"],
  [0x04, "ShortRecordRead"],
  [0x08, "StartOfTimeSeries"],
  [0x10, "EndOfTimeSeries"],
];

/** The extra headers of a record as JSON text; `""` if it says nothing that needs one. */
export function extraHeadersOf2(record: MiniSeed2Record): string {
  const fdsn: JsonObject = {};
  const time = timeHeaders(record);
  const event = namedFlags(record.activityFlags, EVENT_FLAGS);
  const flags = {
    ...namedFlags(record.dataQualityFlags, QUALITY_FLAGS),
    ...namedFlags(record.clockFlags, INPUT_FLAGS),
  };
  if (Object.keys(time).length > 0) fdsn.Time = time;
  if (Object.keys(event).length > 0) fdsn.Event = event;
  if (Object.keys(flags).length > 0) fdsn.Flags = flags;
  return Object.keys(fdsn).length > 0 ? JSON.stringify({ FDSN: fdsn }) : "";
}

function timeHeaders(record: MiniSeed2Record): JsonObject {
  const time: JsonObject = {};
  if (record.timingQuality !== undefined) time.Quality = record.timingQuality;
  if (record.timeCorrection !== 0) time.Correction = record.timeCorrection / 10_000;
  if (record.activityFlags & 0x10) time.LeapSecond = 1;
  else if (record.activityFlags & 0x20) time.LeapSecond = -1;
  return time;
}

function namedFlags(bits: number, names: readonly [number, string][]): JsonObject {
  return Object.fromEntries(names.filter(([bit]) => bits & bit).map(([, name]) => [name, true]));
}
