/** INFO as protocol 4 has it: JSON. */
import { parseJson } from "../../json.ts";
import type { Steps } from "../../slices.ts";
import { SeedLinkError } from "./errors.ts";
import { parseHello } from "./hello.ts";
import {
  emptyInfo,
  type InfoConnection,
  type InfoContent,
  type InfoStation,
  type InfoStream,
} from "./info.ts";
import { parseSequence } from "./sequence.ts";
import { parseInfoTime } from "./times.ts";

type Json = Readonly<Record<string, unknown>>;

/** Numbers that a double would round; they are read as text. A string has no such piece, its quotes being escaped. */
const SEQUENCES = /"(start_seq|end_seq)"\s*:\s*(\d{1,20})(?=\s*[,}])/g;

/**
 * Reads the JSON; `error` is what the server says is wrong, if anything.
 *
 * @throws SeedLinkError `PROTOCOL` where it is not INFO at all
 */
export function* parseInfoJson(text: string): Steps<InfoContent & { error?: string }> {
  const sequencesAsText = text.replace(SEQUENCES, '"$1":"$2"');
  yield;
  const root = asObject(parsed(sequencesAsText));
  yield;
  if (root === undefined) throw notInfo("it is not an object");
  const started = timeOf(root.server_start);
  return {
    ...emptyInfo(),
    software: parseHello(textOf(root.software) ?? "", "").software,
    organization: textOf(root.organization) ?? "",
    ...(started !== undefined && { started }),
    capabilities: listOf(root.capability).flatMap(
      (value) => textOf(value) ?? textOf(asObject(value)?.name) ?? [],
    ),
    formats: formatsOf(root.format),
    filters: textsOf(root.filter),
    stations: yield* stationsOf(root.station),
    connections: connectionsOf(root),
    ...errorOf(root.error),
  };
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw notInfo(error instanceof Error ? error.message : String(error));
  }
}

function* stationsOf(value: unknown): Steps<InfoStation[]> {
  const stations: InfoStation[] = [];
  for (const station of objectsOf(value)) {
    stations.push(stationOf(station));
    yield;
  }
  return stations;
}

function stationOf(station: Json): InfoStation {
  const description = textOf(station.description);
  const first = sequenceOf(station.start_seq);
  const next = sequenceOf(station.end_seq);
  return {
    id: textOf(station.id) ?? "",
    ...(description !== undefined && { description }),
    ...(first !== undefined && { firstSequence: first }),
    ...(next !== undefined && { nextSequence: next }),
    streams: objectsOf(station.stream).map(streamOf),
  };
}

function streamOf(stream: Json): InfoStream {
  const [format, subformat] = [textOf(stream.format), textOf(stream.subformat)];
  const [start, end] = [timeOf(stream.start_time), timeOf(stream.end_time)];
  return {
    id: textOf(stream.id) ?? "",
    ...(format !== undefined && { format }),
    ...(subformat !== undefined && { subformat }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
  };
}

function formatsOf(value: unknown): InfoContent["formats"] {
  const formats = Object.entries(asObject(value) ?? {}).map(([letter, of]) => {
    const mimeType = textOf(asObject(of)?.mimetype);
    const subformats = textsOf(asObject(of)?.subformat);
    return [letter, { ...(mimeType !== undefined && { mimeType }), subformats }] as const;
  });
  return Object.fromEntries(formats);
}

function connectionsOf(root: Json): InfoConnection[] {
  const inside = asObject(root.connections);
  const list = root.connection ?? inside?.client ?? inside?.connection ?? root.connections;
  return objectsOf(list).map((connection) => {
    const host = textOf(connection.host) ?? textOf(connection.ip_address);
    const port = Number(connection.port ?? connection.client_port ?? Number.NaN);
    const connectedAt = timeOf(connection.connection_time ?? connection.connect_time ?? connection.ctime);
    return {
      ...(host !== undefined && { host }),
      ...(Number.isInteger(port) && { port }),
      ...(connectedAt !== undefined && { connectedAt }),
      attributes: textsOf(connection),
    };
  });
}

function errorOf(value: unknown): { error?: string } {
  const error = asObject(value);
  if (error === undefined) return {};
  return { error: [textOf(error.code), textOf(error.message)].filter(Boolean).join(" ") };
}

function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectsOf(value: unknown): Json[] {
  return listOf(value)
    .map(asObject)
    .filter((item) => item !== undefined);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The plain values of an object, as text. */
function textsOf(value: unknown): Record<string, string> {
  const plain = Object.entries(asObject(value) ?? {}).filter(
    ([, item]) => item !== null && typeof item !== "object",
  );
  return Object.fromEntries(plain.map(([name, item]) => [name, String(item)]));
}

function sequenceOf(value: unknown): bigint | undefined {
  return typeof value === "string" ? parseSequence(value, 10) : undefined;
}

function timeOf(value: unknown): number | undefined {
  return typeof value === "string" ? parseInfoTime(value) : undefined;
}

function notInfo(why: string): SeedLinkError {
  return new SeedLinkError("PROTOCOL", `the server's INFO cannot be read: ${why}`);
}
