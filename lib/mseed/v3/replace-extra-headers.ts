/** Other extra headers in a miniSEED 3 record, and nothing else changed. */
import { MiniSeedError } from "../errors.ts";
import { type MiniSeed3Record, recordCrc } from "./record.ts";

/** Where in the header. */
const CRC = 28;
const EXTRA_HEADERS_LENGTH = 34;

const MAX_EXTRA_HEADERS = 65_535;

/**
 * The bytes of the record with other extra headers and a right checksum; all else as it was.
 * @throws MiniSeedError `INVALID_ARGUMENT` for text of more than 65,535 bytes
 */
export function replaceExtraHeaders3(
  { bytes, extraHeadersBytes, payload }: MiniSeed3Record,
  text: string,
): Uint8Array {
  const headers = new TextEncoder().encode(text);
  if (headers.length > MAX_EXTRA_HEADERS) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `extra headers of ${headers.length} bytes: a record has room for ${MAX_EXTRA_HEADERS}`,
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
