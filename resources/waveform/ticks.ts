/** Where an axis of time has its marks, and what they say: whole seconds, hours, days, months, as the span asks for; in UTC. */

export interface Tick {
  /** Milliseconds since 1970. */
  time: number;
  label: string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Marks of months and years are counted in months. */
const MONTH = 30.4 * DAY;

/** Distances that divide a day, and days. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 5, 10].map((days) => days * DAY),
];
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12_000];

/** The marks from `start` up to `end`, at least `distance` apart; all in milliseconds. */
export function ticksOf(start: number, end: number, distance: number): Tick[] {
  const step = STEPS.find((length) => length >= distance);
  if (step !== undefined) return evenTicks(start, end, step);
  const months = MONTHS.find((count) => count * MONTH >= distance) ?? MONTHS.at(-1)!;
  return monthTicks(start, end, months);
}

function evenTicks(start: number, end: number, step: number): Tick[] {
  const ticks: Tick[] = [];
  for (let time = Math.ceil(start / step) * step; time < end; time += step) {
    const text = iso(time);
    const isMidnight = time % DAY === 0;
    const length = step >= MINUTE ? 16 : step >= SECOND ? 19 : 23 - trailing(step);
    if (text !== "") ticks.push({ time, label: isMidnight ? text.slice(0, 10) : text.slice(11, length) });
  }
  return ticks;
}

/** Digits of a time that are always 0, as the distance is so many milliseconds. */
function trailing(step: number): number {
  return step % 100 === 0 ? 2 : step % 10 === 0 ? 1 : 0;
}

function monthTicks(start: number, end: number, months: number): Tick[] {
  const first = new Date(start);
  let month = first.getUTCFullYear() * 12 + first.getUTCMonth();
  month = Math.floor(month / months) * months;
  const ticks: Tick[] = [];
  for (let time = timeOf(month); time < end; month += months, time = timeOf(month)) {
    if (time < start) continue;
    const text = iso(time);
    if (text !== "") ticks.push({ time, label: months % 12 === 0 ? text.slice(0, 4) : text.slice(0, 7) });
  }
  return ticks;
}

/** Not `Date.UTC`, which takes the years 0 to 99 for those of 1900. */
function timeOf(month: number): number {
  return new Date(0).setUTCFullYear(Math.floor(month / 12), month % 12, 1);
}

/** The day of an axis from `first` to `last`; both where they differ and the marks are hours. */
export function daysText(first: number, last: number, ticks: readonly Tick[]): string {
  const [from, to] = [iso(first).slice(0, 10), iso(last).slice(0, 10)];
  const areHours = ticks.some(({ label }) => label.includes(":"));
  if (from === to || !areHours) return to;
  // Of the second one what is not the same: 2023-05-01 – 02.
  const common = from.slice(0, 8) === to.slice(0, 8) ? 8 : from.slice(0, 5) === to.slice(0, 5) ? 5 : 0;
  return `${from} – ${to.slice(common)}`;
}

/** A time as text; nothing where it has no date of four digits. */
export function iso(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "";
  const text = date.toISOString();
  return text.length === 24 ? text : "";
}
