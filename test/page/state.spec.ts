// What stands behind # in the page's address: every state comes back, and no address whatever breaks the page.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  carriedState,
  DRUM_HOURS,
  LINE_MINUTES,
  LIVE_SECONDS,
  MOST_GAIN,
  type PageState,
  readState,
  writeState,
} from "../../page/state.ts";

/** Of a span that an address can say: to the millisecond. */
const time = fc.integer({ min: 0, max: 4e12 }).map((milliseconds) => milliseconds * 1000);

const states: fc.Arbitrary<PageState> = fc.record(
  {
    view: fc.stringMatching(/^[\w.&=#%+-]{1,20}$/),
    hours: fc.constantFrom(...DRUM_HOURS),
    line: fc.constantFrom(...LINE_MINUTES),
    gain: fc.integer({ min: -MOST_GAIN, max: MOST_GAIN }).filter((gain) => gain !== 0),
    fixed: fc.double({ min: 1e-300, max: 1e300, noNaN: true }),
    centred: fc.constant(true as const),
    local: fc.constant(true as const),
    seconds: fc.constantFrom(...LIVE_SECONDS),
    scale: fc.constantFrom("station" as const, "all" as const),
    order: fc.constant("distance" as const),
    spectrogram: fc.constant(true as const),
    channels: fc.array(fc.stringMatching(/^[\w.:%-]{1,30}$/), { minLength: 1, maxLength: 20 }),
    zoom: fc
      .tuple(time, time)
      .filter(([from, to]) => from !== to)
      .map(([from, to]) => ({ from: Math.min(from, to), to: Math.max(from, to) })),
    theme: fc.constantFrom("light" as const, "dark" as const),
    lang: fc.constantFrom("en", "de", "zh-CN"),
  },
  { requiredKeys: [], noNullPrototype: true },
);

describe("the page's state", () => {
  it("comes back from the address that it is written in", () => {
    fc.assert(fc.property(states, (state) => assert.deepEqual(readState(`#${writeState(state)}`), state)));
  });

  it("stays itself through the parser of addresses", () => {
    fc.assert(
      fc.property(states, (state) => {
        const address = new URL("http://127.0.0.1/seismo/");
        address.hash = writeState(state);
        assert.deepEqual(readState(address.hash), state);
      }),
    );
  });

  it("is read from any text, and what is read can be written", () => {
    const words = fc.constantFrom(
      "view",
      "hours",
      "gain",
      "fixed",
      "zoom",
      "channels",
      "lang",
      "__proto__",
      "toString",
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc
        .array(fc.tuple(words, fc.string({ maxLength: 30 })), { maxLength: 8 })
        .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join("&")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const state = readState(text);
        assert.deepEqual(readState(writeState(state)), state);
      }),
    );
  });

  it("does not take what it does not offer", () => {
    const text =
      "hours=23&line=0&gain=1e9&fixed=-1&seconds=1&scale=x&order=name&centred=yes&zoom=b/a&theme=red&lang=%3Cb%3E";
    assert.deepEqual(readState(text), {});
    assert.deepEqual(readState(`view=${"x".repeat(30_000)}`), {});
    assert.deepEqual(readState("zoom=2026-01-01T00:00:00Z/2026-01-01T00:00:00Z"), {});
  });

  it("can be read by people", () => {
    const zoom = {
      from: Date.UTC(2026, 10, 28, 14, 41, 31) * 1000,
      to: Date.UTC(2026, 10, 28, 14, 43, 31) * 1000,
    };
    assert.equal(
      writeState({ view: "0.7-2", hours: 12, zoom }),
      "view=0.7-2&hours=12&zoom=2026-11-28T14:41:31.000Z/2026-11-28T14:43:31.000Z",
    );
  });

  it("takes filter and looks along to the other page, not the place that was looked at", () => {
    const state: PageState = {
      view: "1-20",
      theme: "dark",
      lang: "de",
      zoom: { from: 0, to: 1000 },
      gain: 2,
    };
    assert.deepEqual(carriedState(state), { view: "1-20", theme: "dark", lang: "de" });
  });
});
