/** How often somebody may try to log in: so many times a minute from one address. Whoever tries more often waits. */
import { setTimeout as sleep } from "node:timers/promises";
import { LOGIN_WAIT, LOGINS_AT_ONCE, LOGINS_PER_MINUTE } from "../../limits.ts";

const INTERVAL = 60_000 / LOGINS_PER_MINUTE;

/** Addresses that are remembered at most. */
const MAX_ADDRESSES = 10_000;

export class LoginLimiter {
  /** By address: when all its tries of before will have had their time, by the clock of `performance`. */
  readonly #busyUntil = new Map<string, number>();
  readonly #closing = new AbortController();

  /**
   * Waits until the address may try. Whether it may: where too many of its tries wait already, or the limiter is closed, it
   * may not.
   */
  async admit(address: string): Promise<boolean> {
    const now = performance.now();
    const key = networkOf(address);
    const busyUntil = Math.max(now, this.#busyUntil.get(key) ?? 0);
    const wait = busyUntil - now - (LOGINS_AT_ONCE - 1) * INTERVAL;
    if (wait <= LOGIN_WAIT) this.#remember(key, busyUntil + INTERVAL, now);
    if (wait <= 0) return !this.#closing.signal.aborted;
    const waited = await this.#wait(Math.min(wait, LOGIN_WAIT));
    return waited && wait <= LOGIN_WAIT;
  }

  /** A try that has succeeded does not count: programs that reconnect are not guessing. */
  succeeded(address: string): void {
    const key = networkOf(address);
    const busyUntil = this.#busyUntil.get(key);
    if (busyUntil !== undefined) this.#busyUntil.set(key, busyUntil - INTERVAL);
  }

  /** Sends away all who wait. */
  close(): void {
    this.#closing.abort();
  }

  async #wait(milliseconds: number): Promise<boolean> {
    try {
      await sleep(milliseconds, undefined, { signal: this.#closing.signal });
      return true;
    } catch {
      return false;
    }
  }

  #remember(key: string, busyUntil: number, now: number): void {
    // To the end of the map, so that those who have not tried for the longest time are first to be forgotten.
    this.#busyUntil.delete(key);
    this.#busyUntil.set(key, busyUntil);
    if (this.#busyUntil.size <= MAX_ADDRESSES) return;
    for (const [other, until] of this.#busyUntil) {
      if (until > now && this.#busyUntil.size <= MAX_ADDRESSES) return;
      this.#busyUntil.delete(other);
    }
  }
}

/** Whoever has one IPv6 address has all that begin with the same 64 bits. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("%")[0]!.split("::");
  const left = head.split(":").filter((part) => part !== "");
  const right = tail === undefined ? [] : tail.split(":").filter((part) => part !== "");
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  return [...left, ...zeros, ...right].slice(0, 4).join(":");
}
