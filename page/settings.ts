/** What the viewer has chosen, in the address of the page, and what follows from it: colours and language. */
import { type DrawingTexts, PALETTES, type Palette, type Theme } from "../lib/seismograph/drawing/index.ts";
import { carriedState, definedOnly, type PageState, readState, writeState } from "./state.ts";
import { chosenLanguage, type Language, type Say, speaker } from "./texts/index.ts";

/** Width of a window, in CSS pixels, that is taken for a phone's. */
const PHONE = 600;

/** Browsers slow a page down that writes its address often: milliseconds between two writings. */
const ADDRESS_PAUSE = 200;

type Change = { [Key in keyof PageState]: PageState[Key] | undefined };

export class Settings {
  state = readState(location.hash);
  readonly language: Language;
  readonly say: Say;
  readonly drawingTexts: DrawingTexts;
  readonly isWall = new URLSearchParams(location.search).has("wall");
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  readonly #onChange: ((changed: Set<string>) => void)[] = [];
  #writing: ReturnType<typeof setTimeout> | undefined;
  /** Paper is light, whatever the screen is. */
  #isPrinting = false;

  constructor() {
    const asked = new URLSearchParams(location.search).get("lang");
    const wished = [this.state.lang, asked, ...navigator.languages].filter((tag) => typeof tag === "string");
    this.language = chosenLanguage(wished);
    this.say = speaker(this.language);
    this.drawingTexts = textsOfDrawings(this.say);
    document.documentElement.lang = this.language;
    this.#showTheme();
    this.#dark.addEventListener("change", () => this.#tell(new Set(["theme"])));
    addEventListener("hashchange", () => this.#read());
    addEventListener("beforeprint", () => this.#print(true));
    addEventListener("afterprint", () => this.#print(false));
    addEventListener("pagehide", () => this.#write());
  }

  get theme(): Theme {
    if (this.#isPrinting) return "light";
    return this.state.theme ?? (this.#dark.matches ? "dark" : "light");
  }

  get palette(): Palette {
    return PALETTES[this.theme];
  }

  /** The colours of paper. */
  readonly lightPalette = PALETTES.light;

  get isPhone(): boolean {
    return innerWidth < PHONE;
  }

  /** The address of this picture. */
  get address(): string {
    this.#write();
    return location.href;
  }

  /** Is told the names of what has changed. */
  onChange(listener: (changed: Set<string>) => void): void {
    this.#onChange.push(listener);
  }

  /** Changes what is named; undefined goes back to what the page proposes. */
  change(change: Change): void {
    this.state = definedOnly({ ...this.state, ...change });
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => this.#write(), ADDRESS_PAUSE);
    this.#tell(new Set(Object.keys(change)));
  }

  /** The address of another page with what of the state goes along; `path` is below the seismograph's own. */
  linkTo(path: string): string {
    const state = writeState(carriedState(this.state));
    return state === "" ? path : `${path}#${state}`;
  }

  #write(): void {
    const hash = writeState(this.state);
    const here = location.pathname + location.search;
    if (location.hash.replace(/^#/, "") !== hash)
      history.replaceState(null, "", hash === "" ? here : `${here}#${hash}`);
  }

  /** Someone has followed a link to another state of this page, or typed one. */
  #read(): void {
    const before = this.state;
    this.state = readState(location.hash);
    if (this.state.lang !== before.lang) location.reload();
    this.#tell(new Set([...Object.keys(before), ...Object.keys(this.state)]));
  }

  #print(isPrinting: boolean): void {
    this.#isPrinting = isPrinting;
    this.#tell(new Set(["theme", "print"]));
  }

  #tell(changed: Set<string>): void {
    this.#showTheme();
    for (const listener of this.#onChange) listener(changed);
  }

  #showTheme(): void {
    document.documentElement.dataset.theme = this.theme;
  }
}

function textsOfDrawings(say: Say): DrawingTexts {
  return {
    minutes: say("minutes", { n: "" }).trim(),
    local: say("localHead"),
    gain: say("lineGain"),
    clipped: say("clippedAt"),
    perLine: say("aboutMean"),
    perColumn: say("aboutMiddle"),
    utc: say("timesUtc"),
    noData: say("nothingYet"),
    envelopeOnly: say("envelopeOnly"),
  };
}
