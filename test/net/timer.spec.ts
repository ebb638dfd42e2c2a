// lib/net/timer.ts and deadline.ts: what ends in time, or when it is told to, and leaves nothing behind.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { mock } from "node:test";
import { Deadlines } from "../../lib/net/deadline.ts";
import { NetError } from "../../lib/net/errors.ts";
import { Timer } from "../../lib/net/timer.ts";

/** The clock stands still but for what a test lets pass. */
function standingClock(): (milliseconds: number) => void {
  let now = 1000;
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => now);
  return (milliseconds) => {
    now += milliseconds;
    mock.timers.tick(milliseconds);
  };
}

function restoreClock(): void {
  mock.timers.reset();
  mock.restoreAll();
}

describe("a timer", () => {
  let pass: (milliseconds: number) => void;
  let calls: number;
  let timer: Timer;
  beforeEach(() => {
    pass = standingClock();
    calls = 0;
    timer = new Timer(() => calls++, 100);
  });
  afterEach(restoreClock);

  it("calls once, when its time is over", () => {
    pass(99);
    assert.equal(calls, 0);
    pass(1);
    assert.equal(calls, 1);
    pass(1000);
    assert.equal(calls, 1);
  });

  it("begins anew when it is refreshed, as often as that happens, and also when it was over", () => {
    pass(60);
    timer.refresh();
    pass(60);
    timer.refresh();
    pass(99);
    assert.equal(calls, 0);
    pass(1);
    assert.equal(calls, 1);
    timer.refresh();
    timer.refresh();
    pass(99);
    assert.equal(calls, 1);
    pass(1);
    assert.equal(calls, 2);
    pass(1000);
    assert.equal(calls, 2);
  });

  it("does not call any more when it was stopped", () => {
    pass(50);
    timer.refresh();
    pass(50);
    timer.stop();
    pass(1000);
    assert.equal(calls, 0);
  });
});

class Failure extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

describe("deadlines", () => {
  const deadlines = new Deadlines((code, message, options) => new Failure(code, message, options));
  afterEach(restoreClock);

  /** Work that ends when it is told to. */
  const patient = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));

  it("give what the work gives, and take their hands off", async () => {
    const pass = standingClock();
    const caller = new AbortController();
    let given: AbortSignal | undefined;
    const result = await deadlines.run("Counting", 50, caller.signal, async (signal) => {
      given = signal;
      return 42;
    });
    assert.equal(result, 42);
    pass(1000);
    caller.abort();
    assert.equal(given!.aborted, false);
    assert.deepEqual(getEventListeners(caller.signal, "abort"), []);
  });

  it("end the work when its time is over", async () => {
    const pass = standingClock();
    let isOver = false;
    const running = deadlines.run("Counting", 1500, undefined, patient).finally(() => {
      isOver = true;
    });
    pass(1499);
    await new Promise(setImmediate);
    assert.equal(isOver, false);
    pass(1);
    await assert.rejects(running, { code: "TIMEOUT", message: "Counting: no answer within 1.5 s." });
  });

  it("end the work when the caller wants it, and do not begin it then", async () => {
    const caller = new AbortController();
    const running = deadlines.run("Counting", 1e6, caller.signal, patient);
    caller.abort("enough");
    const aborted = { code: "ABORTED", message: "Counting: aborted.", cause: "enough" };
    await assert.rejects(running, aborted);
    let begun = false;
    const again = deadlines.run("Counting", 1e6, caller.signal, async () => {
      begun = true;
    });
    await assert.rejects(again, aborted);
    assert.equal(begun, false);
    deadlines.throwIfAborted(undefined, "Counting");
    deadlines.throwIfAborted(new AbortController().signal, "Counting");
    assert.throws(() => deadlines.throwIfAborted(caller.signal, "Counting"), aborted);
  });

  it("have the protocol's own errors for those of connections, and leave others as they are", () => {
    const cause = new Error("below");
    const own = deadlines.own(new NetError("CONNECT_FAILED", "no", { cause })) as Failure;
    assert.ok(own instanceof Failure);
    assert.deepEqual([own.code, own.message, own.cause], ["CONNECT_FAILED", "no", cause]);
    assert.equal(deadlines.own(cause), cause);
    assert.equal(deadlines.invalid("what").code, "INVALID_ARGUMENT");
  });

  it("reject what is not settled when the signal fires, and listen no longer to it once it is", () => {
    const settled: unknown[] = [];
    const begin = (signal: AbortSignal, onAbort?: () => void) => {
      const it = {
        resolve: (value: number) => void settled.push(value),
        reject: (error: Error) => void settled.push((error as Failure).code),
      };
      deadlines.rejectOnAbort(it, signal, "Counting", onAbort);
      return it;
    };
    const caller = new AbortController();
    begin(caller.signal).resolve(1);
    begin(caller.signal).reject(new Failure("OTHER", "other"));
    assert.deepEqual(settled, [1, "OTHER"]);
    assert.deepEqual(getEventListeners(caller.signal, "abort"), []);
    begin(caller.signal, () => settled.push("told"));
    caller.abort();
    assert.deepEqual(settled, [1, "OTHER", "told", "ABORTED"]);
  });
});
