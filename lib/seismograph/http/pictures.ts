/**
 * `/live.png` and `/heli/ID.png`: what the page shows, as a picture for a mail or for a page elsewhere. One that was made a moment ago is
 * sent again.
 */
import type { ServerResponse } from "node:http";
import { PALETTES } from "../drawing/palette.ts";
import { ENGLISH, type EventMark, type TriggerMark } from "../drawing/views.ts";
import { LINE_MINUTES } from "../options.ts";
import { helicorderImage, liveImage } from "../raster/image.ts";
import type { Seismograph } from "../seismograph.ts";
import { type Channel, FINE_KEPT } from "../store/channel.ts";
import { begin } from "./answer.ts";
import { RequestError } from "./errors.ts";
import type { Query } from "./query.ts";

/** Milliseconds that a picture may be sent again, and how many are kept for that. */
const FRESH = 2000;
const KEPT = 16;
/** CSS pixels of a picture, at most: what is drawn takes time that others wait for. */
const MOST_WIDTH = 4000;
const MOST_HEIGHT = 4000;
const MOST_ROWS = 40;
/** Seconds of latency that are no longer usual. */
const LATE = 60;

interface Made {
  at: number;
  png: Buffer;
}

export class Pictures {
  readonly #seismograph: Seismograph;
  readonly #made = new Map<string, Made>();

  constructor(seismograph: Seismograph) {
    this.#seismograph = seismograph;
  }

  /** The live traces of all channels, or of those named. */
  async live(query: Query, target: string, response: ServerResponse): Promise<void> {
    const { options, channels } = this.#seismograph;
    const view = this.#viewIndex(query);
    const names = query.text("channels")?.split(",");
    const seconds = query.number("span", 10, 3600, 300);
    const mode = query.choice("scale", ["each", "station", "all"], "each");
    const { width, height, ...look } = size(query, 720);
    const shown = [...channels.values()].filter(({ id }) => names?.includes(id) ?? true).slice(0, MOST_ROWS);
    const end = Math.max(0, ...shown.map(({ newest }) => newest).filter((time) => !Number.isNaN(time)));
    const isFine = seconds * 1e6 <= FINE_KEPT;
    const now = Date.now() * 1000;
    const rows = shown.map((channel) => {
      const { latency, isSilent, isTriggered, ratio } = channel.status(now);
      return {
        name: channel.id.replaceAll("_", "."),
        station: channel.id.split("_", 2).join("."),
        bins: (isFine ? channel.fine : channel.coarse)[view]!,
        units: channel.units,
        latency: Number.isNaN(latency) ? undefined : latency,
        isLate: isSilent || latency > LATE,
        ratio: isTriggered && !Number.isNaN(ratio) ? ratio : undefined,
        triggers: this.#triggersOf(channel),
      };
    });
    const frame = {
      width,
      height,
      pixelRatio: look.ratio,
      title: options.title,
      subtitle: this.#bandText(view),
      mode,
    };
    const picture = { rows, end, seconds, spectrograms: false, palette: look.palette, texts: ENGLISH };
    this.#send(target, response, () => liveImage(picture, frame).png);
  }

  /** The drum of a channel. */
  async drum(id: string, query: Query, target: string, response: ServerResponse): Promise<void> {
    const { options, channels } = this.#seismograph;
    const channel = channels.get(id);
    if (!channel)
      throw new RequestError("NOT_FOUND", `There is no channel ${JSON.stringify(id.slice(0, 60))} here.`);
    const view = this.#viewIndex(query);
    const hours = query.number("hours", 1, 168, options.hours);
    const lines = LINE_MINUTES.map(String);
    const lineMinutes = Number(query.choice("line", lines, String(options.lineMinutes)));
    const baseline = query.choice("baseline", ["line", "column"], "line");
    const { width, height, ...look } = size(query, 800);
    const { newest, units } = channel;
    const picture = {
      ...{ bins: channel.coarse[view]!, end: newest, newest, hours, lineMinutes, baseline, scale: 0, units },
      ...{
        palette: look.palette,
        texts: ENGLISH,
        triggers: this.#triggersOf(channel),
        events: this.#eventsOf(channel),
      },
    };
    const title = channel.id.replaceAll("_", ".");
    const frame = { width, height, pixelRatio: look.ratio, title, subtitle: this.#bandText(view) };
    this.#send(target, response, () => helicorderImage(picture, frame).png);
  }

  #viewIndex(query: Query): number {
    const ids = this.#seismograph.options.views.map(({ id }) => id);
    return ids.indexOf(query.choice("view", ids, ids[0]!));
  }

  /** `1–20 Hz`. */
  #bandText(view: number): string {
    const { id, low, high } = this.#seismograph.options.views[view]!;
    return low === undefined && high === undefined ? id : `${low ?? ""}–${high ?? ""} Hz`;
  }

  #triggersOf({ id }: Channel): TriggerMark[] {
    const own = this.#seismograph.marks.triggers.filter(({ channel }) => channel === id);
    return own.map(({ on, off }) => ({ start: on, end: off ?? undefined }));
  }

  #eventsOf({ id }: Channel): EventMark[] {
    return this.#seismograph.marks.events.map(({ time, magnitude, place, arrivals }) => {
      const arrival = Object.hasOwn(arrivals, id) ? arrivals[id] : undefined;
      const size = magnitude === null ? "" : `M ${magnitude.toFixed(1)} `;
      if (!arrival) return { time, text: `${size}${place}` };
      const p = new Date((arrival.p ?? time) / 1000).toISOString().slice(11, 19);
      return { time: arrival.p ?? time, text: `${size}${place} Δ ${Math.round(arrival.distance)}° P ${p}` };
    });
  }

  #send(target: string, response: ServerResponse, draw: () => Buffer): void {
    const now = performance.now();
    let made = this.#made.get(target);
    if (!made || now - made.at > FRESH) {
      made = { at: now, png: draw() };
      this.#made.delete(target);
      this.#made.set(target, made);
      for (const old of this.#made.keys()) {
        if (this.#made.size <= KEPT) break;
        this.#made.delete(old);
      }
    }
    // A picture may stand on pages elsewhere, if whoever looks at these may see it here.
    const headers = { "Content-Type": "image/png", "Content-Length": made.png.length };
    begin(response, 200, headers);
    response.end(made.png);
  }
}

function size(query: Query, height: number) {
  return {
    width: query.number("width", 200, MOST_WIDTH, 1280),
    height: query.number("height", 100, MOST_HEIGHT, height),
    ratio: query.number("ratio", 1, 3, 1),
    palette: PALETTES[query.choice("theme", ["light", "dark"], "light")],
  };
}
