/** The drum page: one channel, line by line, and the strip that shows a part of it closely. */
import {
  drawHelicorder,
  formatAmplitude,
  HeldScale,
  type HelicorderLayout,
  type HelicorderView,
  helicorderScale,
  layoutHelicorder,
} from "../lib/seismograph/drawing/index.ts";
import { CanvasSurface } from "./canvas-surface.ts";
import { button, type Menu, menu, textButton, tick } from "./controls.ts";
import { element, once, write } from "./dom.ts";
import { Feed } from "./feed.ts";
import { drumPath, pageLink } from "./links.ts";
import { isTyping } from "./live-page.ts";
import type { Channel } from "./model/channel.ts";
import { dateOf, drawnEvents, drawnTriggers } from "./model/marks.ts";
import type { Model } from "./model/model.ts";
import { byStation } from "./model/order.ts";
import { saveAs } from "./save.ts";
import { fittingRatio, pictureArea, pixelRatio, scaleOf, watchSize } from "./screen.ts";
import type { Settings } from "./settings.ts";
import { Shell } from "./shell.ts";
import { DRUM_HOURS, LINE_MINUTES, MOST_GAIN, type ZoomSpan } from "./state.ts";
import { latencyText } from "./text-table.ts";
import { viewChoices, viewName } from "./view-names.ts";
import { ZoomStrip } from "./zoom-strip.ts";

/** What a phone proposes: fewer and shorter lines. */
const PHONE_HOURS = 12;
const USUAL_HOURS = 24;
const PHONE_LINE = 15;

/** What a click shows, in microseconds: a minute before it and one behind. */
const AROUND = 60e6;

/** A pointer that has moved less, in CSS pixels, has clicked. */
const CLICK_SLACK = 5;

/** Room for the name above a picture that is kept, in CSS pixels. */
const PICTURE_HEAD = 28;

export class DrumPage {
  readonly #id: string;
  readonly #settings: Settings;
  readonly #shell: Shell;
  readonly #surface: CanvasSurface;
  readonly #feed: Feed;
  readonly #zoom: ZoomStrip;
  readonly #held = new HeldScale();
  /** Half a line spacing as it was judged; 0 before. */
  #judged = 0;
  readonly #heading = element("h1", { class: "aloud" });
  readonly #channels: Menu;
  readonly #info = element("span", { class: "info" });
  readonly #line: Menu;
  readonly #hours: Menu;
  readonly #auto: HTMLButtonElement;
  readonly #draw = once(() => this.#drawNow());
  #model: Model | undefined;
  #layout: HelicorderLayout | undefined;
  #drag: { from: number; to: number; startX: number; isMoved: boolean } | undefined;

