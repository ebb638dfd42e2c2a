/** Moving and widening the span of a zoom. Pure. */
import type { ZoomSpan } from "./state.ts";

/** Shortest and longest span, in microseconds: what a trace can show, and what raw samples are kept of. */
const SHORTEST = 500_000;
const LONGEST = 3600e6;

/** Moved by a part of its own length: 0.5 is half of it later. */
export function moved({ from, to }: ZoomSpan, part: number): ZoomSpan {
  const by = (to - from) * part;
  return { from: from + by, to: to + by };
}

/** Widened by a factor (less than 1 narrows) about a time that stays where it is; not beyond what can be shown. */
export function widened({ from, to }: ZoomSpan, factor: number, about: number): ZoomSpan {
  const length = to - from;
  const wanted = Math.min(Math.max(length * factor, SHORTEST), LONGEST);
  const bounded = wanted / length;
  return { from: about - (about - from) * bounded, to: about + (to - about) * bounded };
}

/** A span of a length that can be shown, that does not lie altogether behind the newest time; whole milliseconds, as addresses have them. */
export function atMost({ from, to }: ZoomSpan, newest: number): ZoomSpan {
  const length = Math.min(Math.max(to - from, SHORTEST), LONGEST);
  const middle = Math.max(Math.min((from + to) / 2, newest), length / 2);
  return { from: whole(middle - length / 2), to: whole(middle + length / 2) };
}

const whole = (time: number): number => Math.round(time / 1000) * 1000;
