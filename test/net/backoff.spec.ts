// lib/net/backoff.ts: how long it is waited before the next try.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { Backoff, sleep } from "../../lib/net/backoff.ts";

describe("waiting before the next try", () => {
  /** Between the half and all of it. */
  function isAbout(delay: number, full: number): void {
    assert.ok(delay >= full / 2 && delay <= full, `${delay} is not about ${full}`);
  }

  it("doubles with each failure up to the longest, and begins again after a success", () => {
    for (let round = 0; round < 20; round++) {
      const backoff = new Backoff({ minDelay: 100, maxDelay: 1000 });
      for (const full of [100, 200, 400, 800, 1000, 1000]) isAbout(backoff.fail(), full);
      assert.equal(backoff.failures, 6);
      backoff.succeed();
      assert.equal(backoff.failures, 0);
      isAbout(backoff.fail(), 100);
    }
  });

  it("is not the same for all who failed together", () => {
    const delays = Array.from({ length: 50 }, () => new Backoff({ minDelay: 1000, maxDelay: 10_000 }).fail());
    assert.ok(new Set(delays).size > 1);
  });

  it("stays within bounds after any number of failures", () => {
    const backoff = new Backoff({ minDelay: 1, maxDelay: 30_000 });
    for (let i = 0; i < 2000; i++) backoff.fail();
    isAbout(backoff.fail(), 30_000);
  });

  it("ends early when it is told to, and leaves nothing behind", async () => {
    const patient = new AbortController();
    await sleep(1, patient.signal);
    assert.deepEqual(getEventListeners(patient.signal, "abort"), []);
    const waiting = new AbortController();
    const slept = sleep(1e8, waiting.signal);
    waiting.abort();
    await slept;
    assert.deepEqual(getEventListeners(waiting.signal, "abort"), []);
    await sleep(1e8, waiting.signal);
  });
});
