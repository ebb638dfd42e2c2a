/** Text of a record as a field of comma-separated values. */
import { printable } from "../../printable.ts";

/** In quotes where it needs them, and where a spreadsheet would take it for a formula. */
export function csvText(text: string): string {
  const safe = printable(text);
  return /[",]/.test(safe) || /^[=+@-]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
