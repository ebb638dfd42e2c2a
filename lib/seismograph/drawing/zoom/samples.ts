/** The samples of a zoom: which lie in view, what is nearest to the cursor, how far they reach. */
import { niceAtLeast } from "../../../waveform/picture.ts";
import type { RowScale } from "../live/view.ts";
import type { Segment } from "../views.ts";

/** Whether samples are at equal distances from a time that is one. */
export function isSegment({ start, period }: Segment): boolean {
  return Number.isFinite(start) && period > 0 && Number.isFinite(period);
}

/** The numbers of the samples from `start` to `end`, the last excluded, with `beyond` more on each side. */
export function samplesIn(
  segment: Segment,
  start: number,
  end: number,
  beyond = 0,
): [from: number, to: number] {
  const from = Math.ceil((start - segment.start) / segment.period) - beyond;
  const to = Math.floor((end - segment.start) / segment.period) + 1 + beyond;
  return [Math.max(0, from), Math.min(segment.samples.length, to)];
}

/** The sample nearest to a time, at most one period away; `undefined` in a gap. */
export function sampleAt(
  { segments }: { segments: readonly Segment[] },
  time: number,
): { time: number; value: number } | undefined {
  for (const segment of segments) {
    if (!isSegment(segment)) continue;
    const i = Math.round((time - segment.start) / segment.period);
    const value = segment.samples[i];
    if (value !== undefined && !Number.isNaN(value))
      return { time: segment.start + i * segment.period, value };
  }
  return undefined;
}

/** A scale that the samples in view fill well; a reach of 0 where there are none. */
export function zoomScale(segments: readonly Segment[], start: number, end: number): RowScale {
  let [lowest, highest, mean, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const segment of segments.filter(isSegment)) {
    const [from, to] = samplesIn(segment, start, end);
    for (let i = from; i < to; i++) {
      const value = segment.samples[i]!;
      if (!Number.isFinite(value)) continue;
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
      count++;
      mean += value / count - mean / count;
    }
  }
  if (count === 0) return { centre: 0, reach: 0 };
  const reach = Math.min(Math.max(highest - mean, mean - lowest), Number.MAX_VALUE);
  return { centre: mean, reach: reach > 0 ? niceAtLeast(reach) : 1 };
}
