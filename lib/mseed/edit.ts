/** A record with other extra headers, and everything else as it was. */
import { convertRecord } from "./convert.ts";
import { MiniSeedError } from "./errors.ts";
import type { MiniSeedRecord } from "./record.ts";
import { MiniSeed3Record, recordCrc } from "./v3/record.ts";

/** Where in a header of miniSEED 3. */
const CRC = 28;
const EXTRA_HEADERS_LENGTH = 34;
const MAX_EXTRA_HEADERS = 65_535;

/**
 * Of miniSEED 3, all other bytes stay the same but for the checksum. Of miniSEED 2, flags and blockettes say what the extra
 * headers do, and the samples stay the same, byte for byte.
 * @returns mostly one record; more, where the headers take the room of samples
 * @throws MiniSeedError `INVALID_ARGUMENT` or `HEADER_LOST` where there is no place for all of them
 */
export function withExtraHeaders(record: MiniSeedRecord, text: string): Uint8Array[] {
  return record instanceof MiniSeed3Record ? [splice(record, text)] : rewrite(record, text);
}

function splice({ bytes, extraHeadersBytes, payload }: MiniSeed3Record, text: string): Uint8Array {
  const headers = new TextEncoder().encode(text);
  if (headers.length > MAX_EXTRA_HEADERS) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `extra headers of ${headers.length} bytes: there is room for ${MAX_EXTRA_HEADERS}`,
    );
  }
  const before = bytes.length - payload.length - extraHeadersBytes.length;
  const changed = new Uint8Array(before + headers.length + payload.length);
  changed.set(bytes.subarray(0, before));
  changed.set(headers, before);
  changed.set(payload, before + headers.length);
  const view = new DataView(changed.buffer);
  view.setUint16(EXTRA_HEADERS_LENGTH, headers.length, true);
  view.setUint32(CRC, recordCrc(view, 0, changed.length), true);
  return changed;
}

function rewrite(record: MiniSeedRecord, extraHeaders: string): Uint8Array[] {
  const losses: string[] = [];
  const changed = convertRecord(record, { extraHeaders, onProblem: ({ message }) => losses.push(message) });
  const [loss] = losses;
  if (loss === undefined) return changed;
  throw new MiniSeedError("HEADER_LOST", `${loss} (mseed convert --format 3 makes a place for it)`);
}
