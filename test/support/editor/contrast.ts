/** How well one colour can be read on another. */

/** What WCAG 2 asks for text of the usual size. */
export const READABLE = 4.5;

/** Contrast of two colours `rgb(r, g, b)`, as WCAG 2 reckons it. */
export function contrast(one: string, two: string): number {
  const [darker, lighter] = [luminance(one), luminance(two)].sort((left, right) => left - right);
  return (lighter! + 0.05) / (darker! + 0.05);
}

function luminance(colour: string): number {
  const [r, g, b] = colour.match(/\d+/g)!.map((part) => {
    const value = Number(part) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
