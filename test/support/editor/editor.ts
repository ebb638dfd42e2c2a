// The Node-RED editor in a headless Chromium, for what only a browser can see: dialogs, the canvas, live pictures.
import type { BrowserContextOptions } from "playwright-core";
import { BrowserPage, launch } from "./browser.ts";

export { needsChromium } from "./browser.ts";

export interface EditorOptions extends BrowserContextOptions {
  /** What the browser has stored for the editor, such as `editor-language` and `view-dark-theme`. */
  stored?: Record<string, string>;
}

/** An open editor. */
export class Editor extends BrowserPage {
  /** Opens the editor of a Node-RED; resolves when its palette and canvas are there. */
  static async open(url: string, { stored = {}, ...options }: EditorOptions = {}): Promise<Editor> {
    const editor = new Editor(...(await launch(options)));
    await editor.page.addInitScript((items) => {
      for (const [key, value] of Object.entries(items)) localStorage.setItem(key, value);
    }, stored);
    await editor.page.goto(url);
    await editor.page.waitForSelector("#red-ui-palette-container .red-ui-palette-node");
    await editor.page.waitForFunction("!document.querySelector('#red-ui-loading-progress')?.offsetParent");
    return editor;
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
    // While the dialog is still opening, it forgets what is chosen in it.
    const ready = this.page.locator("#red-ui-clipboard-dialog-ok:not([disabled])");
    for (let tries = 0; tries < 20; tries++) {
      await tree.getByText(example).click();
      const isChosen = await ready.waitFor({ timeout: 2000 }).then(
        () => true,
        () => false,
      );
      if (isChosen) break;
    }
    await this.page.click("#red-ui-clipboard-dialog-ok");
    const chart = (await this.page.locator("#red-ui-workspace-chart").boundingBox())!;
    await this.page.mouse.move(chart.x + at.x, chart.y + at.y, { steps: 4 });
    await this.page.mouse.click(chart.x + at.x, chart.y + at.y);
  }
}
