/** The pictures of seismogram image: which channels are in them, how they look, and the message that carries one. */
import type { Theme } from "../../lib/seismograph/drawing/palette.ts";
import { bandText, drumView, liveView } from "../../lib/seismograph/picture-views.ts";
import type { Image } from "../../lib/seismograph/raster/image.ts";
import { drumJob, liveJob } from "../../lib/seismograph/raster/thread/job.ts";
import { pictureThread } from "../../lib/seismograph/raster/thread/picture-thread.ts";
import type { Seismograph } from "../../lib/seismograph/seismograph.ts";
import type { Channel } from "../../lib/seismograph/store/channel.ts";
import { matchesStream, stationOf, streamName } from "../../lib/signal/stream-pattern.ts";
import { formatMicroseconds } from "../../lib/time.ts";
import { MessageError } from "../messages/message-error.ts";

/** How the pictures look. */
export interface PictureSettings {
  picture: "traces" | "drum";
  title: string;
  seconds: number;
  hours: number;
  lineMinutes: number;
  scale: "each" | "station" | "all";
  spectrogram: boolean;
  /** Whether a trigger's picture has the streams of its station only. */
  onlyStation: boolean;
  theme: Theme;
  width: number;
  /** 0: as high as its rows or lines need to be read well. */
  height: number;
  pixelRatio: number;
}

/** What a picture is asked to show; without anything: all that there is. */
export interface Asked {
  /** Patterns of streams. */
  streams?: readonly string[];
  /** The source id of what triggered. */
  trigger?: string | undefined;
}

/** A picture, as it goes out. */
export interface PictureMessage {
  payload: Buffer;
  filename: string;
  description: string;
  image: {
    kind: PictureSettings["picture"];
    start: string;
    end: string;
    sourceIds: string[];
    width: number;
    height: number;
  };
}

const MOST_ROWS = 24;
const MOST_DRUMS = 10;
const HEADER = 40;
const ROW = 100;
const ROW_WITH_SPECTROGRAM = 170;
const AXIS = 28;
const LINE = 16;
const DRUM_FRAME = 52;

/** The channels that have something to show in the view that is drawn, by name; those that are asked for. */
function channelsFor(seismograph: Seismograph, { streams, trigger }: Asked, onlyStation: boolean): Channel[] {
  const view = seismograph.options.views[0]!.id;
  const all = [...seismograph.channels.values()].filter(({ info }) => info.views.includes(view));
  const named = streams
    ? all.filter(({ sourceId }) => streams.some((pattern) => matchesStream(pattern, sourceId)))
    : all;
  const station = onlyStation && trigger !== undefined ? stationOf(trigger) : undefined;
  const shown =
    station === undefined ? named : named.filter(({ sourceId }) => stationOf(sourceId) === station);
  return shown.sort((a, b) => order(a).localeCompare(order(b)));
}

/** By station, the vertical component before north and east. */
function order({ sourceId }: Channel): string {
  const name = streamName(sourceId);
  const component = "ZNE".indexOf(name.at(-1)!);
  return `${name.slice(0, -1)}${component < 0 ? name.at(-1)! : component}`;
}

/**
 * The pictures that are asked for, as they are drawn: one of traces, or a drum for each channel (of a trigger only its own).
 * @throws MessageError where there is nothing to draw; SeismographError `NOT_DRAWN`
 */
export async function* picturesOf(
  seismograph: Seismograph,
  asked: Asked,
  settings: PictureSettings,
): AsyncGenerator<PictureMessage, void> {
  const channels = channelsFor(seismograph, asked, settings.onlyStation);
  if (channels.length === 0) throw nothingToDraw(asked, seismograph.channels.size);
  if (settings.picture === "traces") {
    yield await traces(seismograph, channels.slice(0, MOST_ROWS), settings);
    return;
  }
  const own = channels.filter(({ sourceId }) => sourceId === asked.trigger);
  const drums = own.length > 0 ? own : channels.slice(0, MOST_DRUMS);
  for (const channel of drums) yield await drum(seismograph, channel, settings);
}

function nothingToDraw({ streams, trigger }: Asked, known: number): MessageError {
  const wanted = streams?.join(", ") ?? trigger;
  return new MessageError(
    known === 0
      ? "There is nothing to draw: no record with samples has come yet. Wire records (as mseed decode sends them) to this node, too."
      : `There is nothing to draw of ${wanted?.slice(0, 100) ?? "these streams"}: none of the ${known} streams that have come fits, or their sample rate is too low for the band.`,
  );
}

async function traces(
  seismograph: Seismograph,
  channels: Channel[],
  settings: PictureSettings,
): Promise<PictureMessage> {
  const { seconds, spectrogram, theme, scale } = settings;
  const look = { view: 0, seconds, spectrograms: spectrogram, theme };
  let end = Number.NaN;
  const needed = HEADER + AXIS + channels.length * (spectrogram ? ROW_WITH_SPECTROGRAM : ROW);
  const title = settings.title || (channels.length === 1 ? streamName(channels[0]!.sourceId) : "Seismograms");
  const subtitle = subtitleOf(seismograph, spanText(seconds));
  const options = { ...frame(settings, needed), title, subtitle, mode: scale };
  const image = await pictureThread.draw(() => {
    const view = liveView(seismograph, channels, look);
    end = view.end;
    return liveJob(view, options);
  });
  return message("traces", image, channels, [end - seconds * 1e6, end]);
}

async function drum(
  seismograph: Seismograph,
  channel: Channel,
  settings: PictureSettings,
): Promise<PictureMessage> {
  const { hours, lineMinutes, theme } = settings;
  let end = Number.NaN;
  const needed = HEADER + DRUM_FRAME + Math.ceil((hours * 60) / lineMinutes) * LINE;
  const subtitle = subtitleOf(seismograph, settings.title);
  const title = streamName(channel.sourceId);
  const options = { ...frame(settings, needed), title, subtitle };
  const image = await pictureThread.draw(() => {
    const view = drumView(seismograph, channel, { view: 0, theme, hours, lineMinutes, baseline: "line" });
    end = view.end;
    return drumJob(view, options);
  });
  return message("drum", image, [channel], [end - hours * 3600e6, end]);
}

function frame({ width, height, pixelRatio }: PictureSettings, needed: number) {
  return { width, height: height || needed, pixelRatio };
}

function subtitleOf(seismograph: Seismograph, more: string): string {
  return [bandText(seismograph.options.views[0]!), more].filter((text) => text !== "").join(" · ");
}

function spanText(seconds: number): string {
  return seconds >= 120 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds)} s`;
}

function message(
  kind: PictureSettings["picture"],
  { png, width, height }: Image,
  channels: readonly Channel[],
  [from, to]: [number, number],
): PictureMessage {
  const [start, end] = [from, to].map((time) => formatMicroseconds(Math.round(time))) as [string, string];
  const names = channels.map(({ sourceId }) => streamName(sourceId));
  const shown =
    names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
  const stamp = end.slice(0, 19).replaceAll(":", "");
  return {
    payload: png,
    filename: `${names[0]!.replace(/[^\w.-]/g, "_").slice(0, 60)}_${stamp}Z.png`,
    description: `${shown}, ${clock(start)} to ${clock(end)} UTC`,
    image: { kind, start, end, sourceIds: channels.map(({ sourceId }) => sourceId), width, height },
  };
}

function clock(time: string): string {
  return time.slice(0, 19).replace("T", " ");
}
