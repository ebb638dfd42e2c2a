/** The live page: rows of channels over one time axis that ends at the newest sample of all. */
import {
  drawLive,
  type LiveLayout,
  type LiveRow,
  type LiveView,
  layoutLive,
  liveScales,
  type RowScale,
} from "../lib/seismograph/drawing/index.ts";
import { CanvasSurface } from "./canvas-surface.ts";
import { button, labelled, type Menu, menu, press, textButton, tick } from "./controls.ts";
import { element, once, wantsLittleMotion, write } from "./dom.ts";
import { Feed } from "./feed.ts";
import { drumPath, pageLink } from "./links.ts";
import type { Channel } from "./model/channel.ts";
import { drawnTriggers } from "./model/marks.ts";
import type { Model } from "./model/model.ts";
import { byDistance, byStation } from "./model/order.ts";
import { fittingRatio, pictureArea, pixelRatio, scaleOf, watchSize } from "./screen.ts";
import type { Settings } from "./settings.ts";
import { Shell } from "./shell.ts";
import { SpectrogramCache } from "./spectrogram-cache.ts";
import { LIVE_SECONDS, MOST_GAIN } from "./state.ts";
import { viewChoices } from "./view-names.ts";

/** What the page proposes. */
const SECONDS = 300;

/** Between two pictures for those who want little motion, in milliseconds. */
const CALM_PAUSE = 5000;

export class LivePage {
  readonly #settings: Settings;
  readonly #shell: Shell;
  readonly #surface: CanvasSurface;
  readonly #feed: Feed;
  readonly #heading = element("h1", {});
  readonly #counted = element("span", { class: "info" });
  readonly #span: Menu;
  readonly #scale: Menu;
  readonly #spectrogram: HTMLButtonElement;
  readonly #pause: HTMLButtonElement;
  readonly #channelList = element("div", { class: "channels" });
  readonly #spectrograms = new SpectrogramCache();
  readonly #draw = once(() => this.#drawNow());
  #model: Model | undefined;
  #layout: LiveLayout | undefined;
  #shown: Channel[] = [];
  #scales: RowScale[] | undefined;
  /** Time of the right edge while the picture is held. */
  #heldAt: number | undefined;
  #lastPicture = Number.NEGATIVE_INFINITY;

