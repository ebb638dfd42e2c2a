// The page's texts: the same keys and the same blanks in every language, and the language that the viewer asks for.
import assert from "node:assert/strict";
import { chosenLanguage, filled, LANGUAGES, type Language, speaker } from "../../page/texts/index.ts";

const blanks = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([blank]) => blank).sort();

/** Words that are the same in several languages. */
const SHARED =
  /^(?:png|mseed|wav|minutes|hoursShort|daysShort|secondsShort|auto|live|channels?|filter|trigger|zoom)$/;

describe("the page's texts", () => {
  const english = LANGUAGES.en.texts as Record<string, string>;
  for (const [tag, { texts }] of Object.entries(LANGUAGES)) {
    it(`${tag}: has every text, with the blanks of the English one`, () => {
      assert.deepEqual(Object.keys(texts).sort(), Object.keys(english).sort());
      for (const [key, text] of Object.entries(texts)) {
        assert.notEqual(text.trim(), "", key);
        assert.deepEqual(blanks(text), blanks(english[key]!), key);
        if (tag !== "en" && !SHARED.test(key) && english[key]!.length > 8)
          assert.notEqual(text, english[key], key);
      }
    });
  }

  it("are in the first language of the viewer's that there is", () => {
    const wishes: [string[], Language][] = [
      [["de-AT", "en"], "de"],
      [["it", "fr-CA"], "fr"],
      [["zh-Hans-CN"], "zh-CN"],
      [["nl"], "en"],
      [[], "en"],
      [["", "../../x"], "en"],
    ];
    for (const [wished, language] of wishes) assert.equal(chosenLanguage(wished), language);
  });

  it("are filled in once: what is filled in is not looked at again", () => {
    assert.equal(filled("{a} and {b}", { a: "{b}", b: 2 }), "{b} and 2");
    assert.equal(filled("{toString} {x}", { x: 1 }), "{toString} 1");
    assert.equal(speaker("de")("someLate", { n: 3 }), "3 verspätet");
  });
});
