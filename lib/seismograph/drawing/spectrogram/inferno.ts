/** The colour map inferno: dark to bright, perceptually even, readable without colour vision too. */

/** Red, green and blue at 0, 1/16, … 1 of the map that matplotlib has under this name (public domain). */
const STOPS = [
  [0, 0, 4],
  [9, 7, 31],
  [28, 12, 69],
  [52, 10, 95],
  [75, 12, 107],
  [98, 19, 110],
  [120, 28, 109],
  [142, 37, 104],
  [164, 47, 96],
  [186, 57, 84],
  [207, 70, 69],
  [224, 88, 51],
  [238, 109, 34],
  [248, 135, 14],
  [252, 165, 10],
  [247, 200, 45],
  [245, 236, 98],
] as const;

/** 256 colours, each red, green, blue. */
export const INFERNO = table(256);

function table(size: number): Uint8Array {
  const colors = new Uint8Array(3 * size);
  for (let i = 0; i < size; i++) {
    const at = (i / (size - 1)) * (STOPS.length - 1);
    const left = Math.min(Math.floor(at), STOPS.length - 2);
    for (let part = 0; part < 3; part++) {
      const [from, to] = [STOPS[left]![part]!, STOPS[left + 1]![part]!];
      colors[3 * i + part] = Math.round(from + (to - from) * (at - left));
    }
  }
  return colors;
}
