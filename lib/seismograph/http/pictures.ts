/**
 * `/live.png` and `/heli/ID.png`: what the page shows, as a picture for a mail or for a page elsewhere. One that was made a moment ago is
 * sent again.
 */
import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { streamName } from "../../signal/stream-pattern.ts";
import { LINE_MINUTES } from "../options.ts";
import { bandText, drumView, liveView } from "../picture-views.ts";
import { helicorderImage, liveImage } from "../raster/image.ts";
import type { Seismograph } from "../seismograph.ts";
import { begin } from "./answer.ts";
import { RequestError } from "./errors.ts";
import type { Query } from "./query.ts";

/** Milliseconds that a picture may be sent again, and how many are kept for that. */
const FRESH = 2000;
const KEPT = 16;
/** CSS pixels of a side, and pixels of a picture, at most: what is drawn takes time that others wait for. */
const MOST_LENGTH = 4000;
const MOST_PIXELS = 5_000_000;
/** So many times as long as drawing took it rests, so that pictures leave time for all else. */
const REST = 2;
const MOST_ROWS = 40;

interface Made {
  at: number;
  png: Buffer;
  /** Milliseconds. */
  took: number;
}

export class Pictures {
  readonly #seismograph: Seismograph;
  readonly #made = new Map<string, Made>();
  #line: Promise<unknown> = Promise.resolve();

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
    const picture = liveView(this.#seismograph, shown, {
      view,
      seconds,
      spectrograms: false,
      theme: look.theme,
    });
    const frame = {
      width,
      height,
      pixelRatio: look.ratio,
      title: options.title,
      subtitle: bandText(options.views[view]!),
      mode,
    };
    await this.#send(target, response, () => liveImage(picture, frame).png);
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
    const shown = { view, hours, lineMinutes, baseline, theme: look.theme };
    const picture = drumView(this.#seismograph, channel, shown);
    const title = streamName(channel.sourceId);
    const frame = { width, height, pixelRatio: look.ratio, title, subtitle: bandText(options.views[view]!) };
    await this.#send(target, response, () => helicorderImage(picture, frame).png);
  }

  #viewIndex(query: Query): number {
    const ids = this.#seismograph.options.views.map(({ id }) => id);
    return ids.indexOf(query.choice("view", ids, ids[0]!));
  }

  async #send(target: string, response: ServerResponse, draw: () => Buffer): Promise<void> {
    const made = this.#fresh(target) ?? (await this.#draw(target, draw));
    if (response.destroyed) return;
    // A picture may stand on pages elsewhere, if whoever looks at these may see it here.
    const headers = { "Content-Type": "image/png", "Content-Length": made.png.length };
    begin(response, 200, headers);
    response.end(made.png);
  }

  #fresh(target: string): Made | undefined {
    const made = this.#made.get(target);
    return made && performance.now() - made.at < FRESH ? made : undefined;
  }

  /** One picture after the other, with a rest between them. */
  #draw(target: string, draw: () => Buffer): Promise<Made> {
    const drawn = this.#line.then(() => this.#fresh(target) ?? this.#drawNow(target, draw));
    this.#line = drawn.then(
      ({ took }) => delay(REST * took),
      () => {},
    );
    return drawn;
  }

  #drawNow(target: string, draw: () => Buffer): Made {
    const began = performance.now();
    const png = draw();
    const at = performance.now();
    const made = { at, png, took: at - began };
    this.#made.delete(target);
    this.#made.set(target, made);
    for (const old of this.#made.keys()) {
      if (this.#made.size <= KEPT) break;
      this.#made.delete(old);
    }
    return made;
  }
}

function size(query: Query, usualHeight: number) {
  const width = query.number("width", 200, MOST_LENGTH, 1280);
  const height = query.number("height", 100, MOST_LENGTH, usualHeight);
  const ratio = query.number("ratio", 1, 3, 1);
  if (width * height * ratio ** 2 > MOST_PIXELS) {
    throw new RequestError(
      "TOO_MUCH",
      `width, height and ratio make more than ${MOST_PIXELS} pixels: ask for a smaller picture.`,
    );
  }
  return { width, height, ratio, theme: query.choice("theme", ["light", "dark"], "light") };
}
