/**
 * What a server speaks, told from the first bytes that it sends: {@link speechOf}. Pure. For connections to a port that turns out
 * to be another server's.
 */
/** Protocols that are known by their first bytes. */
export type Speech = "datalink" | "seedlink" | "http" | "tls" | "ssh";

/** So many bytes are enough to tell them apart. */
export const FIRST_BYTES = 64;

/** The preheader, with the length of the header, and its first word. */
const DATALINK = /^DL[\s\S](?:ID |OK |ERROR |INFO |PACKET |ENDSTREAM)/;
/** A greeting, a packet, the answer to a command. */
const SEEDLINK = /^(?:SeedLink v|SLINFO|SL[\dA-F]{6}|SE[23JX]|ERROR[\r\n ]|OK\r\n)/i;
const HTTP = /^(?:HTTP\/\d|\s*<(?:!doctype|html|\?xml))/i;
const SSH = /^SSH-\d/;

const SIGNS: readonly (readonly [Speech, RegExp])[] = [
  ["datalink", DATALINK],
  ["seedlink", SEEDLINK],
  ["http", HTTP],
  ["ssh", SSH],
];

/** What a server speaks that has sent these bytes first; `undefined` for what is not known, and for too few of them. */
export function speechOf(bytes: Uint8Array): Speech | undefined {
  if (isTls(bytes)) return "tls";
  const text = String.fromCharCode(...bytes.subarray(0, FIRST_BYTES));
  return SIGNS.find(([, sign]) => sign.test(text))?.[0];
}

/** A record of TLS: an alert or a handshake, of version 3.x. */
function isTls([type = 0, major, minor = 255]: Uint8Array): boolean {
  return (type === 0x15 || type === 0x16) && major === 3 && minor <= 4;
}
