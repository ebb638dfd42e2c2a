/** The strip below a drum: trace and spectrogram of a short span, moved and widened by pointer, wheel, fingers and keys. */
import {
  drawZoom,
  layoutZoom,
  type Spectrogram,
  spectrogramOf,
  type ZoomLayout,
  type ZoomView,
} from "../lib/seismograph/drawing/index.ts";
import { CanvasSurface } from "./canvas-surface.ts";
import { button, textButton } from "./controls.ts";
import { element, once, write } from "./dom.ts";
import type { Channel } from "./model/channel.ts";
import { clockTime, dateOf, drawnEvents, drawnTriggers } from "./model/marks.ts";
import type { Model } from "./model/model.ts";
import { pictureArea, pixelRatio, watchSize } from "./screen.ts";
import type { Settings } from "./settings.ts";
import type { Shell } from "./shell.ts";
import type { ZoomSpan } from "./state.ts";
import { viewName } from "./view-names.ts";
import { dataQuery, readZoom, type ZoomData } from "./zoom-data.ts";
import { atMost, moved, widened } from "./zoom-span.ts";

/** Milliseconds that the span must stay before it is read anew: a wheel turns in many steps. */
const READ_PAUSE = 150;

/** Milliseconds between two readings of a span that data still come to. */
const FOLLOW_PAUSE = 2000;

/** Columns of the spectrogram over what is read. */
const COLUMNS = 800;

/** Factor of a key press or a step of the wheel of the usual size. */
const STEP = Math.SQRT2;
const WHEEL_STEP = 400;

export interface ZoomEvents {
  changed(span: ZoomSpan | undefined): void;
  closed(): void;
}

