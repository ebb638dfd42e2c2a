/** The layout of miniSEED 3 records: fixed header, source identifier, extra headers, payload. */
import { fromBigNanoseconds } from "./calendar.ts";
import { HEADER3_BYTES } from "./detect.ts";
import { ENCODINGS } from "./encodings.ts";
import { MiniSeedError } from "./errors.ts";
import type { Layout, PackableSeries, PackOptions } from "./pack.ts";
import { recordCrc } from "./record3.ts";

const DEFAULT_RECORD_LENGTH = 4096;
/** What readers take by default; the format itself has no limit below 4 GiB. */
const MAX_RECORD_LENGTH = 16 * 1024 * 1024;
const MAX_SAMPLES = 0xffff_ffff;

/** @throws MiniSeedError `INVALID_ARGUMENT` for headers that do not fit the format or the record length */
export function layOut3(series: PackableSeries, options: PackOptions): Layout {
  const { encoding } = series;
  const recordLength = options.recordLength ?? DEFAULT_RECORD_LENGTH;
  const sourceId = encodeText("source identifier", series.sourceId.text, 255);
  const extraHeaders = encodeText("extra headers", series.extraHeadersText, 65535);
  const dataOffset = HEADER3_BYTES + sourceId.length + extraHeaders.length;
  if (!Number.isInteger(recordLength) || recordLength < dataOffset || recordLength > MAX_RECORD_LENGTH) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `recordLength ${recordLength}: these headers take ${dataOffset} bytes, and a record at most ${MAX_RECORD_LENGTH}`,
    );
  }
  const template = new Uint8Array(dataOffset);
  const view = new DataView(template.buffer);
  template.set([0x4d, 0x53, 3, series.flags]);
  view.setFloat64(16, series.rateField, true);
  template[32] = series.publicationVersion;
  template[33] = sourceId.length;
  view.setUint16(34, extraHeaders.length, true);
  template.set(sourceId, HEADER3_BYTES);
  template.set(extraHeaders, HEADER3_BYTES + sourceId.length);
  return {
    dataOffset,
    recordLength,
    maxSamples: MAX_SAMPLES,
    littleEndian: true,
    begin: () => {
      const bytes = new Uint8Array(recordLength);
      bytes.set(template);
      return { bytes, view: new DataView(bytes.buffer) };
    },
    finish: (draft, startTime, samples, payloadBytes) => {
      const time = fromBigNanoseconds(startTime);
      const length = dataOffset + payloadBytes;
      draft.view.setUint32(4, time.nanosecond, true);
      draft.view.setUint16(8, time.year, true);
      draft.view.setUint16(10, time.dayOfYear, true);
      draft.bytes.set([time.hour, time.minute, time.second, samples > 0 ? encoding : ENCODINGS.text], 12);
      draft.view.setUint32(24, samples, true);
      draft.view.setUint32(36, payloadBytes, true);
      draft.view.setUint32(28, recordCrc(draft.bytes, 0, length), true);
      return length === recordLength ? draft.bytes : draft.bytes.slice(0, length);
    },
  };
}

function encodeText(name: string, text: string, limit: number): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= limit) return bytes;
  throw new MiniSeedError(
    "INVALID_ARGUMENT",
    `${name} of ${bytes.length} bytes: a record has room for ${limit}`,
  );
}
