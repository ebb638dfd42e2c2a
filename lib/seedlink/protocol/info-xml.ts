/** INFO as protocol 3 has it: XML. */
import sax from "sax";
import type { Steps } from "../../slices.ts";
import { SeedLinkError } from "./errors.ts";
import { parseHello, type ServerHello } from "./hello.ts";
import {
  emptyInfo,
  type InfoConnection,
  type InfoContent,
  type InfoStation,
  type InfoStream,
} from "./info.ts";
import { parseSequence } from "./sequence.ts";
import { parseInfoTime } from "./times.ts";

/** seedlink, station, stream, gap: INFO is never nested deeper than that. */
const MAX_DEPTH = 8;

/** Characters that are read in a step. */
const PIECE = 16 * 1024;

type Attributes = Readonly<Record<string, string>>;

/**
 * Reads the XML. Flaws of names and descriptions that no XML may have are taken as they are.
 *
 * @throws SeedLinkError `PROTOCOL` where it is not INFO at all
 */
export function* parseInfoXml(xml: string, hello: ServerHello): Steps<InfoContent> {
  const info = emptyInfo();
  let [depth, isInfo] = [0, false];
  const parser = sax.parser(true);
  parser.onopentag = ({ name, attributes }) => {
    if (++depth > MAX_DEPTH) throw notInfo(`it is nested deeper than ${MAX_DEPTH} levels`);
    if (name === "seedlink") isInfo = true;
    addElement(info, name, attributes as Attributes, hello);
  };
  parser.onclosetag = () => {
    depth--;
  };
  parser.onerror = () => {
    // A flaw in one attribute must not hide all the others.
    parser.resume();
  };
  for (let at = 0; at < xml.length; at += PIECE) {
    parser.write(xml.slice(at, at + PIECE));
    yield;
  }
  parser.close();
  if (!isInfo) throw notInfo("it has no seedlink element");
  return info;
}

function addElement(info: InfoContent, name: string, attributes: Attributes, hello: ServerHello): void {
  switch (name) {
    case "seedlink":
      addServer(info, attributes);
      break;
    case "capability":
      if (attributes.name) info.capabilities.push(attributes.name);
      break;
    case "station":
      info.stations.push(stationOf(attributes, hello));
      break;
    case "stream":
      info.stations.at(-1)?.streams.push(streamOf(attributes));
      break;
    case "connection":
      addConnection(info, attributes);
  }
}

function addServer(info: InfoContent, { software = "", organization = "", started = "" }: Attributes): void {
  info.software = parseHello(software, "").software;
  info.organization = organization;
  const time = parseInfoTime(started);
  if (time !== undefined) info.started = time;
}

function stationOf(attributes: Attributes, hello: ServerHello): InfoStation {
  const { network = "", name = "", description, begin_seq: begin = "", end_seq: end = "" } = attributes;
  const radix = hello.kind === "ringserver" ? 10 : 16;
  const first = parseSequence(begin, radix);
  const next = parseSequence(end, radix);
  // ringserver before version 4 gives the last number, all others the one behind it.
  const behind = hello.kind === "ringserver3" ? 1n : 0n;
  return {
    id: `${network}_${name}`,
    ...(description !== undefined && { description }),
    ...(first !== undefined && { firstSequence: first }),
    ...(next !== undefined && { nextSequence: next + behind }),
    streams: [],
  };
}

function streamOf(attributes: Attributes): InfoStream {
  const { location = "", seedname = "", type, begin_time: begin = "", end_time: end = "" } = attributes;
  const [start, stop] = [parseInfoTime(begin), parseInfoTime(end)];
  return {
    id: `${location.trim()}_${seedname.split("").join("_")}`,
    ...(type !== undefined && { subformat: type }),
    ...(start !== undefined && { start }),
    ...(stop !== undefined && { end: stop }),
  };
}

/** A client is written within a station that carries its kind only. */
function addConnection(info: InfoContent, attributes: Attributes): void {
  const carrier = info.stations.at(-1);
  if (carrier?.id.endsWith("_CLIENT")) info.stations.pop();
  const connection: InfoConnection = { attributes: { ...attributes } };
  if (attributes.host !== undefined) connection.host = attributes.host;
  const port = Number(attributes.port);
  if (Number.isInteger(port)) connection.port = port;
  const connectedAt = parseInfoTime(attributes.ctime ?? "");
  if (connectedAt !== undefined) connection.connectedAt = connectedAt;
  info.connections.push(connection);
}

function notInfo(why: string): SeedLinkError {
  return new SeedLinkError("PROTOCOL", `the server's INFO cannot be read: ${why}`);
}
