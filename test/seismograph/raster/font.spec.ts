// lib/seismograph/raster/font.ts: every letter has ink, none looks like another, small ones are crisp.
import assert from "node:assert/strict";
import { ENGLISH } from "../../../lib/seismograph/drawing/views.ts";
import { glyphOf, letters, textWidth } from "../../../lib/seismograph/raster/font.ts";
import { GLYPHS } from "../../../lib/seismograph/raster/glyphs.ts";

const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
const OTHERS = Array.from("±µΔ°²³·–−…×▲→áéíóúñçäöüßàèìòùâêîôûëïÄÖÜÉÑÇåÅøØæ¿¡«»’");

const picture = (letter: string, size = 22, isBold = false) => {
  const { width, top, mask } = glyphOf(letter, size, isBold);
  return `${width} ${top} ${Buffer.from(mask).toString("base64")}`;
};

describe("the font of strokes", () => {
  it("has all letters that the pictures need, in ASCII and beyond, each its own", () => {
    const unknown = picture("\u{1f30b}");
    const seen = new Map<string, string>();
    for (const letter of [...ASCII, ...OTHERS]) {
      if (letter === " ") continue;
      const shape = picture(letter);
      assert.notEqual(shape, unknown, `${letter} is missing`);
      assert.equal(seen.get(shape), undefined, `${letter} looks like ${seen.get(shape)}`);
      seen.set(shape, letter);
    }
    for (const text of Object.values(ENGLISH)) {
      for (const letter of text) assert.ok(letter === " " || picture(letter) !== unknown);
    }
  });

  it("keeps small letters crisp: stems of a whole pixel, capitals of one height", () => {
    for (const size of [10, 11, 12, 13]) {
      const stem = glyphOf("I", size, false);
      const column = Array.from(
        { length: stem.width },
        (_, x) => stem.mask[Math.floor(stem.height / 2) * stem.width + x]!,
      );
      assert.ok(column.filter((value) => value > 200).length === 1, `${size} px: ${column.join()}`);
      assert.ok(
        column.filter((value) => value > 64 && value <= 200).length === 0,
        `${size} px: ${column.join()}`,
      );
      const heights = new Set(Array.from("BDEFHLTZ", (letter) => inkRows(letter, size)));
      assert.equal(heights.size, 1);
    }
  });

  it("is wider and darker in bold, and grows with its size", () => {
    const ink = (isBold: boolean) => glyphOf("R", 14, isBold).mask.reduce((sum, value) => sum + value, 0);
    assert.ok(ink(true) > 1.25 * ink(false));
    const widths = [8, 11, 15, 22, 44].map((size) => textWidth("XX.DEMO.00.HHZ", size, false));
    widths.slice(1).forEach((width, i) => {
      assert.ok(width > widths[i]!);
    });
  });

  it("sets marks on their letters, composed or not", () => {
    assert.equal(picture("é"), picture("e\u0301".normalize("NFC")));
    assert.deepEqual(letters("e\u0301x"), ["é", "x"]);
    assert.equal(textWidth("é", 11, false), textWidth("e", 11, false));
    assert.ok(glyphOf("É", 11, false).top > glyphOf("é", 11, false).top);
  });

  it("is bounded: sizes, letters that are kept", () => {
    assert.ok(glyphOf("M", 1e9, true).width < 1000);
    assert.ok(glyphOf("M", Number.NaN, true).width < 1000);
    for (let i = 0; i < 5000; i++) glyphOf(String.fromCodePoint(0x4e00 + i), 6, false);
    assert.ok(Object.keys(GLYPHS).length > 100);
  });
});

/** From the first to the last row that is half covered. */
function inkRows(letter: string, size: number): number {
  const { width, height, mask } = glyphOf(letter, size, false);
  const rows = Array.from({ length: height }, (_, y) =>
    mask.subarray(y * width, (y + 1) * width).some((value) => value > 128),
  );
  return rows.lastIndexOf(true) - rows.indexOf(true) + 1;
}
