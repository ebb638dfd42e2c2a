/** Times in the pictures: UTC, from microseconds since 1970. */

const DAY = 86_400e6;
/** What has a calendar date at all, as `Date` knows it. */
const LATEST = 8.64e18;

/** `14:42`, `14:42:31`, or `14:42:31.25` with so many decimals. */
export function formatClock(time: number, detail: "minutes" | "seconds" = "minutes", decimals = 0): string {
  if (!(Math.abs(time) <= LATEST)) return "--:--";
  const text = new Date(Math.floor(time / 1000)).toISOString();
  const clock = text.slice(text.indexOf("T") + 1);
  if (detail === "minutes") return clock.slice(0, 5);
  if (decimals === 0) return clock.slice(0, 8);
  const second = ((time % 1e6) + 1e6) % 1e6;
  return `${clock.slice(0, 8)}.${String(Math.floor(second)).padStart(6, "0").slice(0, decimals)}`;
}

/** `11-28`, the day of a time in the order of ISO 8601. */
export function formatDay(time: number): string {
  return formatDate(time).slice(-5);
}

/** `2026-11-28` */
export function formatDate(time: number): string {
  if (!(Math.abs(time) <= LATEST)) return "--";
  const text = new Date(Math.floor(time / 1000)).toISOString();
  return text.slice(0, text.indexOf("T"));
}

/** Whether a time is a midnight of UTC. */
export function isMidnight(time: number): boolean {
  return time % DAY === 0;
}

/** Whether a time is a full hour. */
export function isHour(time: number): boolean {
  return time % 3_600e6 === 0;
}
