/** The text of an FDSN station service (`level=channel&format=text`): a line for each epoch of a channel, 17 columns. */
import { StationError } from "./errors.ts";
import { type ChannelEpoch, epochTime, MOST_EPOCHS, normalUnits } from "./sensitivities.ts";

const COLUMNS = 17;

/** What asks a service for the channels of a station. */
export function channelQuery(service: string, network: string, station: string): string {
  const base = service.trim().replace(/\/+$/, "");
  const path = /\/fdsnws\/station\/1$/.test(base) ? base : `${base}/fdsnws/station/1`;
  return `${path}/query?net=${encodeURIComponent(network)}&sta=${encodeURIComponent(station)}&level=channel&format=text&nodata=404`;
}

/** The epochs that have a sensitivity. @throws StationError `NOT_STATIONS` */
export function readFdsnText(text: string): ChannelEpoch[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  if (lines.length > MOST_EPOCHS) throw notStations(`it has more than ${MOST_EPOCHS} lines`);
  return lines.flatMap((line) => epochOf(line.split("|")));
}

function epochOf(columns: string[]): ChannelEpoch[] {
  if (columns.length !== COLUMNS) {
    throw notStations(
      `a line has ${columns.length} columns in place of ${COLUMNS}: ask for level=channel and format=text`,
    );
  }
  const at = (column: number) => columns[column]!.trim();
  const start = epochTime(at(15));
  const sensitivity = Number(at(11));
  if (start === undefined)
    throw notStations(`a line has the start time ${JSON.stringify(at(15).slice(0, 40))}`);
  if (at(11) === "" || !Number.isFinite(sensitivity) || sensitivity === 0) return [];
  return [
    {
      ...{ network: at(0), station: at(1), location: at(2), channel: at(3), start, end: epochTime(at(16)) },
      ...{ sensitivity, frequency: Number(at(12)), units: normalUnits(at(13)) },
    },
  ];
}

function notStations(reason: string): StationError {
  return new StationError("NOT_STATIONS", `The text does not describe channels of stations: ${reason}.`);
}
