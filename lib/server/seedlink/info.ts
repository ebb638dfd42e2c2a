/**
 * INFO: what the server tells of itself, its stations and their streams, as the JSON of protocol 4 and the XML of protocol 3.
 * Each is a generator of pieces of text, so that a long list can be written without holding up the server. Elements and
 * attributes are ringserver's; the numbers of stations in XML are hexadecimal, as the protocol has them, and its GAPS are
 * those of a SeisComP server that does not look for gaps.
 */
import { globMatches } from "../../seedlink/protocol/matching.ts";
import { formatSequence3 } from "../../seedlink/protocol/sequence.ts";
import type { StreamSelector } from "../../seedlink/protocol/server/requests.ts";
import { formatMicroseconds } from "../../time.ts";
import { type ConnectionFigures, selectStreams } from "../figures.ts";
import type { Ring, RingStream } from "../ring/ring.ts";
import { attributes, briefTime } from "../xml.ts";
import { formatAt, subformatAt } from "./gather.ts";
import { streamNames } from "./stream-names.ts";

/** A stream of a station, from the ring. */
interface StreamRow {
  id: string;
  format: string;
  subformat: string;
  start: number;
  end: number;
}

/** A station, as far as who asks may read it. */
export interface StationRow {
  id: string;
  /** Number of its oldest packet, and the one behind its newest. */
  first: bigint;
  next: bigint;
  streams: StreamRow[];
}

/** Who answers. */
export interface InfoServer {
  /** The first line of the answer to HELLO, and the second. */
  software: string;
  organization: string;
  /** Microseconds since 1970. */
  started: number;
}

/** What is asked for. */
export interface InfoFilter {
  has: (stream: RingStream) => boolean;
  station: string | undefined;
  streams: StreamSelector | undefined;
}

