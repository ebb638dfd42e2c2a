/**
 * What `--match` takes: codes as seismologists write them, with wildcards, or a regular expression on the source id.
 * - `BHZ`, `JSC`: a whole code, of a channel, network, station or location;
 * - `BH?`, `H*`, `BH[ZNE]`: a channel, `?` one character, `*` any number, `[ZNE]` one of these;
 * - `CO.JSC.00.BHZ`, `CO.*..HH?`, `CO_JSC_00_BHZ`: network, station, location (none or `--` where it is empty) and channel;
 * - `CO_JSC_00_B_H_Z`, `FDSN:CO_*_00_H_H_?`, `CO_J*`: codes of a source id, whole ones;
 * - anything else, such as `JSC_.*_H_H_Z`: a regular expression that matches somewhere in the source id.
 */
import type { MiniSeedRecord } from "../../../mseed/index.ts";
import { usageError } from "../../command.ts";

/** Whether a record is of a stream that is meant. */
export type StreamMatcher = (record: Pick<MiniSeedRecord, "sourceId" | "nslc">) => boolean;

/** A code, which may be empty and may have wildcards. */
const CODE = "(?:[A-Za-z0-9?*-]|\\[[A-Za-z0-9-]+\\])*";
const WORD = /^[A-Za-z0-9-]+$/;
const WILD_WORD = new RegExp(`^${CODE}$`);
const DOTTED = new RegExp(`^${CODE}\\.${CODE}\\.${CODE}\\.(?:${CODE}|${CODE}_${CODE}_${CODE})$`);
const UNDERSCORED = new RegExp(`^(?:FDSN:)?${CODE}(?:_${CODE})+$`);
const WILDCARD = /[?*[]/;

/** @throws CommandError for what is not a regular expression either */
export function streamMatcher(pattern: string): StreamMatcher {
  if (WORD.test(pattern)) return ({ nslc }) => Object.values(nslc).includes(pattern);
  if (pattern !== "" && WILD_WORD.test(pattern)) {
    const channel = glob(pattern);
    return ({ nslc }) => channel.test(nslc.channel);
  }
  if (DOTTED.test(pattern)) return nslcMatcher(pattern.split("."));
  if (UNDERSCORED.test(pattern)) return underscoredMatcher(pattern);
  const expression = regularExpression(pattern);
  return ({ sourceId }) => expression.test(sourceId.text);
}

function underscoredMatcher(pattern: string): StreamMatcher {
  const codes = pattern.replace(/^FDSN:/, "").split("_");
  const isWhole = codes.length === 6;
  const id = isWhole || WILDCARD.test(pattern) ? codesOfId(codes, isWhole) : regularExpression(pattern);
  const nslc = codes.length === 4 ? nslcMatcher(codes) : undefined;
  return (record) => id.test(record.sourceId.text) || nslc?.(record) === true;
}

/** Codes that stand next to each other in a source id; the first and the last may be left out: `_H_H_?`. */
function codesOfId(codes: readonly string[], isWhole: boolean): RegExp {
  const begin = codes[0] === "" && !isWhole ? "" : isWhole ? "(?:^|:)" : "(?:^|[:_])";
  const end = codes.at(-1) === "" && !isWhole ? "" : isWhole ? "$" : "(?:$|_)";
  return regularExpression(begin + codes.map(wild).join("_") + end);
}

function nslcMatcher(parts: readonly string[]): StreamMatcher {
  const [network, station, location, channel] = parts.map((part) => glob(part === "--" ? "" : part));
  return ({ nslc }) =>
    network!.test(nslc.network) &&
    station!.test(nslc.station) &&
    location!.test(nslc.location === "--" ? "" : nslc.location) &&
    channel!.test(nslc.channel);
}

function glob(pattern: string): RegExp {
  return regularExpression(`^${wild(pattern)}$`);
}

/** A code with wildcards as a regular expression: no wildcard goes beyond the code. */
function wild(code: string): string {
  return code.replace(/[?*]/g, (wildcard) => (wildcard === "?" ? "[^_]" : "[^_]*"));
}

function regularExpression(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch (error) {
    throw usageError((error as Error).message);
  }
}