  constructor(settings: Settings, id: string) {
    const { say } = settings;
    this.#id = id;
    this.#settings = settings;
    this.#shell = new Shell(settings);
    this.#surface = new CanvasSurface(this.#shell.canvas, scaleOf(settings));
    this.#zoom = new ZoomStrip(settings, this.#shell, {
      changed: (span) => this.#zoomed(span),
      closed: () => this.#shell.canvas.focus(),
    });
    this.#channels = menu(say("channel"), (channel) => location.assign(this.#drumOf(channel)));
    this.#channels.element.classList.add("name");
    this.#line = menu(say("lineLength"), (value) => settings.change({ line: Number(value) }));
    this.#hours = menu(say("hours"), (value) => settings.change({ hours: Number(value) }));
    this.#auto = textButton(say("auto"), () => this.#toggleFixed());
    this.#build();
    this.#feed = new Feed({ told: (model) => this.#told(model), lost: (loss) => this.#shell.lost(loss) });
    settings.onChange((changed) => this.#changed(changed));
    watchSize(this.#shell.picture, this.#draw);
    this.#listen();
    this.#open();
  }

  #build(): void {
    const { say, state } = this.#settings;
    const shell = this.#shell;
    const back = pageLink(this.#settings, "./", `‹ ${say("live")}`, { class: "back" });
    shell.title.append(back, this.#heading, this.#channels.element, this.#info, shell.state);
    const gain = element(
      "div",
      { class: "group" },
      button(say("smaller"), "−", () => this.#changeGain(-1)),
      this.#auto,
      button(say("larger"), "+", () => this.#changeGain(1)),
    );
    shell.controls.append(shell.filter.element, this.#line.element, this.#hours.element, gain);
    shell.finish(
      tick(say("centred"), state.centred === true, (isOn) =>
        this.#settings.change({ centred: isOn || undefined }),
      ),
      tick(say("local"), state.local === true, (isOn) => this.#settings.change({ local: isOn || undefined })),
      textButton(say("png"), () => this.#savePicture()),
    );
    shell.main.after(this.#zoom.element);
    shell.canvas.title = say("zoomOpen");
  }

  /** No more than are kept, as far as that is known: a drum that is empty for the most part looks broken. */
  get #hoursShown(): number {
    const usual = this.#settings.isPhone ? PHONE_HOURS : USUAL_HOURS;
    const kept = this.#model?.hello.hours ?? usual;
    return this.#settings.state.hours ?? Math.min(usual, DRUM_HOURS.find((hours) => hours >= kept) ?? usual);
  }

  get #lineMinutes(): number {
    const usual = this.#model?.hello.lineMinutes ?? 30;
    return this.#settings.state.line ?? (this.#settings.isPhone ? PHONE_LINE : usual);
  }

  get #channel(): Channel | undefined {
    return this.#model?.channel(this.#id);
  }

  #drumOf(id: string): string {
    return new URL(this.#settings.linkTo(drumPath(id)), document.baseURI).href;
  }

  #open(): void {
    const { view } = this.#settings.state;
    this.#feed.open({
      page: "heli",
      channels: this.#id,
      hours: String(this.#hoursShown),
      ...(view === undefined ? {} : { view }),
    });
  }

  #changed(changed: Set<string>): void {
    if (["view", "hours"].some((name) => changed.has(name))) this.#open();
    if (changed.has("zoom")) this.#zoom.show(this.#settings.state.zoom);
    if (changed.has("print")) this.#drawNow();
    else this.#draw();
    this.#zoom.redraw();
    if (this.#model) this.#showControls(this.#model);
  }

  #told(model: Model): void {
    const isNew = model !== this.#model;
    this.#model = model;
    this.#showState(model);
    this.#zoom.told(model, this.#channel);
    if (isNew) this.#zoom.show(this.#settings.state.zoom);
    if (isNew || this.#hasMoreToShow(model)) this.#draw();
    this.#shell.read(model, this.#channel ? [this.#channel] : []);
  }

  /** Whether the newest sample has come to another pixel, or a mark has come: a drum is much to draw for nothing. */
  #hasMoreToShow({ triggers, events, isRefilling, now }: Model): boolean {
    const layout = this.#layout;
    if (!layout) return true;
    const pixel = layout.lineLength / layout.plot.width;
    const newest = this.#channel?.newest ?? 0;
    const marks = [...triggers.values()].map(({ on, off }) => [on, off]);
    const shown = [
      Math.floor(newest / pixel),
      Math.floor(now / layout.lineLength),
      marks,
      events.size,
      isRefilling,
    ];
    const key = JSON.stringify(shown);
    const isOther = key !== this.#shownKey;
    this.#shownKey = key;
    return isOther;
  }
  #shownKey = "";

  #showState(model: Model): void {
    const { say } = this.#settings;
    const channel = this.#channel;
    const name = channel?.name ?? this.#id;
    document.title = `${name} · ${model.hello.title}`;
    write(this.#heading, name);
    write(this.#info, channel ? `${channel.info.sampleRate} Hz, ${channel.info.units}` : "");
    this.#shell.canvas.setAttribute("aria-label", say("picture", { id: name }));
    const latency =
      channel?.status && channel.newest > 0 ? latencyText(channel.status.latency) : say("nothingYet");
    this.#shell.show(model, { text: latency, isLate: channel?.isLate ?? true });
    this.#shell.message(channel ? undefined : say("unknownChannel", { id: this.#id }));
    this.#showControls(model);
  }

  #showControls({ hello, channels }: Model): void {
    const { say } = this.#settings;
    const offered = this.#channel
      ? hello.views.filter(({ id }) => this.#channel!.info.views.includes(id))
      : hello.views;
    this.#shell.filter.set(viewChoices(offered, say), hello.view);
    const lines = LINE_MINUTES.map((minutes) => ({
      value: String(minutes),
      text: say("minutes", { n: minutes }),
    }));
    this.#line.set(lines, String(this.#lineMinutes));
    // A day more than is kept shows how much is missing; two say nothing.
    const hours = DRUM_HOURS.filter((hours) => hours <= Math.max(hello.hours, this.#hoursShown));
    const hourText = (hours: number) =>
      hours > 72 ? say("daysShort", { n: hours / 24 }) : say("hoursShort", { n: hours });
    this.#hours.set(
      hours.map((hours) => ({ value: String(hours), text: hourText(hours) })),
      String(this.#hoursShown),
    );
    const names = byStation(channels).map(({ id, name }) => ({ value: id, text: name }));
    const own = { value: this.#id, text: this.#id };
    this.#channels.set(this.#channel ? names : [own, ...names], this.#id);
  }

  #drawNow(): void {
    const model = this.#model;
    const channel = this.#channel;
    if (!model || !channel) return;
    const area = pictureArea(this.#shell.picture, this.#settings, this.#zoom.height);
    const view = this.#view(model, channel);
    const layout = layoutHelicorder(view, area);
    const ratio = fittingRatio(pixelRatio(this.#settings), layout.area);
    this.#layout = layout;
    const isSettled = this.#judge(model, view, layout);
    view.scale = this.#shownScale;
    this.#surface.resize(layout.area.width, layout.area.height, ratio);
    drawHelicorder(this.#surface, view, layout);
    this.#drawSpan();
    this.#revealFirst();
    this.#showScale(channel);
    this.#shell.drawn(model.hello.view);
    if (!isSettled) this.#draw();
  }

  /** Judges the scale where it is time to. False while it is on its way to another: draw again soon. */
  #judge(model: Model, view: HelicorderView, layout: HelicorderLayout): boolean {
    const picture = [model.hello.view, view.hours, view.lineMinutes, view.baseline, model.isRefilling].join();
    const line = layout.lines.at(-1)!.start / layout.lineLength;
    const before = this.#judged;
    const judge = () => helicorderScale(view.bins, layout, view.baseline);
    this.#judged = this.#held.next(picture, line, judge, this.#drag !== undefined) || 0;
    return before === this.#judged || before === 0;
  }

  get #shownScale(): number {
    const { fixed, gain = 0 } = this.#settings.state;
    return fixed ?? this.#judged * Math.SQRT2 ** -gain;
  }

  #view(model: Model, channel: Channel): HelicorderView {
    const { palette, drawingTexts, state } = this.#settings;
    const newest = channel.newest;
    return {
      bins: channel.bins,
      end: Math.max(model.now, newest || 0),
      newest,
      hours: this.#hoursShown,
      lineMinutes: this.#lineMinutes,
      baseline: state.centred ? "column" : "line",
      scale: this.#shownScale,
      units: channel.info.units,
      palette,
      texts: drawingTexts,
      triggers: drawnTriggers(model, channel.id),
      events: drawnEvents(model, channel.id),
      localOffset: state.local ? (time) => -new Date(time / 1000).getTimezoneOffset() : undefined,
    };
  }

  /** What the strip shows, or what is being dragged over. */
  #drawSpan(): void {
    const span = this.#drag?.isMoved ? this.#drag : this.#settings.state.zoom;
    const layout = this.#layout;
    if (!span || !layout) return;
    const { cursor } = this.#settings.palette;
    const [from, to] = [Math.min(span.from, span.to), Math.max(span.from, span.to)];
    for (const { start, y } of layout.lines) {
      const left = Math.max(from, start);
      const right = Math.min(to, start + layout.lineLength);
      if (left >= right) continue;
      const xOf = (time: number) => layout.plot.x + ((time - start) / layout.lineLength) * layout.plot.width;
      const width = Math.max(2, xOf(right) - xOf(left));
      this.#surface.fillRect(xOf(left), y - layout.spacing / 2, width, layout.spacing, `${cursor}30`);
    }
  }

  #showScale({ info }: Channel): void {
    const { say, state } = this.#settings;
    const value = this.#shownScale;
    const amount = value > 0 ? ` ${formatAmplitude(value, info.units)}` : "";
    write(this.#auto, say(state.fixed ? "fixed" : "auto") + amount);
    this.#auto.setAttribute("aria-pressed", String(state.fixed !== undefined));
  }

  #changeGain(steps: number): void {
    const { fixed, gain = 0 } = this.#settings.state;
    if (fixed !== undefined)
      this.#settings.change({ fixed: Number((fixed * Math.SQRT2 ** -steps).toPrecision(4)) });
    else if (Math.abs(gain + steps) <= MOST_GAIN) this.#settings.change({ gain: gain + steps || undefined });
  }

  #toggleFixed(): void {
    const value = this.#shownScale;
    const fixed =
      this.#settings.state.fixed === undefined && value > 0 ? Number(value.toPrecision(4)) : undefined;
    this.#settings.change({ fixed, gain: undefined });
  }

  #listen(): void {
    const { canvas } = this.#shell;
    if (this.#settings.isWall) return;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#end(event));
    canvas.addEventListener("pointercancel", () => this.#cancel());
    addEventListener("keydown", (event) => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.#key(event)) event.preventDefault();
    });
  }

  #begin({ isPrimary, button, pointerId, offsetX, offsetY }: PointerEvent): void {
    const time = this.#layout?.timeAt(offsetX, offsetY);
    if (!isPrimary || button !== 0 || time === undefined) return;
    this.#shell.canvas.setPointerCapture(pointerId);
    this.#drag = { from: time, to: time, startX: offsetX, isMoved: false };
  }

  #move({ offsetX, offsetY }: PointerEvent): void {
    const drag = this.#drag;
    const plot = this.#layout?.plot;
    if (!drag || !plot) return;
    // Beyond the edges of the picture, its edge.
    const x = Math.min(Math.max(offsetX, plot.x), plot.x + plot.width - 0.01);
    const y = Math.min(Math.max(offsetY, plot.y), plot.y + plot.height - 0.01);
    const time = this.#layout!.timeAt(x, y);
    if (time !== undefined) drag.to = time;
    drag.isMoved ||= Math.abs(offsetX - drag.startX) > CLICK_SLACK;
    this.#draw();
  }

  #end(event: PointerEvent): void {
    const drag = this.#drag;
    if (!drag) return;
    this.#move(event);
    this.#drag = undefined;
    const { from, to } = drag;
    if (drag.isMoved && from !== to) this.#zoom.open({ from: Math.min(from, to), to: Math.max(from, to) });
    else this.#zoom.open({ from: from - AROUND, to: from + AROUND });
  }

  #cancel(): void {
    this.#drag = undefined;
    this.#draw();
  }

  /** Whether the key meant something here. */
  #key({ key, target }: KeyboardEvent): boolean {
    if (this.#zoom.key(key)) return true;
    const newest = this.#channel?.newest ?? Number.NaN;
    if (key === "Enter" && target === this.#shell.canvas && newest > 0)
      this.#zoom.open({ from: newest - 2 * AROUND, to: newest });
    else if (key === "+") this.#changeGain(1);
    else if (key === "-") this.#changeGain(-1);
    else return false;
    return true;
  }

  #zoomed(span: ZoomSpan | undefined): void {
    this.#settings.change({ zoom: span });
    if (span) this.#reveal((span.from + span.to) / 2);
  }

  /** A link to a zoom shows its line, too. */
  #revealFirst(): void {
    const { zoom } = this.#settings.state;
    if (this.#hasRevealed) return;
    this.#hasRevealed = true;
    if (zoom) this.#reveal((zoom.from + zoom.to) / 2);
  }
  #hasRevealed = false;

  /** Scrolls so that the line of a time is seen above the strip. */
  #reveal(time: number): void {
    const place = this.#layout?.placeOf(time);
    const { picture } = this.#shell;
    if (!place) return;
    const margin = 2 * this.#layout!.spacing;
    const top = picture.scrollTop;
    if (place.y - margin < top) picture.scrollTop = place.y - margin;
    else if (place.y + margin > top + picture.clientHeight)
      picture.scrollTop = place.y + margin - picture.clientHeight;
  }

  /** The picture as it is, on light ground, with its name. */
  #savePicture(): void {
    const model = this.#model;
    const channel = this.#channel;
    if (!model || !channel) return;
    const canvas = element("canvas");
    const surface = new CanvasSurface(canvas);
    const view = { ...this.#view(model, channel), palette: this.#settings.lightPalette };
    const { width, height } = this.#layout?.area ?? { width: 1280, height: 860 };
    const layout = layoutHelicorder(view, { x: 0, y: PICTURE_HEAD, width, height });
    surface.resize(width, PICTURE_HEAD + layout.area.height, Math.max(1, devicePixelRatio));
    surface.fillRect(0, 0, width, surface.height, view.palette.ground);
    drawHelicorder(surface, view, layout);
    const band = model.hello.views.find(({ id }) => id === model.hello.view);
    const title = [channel.name, band ? viewName(band, this.#settings.say) : "", dateOf(view.end)];
    surface.text(title.filter(Boolean).join("  ·  "), 10, 19, {
      size: 14,
      color: view.palette.text,
      weight: "bold",
    });
    canvas.toBlob((blob) => {
      if (blob) saveAs(blob, `${channel.id}_${dateOf(view.end)}.png`);
    });
  }
}
