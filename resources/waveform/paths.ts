/**
 * SVG paths of an envelope: two characters per column, its lowest and its highest value as codes from 1 to 255; 0 where
 * there is no data.
 */

/** One vertical stroke per column, up and down in turn, joined to its neighbours; a new start behind each gap. */
export function tracePath(envelope: string, height: number): string {
  const y = (value: number) => (height / 2 - ((value - 128) / 127) * (height / 2 - 1)).toFixed(1);
  let path = "";
  let drawing = false;
  for (let column = 0; column < envelope.length / 2; column++) {
    const low = envelope.charCodeAt(2 * column);
    const high = envelope.charCodeAt(2 * column + 1);
    if (low !== 0) {
      const [from, to] = column % 2 === 0 ? [high, low] : [low, high];
      path += `${drawing ? "L" : "M"}${column + 0.5} ${y(from)}V${y(to)}`;
    }
    drawing = low !== 0;
  }
  return path;
}

/** A box over each run of empty columns between filled ones. */
export function gapPath(envelope: string, height: number): string {
  let path = "";
  let filled = -1;
  for (let column = 0; column < envelope.length / 2; column++) {
    if (envelope.charCodeAt(2 * column) === 0) continue;
    if (filled >= 0 && column > filled + 1) path += `M${filled + 1} 0H${column}V${height}H${filled + 1}Z`;
    filled = column;
  }
  return path;
}
