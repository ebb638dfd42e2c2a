/**
 * `/live.png` and `/heli/ID.png`: what the page shows, as a picture for a mail or for a page elsewhere. One that was made a moment ago is
 * sent again.
 */
import type { ServerResponse } from "node:http";
import { MAX_PAGE_PICTURES } from "../../limits.ts";
import { streamName } from "../../signal/stream-pattern.ts";
import { LINE_MINUTES } from "../options.ts";
import { bandText, drumView, liveView } from "../picture-views.ts";
import { drumPixels, livePixels } from "../raster/image.ts";
import { drumJob, liveJob, type PictureJob } from "../raster/thread/job.ts";
import { pictureThread } from "../raster/thread/picture-thread.ts";
import type { Seismograph } from "../seismograph.ts";
import { begin } from "./answer.ts";
import { RequestError } from "./errors.ts";
import type { Query } from "./query.ts";

/** Milliseconds that a picture may be sent again, and how many are kept for that. */
const FRESH = 2000;
const KEPT = 16;
/** CSS pixels of a side, and pixels of a picture, at most. */
const MOST_LENGTH = 4000;
const MOST_PIXELS = 8_000_000;
const MOST_ROWS = 40;

interface Made {
  /** When it was drawn; never, as long as it is not. */
  at: number;
  png: Promise<Buffer>;
}

export class Pictures {
  readonly #seismograph: Seismograph;
  readonly #made = new Map<string, Made>();
  #waiting = 0;

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
    const { theme } = look;
    const picture = () => liveView(this.#seismograph, shown, { view, seconds, spectrograms: false, theme });
    const frame = {
      width,
      height,
      pixelRatio: look.ratio,
      title: options.title,
      subtitle: bandText(options.views[view]!),
      mode,
    };
    checkPixels(livePixels(picture(), frame));
    await this.#send(target, response, () => liveJob(picture(), frame));
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
    const picture = () => drumView(this.#seismograph, channel, shown);
    const title = streamName(channel.sourceId);
    const frame = { width, height, pixelRatio: look.ratio, title, subtitle: bandText(options.views[view]!) };
    checkPixels(drumPixels(picture(), frame));
    await this.#send(target, response, () => drumJob(picture(), frame));
  }

  #viewIndex(query: Query): number {
    const ids = this.#seismograph.options.views.map(({ id }) => id);
    return ids.indexOf(query.choice("view", ids, ids[0]!));
  }

  async #send(target: string, response: ServerResponse, job: () => PictureJob): Promise<void> {
    const png = await (this.#fresh(target) ?? this.#draw(target, job));
    if (response.destroyed) return;
    // A picture may stand on pages elsewhere, if whoever looks at these may see it here.
    begin(response, 200, { "Content-Type": "image/png", "Content-Length": png.length });
    response.end(png);
  }

  /** One that was made a moment ago, or is being made. */
  #fresh(target: string): Promise<Buffer> | undefined {
    const made = this.#made.get(target);
    return made && performance.now() - made.at < FRESH ? made.png : undefined;
  }

  #draw(target: string, job: () => PictureJob): Promise<Buffer> {
    if (this.#waiting >= MAX_PAGE_PICTURES) {
      throw new RequestError("BUSY", `${MAX_PAGE_PICTURES} pictures are being drawn: try again in a moment.`);
    }
    const made: Made = { at: Number.POSITIVE_INFINITY, png: this.#drawn(job) };
    const forget = () => {
      if (this.#made.get(target) === made) this.#made.delete(target);
    };
    made.png.then(() => {
      made.at = performance.now();
    }, forget);
    this.#made.delete(target);
    this.#made.set(target, made);
    for (const old of this.#made.keys()) {
      if (this.#made.size <= KEPT) break;
      this.#made.delete(old);
    }
    return made.png;
  }

  async #drawn(job: () => PictureJob): Promise<Buffer> {
    this.#waiting++;
    try {
      return (await pictureThread.draw(job)).png;
    } finally {
      this.#waiting--;
    }
  }
}

function size(query: Query, usualHeight: number) {
  const width = query.number("width", 200, MOST_LENGTH, 1280);
  const height = query.number("height", 100, MOST_LENGTH, usualHeight);
  const ratio = query.number("ratio", 1, 3, 1);
  return { width, height, ratio, theme: query.choice("theme", ["light", "dark"], "light") };
}

function checkPixels(pixels: number): void {
  if (pixels <= MOST_PIXELS) return;
  throw new RequestError(
    "TOO_MUCH",
    `width, height, ratio, and the room that lines or rows need make more than ${MOST_PIXELS} pixels: ask for a smaller picture.`,
  );
}
