/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82F63B78): the checksum of miniSEED 3. Eight bytes at a time, by the
 * "slicing" method: table k advances the checksum of a byte by k further zero bytes.
 */

const POLYNOMIAL = 0x82f6_3b78;
const TABLES = sliceTables(8);
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/**
 * The checksum of `bytes` from `start` to `end`, an unsigned 32-bit number.
 * @param before the checksum of what came before these bytes, to go on from there
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, before = 0): number {
  let crc = ~before;
  let p = start;
  for (; p + 8 <= end; p += 8) {
    const x =
      crc ^ (b(bytes, p) | (b(bytes, p + 1) << 8) | (b(bytes, p + 2) << 16) | (b(bytes, p + 3) << 24));
    crc =
      t(T7, x & 255) ^
      t(T6, (x >>> 8) & 255) ^
      t(T5, (x >>> 16) & 255) ^
      t(T4, x >>> 24) ^
      t(T3, b(bytes, p + 4)) ^
      t(T2, b(bytes, p + 5)) ^
      t(T1, b(bytes, p + 6)) ^
      t(T0, b(bytes, p + 7));
  }
  for (; p < end; p++) crc = t(T0, (crc ^ b(bytes, p)) & 255) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function sliceTables(count: number): Int32Array[] {
  const tables = [new Int32Array(256)];
  const first = tables[0] as Int32Array;
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    first[i] = crc;
  }
  for (let k = 1; k < count; k++) {
    const previous = tables[k - 1] as Int32Array;
    tables.push(previous.map((crc) => (crc >>> 8) ^ t(first, crc & 255)));
  }
  return tables;
}

function t(table: Int32Array, index: number): number {
  return table[index] as number;
}

function b(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}
