/** What a seismograph has, as the drawings take it: the rows of live traces and the drum of one channel, for pictures. */
import { streamName } from "../signal/stream-pattern.ts";
import { PALETTES, type Theme } from "./drawing/palette.ts";
import { ENGLISH, type EventMark, type Segment, type TriggerMark } from "./drawing/views.ts";
import type { BandView } from "./frames.ts";
import type { DrumView, UnscaledLiveView, UnscaledRow } from "./raster/thread/job.ts";
import type { Seismograph } from "./seismograph.ts";
import { type Channel, FINE_KEPT } from "./store/channel.ts";

/** Seconds of latency that are no longer usual. */
const LATE = 60;

/** `1–20 Hz`, `> 0.5 Hz`, `< 1 Hz`, `raw`. */
export function bandText({ id, low, high }: BandView): string {
  if (low !== undefined && high !== undefined) return `${low}–${high} Hz`;
  if (low !== undefined) return `> ${low} Hz`;
  return high === undefined ? id : `< ${high} Hz`;
}

/**
 * Rows of channels up to the newest sample of all.
 * @param view number of the band view
 */
export function liveView(
  seismograph: Seismograph,
  channels: readonly Channel[],
  {
    view,
    seconds,
    spectrograms,
    theme,
  }: { view: number; seconds: number; spectrograms: boolean; theme: Theme },
): UnscaledLiveView {
  const end = Math.max(0, ...channels.map(({ newest }) => newest).filter((time) => !Number.isNaN(time)));
  const now = Date.now() * 1000;
  const rows = channels.map((channel): UnscaledRow => {
    const { latency, isSilent, isTriggered, ratio } = channel.status(now);
    return {
      name: streamName(channel.sourceId),
      station: channel.id.split("_", 2).join("."),
      bins: (seconds * 1e6 <= FINE_KEPT ? channel.fine : channel.coarse)[view]!,
      units: channel.units,
      latency: Number.isNaN(latency) ? undefined : latency,
      isLate: isSilent || latency > LATE,
      ratio: isTriggered && !Number.isNaN(ratio) ? ratio : undefined,
      triggers: triggersOf(seismograph, channel),
      segments: spectrograms ? segmentsUpTo(channel, end, seconds) : [],
    };
  });
  return { rows, end, seconds, spectrograms, palette: PALETTES[theme], texts: ENGLISH };
}

function segmentsUpTo({ raw }: Channel, end: number, seconds: number): Segment[] {
  const pieces = raw.pieces(end - seconds * 1e6, end + 1);
  return pieces.map(({ start, sampleRate, samples }) => ({ start, period: 1e6 / sampleRate, samples }));
}

/** The drum of a channel up to its newest sample. The picture judges its scale. */
export function drumView(
  seismograph: Seismograph,
  channel: Channel,
  look: { view: number; theme: Theme } & Pick<DrumView, "hours" | "lineMinutes" | "baseline">,
): DrumView {
  const { newest, units } = channel;
  const { view, theme, hours, lineMinutes, baseline } = look;
  return {
    ...{ bins: channel.coarse[view]!, end: newest, newest, hours, lineMinutes, baseline, scale: 0, units },
    ...{ palette: PALETTES[theme], texts: ENGLISH },
    ...{ triggers: triggersOf(seismograph, channel), events: eventsOf(seismograph, channel) },
  };
}

function triggersOf({ marks }: Seismograph, { id }: Channel): TriggerMark[] {
  const own = marks.triggers.filter(({ channel }) => channel === id);
  return own.map(({ on, off }) => ({ start: on, end: off ?? undefined }));
}

function eventsOf({ marks }: Seismograph, { id }: Channel): EventMark[] {
  return marks.events.map(({ time, magnitude, place, arrivals }) => {
    const arrival = Object.hasOwn(arrivals, id) ? arrivals[id] : undefined;
    const size = magnitude === null ? "" : `M ${magnitude.toFixed(1)} `;
    if (!arrival) return { time, text: `${size}${place}` };
    const p = new Date((arrival.p ?? time) / 1000).toISOString().slice(11, 19);
    return { time: arrival.p ?? time, text: `${size}${place} Δ ${Math.round(arrival.distance)}° P ${p}` };
  });
}
