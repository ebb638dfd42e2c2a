/** The page of a seismograph in a headless Chromium, and what is on its canvases. */
import type { Locator } from "playwright-core";
import { BrowserPage } from "../editor/browser.ts";

export type ViewOptions = NonNullable<Parameters<typeof BrowserPage.blank>[0]>;

/** What browsers write to the console of themselves when a request fails: the page shows it in its own way. */
const OF_THE_NETWORK = /^Failed to load resource/;

export class SeismoView implements AsyncDisposable {
  readonly #browser: BrowserPage;

  /** A page with this address, with the first picture on it. */
  static async open(url: string, options: ViewOptions = {}): Promise<SeismoView> {
    const viewport = { width: 1280, height: 860 };
    const browser = await BrowserPage.blank({ viewport, locale: "en-US", colorScheme: "dark", ...options });
    const view = new SeismoView(browser);
    await view.goto(url);
    return view;
  }

  private constructor(browser: BrowserPage) {
    this.#browser = browser;
  }

  get page() {
    return this.#browser.page;
  }

  /** What the page has thrown, and written to its console as an error. */
  get errors(): string[] {
    return this.#browser.errors.filter((text) => !OF_THE_NETWORK.test(text));
  }

  get canvas(): Locator {
    return this.page.locator(".picture canvas");
  }

  get strip(): Locator {
    return this.page.locator(".zoom canvas");
  }

  /** Goes to an address as if it were typed, also from one that differs behind # only. */
  async goto(url: string): Promise<void> {
    await this.page.goto("about:blank");
    await this.page.goto(url, { waitUntil: "commit" });
    await this.drawn();
  }

  /** Waits for a picture, of a view if one is named. */
  async drawn(view?: string): Promise<void> {
    const wanted = view === undefined ? "[data-pictures]" : `[data-view="${view}"]`;
    await this.page.waitForSelector(`.picture canvas${wanted}`);
  }

  /** How many pictures were drawn. */
  async pictures(): Promise<number> {
    return Number(await this.canvas.getAttribute("data-pictures"));
  }

  /** Waits for another picture than those that there were before. */
  async pictureAfter(before: number): Promise<void> {
    await this.page.waitForFunction(
      (before) => Number(document.querySelector<HTMLElement>(".picture canvas")!.dataset.pictures) > before,
      before,
    );
  }

  /** Waits for the strip to show samples, or the envelope alone. */
  async zoomed(hasSamples = true): Promise<void> {
    const wanted = hasSamples ? '[data-samples]:not([data-samples="0"])' : '[data-samples="0"]';
    await this.page.waitForSelector(`.zoom canvas${wanted}`);
    if (hasSamples) await this.page.waitForSelector('.zoom a[href*="format=mseed"]');
    else await this.page.waitForSelector('.zoom a[aria-disabled="true"]');
  }

  /** Waits until the address says something. */
  async addressHas(pattern: RegExp): Promise<URLSearchParams> {
    await this.page.waitForFunction(([source, flags]) => new RegExp(source!, flags).test(location.hash), [
      pattern.source,
      pattern.flags,
    ] as const);
    return this.address();
  }

  /** What stands behind # now. */
  async address(): Promise<URLSearchParams> {
    return new URLSearchParams((await this.page.evaluate(() => location.hash)).slice(1));
  }

  /** How many pixels of a canvas have each of these colours (`#rrggbb`). */
  async countOf(colors: readonly string[], canvas = this.canvas): Promise<number[]> {
    return await canvas.evaluate((node, colors) => {
      const { width, height } = node as HTMLCanvasElement;
      const { data } = (node as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      const pixels = new Uint32Array(data.buffer);
      return colors.map((color) => {
        const rgb = Number.parseInt(color.slice(1, 7), 16);
        const wanted = (0xff000000 | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
        return pixels.reduce((count, pixel) => count + (pixel === wanted ? 1 : 0), 0);
      });
    }, colors);
  }

  /** How many different colours are in the lower part of a canvas. */
  async colorsBelow(part: number, canvas: Locator): Promise<number> {
    return await canvas.evaluate((node, part) => {
      const { width, height } = node as HTMLCanvasElement;
      const top = Math.floor(height * part);
      const { data } = (node as HTMLCanvasElement)
        .getContext("2d")!
        .getImageData(0, top, width, height - top);
      return new Set(new Uint32Array(data.buffer)).size;
    }, part);
  }

  /** Keeps the picture in the page, for `changedSince`. */
  async keepPicture(): Promise<void> {
    await this.canvas.evaluate((node) => {
      const { width, height } = node as HTMLCanvasElement;
      const { data } = (node as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      Object.assign(window, { kept: new Uint32Array(data.buffer) });
    });
  }

  /** How many pixels are other ones than in the picture kept, for each pair of rows (the second excluded). */
  async changedSince(rows: readonly (readonly [number, number])[]): Promise<number[]> {
    return await this.canvas.evaluate((node, rows) => {
      const { width, height } = node as HTMLCanvasElement;
      const { data } = (node as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
      const now = new Uint32Array(data.buffer);
      const { kept } = window as unknown as { kept: Uint32Array };
      return rows.map(([from, to]) => {
        let changed = 0;
        for (let i = from * width; i < to * width; i++) if (kept[i] !== now[i]) changed++;
        return changed;
      });
    }, rows);
  }

  /** Does something that changes the address, and waits until it has. */
  async changeAddress(act: () => Promise<void>): Promise<URLSearchParams> {
    const before = await this.page.evaluate(() => location.hash);
    await act();
    await this.page.waitForFunction((before) => location.hash !== before, before);
    return this.address();
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
