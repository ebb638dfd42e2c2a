/** Writes PNG (ISO/IEC 15948): a palette where there are at most 256 colours, else three bytes for each pixel. */
import { crc32, deflateSync } from "node:zlib";
import type { Pixels } from "./pixels.ts";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MOST_COLORS = 256;
const TRUECOLOR = 2;
const INDEXED = 3;

/** The PNG of pixels, 8 bits each. `pixelRatio` tells programs how large it is meant to be: 1 is 96 pixels to an inch. */
export function encodePng(pixels: Pixels, pixelRatio = 1): Buffer {
  const { width, height } = pixels;
  const indexed = indexedOf(pixels);
  const rows = withFilters(indexed?.indices ?? pixels.data, height, (indexed ? 1 : 3) * width);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header(width, height, indexed ? INDEXED : TRUECOLOR)),
    chunk("pHYs", resolution(pixelRatio)),
    ...(indexed ? [chunk("PLTE", indexed.palette)] : []),
    chunk("IDAT", deflateSync(rows, { level: 7 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function header(width: number, height: number, colorType: number): Buffer {
  const bytes = Buffer.alloc(13);
  bytes.writeUInt32BE(width, 0);
  bytes.writeUInt32BE(height, 4);
  bytes[8] = 8;
  bytes[9] = colorType;
  return bytes;
}

/** Pixels of a metre, across and down. */
function resolution(pixelRatio: number): Buffer {
  const perMetre = Math.round((96 / 0.0254) * pixelRatio);
  const bytes = Buffer.alloc(9);
  bytes.writeUInt32BE(perMetre, 0);
  bytes.writeUInt32BE(perMetre, 4);
  bytes[8] = 1;
  return bytes;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** Each row with a byte in front that says how it is filtered: not at all, which suits flat colours best. */
function withFilters(data: Uint8Array, height: number, rowBytes: number): Buffer {
  const rows = Buffer.alloc(height * (rowBytes + 1));
  for (let row = 0; row < height; row++) {
    rows.set(data.subarray(row * rowBytes, (row + 1) * rowBytes), row * (rowBytes + 1) + 1);
  }
  return rows;
}

/** The pixels as numbers of colours; `undefined` where there are too many of those. */
function indexedOf({
  data,
  width,
  height,
}: Pixels): { indices: Uint8Array; palette: Uint8Array } | undefined {
  const colors = new Map<number, number>();
  const indices = new Uint8Array(width * height);
  for (let pixel = 0; pixel < indices.length; pixel++) {
    const at = 3 * pixel;
    const color = (data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!;
    let index = colors.get(color);
    if (index === undefined) {
      if (colors.size === MOST_COLORS) return undefined;
      index = colors.size;
      colors.set(color, index);
    }
    indices[pixel] = index;
  }
  return {
    indices,
    palette: Uint8Array.from(
      [...colors.keys()].flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]),
    ),
  };
}
