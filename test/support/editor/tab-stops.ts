// What the Tab key stops at in an open dialog, as a person without a mouse gets to know it.
import type { Page } from "playwright-core";
import { FORM } from "./dialogs.ts";

/** A stop of the Tab key. */
export interface Stop {
  /** Its id; what has none is named by its kind and its place among those. */
  key: string;
  kind: "text" | "checkbox" | "select" | "button" | "summary";
  /** What a screen reader calls it. */
  name: string;
  /** From the top left corner of the form, in pixels. */
  x: number;
  y: number;
  /** What it holds, or whether it is checked; nothing of what holds nothing. */
  value: string | boolean | undefined;
  /** How it looks while it has the focus. */
  look: string;
}

/** Functions of the page, defined in it once. */
interface PageHelpers {
  controls: () => HTMLElement[];
  heldBy: (element: HTMLElement) => string | boolean | undefined;
  describe: (element: HTMLElement) => Stop;
  look: (element: HTMLElement) => string;
  seen: HTMLElement[];
}
declare global {
  interface Window {
    tabStops: PageHelpers;
  }
}

/** Presses of Tab after which a dialog has been gone through, whatever it holds. */
const ENOUGH = 80;

export class TabStops {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** To be called once the page is loaded: how to see what has the focus. */
  async prepare(): Promise<void> {
    // A colour on its way to another one could not be compared.
    await this.#page.addStyleTag({ content: "* { transition: none !important }" });
    await this.#page.evaluate((form) => {
      const isShown = (element: HTMLElement) => element.checkVisibility() && !/^red-ui-trap/.test(element.id);
      const tag = (element: HTMLElement) => element.tagName.toLowerCase();
      const controls = () =>
        [...document.querySelectorAll<HTMLElement>(`:is(${form}) *`)].filter(
          (element) => isShown(element) && element.tabIndex >= 0 && element.closest(form),
        );
      const kind = (element: HTMLElement): Stop["kind"] => {
        if (element instanceof HTMLInputElement) return element.type === "checkbox" ? "checkbox" : "text";
        if (tag(element) === "select" || tag(element) === "summary") return tag(element) as Stop["kind"];
        return "button";
      };
      const nameOf = (element: HTMLElement): string => {
        const label = element.getAttribute("aria-label");
        if (label) return label.trim();
        const labels = [...((element as HTMLInputElement).labels ?? [])];
        if (labels.length > 0)
          return labels
            .map(({ textContent }) => textContent)
            .join(" ")
            .trim();
        return (element.textContent ?? "").trim();
      };
      const heldBy = (element: HTMLElement) => {
        const { type, checked, value } = element as HTMLInputElement;
        return type === "checkbox" ? checked : value;
      };
      /** What shows the focus: its own frame, or that of the row of a list which it is in. */
      const look = (element: HTMLElement) =>
        [element, element.closest(".red-ui-treeList-label")]
          .map((shown) => {
            if (!shown) return "";
            const { outline, border, boxShadow, backgroundColor, color } = getComputedStyle(shown);
            return [outline, border, boxShadow, backgroundColor, color].join();
          })
          .join(";");
      window.tabStops = {
        controls,
        heldBy,
        look,
        seen: [],
        describe(element) {
          const box = element.getBoundingClientRect();
          const origin = element.closest(form)!.getBoundingClientRect();
          const alike = [...document.querySelectorAll(`:is(${form}) ${tag(element)}`)];
          return {
            key: element.id || `${tag(element)} ${alike.indexOf(element)}`,
            kind: kind(element),
            name: nameOf(element),
            value: heldBy(element),
            x: box.x - origin.x,
            y: box.y - origin.y,
            look: look(element),
          };
        },
      };
    }, FORM);
  }

  /** All that Tab should stop at in the dialog as it is now. */
  async expected(): Promise<string[]> {
    return await this.#page.evaluate(() =>
      window.tabStops.controls().map((element) => window.tabStops.describe(element).key),
    );
  }

  /**
   * Presses Tab until the form has been gone through; at each stop in it `visit` may press other keys. Resolves with the stops
   * in order.
   */
  async walk(visit: (stop: Stop) => Promise<void> = async () => {}): Promise<Stop[]> {
    const stops: Stop[] = [];
    await this.#page.evaluate(() => {
      window.tabStops.seen = [];
    });
    for (let presses = 0; presses < ENOUGH; presses++) {
      await this.#page.keyboard.press("Tab");
      const stop = await this.#focused();
      if (stop) {
        stops.push(stop);
        await visit(stop);
      } else if (stops.length > 0) return stops;
    }
    throw new Error(`Tab does not leave the dialog: ${stops.map(({ key }) => key).join()}`);
  }

  /** Presses Tab until the stop is reached. */
  async goTo(key: string): Promise<Stop> {
    for (let presses = 0; presses < ENOUGH; presses++) {
      await this.#page.keyboard.press("Tab");
      const stop = await this.#focused();
      if (stop?.key === key) return stop;
    }
    throw new Error(`Tab does not stop at ${key}`);
  }

  /** What a control holds now, by its id. */
  async value(id: string): Promise<string | boolean | undefined> {
    return await this.#page.evaluate((own) => window.tabStops.heldBy(document.getElementById(own)!), id);
  }

  /** Those that look, now without the focus, as they looked with it. */
  async unseen(stops: Stop[]): Promise<string[]> {
    const looks = await this.#page.evaluate(() => window.tabStops.seen.map(window.tabStops.look));
    return stops.filter(({ look }, at) => looks[at] === look).map(({ key }) => key);
  }

  /** What has the focus, if it is in the form. */
  async #focused(): Promise<Stop | undefined> {
    return await this.#page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      if (!window.tabStops.controls().includes(element)) return undefined;
      window.tabStops.seen.push(element);
      return window.tabStops.describe(element);
    });
  }
}