export class ZoomStrip {
  readonly element: HTMLElement;
  readonly redraw = once(() => this.#drawNow());
  readonly #settings: Settings;
  readonly #events: ZoomEvents;
  readonly #canvas = element("canvas", { tabindex: "0", role: "img" });
  readonly #place: HTMLDivElement;
  readonly #surface: CanvasSurface;
  readonly #heading = element("h2", {});
  readonly #note = element("span", { class: "note" });
  readonly #downloads: { format: "mseed" | "wav"; link: HTMLAnchorElement }[];
  readonly #pointers = new Map<number, number>();
  #model: Model | undefined;
  #channel: Channel | undefined;
  #span: ZoomSpan | undefined;
  #data: ZoomData | undefined;
  /** Of which view the data are. */
  #dataView = "";
  #spectrogram: Spectrogram | undefined;
  #layout: ZoomLayout | undefined;
  #cursor: number | undefined;
  #reading: AbortController | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #lastReading = 0;

  constructor(settings: Settings, shell: Shell, events: ZoomEvents) {
    const { say } = settings;
    this.#settings = settings;
    this.#events = events;
    this.#place = element("div", { class: "strip" }, this.#canvas);
    this.#surface = new CanvasSurface(this.#canvas);
    this.#downloads = (["mseed", "wav"] as const).map((format) => ({
      format,
      link: element("a", { class: "button", download: true }, say(format)),
    }));
    const controls = element(
      "div",
      { class: "controls" },
      textButton(say("copyLink"), () => void shell.copyLink()),
      ...this.#downloads.map(({ link }) => link),
      button(say("close"), "✕", () => this.close()),
    );
    const texts = element("div", { class: "title" }, this.#heading, this.#note);
    const head = element("div", { class: "head" }, texts, controls);
    this.element = element(
      "section",
      { class: "zoom", "aria-label": say("zoom"), hidden: true },
      head,
      this.#place,
    );
    this.#canvas.title = say("zoomHelp");
    watchSize(this.#place, this.redraw);
    this.#listen();
  }

  /** What it takes of the window, in CSS pixels. */
  get height(): number {
    return this.element.hidden ? 0 : this.element.offsetHeight;
  }

  /** Shows a span that was asked for here, and tells. */
  open(span: ZoomSpan): void {
    const isNew = this.element.hidden;
    this.#change(span);
    if (isNew) this.#canvas.focus({ preventScroll: true });
  }

  close(): void {
    if (this.element.hidden) return;
    this.#hide();
    this.#events.changed(undefined);
    this.#events.closed();
  }

  /** Shows what the address says. */
  show(span: ZoomSpan | undefined): void {
    if (!span) this.#hide();
    else if (span.from !== this.#span?.from || span.to !== this.#span.to || this.element.hidden)
      this.#set(span);
    else this.#readSoon();
  }

  /** There is more of the channel, or another model of it. */
  told(model: Model, channel: Channel | undefined): void {
    this.#model = model;
    this.#channel = channel;
    const covered = this.#data?.span.to ?? Number.NaN;
    const isComing = this.#span && channel && covered > channel.newest - FOLLOW_PAUSE * 1000;
    if (isComing && performance.now() - this.#lastReading > FOLLOW_PAUSE && this.#span!.to > this.#end())
      this.#read();
    else this.redraw();
  }

  /** Whether the key meant something to the strip. */
  key(key: string): boolean {
    const span = this.#span;
    if (!span || this.element.hidden) return false;
    const middle = (span.from + span.to) / 2;
    if (key === "ArrowLeft") this.#change(moved(span, -0.5));
    else if (key === "ArrowRight") this.#change(moved(span, 0.5));
    else if (key === "+") this.#change(widened(span, 1 / STEP, middle));
    else if (key === "-") this.#change(widened(span, STEP, middle));
    else if (key === "Escape") this.close();
    else return false;
    return true;
  }

  #hide(): void {
    this.element.hidden = true;
    this.#span = undefined;
    this.#data = undefined;
    this.#cursor = undefined;
    clearTimeout(this.#waiting);
    this.#reading?.abort();
  }

  #change(span: ZoomSpan): void {
    const bounded = atMost(span, this.#model?.now ?? Number.POSITIVE_INFINITY);
    this.#set(bounded);
    this.#events.changed(bounded);
  }

  #set(span: ZoomSpan): void {
    this.#span = span;
    this.element.hidden = false;
    write(this.#heading, `${dateOf(span.from)} ${clockTime(span.from)} – ${clockTime(span.to)} UTC`);
    this.#readSoon();
    this.redraw();
  }

  /** End of the samples that have been read. */
  #end(): number {
    const last = this.#data?.raw.at(-1);
    return last ? last.start + last.samples.length * last.period : Number.NEGATIVE_INFINITY;
  }

  #readSoon(): void {
    clearTimeout(this.#waiting);
    const span = this.#span;
    const data = this.#data;
    const isCovered = span && data && data.span.from <= span.from && data.span.to >= span.to;
    // Much more than is shown has a spectrogram too coarse for it.
    const isClose = isCovered && data.span.to - data.span.from <= 8 * (span.to - span.from);
    if (isClose && this.#dataView === this.#view?.id) this.#showDownloads();
    else this.#waiting = setTimeout(() => this.#read(), data ? READ_PAUSE : 0);
  }

  get #view() {
    const view = this.#model?.hello.view;
    return this.#model?.hello.views.find(({ id }) => id === view);
  }

  #read(): void {
    const span = this.#span;
    const channel = this.#channel;
    if (!span || !channel) return;
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    this.#lastReading = performance.now();
    const view = this.#view;
    if (!this.#data) write(this.#note, this.#settings.say("loading"));
    const margin = (span.to - span.from) / 2;
    readZoom(channel.id, { from: span.from - margin, to: span.to + margin }, view, reading.signal).then(
      (data) => this.#take(data, view?.id ?? ""),
      (error: unknown) => {
        if (!reading.signal.aborted) this.#fail(error);
      },
    );
  }

  #take(data: ZoomData, view: string): void {
    this.#data = data;
    this.#dataView = view;
    const { from, to } = data.span;
    this.#spectrogram = spectrogramOf(data.raw, { start: from, end: to, columns: COLUMNS });
    this.#showDownloads();
    this.redraw();
  }

  #fail(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    write(this.#note, this.#settings.say("failed", { why }));
  }

  /** Offers the samples of the span as files, where there are any. */
  #showDownloads(): void {
    const { say } = this.#settings;
    const span = this.#span;
    const channel = this.#channel;
    const data = this.#data;
    if (!span || !channel || !data) return;
    const hasSamples = data.raw.length > 0;
    for (const { format, link } of this.#downloads) {
      if (hasSamples)
        link.href = new URL(`data?${dataQuery(channel.id, span, format)}`, document.baseURI).href;
      else link.removeAttribute("href");
      link.setAttribute("aria-disabled", String(!hasSamples));
    }
    const view = this.#view;
    write(this.#note, hasSamples ? (view ? viewName(view, say) : "") : say("envelopeOnly"));
  }

  #drawNow(): void {
    const model = this.#model;
    const channel = this.#channel;
    const span = this.#span;
    if (!model || !channel || !span || this.element.hidden) return;
    const { palette, drawingTexts, say } = this.#settings;
    const view: ZoomView = {
      start: span.from,
      end: span.to,
      segments: this.#data?.filtered ?? [],
      envelope: channel.bins,
      units: channel.info.units,
      spectrogram: this.#data ? this.#spectrogram : undefined,
      palette,
      // Said above the picture, where screen readers find it.
      texts: { ...drawingTexts, envelopeOnly: "" },
      triggers: drawnTriggers(model, channel.id),
      events: drawnEvents(model, channel.id),
      cursor: this.#cursor,
    };
    const ratio = pixelRatio(this.#settings);
    const layout = layoutZoom(view, pictureArea(this.#place, this.#settings));
    this.#layout = layout;
    this.#surface.resize(layout.area.width, layout.area.height, ratio);
    drawZoom(this.#surface, view, layout);
    this.#canvas.dataset.samples = String(
      view.segments.reduce((sum, { samples }) => sum + samples.length, 0),
    );
    this.#canvas.setAttribute("aria-label", `${say("zoom")} ${channel.name}, ${this.#heading.textContent}`);
  }

  #listen(): void {
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, event.offsetX);
    });
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"] as const)
      canvas.addEventListener(type, ({ pointerId }) => this.#pointers.delete(pointerId));
    canvas.addEventListener("pointerleave", () => {
      this.#cursor = undefined;
      this.redraw();
    });
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** One pointer moves the span, two widen it; without a pressed one the crosshair goes along. */
  #move({ pointerId, offsetX }: PointerEvent): void {
    const layout = this.#layout;
    const span = this.#span;
    if (!layout || !span) return;
    this.#cursor = this.#timeAt(offsetX);
    const before = this.#pointers.get(pointerId);
    if (before !== undefined) {
      const other = [...this.#pointers].find(([id]) => id !== pointerId)?.[1];
      this.#pointers.set(pointerId, offsetX);
      if (other !== undefined) this.#pinch(span, other, before, offsetX);
      else this.#change(moved(span, (before - offsetX) / layout.trace.width));
    }
    this.redraw();
  }

  /** The time at an x now: the span can have changed since it was drawn. */
  #timeAt(x: number): number {
    const { from, to } = this.#span!;
    const { trace } = this.#layout!;
    return from + ((x - trace.x) / trace.width) * (to - from);
  }

  /** The time under the resting finger stays there, the one under the moved finger follows it. */
  #pinch(span: ZoomSpan, rest: number, before: number, now: number): void {
    const distance = Math.abs(now - rest);
    if (distance < 10) return;
    this.#change(widened(span, Math.abs(before - rest) / distance, this.#timeAt(rest)));
  }

  #wheel(event: WheelEvent): void {
    const layout = this.#layout;
    const span = this.#span;
    if (!layout || !span) return;
    event.preventDefault();
    // Sideways on a touch pad is a move.
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY))
      this.#change(moved(span, event.deltaX / layout.trace.width));
    else this.#change(widened(span, 2 ** (event.deltaY / WHEEL_STEP), this.#timeAt(event.offsetX)));
  }
}