  constructor(settings: Settings) {
    const { say } = settings;
    this.#settings = settings;
    this.#shell = new Shell(settings);
    this.#surface = new CanvasSurface(this.#shell.canvas, scaleOf(settings));
    this.#span = menu(say("timeShown"), (value) => {
      settings.change({ seconds: Number(value) === SECONDS ? undefined : Number(value) });
    });
    this.#scale = menu(say("scale"), (value) => this.#chooseScale(value));
    this.#spectrogram = textButton(say("spectrogram"), () => {
      settings.change({ spectrogram: settings.state.spectrogram ? undefined : true });
    });
    this.#pause = button(say("pause"), "❚❚", () => this.#hold());
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
    write(this.#heading, say("live"));
    shell.title.append(this.#heading, this.#counted, shell.state);
    shell.controls.append(
      shell.filter.element,
      this.#span.element,
      this.#scale.element,
      this.#spectrogram,
      this.#pause,
    );
    const order = menu(say("order"), (value) => {
      this.#settings.change({ order: value === "distance" ? value : undefined });
    });
    order.set(
      [
        { value: "station", text: say("byStation") },
        { value: "distance", text: say("byDistance") },
      ],
      state.order ?? "station",
    );
    const gain = element(
      "div",
      { class: "group" },
      button(say("smaller"), "−", () => this.#changeGain(-1)),
      button(say("larger"), "+", () => this.#changeGain(1)),
    );
    const list = element("fieldset", {}, element("legend", {}, say("channels")), this.#channelList);
    shell.finish(gain, labelled(say("order"), order), list);
  }

  #listen(): void {
    const { canvas } = this.#shell;
    canvas.addEventListener("click", ({ offsetY }) => {
      const row = this.#layout?.rowAt(offsetY);
      const channel = row === undefined ? undefined : this.#shown[row];
      if (channel && !this.#settings.isWall) location.assign(this.#drumOf(channel));
    });
    addEventListener("keydown", (event) => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "+") this.#changeGain(1);
      else if (event.key === "-" || event.key === "−") this.#changeGain(-1);
      else if (event.key === " " && event.target === canvas) this.#hold();
      else return;
      event.preventDefault();
    });
  }

  #drumOf({ id }: Channel): string {
    return new URL(this.#settings.linkTo(drumPath(id)), document.baseURI).href;
  }

  get #seconds(): number {
    return this.#settings.state.seconds ?? SECONDS;
  }

  #open(): void {
    const { view, spectrogram } = this.#settings.state;
    this.#feed.open({
      page: "live",
      span: String(this.#seconds),
      ...(view === undefined ? {} : { view }),
      ...(spectrogram ? { samples: "1" } : {}),
    });
  }

  #changed(changed: Set<string>): void {
    if (["view", "seconds", "spectrogram"].some((name) => changed.has(name))) {
      this.#scales = undefined;
      this.#resume();
      this.#open();
    }
    if (["scale", "fixed", "channels", "order"].some((name) => changed.has(name))) this.#scales = undefined;
    if (changed.has("print")) this.#drawNow();
    else this.#draw();
    if (this.#model) this.#showControls(this.#model);
  }

  #told(model: Model): void {
    this.#model = model;
    this.#shown = this.#chosen(model);
    this.#showState(model);
    const isTooSoon = wantsLittleMotion() && performance.now() - this.#lastPicture < CALM_PAUSE;
    if (this.#heldAt !== undefined) this.#count(model);
    else if (!isTooSoon) this.#draw();
    this.#shell.read(model, this.#shown);
  }

  #chosen(model: Model): Channel[] {
    const { channels, order } = this.#settings.state;
    const all = model.channels.filter(({ id }) => !channels || channels.includes(id));
    return order === "distance" ? byDistance(all, model.newestEvent) : byStation(all);
  }

  #showState(model: Model): void {
    const { say, state } = this.#settings;
    const late = this.#shown.filter(({ isLate }) => isLate).length;
    const all = model.channels.length;
    document.title = model.hello.title;
    write(this.#counted, state.channels ? say("shown", { shown: this.#shown.length, all }) : "");
    const text = late > 0 ? say("someLate", { n: late }) : say("allLive");
    this.#shell.show(model, { text: all > 0 ? text : say("nothingYet"), isLate: late > 0 });
    this.#shell.message(all > 0 ? undefined : say("noChannel"));
    this.#shell.canvas.setAttribute("aria-label", say("livePicture", { n: this.#shown.length }));
    this.#showControls(model);
  }

  #showControls(model: Model): void {
    const { say, state } = this.#settings;
    this.#shell.filter.set(viewChoices(model.hello.views, say), model.hello.view);
    this.#span.set(
      LIVE_SECONDS.map((seconds) => ({
        value: String(seconds),
        text: seconds < 60 ? say("secondsShort", { n: seconds }) : say("minutes", { n: seconds / 60 }),
      })),
      String(this.#seconds),
    );
    const scales = [
      { value: "each", text: say("scaleEach") },
      { value: "station", text: say("scaleStation") },
      { value: "all", text: say("scaleAll") },
      { value: "fixed", text: say("fixed") },
    ];
    this.#scale.set(scales, state.fixed ? "fixed" : (state.scale ?? "each"));
    press(this.#spectrogram, state.spectrogram === true);
    this.#showChannels(byStation(model.channels));
  }

  #showChannels(channels: readonly Channel[]): void {
    const { state } = this.#settings;
    const key = JSON.stringify([channels.map(({ id }) => id), state.channels]);
    if (this.#channelList.dataset.shown === key) return;
    this.#channelList.dataset.shown = key;
    const isShown = ({ id }: Channel) => state.channels?.includes(id) ?? true;
    const boxes = channels.map((channel) => {
      const box = tick(channel.name, isShown(channel), (isOn) => {
        const now = channels.filter((other) => (other === channel ? isOn : isShown(other)));
        const isAll = now.length === channels.length || now.length === 0;
        this.#settings.change({ channels: isAll ? undefined : now.map(({ id }) => id) });
      });
      const drum = this.#settings.say("drum");
      const link = pageLink(this.#settings, drumPath(channel.id), drum, {
        "aria-label": `${drum} ${channel.name}`,
      });
      return element("div", {}, box, link);
    });
    this.#channelList.replaceChildren(...boxes);
  }

  #drawNow(): void {
    const model = this.#model;
    if (!model) return;
    this.#shown = this.#heldAt === undefined ? this.#chosen(model) : this.#shown;
    const area = pictureArea(this.#shell.picture, this.#settings);
    const view = this.#view(model, this.#shown);
    const ratio = fittingRatio(pixelRatio(this.#settings), layoutLive(view, area, 1).area);
    const layout = layoutLive(view, area, ratio);
    this.#layout = layout;
    this.#surface.resize(layout.area.width, layout.area.height, ratio);
    drawLive(this.#surface, view, layout);
    this.#lastPicture = performance.now();
    this.#shell.drawn(model.hello.view);
  }

  #view(model: Model, shown: readonly Channel[]): LiveView {
    const { palette, drawingTexts, state } = this.#settings;
    const end = this.#heldAt ?? model.newest;
    const from = end - this.#seconds * 1e6;
    const reaches = this.#reaches(shown, from, end);
    const factor = Math.SQRT2 ** -(state.gain ?? 0);
    const rows = shown.map((channel, i): LiveRow => {
      const { name, station, bins, info, status } = channel;
      return {
        name,
        station,
        bins,
        units: info.units,
        latency: status?.latency,
        isLate: channel.isLate,
        ratio: status?.isTriggered ? status.ratio : undefined,
        triggers: drawnTriggers(model, channel.id),
        spectrogram: state.spectrogram ? this.#spectrograms.of(channel, from, end) : undefined,
        scale: { centre: reaches[i]!.centre, reach: reaches[i]!.reach * factor },
      };
    });
    const spectrograms = state.spectrogram === true;
    return { rows, end, seconds: this.#seconds, spectrograms, palette, texts: drawingTexts };
  }

  #reaches(shown: readonly Channel[], start: number, end: number): RowScale[] {
    const { fixed, scale } = this.#settings.state;
    const rows = shown.map(({ station, bins, info }) => ({ station, bins, units: info.units }));
    const mode = fixed ?? scale ?? "each";
    const previous = this.#scales?.length === rows.length ? this.#scales : undefined;
    const scales = liveScales(rows, { start, end, mode }, previous);
    this.#scales = scales;
    return scales;
  }

  #chooseScale(value: string): void {
    const reaches = (this.#scales ?? []).map(({ reach }) => reach).filter((reach) => reach > 0);
    if (value === "fixed" && reaches.length > 0) {
      const { gain = 0 } = this.#settings.state;
      const fixed = Number((Math.max(...reaches) * Math.SQRT2 ** -gain).toPrecision(3));
      this.#settings.change({ fixed, scale: undefined, gain: undefined });
    } else {
      const scale = value === "station" || value === "all" ? value : undefined;
      this.#settings.change({ scale, fixed: undefined, gain: undefined });
    }
  }

  #changeGain(steps: number): void {
    const gain = (this.#settings.state.gain ?? 0) + steps;
    if (Math.abs(gain) <= MOST_GAIN) this.#settings.change({ gain: gain === 0 ? undefined : gain });
  }

  #hold(): void {
    if (this.#heldAt === undefined) this.#heldAt = this.#model?.newest;
    else this.#resume();
    if (this.#model) this.#count(this.#model);
    this.#draw();
  }

  #resume(): void {
    this.#heldAt = undefined;
    this.#showHeld("❚❚", "pause", "");
  }

  #count(model: Model): void {
    if (this.#heldAt === undefined) return;
    const seconds = Math.max(0, Math.round((model.newest - this.#heldAt) / 1e6));
    this.#showHeld(`▶ ${seconds} s`, "resume", this.#settings.say("held", { n: seconds }));
  }

  #showHeld(text: string, key: "pause" | "resume", title: string): void {
    const label = this.#settings.say(key);
    write(this.#pause, text);
    this.#pause.setAttribute("aria-label", label);
    this.#pause.title = title === "" ? label : `${label} (${title})`;
    press(this.#pause, key === "resume");
  }
}

/** Whether a key is meant for a control that has the focus. */
export function isTyping({ target }: Event): boolean {
  return target instanceof Element && target.closest("select, input, textarea, summary, [open]") !== null;
}
