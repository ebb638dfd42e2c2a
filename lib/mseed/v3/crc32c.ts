/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82F63B78): the checksum of miniSEED 3. Sixteen bytes at a time, by the
 * "slicing" method: table k advances the checksum of a byte by k further zero bytes.
 */

const POLYNOMIAL = 0x82f6_3b78;
const SLICES = 16;

/** Table k at 256 k. */
const TABLES = sliceTables();

/**
 * The checksum of the bytes from `start` to `end`, an unsigned 32-bit number.
 * @param before the checksum of what came before these bytes, to go on from there
 */
export function crc32c(view: DataView, start: number, end: number, before = 0): number {
  let crc = ~before;
  let p = start;
  for (; p + SLICES <= end; p += SLICES) {
    crc =
      ofWord(crc ^ view.getInt32(p, true), 3072) ^
      ofWord(view.getInt32(p + 4, true), 2048) ^
      ofWord(view.getInt32(p + 8, true), 1024) ^
      ofWord(view.getInt32(p + 12, true), 0);
  }
  for (; p + 4 <= end; p += 4) crc = ofWord(crc ^ view.getInt32(p, true), 0);
  for (; p < end; p++) crc = entry((crc ^ view.getUint8(p)) & 255) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The checksum of four bytes, the first in the low bits, with the zero bytes after them that a table index stands for. */
function ofWord(word: number, table: number): number {
  return (
    entry(table + 768 + (word & 255)) ^
    entry(table + 512 + ((word >>> 8) & 255)) ^
    entry(table + 256 + ((word >>> 16) & 255)) ^
    entry(table + (word >>> 24))
  );
}

function sliceTables(): Int32Array {
  const tables = new Int32Array(256 * SLICES);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[i] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const previous = tables[i - 256] as number;
    tables[i] = (previous >>> 8) ^ (tables[previous & 255] as number);
  }
  return tables;
}

function entry(index: number): number {
  return TABLES[index] as number;
}