/** The stations and their streams, by name; in steps, because there may be many. */
export function* stationRows(ring: Ring, filter: InfoFilter): Generator<undefined, StationRow[]> {
  const rows = new Map<string, StationRow>();
  for (const stream of yield* selectStreams(ring, filter.has)) {
    addStream(rows, ring, stream, filter);
    yield;
  }
  return [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Streams that have left the ring meanwhile are left out. */
function addStream(
  rows: Map<string, StationRow>,
  ring: Ring,
  stream: RingStream,
  { station, streams }: InfoFilter,
): void {
  const names = ring.streams.get(stream.streamId) === stream ? streamNames(stream) : undefined;
  if (!names || (station !== undefined && !globMatches(station, names.station))) return;
  const format = String.fromCharCode(formatAt(ring, stream.latest));
  const subformat = String.fromCharCode(subformatAt(ring, stream.latest));
  if (streams && fits(streams, names.stream, format + subformat) === streams.negative) return;
  const [first, next] = [ring.idAt(stream.earliest), ring.idAt(stream.latest) + 1n];
  const row = rows.get(names.station) ?? { id: names.station, first, next, streams: [] };
  if (first < row.first) row.first = first;
  if (next > row.next) row.next = next;
  const start = ring.dataStartAt(stream.earliest);
  row.streams.push({ id: names.stream, format, subformat, start, end: ring.dataEndAt(stream.latest) });
  rows.set(names.station, row);
}

function fits(selector: StreamSelector, stream: string, type: string): boolean {
  return (
    globMatches(selector.stream, stream) && (selector.type === undefined || globMatches(selector.type, type))
  );
}

/** The JSON, with what `parts` add behind who answers. */
export function* infoJson(server: InfoServer, parts: Iterable<string>): Generator<string> {
  yield `{"software":${JSON.stringify(server.software)},"organization":${JSON.stringify(server.organization)}`;
  for (const part of parts) yield part;
  yield "}";
}

export const JSON_PARTS = {
  *id(started: number): Generator<string> {
    const start = JSON.stringify(secondsOf(started));
    yield `,"server_start":${start},"datalink_protocol":["DLPROTO:1.1"],"seedlink_protocol":["SLPROTO:4.0","SLPROTO:3.1"]`;
  },

  *formats(): Generator<string> {
    yield `,"format":${JSON.stringify(FORMATS)},"filter":${FILTERS}`;
  },

  *capabilities(names: readonly string[]): Generator<string> {
    yield `,"capability":${JSON.stringify(names)}`;
  },

  *stations(rows: readonly StationRow[], withStreams: boolean): Generator<string> {
    yield ',"station":[';
    for (const [i, row] of rows.entries()) {
      const { id, first, next } = row;
      const description = JSON.stringify(`Station ID ${id}`);
      yield `${i === 0 ? "" : ","}{"id":${JSON.stringify(id)},"description":${description},"start_seq":${first},"end_seq":${next}`;
      if (withStreams) yield* streamsJson(row.streams);
      yield "}";
    }
    yield "]";
  },

  *connections(clients: readonly ConnectionFigures[], serverPort: number): Generator<string> {
    yield `,"connections":{"client_count":${clients.length},"client":[`;
    for (const [i, client] of clients.entries()) {
      const { address, port, type, clientId, selectedStreams, match, sent, percentLag } = client;
      const connected = secondsOf(client.connectedAt);
      const entry = {
        ...{
          host: address,
          ip_address: address,
          client_port: String(port),
          server_port: String(serverPort),
          type,
          client_id: clientId,
        },
        ...{ connect_time: connected, stream_count: selectedStreams, match: match ?? null },
        ...{ transmit_packets: sent.packets, transmit_bytes: sent.bytes, lag_percent: percentLag },
      };
      yield `${i === 0 ? "" : ","}${JSON.stringify(entry)}`;
    }
    yield "]}";
  },

  *error(code: string, message: string): Generator<string> {
    yield `,"error":${JSON.stringify({ code, message })}`;
  },
};

function* streamsJson(rows: readonly StreamRow[]): Generator<string> {
  yield ',"stream":[';
  for (const [i, { id, format, subformat, start, end }] of rows.entries()) {
    const times = { start_time: formatMicroseconds(start), end_time: formatMicroseconds(end) };
    yield (i === 0 ? "" : ",") + JSON.stringify({ id, format, subformat, ...times });
  }
  yield "]";
}

const FORMATS = {
  2: {
    mimetype: "application/vnd.fdsn.mseed",
    subformat: { D: "Data", E: "Event", C: "Calibration", T: "Timing", L: "Log", O: "Opaque" },
  },
  3: { mimetype: "application/vnd.fdsn.mseed3", subformat: { D: "Data" } },
};
/** In this order, which an object would not keep. */
const FILTERS = `{"native":"native format of data, no conversion","3":"data in miniSEED v3 (if possible)"}`;

/** The XML, with what `parts` put inside. */
export function* infoXml(server: InfoServer, parts: Iterable<string>): Generator<string> {
  const { software, organization, started } = server;
  const root = attributes({ software, organization, started: secondsOf(started) });
  const opened = `<?xml version="1.0" encoding="utf-8"?><seedlink${root}`;
  let isEmpty = true;
  for (const part of parts) {
    yield isEmpty ? `${opened}>${part}` : part;
    isEmpty = false;
  }
  yield isEmpty ? `${opened}/>` : "</seedlink>";
}

export const XML_PARTS = {
  *capabilities(names: readonly string[]): Generator<string> {
    for (const name of names) yield `<capability${attributes({ name })}/>`;
  },

  *stations(rows: readonly StationRow[], content: "stations" | "streams" | "gaps"): Generator<string> {
    for (const { id, first, next, streams } of rows) {
      const separator = id.indexOf("_");
      const station = attributes({
        name: id.slice(separator + 1),
        network: id.slice(0, separator),
        description: `Station ID ${id}`,
        begin_seq: formatSequence3(first),
        end_seq: formatSequence3(next),
        stream_check: "enabled",
      });
      if (content === "stations") {
        yield `<station${station}/>`;
        continue;
      }
      yield `<station${station}>`;
      for (const stream of streams) yield streamXml(stream, content === "gaps");
      yield "</station>";
    }
  },

  *connections(clients: readonly ConnectionFigures[]): Generator<string> {
    for (const { type, address, port, connectedAt, sent } of clients) {
      const carrier = attributes({
        name: "CLIENT",
        network: type.startsWith("SeedLink") ? "SL" : "DL",
        description: type,
        ...{ begin_seq: "0", end_seq: "0", stream_check: "enabled" },
      });
      const client = attributes({
        host: address,
        port,
        ctime: secondsOf(connectedAt),
        ...{ begin_seq: "0", current_seq: "0", sequence_gaps: "0" },
        txcount: sent.packets,
        totBytes: sent.bytes,
        ...{ begin_seq_valid: "yes", realtime: "yes", end_of_data: "no" },
      });
      yield `<station${carrier}><connection${client}/></station>`;
    }
  },
};

function streamXml({ id, subformat, start, end }: StreamRow, withGaps: boolean): string {
  const [location = "", ...codes] = id.split("_");
  const isSeed = codes.every(({ length }) => length === 1);
  const gaps = withGaps ? { gap_check: "disabled", gap_treshold: "0" } : {};
  return `<stream${attributes({
    location,
    seedname: codes.join(isSeed ? "" : "_"),
    type: subformat,
    begin_time: formatMicroseconds(start),
    end_time: formatMicroseconds(end),
    ...gaps,
  })}/>`;
}

/** To the whole second. */
function secondsOf(microseconds: number): string {
  return briefTime(Math.floor(microseconds / 1e6) * 1e6);
}
