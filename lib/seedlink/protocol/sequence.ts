/**
 * Sequence numbers: 64 bit in protocol 4, in protocol 3 six hexadecimal digits that begin anew after FFFFFF. Here they
 * are `bigint` always; those of protocol 3 are widened, so that they go on ascending.
 */

/** How many numbers protocol 3 has. */
export const SEQUENCES_3 = 0x1000000n;

/** No server gives a number above this one. */
export const MAX_SEQUENCE = 2n ** 64n - 1n;

/** Six upper-case hexadecimal digits of the lower 24 bits: SeisComP refuses more than six. */
export function formatSequence3(sequence: bigint): string {
  return (sequence % SEQUENCES_3).toString(16).toUpperCase().padStart(6, "0");
}

/** The number with these lower 24 bits that is nearest to one that is known, and not negative. */
export function widenSequence(low: number, near: bigint | undefined): bigint {
  const bits = BigInt(low);
  if (near === undefined) return bits;
  const half = SEQUENCES_3 / 2n;
  const ahead = (((bits - near) % SEQUENCES_3) + SEQUENCES_3) % SEQUENCES_3;
  const nearest = ahead < half ? near + ahead : near + ahead - SEQUENCES_3;
  return nearest < 0n ? bits : nearest;
}

/** A number of INFO, or `undefined` where the text is not one. */
export function parseSequence(text: string, radix: 10 | 16): bigint | undefined {
  const trimmed = text.trim();
  if (radix === 16) return /^[\da-f]{1,16}$/i.test(trimmed) ? BigInt(`0x${trimmed}`) : undefined;
  if (!/^\d{1,20}$/.test(trimmed)) return undefined;
  const value = BigInt(trimmed);
  return value <= MAX_SEQUENCE ? value : undefined;
}
