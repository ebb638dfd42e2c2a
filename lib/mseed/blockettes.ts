/** The blockettes of miniSEED 2 (SEED manual, chapter 8): their names and lengths. */

/** A blockette as it lies in the record. */
export interface Blockette {
  /** Its number: 100, 1000, … */
  type: number;
  /** What the SEED manual calls it, or `unknown`. */
  name: string;
  /** Bytes from the start of the record. */
  offset: number;
  /** All of its bytes, from the type on: a view, not a copy. */
  bytes: Uint8Array;
}

/** A blockette to be written: its type, and the bytes after type and next offset. */
export interface BlocketteDraft {
  type: number;
  body: Uint8Array;
}

/** Names, and lengths in bytes with the four of type and next offset. */
const KNOWN = new Map<number, readonly [name: string, length: number]>([
  [100, ["sample rate", 12]],
  [200, ["generic event detection", 52]],
  [201, ["Murdock event detection", 60]],
  [300, ["step calibration", 60]],
  [310, ["sine calibration", 60]],
  [320, ["pseudo-random calibration", 64]],
  [390, ["generic calibration", 28]],
  [395, ["calibration abort", 16]],
  [400, ["beam", 16]],
  [405, ["beam delay", 6]],
  [500, ["timing", 200]],
  [1000, ["data only SEED", 8]],
  [1001, ["data extension", 8]],
  [2000, ["opaque data", 15]],
]);

/** The bytes that a blockette has at least; 4 for a type that is not known. */
export function blocketteLength(type: number): number {
  return KNOWN.get(type)?.[1] ?? 4;
}

export function blocketteName(type: number): string {
  return KNOWN.get(type)?.[0] ?? "unknown";
}

/** Encoding, byte order of the payload, record length (a power of two). */
export function blockette1000(encoding: number, littleEndian: boolean, recordLength: number): BlocketteDraft {
  return { type: 1000, body: Uint8Array.of(encoding, littleEndian ? 0 : 1, Math.log2(recordLength), 0) };
}

/** Timing quality in percent; the microseconds are each record's own. */
export function blockette1001(timingQuality: number): BlocketteDraft {
  return { type: 1001, body: Uint8Array.of(timingQuality, 0, 0, 0) };
}

/** The actual sample rate in hertz. */
export function blockette100(hertz: number, littleEndian: boolean): BlocketteDraft {
  const body = new Uint8Array(8);
  new DataView(body.buffer).setFloat32(0, hertz, littleEndian);
  return { type: 100, body };
}
