/** What the headers of a record say of its samples, besides what they are and when. */
import { type MiniSeedRecord, removeExtraHeader } from "../../mseed/index.ts";

/** Publication version, flags and extra headers, as text to compare. The number of a record in its series is not one of them. */
export function dataHeaders({ publicationVersion, flags, extraHeadersText }: MiniSeedRecord): string {
  return `${publicationVersion} ${flags} ${withoutSequence(extraHeadersText)}`;
}

function withoutSequence(text: string): string {
  if (!text.includes('"Sequence"')) return text;
  try {
    return removeExtraHeader(text, "/FDSN/Sequence");
  } catch {
    return text;
  }
}
