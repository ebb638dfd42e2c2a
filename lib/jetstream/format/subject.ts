/**
 * Subjects of packets in a stream: `seis.07.FDSN.CO.JSC.00.H.H.Z.MSEED`. For filtering only; what a packet is about stands in
 * its headers, so that a subject is never read back. Part of the format of a stream: what is here cannot change later.
 */
import { SourceId } from "../../source-id.ts";
import { splitStreamId } from "../../stream-id.ts";

/** What subjects begin with. */
export const DEFAULT_PREFIX = "seis";

/** Shares that stations are dealt into, so that each can be read in order for itself. Part of the format. */
export const PARTITIONS = 16;

/** Stream ids without a namespace: `CO_JSC_00_HHZ`. */
const PLAIN = /^([^_]*)_([^_]*)_([^_]*)_([^_])([^_])([^_])$/su;

/** Bytes that stand for themselves; `_` is the token of an empty code, so it is not among them. */
const SAFE = /^[A-Za-z0-9-]+$/;

/** The subject of a stream id's packets. */
export function packetSubject(streamId: string, prefix: string = DEFAULT_PREFIX): string {
  const { sourceId, type } = splitStreamId(streamId);
  const { key, tokens } = namesOf(sourceId);
  return [prefix, partitionToken(partitionOf(key)), ...tokens, token(type)].join(".");
}

/** The share of a station: FNV-1a (32 bits) of `NETWORK.STATION` in UTF-8, modulo {@link PARTITIONS}. */
export function partitionOf(key: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % PARTITIONS;
}

/** `07`. */
export function partitionToken(partition: number): string {
  return String(partition).padStart(2, "0");
}

/** The codes that a filter names; `*` or nothing means any, and `""` an empty one. */
export interface JetStreamFilter {
  network?: string | undefined;
  station?: string | undefined;
  /** `""`: those without a location code. */
  location?: string | undefined;
  /** The three codes of a channel, such as `H`, `H` and `Z`: this is the first. */
  band?: string | undefined;
  /** The second. */
  sourceCode?: string | undefined;
  /** The third. */
  subsource?: string | undefined;
  /** `MSEED`, `MSEED3`, `JSON`, … */
  type?: string | undefined;
}

/** The NATS subject of a filter: `seis.*.*.CO.JSC.*.*.*.*.*`, without `prefix` and partition where `partition` gives them. */
export function filterSubject(
  filter: JetStreamFilter,
  prefix: string = DEFAULT_PREFIX,
  partition = "*",
): string {
  const { network, station, location, band, sourceCode, subsource, type } = filter;
  const codes = [network, station, location, band, sourceCode, subsource, type];
  if (codes.every(isAny)) return `${prefix}.${partition === "*" ? ">" : `${partition}.>`}`;
  const tokens = codes.map((code) => (isAny(code) ? "*" : token(code)));
  return [prefix, partition, "*", ...tokens].join(".");
}

function isAny(code: string | undefined): code is "*" | undefined {
  return code === undefined || code === "*";
}

function namesOf(sourceId: string): { key: string; tokens: string[] } {
  const id = new SourceId(sourceId);
  if (id.level === "channel") {
    const { network, station, location, band, source, subsource } = id;
    const namespace = sourceId.slice(0, sourceId.lastIndexOf(":", sourceId.indexOf("_")));
    const tokens = [namespace, network, station, location, band, source, subsource].map(token);
    return { key: `${network}.${station}`, tokens };
  }
  const plain = PLAIN.exec(sourceId);
  if (!plain || sourceId.includes(":")) return { key: sourceId, tokens: ["other", token(sourceId)] };
  const [network = "", station = "", ...others] = plain.slice(1);
  return { key: `${network}.${station}`, tokens: ["-", ...[network, station, ...others].map(token)] };
}

/** A code as a token: neither empty nor with a character that means something in a subject. */
function token(code: string): string {
  if (code === "") return "_";
  if (SAFE.test(code)) return code;
  let escaped = "";
  for (const byte of Buffer.from(code)) {
    const character = String.fromCharCode(byte);
    escaped += SAFE.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}
