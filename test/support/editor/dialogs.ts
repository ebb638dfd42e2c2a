// Node-RED's dialogs, driven as a person does it: drag a node from the palette, open its dialog, change fields, save.
import type { Locator, Page } from "playwright-core";
import type { Editor } from "./editor.ts";

/** In the page: as much of the editor as is asked for here. */
declare const RED: {
  editor: {
    edit(node: object): void;
    editConfig(property: string, type: string, id: string): void;
  };
  nodes: {
    filterNodes(filter: { type: string }): { id: string }[];
    node(id: string): { type: string; validationErrors?: unknown[]; _def: { category: string } } | null;
    convertNode(node: object, withCredentials: boolean): object;
  };
};

/** A field of a dialog as it is shown: text, the chosen option, or whether the box is checked. */
export type FieldValue = string | boolean;

/** The form of a node's or a config node's dialog. */
export const FORM = "#dialog-form, #node-config-dialog-edit-form";

export class Dialogs {
  readonly page: Page;

  constructor(editor: Editor) {
    this.page = editor.page;
  }

  /** Loads the editor anew, and waits until it is ready. */
  async reload(): Promise<void> {
    await this.page.reload();
    // Hidden ones do as well: the palette remembers what was searched for.
    const node = this.page.locator("#red-ui-palette-container .red-ui-palette-node").first();
    await node.waitFor({ state: "attached" });
    await this.page.waitForFunction("!document.querySelector('#red-ui-loading-progress')?.offsetParent");
  }

