/** What the headers of a record say of its samples, besides what they are and when. */
import type { MiniSeedRecord } from "../../mseed/index.ts";

/** Publication version, flags and extra headers, as text to compare. */
export function dataHeaders({ publicationVersion, flags, extraHeadersText }: MiniSeedRecord): string {
  return `${publicationVersion} ${flags} ${extraHeadersText}`;
}
