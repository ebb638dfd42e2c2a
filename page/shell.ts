/** What both pages have around their picture: bar, state of the connection, clock, channels as text, and the menus that both need. */
import { button, labelled, type Menu, menu, sheet, textButton } from "./controls.ts";
import { element, write } from "./dom.ts";
import { clockTime, dateOf } from "./model/marks.ts";
import type { Model } from "./model/model.ts";
import { News } from "./model/news.ts";
import type { Settings } from "./settings.ts";
import type { Loss } from "./stream.ts";
import { TextTable } from "./text-table.ts";
import { LANGUAGES } from "./texts/index.ts";

/** The status for what a seismograph does not have. */
const REFUSED = 400;

/** Milliseconds between two writings of what is read aloud: often enough to know, seldom enough to hear it out. */
const READING_PAUSE = 5000;

export class Shell {
  readonly title = element("div", { class: "title" });
  /** The controls of the bar, before the ones of both pages. */
  readonly controls = element("div", { class: "controls" });
  readonly canvas = element("canvas", { tabindex: "0", role: "img" });
  /** What the canvas scrolls in. */
  readonly picture: HTMLDivElement;
  readonly main: HTMLElement;
  readonly filter: Menu;
  readonly #settings: Settings;
  readonly #state = element("span", { class: "state" });
  readonly #weekday = element("span", { class: "weekday" });
  readonly #date = element("span", {});
  readonly #time = element("b", {});
  readonly #message = element("p", { class: "message", hidden: true });
  readonly #aloud = element("p", { class: "aloud", role: "status" });
  readonly #theme: HTMLButtonElement;
  readonly #table: TextTable;
  readonly #news = new News();
  readonly #days: Intl.DateTimeFormat;
  #lastReading = Number.NEGATIVE_INFINITY;
  #isLost = false;

  constructor(settings: Settings) {
    const { say } = settings;
    this.#settings = settings;
    this.#days = new Intl.DateTimeFormat(settings.language, { weekday: "short", timeZone: "UTC" });
    this.filter = menu(say("filter"), (view) => settings.change({ view }));
    this.filter.element.classList.add("filter");
    this.#theme = button("", "", () => {
      settings.change({ theme: settings.theme === "dark" ? "light" : "dark" });
    });
    this.#table = new TextTable(settings);
    this.picture = element("div", { class: "picture" }, this.canvas);
    this.main = element("main", {}, this.picture, this.#message, this.#table.element, this.#aloud);
    const clock = element(
      "div",
      { class: "clock" },
      this.#weekday,
      this.#date,
      this.#time,
      element("span", {}, "UTC"),
    );
    const bar = element("header", {}, this.title, this.controls, clock);
    document.documentElement.classList.toggle("wall", settings.isWall);
    document.body.replaceChildren(bar, this.main);
    settings.onChange(() => this.#showTheme());
    this.#showTheme();
  }

  /** Ends the row of controls: the page's own further ones in a sheet, then light and dark. */
  finish(...further: Node[]): void {
    const { say, language, state } = this.#settings;
    const languages = menu(say("language"), (lang) => {
      this.#settings.change({ lang });
      void this.#settings.address;
      location.reload();
    });
    languages.set(
      Object.entries(LANGUAGES).map(([value, { name }]) => ({ value, text: name })),
      state.lang ?? language,
    );
    const links = [textButton(say("copyLink"), () => void this.copyLink()), this.#wallLink()];
    const more = sheet(say("more"), "⋯", ...further, labelled(say("language"), languages), ...links);
    this.controls.append(more, this.#theme);
  }

  /** Shows the state of the data and the clock; tells what has happened. */
  show(model: Model, state: { text: string; isLate: boolean }): void {
    this.#state.className = `state ${state.isLate ? "late" : "live"}`;
    write(this.#state, state.text);
    write(this.#weekday, this.#dayOf(model.now));
    write(this.#date, dateOf(model.now));
    write(this.#time, clockTime(model.now));
    const news = this.#news.of(model, this.#settings.say);
    if (this.#isLost) news.unshift(this.#settings.say("connected"));
    this.#isLost = false;
    if (news.length > 0) this.say(news.join(". "));
  }

  /** Writes the channels as text, now and then. */
  read(model: Model, channels: Parameters<TextTable["show"]>[1]): void {
    const now = performance.now();
    if (now - this.#lastReading < READING_PAUSE) return;
    this.#lastReading = now;
    this.#table.show(model, channels);
  }

  /** Shows that there is no connection. A view that the seismograph does not have is given up. */
  lost({ status, why }: Loss): void {
    const { say, state } = this.#settings;
    if (status === REFUSED && state.view !== undefined) {
      this.notice(why ?? say("offline"));
      this.#settings.change({ view: undefined });
      return;
    }
    this.#state.className = "state late";
    write(this.#state, why ?? say("offline"));
    if (!this.#isLost) this.say(say("lost"));
    this.#isLost = true;
  }

  /** A sentence in the place of the picture; none takes it away. */
  message(text: string | undefined): void {
    this.#message.hidden = text === undefined;
    write(this.#message, text ?? "");
  }

  /** What a screen reader says next. */
  say(sentence: string): void {
    write(this.#aloud, sentence);
  }

  /** Notes on the canvas that a picture of a view stands there: what drives the page from outside can wait for it. */
  drawn(view: string): void {
    const { dataset } = this.canvas;
    dataset.view = view;
    dataset.pictures = String(Number(dataset.pictures ?? 0) + 1);
  }

  /** The mark of connection and latency, for the title. */
  get state(): HTMLElement {
    return this.#state;
  }

  async copyLink(): Promise<void> {
    const { say, address } = this.#settings;
    this.notice(say((await copied(address)) ? "copied" : "notCopied"));
  }

  /** A sentence that goes away by itself. */
  notice(text: string): void {
    const notice = element("p", { class: "notice" }, text);
    document.querySelector(".notice")?.remove();
    document.body.append(notice);
    this.say(text);
    setTimeout(() => notice.remove(), 4000);
  }

  #wallLink(): HTMLAnchorElement {
    const wall = element("a", { class: "button", href: "./?wall" }, this.#settings.say("wall"));
    wall.addEventListener("pointerdown", () => this.#aim(wall));
    wall.addEventListener("focus", () => this.#aim(wall));
    return wall;
  }

  /** The wall shows what is shown here. */
  #aim(wall: HTMLAnchorElement): void {
    const address = new URL(this.#settings.address);
    address.search = "?wall";
    wall.href = address.href;
  }

  #dayOf(time: number): string {
    const date = new Date(time / 1000);
    return Number.isNaN(date.getTime()) ? "" : this.#days.format(date);
  }

  #showTheme(): void {
    const { say, theme } = this.#settings;
    const label = say(theme === "dark" ? "light" : "dark");
    write(this.#theme, theme === "dark" ? "☀" : "☾");
    this.#theme.setAttribute("aria-label", label);
    this.#theme.title = label;
  }
}

/** Puts a text where it can be pasted from; pages that came unencrypted have only the old way. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", { class: "aloud", "aria-hidden": "true" });
    field.value = text;
    document.body.append(field);
    field.select();
    const isDone = document.execCommand("copy");
    field.remove();
    return isDone;
  }
}
