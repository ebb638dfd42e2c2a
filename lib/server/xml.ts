/** Pieces of XML, as both protocols' INFO are made of. */
import { formatMicroseconds } from "../time.ts";

/** ISO time without decimals where it is a whole second. */
export function briefTime(microseconds: number): string {
  return formatMicroseconds(microseconds).replace(".000000Z", "Z");
}

/** An element's attributes, each with a blank before it. */
export function attributes(values: Record<string, string | number | bigint>): string {
  let text = "";
  for (const name in values) text += ` ${name}="${escapeXml(String(values[name]))}"`;
  return text;
}

const ESCAPED: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Control characters, which XML cannot hold, become `?`. */
function escapeXml(text: string): string {
  return text
    .replace(/[&<>"]/g, (character) => ESCAPED[character]!)
    .replace(/[^\x20-\ud7ff\ue000-\ufffd]/g, "?");
}