  /** Drags a node from the palette to a place on the canvas; gives its id. */
  async drag(type: string, x: number, y: number): Promise<string> {
    const { page } = this;
    const search = page.locator("#red-ui-palette-search input").first();
    const item = page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
    const other = page.locator('.red-ui-palette-node[data-palette-type="inject"]');
    // What the last search has closed opens first: searched for while it does, a category may stay closed.
    await page.waitForFunction("$('#red-ui-palette :animated').length === 0");
    await search.fill("");
    await other.waitFor({ state: "visible" });
    await page.waitForFunction("$('#red-ui-palette :animated').length === 0");
    await search.pressSequentially(type.replaceAll("-", " "), { delay: 5 });
    // The search waits for more letters, then other nodes slide away.
    if (type !== "inject") await other.waitFor({ state: "hidden" });
    const chart = await boxOf(page.locator("#red-ui-workspace-chart"));
    const before = await this.#ids(type);
    await this.#grab(item, type);
    await page.mouse.move(chart.x + x - 20, chart.y + y - 20, { steps: 8 });
    await page.mouse.move(chart.x + x, chart.y + y, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction(
      ([wanted, count]) => RED.nodes.filterNodes({ type: wanted as string }).length > Number(count),
      [type, before.length],
    );
    return (await this.#ids(type)).find((id) => !before.includes(id)) as string;
  }

  /** Takes hold of a node of the palette, which may slide away from under the mouse before the button is down. */
  async #grab(item: Locator, type: string): Promise<void> {
    const { mouse } = this.page;
    const held = this.page.locator(`.ui-draggable-dragging[data-palette-type="${type}"]`);
    for (;;) {
      await this.page.waitForFunction("$('#red-ui-palette :animated').length === 0");
      await item.hover();
      const { x, y, width, height } = await boxOf(item);
      await mouse.down();
      await mouse.move(x + width / 2 + 10, y + height / 2 + 10, { steps: 3 });
      if ((await held.count()) > 0) return;
      await mouse.up();
    }
  }

  /** Opens a node's dialog by a double click. */
  async openDialog(id: string): Promise<void> {
    const node = await boxOf(this.page.locator(`[id="${id}"] .red-ui-flow-node`).first());
    await this.page.mouse.dblclick(node.x + node.width / 2, node.y + node.height / 2);
    await this.isOpen();
  }

  /** Opens the dialog of a node or of a config node, without a mouse. */
  async open(id: string): Promise<void> {
    await this.page.evaluate((nodeId) => {
      const node = RED.nodes.node(nodeId)!;
      if (node._def.category === "config") RED.editor.editConfig("", node.type, nodeId);
      else RED.editor.edit(node);
    }, id);
    await this.isOpen();
  }

  /** Resolves when a dialog is there, in its place, and has got the focus. */
  async isOpen(): Promise<void> {
    await this.page.waitForFunction((form) => {
      const tray = [...document.querySelectorAll(".red-ui-tray")].at(-1);
      return (
        tray?.querySelector(form) &&
        getComputedStyle(tray).right === "0px" &&
        tray.contains(document.activeElement)
      );
    }, FORM);
  }

  /** Resolves when no dialog is there. */
  async isClosed(): Promise<void> {
    await this.page.waitForSelector(".red-ui-tray", { state: "detached" });
  }

  /** Presses a dialog's Cancel. */
  async cancel(): Promise<void> {
    await this.page.click("#node-dialog-cancel, #node-config-dialog-cancel");
    await this.isClosed();
  }

  /** Opens what is folded away. */
  async unfold(): Promise<void> {
    await this.page.locator(`:is(${FORM}) details`).evaluateAll((all) => {
      for (const details of all) (details as HTMLDetailsElement).open = true;
    });
  }

  /** Presses a dialog's Done. */
  async done(): Promise<void> {
    await this.page.click("#node-dialog-ok");
    await this.page.waitForSelector("#dialog-form", { state: "detached" });
  }

  /** The dialog's fields by name. Their ids begin with `node-input-`, or `node-config-input-` in a config node's dialog. */
  async fields(): Promise<Record<string, FieldValue>> {
    return await this.page.evaluate((form) => {
      const found: Record<string, FieldValue> = {};
      for (const field of document.querySelectorAll(`:is(${form}) [id^="node-"]`)) {
        if (
          !(field instanceof HTMLInputElement) &&
          !(field instanceof HTMLSelectElement) &&
          !(field instanceof HTMLTextAreaElement)
        )
          continue;
        const name = field.id.replace(/^node-(config-)?input-/, "");
        found[name] = field.type === "checkbox" ? (field as HTMLInputElement).checked : field.value;
      }
      return found;
    }, FORM);
  }

  /** Gives a field another value: another option, the box the other way round, or the given text. */
  async change(name: string, text: string): Promise<void> {
    const field = this.page.locator(`#node-input-${name}`);
    // Those in a part that is folded away, or that another choice hides, are shown first.
    await this.page.evaluate((id) => {
      const element = document.getElementById(id);
      const folded = element?.closest("details");
      if (folded) folded.open = true;
    }, `node-input-${name}`);
    if (!(await field.isVisible())) return await this.#changeHidden(name, text);
    const tag = await field.evaluate((element) => `${element.tagName}:${element.getAttribute("type")}`);
    if (tag === "INPUT:checkbox") await field.click();
    else if (tag.startsWith("SELECT")) await field.selectOption(text);
    else await field.fill(text);
  }

  /** A node's settings as the editor has them. */
  async settings(id: string): Promise<Record<string, unknown>> {
    return await this.page.evaluate((nodeId) => {
      const node = RED.nodes.node(nodeId);
      return node ? JSON.parse(JSON.stringify(RED.nodes.convertNode(node, false))) : {};
    }, id);
  }

  /** Which settings of a node the editor finds fault with. */
  async faults(id: string): Promise<unknown> {
    return await this.page.evaluate((nodeId) => RED.nodes.node(nodeId)?.validationErrors ?? [], id);
  }

  /** What the editor knows the type of. */
  #ids(type: string): Promise<string[]> {
    return this.page.evaluate(
      (wanted) => RED.nodes.filterNodes({ type: wanted }).map((node) => node.id),
      type,
    );
  }

  async #changeHidden(name: string, text: string): Promise<void> {
    await this.page.evaluate(
      ([id, value]) => {
        const element = document.getElementById(id as string) as HTMLInputElement;
        if (element.type === "checkbox") element.checked = !element.checked;
        else element.value = value as string;
        element.dispatchEvent(new Event("change", { bubbles: true }));
      },
      [`node-input-${name}`, text],
    );
  }
}

async function boxOf(locator: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  await locator.waitFor();
  const box = await locator.boundingBox();
  if (!box) throw new Error("an element that is to be clicked is not shown");
  return box;
}
