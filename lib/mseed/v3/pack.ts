/** The layout of miniSEED 3 records: fixed header, source identifier, extra headers, payload. */

import { HEADER3_BYTES } from "../detect.ts";
import { MiniSeedError, shown } from "../errors.ts";
import type { Layout, PackableSeries, PackOptions } from "../layout.ts";
import { fromBigNanoseconds, inLeapSecond } from "../times/calendar.ts";
import { crc32c } from "./crc32c.ts";

const DEFAULT_RECORD_LENGTH = 4096;
const MAX_RECORD_LENGTH = 0xffff_ffff;
const MAX_SAMPLES = 0xffff_ffff;

/**
 * @param payloadBytes the most that the payload of a record can take
 * @throws MiniSeedError `INVALID_ARGUMENT` for headers that do not fit the format or the record length
 */
export function layOut3(series: PackableSeries, payloadBytes: number, options: PackOptions): Layout {
  const { encoding } = series;
  const recordLength = options.recordLength ?? DEFAULT_RECORD_LENGTH;
  const sourceId = encodeText("source identifier", series.sourceId.text, 255);
  const extraHeaders = encodeText("extra headers", series.extraHeadersText, 65535);
  const dataOffset = HEADER3_BYTES + sourceId.length + extraHeaders.length;
  if (!Number.isInteger(recordLength) || recordLength < dataOffset || recordLength > MAX_RECORD_LENGTH) {
    throw new MiniSeedError(
      "INVALID_ARGUMENT",
      `recordLength ${shown(recordLength)}: these headers take ${dataOffset} bytes, and a record at most ${MAX_RECORD_LENGTH}`,
    );
  }
  const draft = new DataView(new ArrayBuffer(Math.min(recordLength, dataOffset + payloadBytes)));
  const bytes = new Uint8Array(draft.buffer);
  bytes.set([0x4d, 0x53, 3, series.flags]);
  draft.setFloat64(16, series.rateField, true);
  bytes[32] = series.publicationVersion;
  bytes[33] = sourceId.length;
  draft.setUint16(34, extraHeaders.length, true);
  bytes.set(sourceId, HEADER3_BYTES);
  bytes.set(extraHeaders, HEADER3_BYTES + sourceId.length);
  bytes[15] = encoding;
  return {
    draft,
    dataOffset,
    maxSamples: MAX_SAMPLES,
    littleEndian: true,
    finish: (startTime, sampleCount, length) => {
      const isLeapSecond = series.startsInLeapSecond && startTime === series.startTime;
      const time = isLeapSecond ? inLeapSecond(startTime) : fromBigNanoseconds(startTime);
      const end = dataOffset + length;
      draft.setUint32(4, time.nanosecond, true);
      draft.setUint16(8, time.year, true);
      draft.setUint16(10, time.dayOfYear, true);
      draft.setUint8(12, time.hour);
      draft.setUint8(13, time.minute);
      draft.setUint8(14, time.second);
      draft.setUint32(24, sampleCount, true);
      draft.setUint32(36, length, true);
      draft.setUint32(28, 0, true);
      draft.setUint32(28, crc32c(draft, 0, end), true);
      return end;
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
