// Reads the PNGs that lib/seismograph/raster/png.ts writes, by the specification (ISO/IEC 15948), checksums included.
import assert from "node:assert/strict";
import { crc32, inflateSync } from "node:zlib";

export interface ReadPng {
  width: number;
  height: number;
  /** Types of the chunks, in their order. */
  chunks: string[];
  colorType: number;
  /** `#rrggbb` of a pixel. */
  colorAt: (x: number, y: number) => string;
}

export function readPng(png: Buffer): ReadPng {
  assert.equal(png.subarray(0, 8).toString("latin1"), "\x89PNG\r\n\x1a\n");
  const chunks = chunksOf(png);
  const header = chunks[0]!.data;
  assert.equal(chunks[0]!.type, "IHDR");
  assert.equal(chunks.at(-1)!.type, "IEND");
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  assert.deepEqual([header[8], header[10], header[11], header[12]], [8, 0, 0, 0]);
  const colorType = header[9]!;
  const palette = chunks.find(({ type }) => type === "PLTE")?.data;
  const rows = inflateSync(
    Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data)),
  );
  const rowBytes = 1 + width * (colorType === 3 ? 1 : 3);
  assert.equal(rows.length, height * rowBytes);
  const colorAt = (x: number, y: number) => {
    assert.equal(rows[y * rowBytes], 0, "no filter");
    const at = y * rowBytes + 1 + x * (palette ? 1 : 3);
    const from = palette ? 3 * rows[at]! : at;
    return `#${(palette ?? rows).subarray(from, from + 3).toString("hex")}`;
  };
  return { width, height, chunks: chunks.map(({ type }) => type), colorType, colorAt };
}

function chunksOf(png: Buffer): { type: string; data: Buffer }[] {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    assert.equal(png.readUInt32BE(at + 8 + length), crc32(body));
    chunks.push({ type: body.subarray(0, 4).toString("latin1"), data: body.subarray(4) });
    at += 12 + length;
  }
  return chunks;
}
