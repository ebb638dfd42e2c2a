/**
 * Which streams a person means: `CO_JSC`, `CO.JSC.00.HHZ`, `CO_*`, `FDSN:CO_JSC_00_H_H_?`. Dots are underscores, `*` is any text
 * and `?` any character; a pattern that ends with a station or location means all streams of it.
 */
import { SourceId } from "../source-id.ts";

/** Whether a pattern means a stream, given by its source id. Takes time in proportion to the product of their lengths at most. */
export function matchesStream(pattern: string, sourceId: string): boolean {
  const wanted = codesOf(pattern);
  return formsOf(sourceId).some((form) => fits(wanted, form) || fits(`${wanted}_*`, form));
}

/** The station of a stream, as `CO_JSC`; the whole id where it has none. */
export function stationOf(sourceId: string): string {
  const { network, station } = new SourceId(sourceId);
  return station === "" ? sourceId : `${network}_${station}`;
}

/** A stream as people write it, `CO.JSC.00.HHZ`; the id where it has no such form. */
export function streamName(sourceId: string): string {
  const nslc = new SourceId(sourceId).toNslc();
  if (!nslc) return sourceId;
  return [nslc.network, nslc.station, nslc.location, nslc.channel].join(".");
}

const codesOf = (text: string): string =>
  text
    .trim()
    .replace(/^FDSN:/, "")
    .replaceAll(".", "_");

function formsOf(sourceId: string): string[] {
  return [codesOf(sourceId), codesOf(streamName(sourceId))];
}

function fits(pattern: string, text: string): boolean {
  let [at, in_, star, retry] = [0, 0, -1, 0];
  while (in_ < text.length) {
    if (at < pattern.length && pattern[at] === "*") {
      star = at++;
      retry = in_;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[in_])) {
      at++;
      in_++;
    } else if (star >= 0) {
      at = star + 1;
      in_ = ++retry;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
