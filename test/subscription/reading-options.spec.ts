// lib/subscription/reading-options.ts: how much may be handed out and not committed, and what is no number of that.
import assert from "node:assert/strict";
import { type ReadingOptions, readerOptions } from "../../lib/subscription/reading-options.ts";

const MIB = 1024 * 1024;
const NONE = Number.POSITIVE_INFINITY;
const checkpoint = { load: async () => undefined, save() {}, flush: async () => {} };

type Options = ReadingOptions<unknown, unknown>;
const windowOf = (options: Options) => readerOptions(options, (message) => new RangeError(message)).window;

describe("the window of a subscription", () => {
  it("is as wide as it is said to be, and has bounds where a position is kept", () => {
    assert.equal(windowOf({}), undefined);
    assert.deepEqual(windowOf({ checkpoint }), { packets: 1000, bytes: 64 * MIB });
    assert.deepEqual(windowOf({ maxInFlight: 1 }), { packets: 1, bytes: 64 * MIB });
    assert.deepEqual(windowOf({ maxInFlightBytes: 5 }), { packets: NONE, bytes: 5 });
    assert.deepEqual(windowOf({ checkpoint, maxInFlight: 7, maxInFlightBytes: 1 }), { packets: 7, bytes: 1 });
    assert.deepEqual(windowOf({ maxInFlight: NONE, maxInFlightBytes: NONE }), { packets: NONE, bytes: NONE });
  });

  it("is at least one packet and one byte wide, and says so", () => {
    for (const value of [0, -1, 0.9, Number.NaN, "many" as unknown as number]) {
      assert.throws(() => windowOf({ maxInFlight: value }), {
        name: "RangeError",
        message: `maxInFlight is a number of packets from 1, not ${value}.`,
      });
      assert.throws(() => windowOf({ maxInFlightBytes: value }), {
        name: "RangeError",
        message: `maxInFlightBytes is a number of bytes from 1, not ${value}.`,
      });
    }
  });

  it("goes on to the reader with all else that is its own", () => {
    const { signal } = new AbortController();
    const backoff = { minDelay: 1, maxDelay: 2 };
    const given = readerOptions({ checkpoint, backoff, signal, maxInFlight: 2 }, RangeError);
    assert.deepEqual(given, { checkpoint, backoff, signal, window: { packets: 2, bytes: 64 * MIB } });
  });
});
