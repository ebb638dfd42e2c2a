// A page in a headless Chromium, with what goes wrong in it.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";

/** Without these, Chromium looks for its maker's servers, and does so slowly where there is no network. */
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Skips a suite with a visible line where there is no Chromium; call it first in a `before` hook. */
export function needsChromium(context: Mocha.Context): void {
  if (existsSync(CHROMIUM)) return;
  context.test!.parent!.title += `: there is no ${CHROMIUM}`;
  context.skip();
}

/** A page in a browser of its own. `errors` collects what it throws and what it writes to its console as an error. */
export class BrowserPage implements AsyncDisposable {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly #browser: Browser;

  /** A browser with a blank page. */
  static async blank(options: BrowserContextOptions = {}): Promise<BrowserPage> {
    return new BrowserPage(...(await launch(options)));
  }

  protected constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

export async function launch(options: BrowserContextOptions): Promise<[Browser, Page]> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  // A guard only: on a busy machine much takes longer than the 30 s that playwright waits by default.
  context.setDefaultTimeout(90_000);
  return [browser, await context.newPage()];
}
