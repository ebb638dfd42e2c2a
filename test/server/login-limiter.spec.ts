// lib/server/access/login-limiter.ts: how often somebody may try to log in, by a clock that stands still.
import assert from "node:assert/strict";
import { mock } from "node:test";
import { LOGIN_WAIT, LOGINS_AT_ONCE, LOGINS_PER_MINUTE } from "../../lib/limits.ts";
import { LoginLimiter } from "../../lib/server/access/login-limiter.ts";

const INTERVAL = 60_000 / LOGINS_PER_MINUTE;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("tries to log in", () => {
  let now: number;
  let limiter: LoginLimiter;
  beforeEach(() => {
    now = 1_000_000;
    mock.method(performance, "now", () => now);
    limiter = new LoginLimiter();
  });
  afterEach(() => {
    limiter.close();
    mock.restoreAll();
  });

  /** What is said at once; `waits` where that is later. */
  async function tried(address: string): Promise<boolean | "waits"> {
    let answer: boolean | "waits" = "waits";
    void limiter.admit(address).then((isAdmitted) => {
      answer = isAdmitted;
    });
    await turn();
    return answer;
  }

  async function exhaust(address: string): Promise<void> {
    for (let i = 0; i < LOGINS_AT_ONCE; i++) assert.equal(await tried(address), true, `try ${i + 1}`);
    assert.equal(await tried(address), "waits");
  }

  it("are so many at once from an address, then one in each interval", async () => {
    await exhaust("192.0.2.1");
    assert.equal(await tried("192.0.2.2"), true, "another address");
    // The one that waits counts.
    now += 2 * INTERVAL - 1;
    assert.equal(await tried("192.0.2.1"), "waits");
    now += INTERVAL + 1;
    assert.equal(await tried("192.0.2.1"), true);
    now += 1000 * INTERVAL;
    await exhaust("192.0.2.1");
  });

  it("do not count where they succeed", async () => {
    for (let i = 0; i < 5 * LOGINS_AT_ONCE; i++) {
      assert.equal(await tried("192.0.2.1"), true);
      limiter.succeeded("192.0.2.1");
    }
    limiter.succeeded("192.0.2.9");
    await exhaust("192.0.2.1");
  });

  it("count for a whole network of IPv6, however it is written", async () => {
    const same = ["2001:db8:0:1::5", "2001:db8::1:0:0:0:9", "2001:db8:0:1:a:b:c:d", "2001:db8:0:1::7%eth0"];
    for (let i = 0; i < LOGINS_AT_ONCE; i++) assert.equal(await tried(same[i % same.length]!), true);
    for (const address of same) assert.equal(await tried(address), "waits", address);
    for (const other of ["2001:db8:0:2::5", "2001:db8::", "::1"])
      assert.equal(await tried(other), true, other);
  });

  it("are refused where they would have to wait for too long, or at all once it is closed", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      for (let i = 0; i < LOGINS_AT_ONCE; i++) await limiter.admit("192.0.2.1");
      const waiting = Math.floor(LOGIN_WAIT / INTERVAL);
      const answers: boolean[] = [];
      const all = Array.from({ length: waiting + 3 }, () =>
        limiter.admit("192.0.2.1").then((isAdmitted) => answers.push(isAdmitted)),
      );
      mock.timers.tick(INTERVAL - 1);
      await turn();
      assert.deepEqual(answers, []);
      mock.timers.tick(1);
      await turn();
      assert.deepEqual(answers, [true]);
      mock.timers.tick(LOGIN_WAIT);
      await Promise.all(all);
      assert.deepEqual([answers.filter(Boolean).length, answers.filter((one) => !one).length], [waiting, 3]);
      const last = limiter.admit("192.0.2.1");
      limiter.close();
      assert.equal(await last, false);
      assert.equal(await limiter.admit("192.0.2.2"), false);
    } finally {
      mock.timers.reset();
    }
  });

  it("are remembered of 10,000 addresses: those of whom nothing is due any more are forgotten first", async () => {
    await exhaust("192.0.2.1");
    for (let i = 0; i < 9999; i++) await limiter.admit(`10.0.${i >> 8}.${i & 255}`);
    assert.equal(await tried("192.0.2.1"), "waits");
    await limiter.admit("10.1.0.0");
    await limiter.admit("10.1.0.1");
    assert.equal(await tried("192.0.2.1"), "waits", "it has tried lately");
    for (let i = 0; i < 10_000; i++) await limiter.admit(`10.2.${i >> 8}.${i & 255}`);
    assert.equal(await tried("192.0.2.1"), true);
  });
});
