// The Node-RED editor in a headless Chromium, for what only a browser can see: dialogs, the canvas, live pictures.
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

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

/** An open editor. `errors` collects what goes wrong in it. */
export class Editor implements AsyncDisposable {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly #browser: Browser;

  /** Opens the editor of a Node-RED; resolves when its palette and canvas are there. */
  static async open(url: string, options: { colorScheme?: "light" | "dark" } = {}): Promise<Editor> {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
    const editor = new Editor(browser, await context.newPage());
    await editor.page.goto(url);
    await editor.page.waitForSelector("#red-ui-palette-container .red-ui-palette-node", { timeout: 60_000 });
    await editor.page.waitForFunction("!document.querySelector('#red-ui-loading-progress')?.offsetParent");
    return editor;
  }

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
  }

  /** Runs an action of the editor's menu, such as `core:undo`. */
  async action(name: string): Promise<void> {
    await this.page.evaluate(`RED.actions.invoke(${JSON.stringify(name)})`);
  }

  /** Shows a tab by its id. */
  async showTab(id: string): Promise<void> {
    await this.page.evaluate(`RED.workspaces.show(${JSON.stringify(id)})`);
  }

  /** Presses Deploy; resolves when the runtime has taken the flows. */
  async deploy(): Promise<void> {
    const answer = this.page.waitForResponse(
      (response) =>
        response.request().method() === "POST" && new URL(response.url()).pathname.endsWith("/flows"),
    );
    await this.page.click("#red-ui-header-button-deploy");
    await answer;
  }

  /** Imports one of a package's examples through the dialog, and drops it where the mouse is put. */
  async importExample(packageName: string, example: string, at: { x: number; y: number }): Promise<void> {
    await this.action("core:show-import-dialog");
    await this.page.click("#red-ui-clipboard-dialog-import-tabs >> text=Examples");
    const tree = this.page.locator("#red-ui-clipboard-dialog-import-tab-examples");
    await tree.getByText(packageName).click();
    await tree.getByText(example).click();
    await this.page.click("#red-ui-clipboard-dialog-ok");
    const chart = (await this.page.locator("#red-ui-workspace-chart").boundingBox())!;
    await this.page.mouse.move(chart.x + at.x, chart.y + at.y, { steps: 4 });
    await this.page.mouse.click(chart.x + at.x, chart.y + at.y);
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
