/**
 * What a client speaks, by the first bytes that it sends: `DL` is DataLink, a verb of HTTP is HTTP, and other letters are the
 * first command of SeedLink.
 */

/** HTTP's verbs that are answered; no command of SeedLink begins like them. */
const VERBS = ["GET", "HEA", "POS", "OPT", "PUT"];

/** As many bytes as it takes at the most. */
const ENOUGH = 3;

/** `undecided` until more bytes have come; `unknown` for what is neither of them. */
export function protocolOf(bytes: Buffer): "DataLink" | "SeedLink" | "HTTP" | "unknown" | "undecided" {
  const text = bytes.toString("latin1", 0, ENOUGH);
  if (text.startsWith("DL")) return "DataLink";
  if (VERBS.some((verb) => verb === text)) return "HTTP";
  if (text.length < ENOUGH && (text === "D" || VERBS.some((verb) => verb.startsWith(text))))
    return "undecided";
  return /^[A-Za-z \t]/.test(text) ? "SeedLink" : "unknown";
}
