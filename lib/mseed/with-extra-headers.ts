/** A record with other extra headers, and everything else as it was. */
import { convertRecord } from "./convert.ts";
import { MiniSeedError, type Problem } from "./errors.ts";
import type { JsonObject } from "./extra-headers.ts";
import { extraHeadersText } from "./pack.ts";
import type { MiniSeedRecord } from "./record.ts";
import { MiniSeed3Record } from "./v3/record.ts";
import { replaceExtraHeaders3 } from "./v3/replace-extra-headers.ts";

/**
 * The record with other extra headers. Of miniSEED 3, all other bytes stay the same but for the checksum, which is made right.
 * Of miniSEED 2, flags and blockettes say what the extra headers do, and the samples stay the same, byte for byte.
 * @param extraHeaders an object, or JSON text, which is written as it is; `""` for none
 * @returns the bytes of the new record (of several ones, where one cannot hold it all)
 * @throws MiniSeedError `HEADER_LOST` or `PRECISION_LOST` where miniSEED 2 has no place for all of them (convert the record to
 *   version 3 first); `EXTRA_HEADERS_INVALID` for what is not a JSON object; `INVALID_ARGUMENT` for more than 65,535 bytes
 */
export function withExtraHeaders(record: MiniSeedRecord, extraHeaders: JsonObject | string): Uint8Array {
  const text = extraHeadersText(extraHeaders);
  if (record instanceof MiniSeed3Record) return replaceExtraHeaders3(record, text);
  const losses: Problem[] = [];
  const changed = convertRecord(record, { extraHeaders: text, onProblem: (problem) => losses.push(problem) });
  const [loss] = losses;
  if (loss) throw new MiniSeedError(loss.code, loss.message, loss);
  return concatenated(changed);
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
