/** What the headers of a record say of its samples, besides what they are and when. */
import { getExtraHeaderText, removeExtraHeader } from "../extra-headers.ts";
import type { MiniSeedRecord } from "../record.ts";

/** Publication version, flags and extra headers, as text to compare. */
export function dataHeaders(record: MiniSeedRecord): string {
  return `${record.publicationVersion} ${record.flags} ${dataExtraHeaders(record)}`;
}

/** Extra headers without the number of the record in its series, as text. */
export function dataExtraHeaders({ extraHeadersText: text }: { extraHeadersText: string }): string {
  if (!text.includes('"Sequence"')) return text;
  try {
    const rest = removeExtraHeader(text, "/FDSN/Sequence");
    return getExtraHeaderText(rest, "/FDSN") === "{}" ? removeExtraHeader(rest, "/FDSN") : rest;
  } catch {
    return text; // no JSON: only the same text is the same
  }
}
