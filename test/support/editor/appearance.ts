// How an open dialog looks to a person: which texts it shows in which colours, and which of them do not fit.
import type { Page } from "playwright-core";
import { FORM } from "./dialogs.ts";

/** A text that is shown, with its colour and that of the ground below it as `rgb(r, g, b)`. */
export interface ShownText {
  text: string;
  colour: string;
  ground: string;
}

/** A text that comes from a catalog, and where it is shown. */
export interface CatalogText {
  /** Of the namespace of a node, such as `datalink-in.label.match`; or `node-red:` and one of the editor's own. */
  key: string;
  shown: string;
}

/** Functions of the page, defined in it once. */
declare global {
  interface Window {
    appearance: {
      texts: () => ShownText[];
      misfits: () => string[];
      hasUsualFont: () => boolean;
      fromCatalog: () => CatalogText[];
      strings: () => string[];
    };
  }
}

export class Appearance {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** All texts of the dialog whose colours are this package's choice, of what can be used at the moment. */
  async texts(): Promise<ShownText[]> {
    return await this.#page.evaluate(() => window.appearance.texts());
  }

  /** Whether the editor's font here is as wide as on most computers: with a wider one less fits. */
  async hasUsualFont(): Promise<boolean> {
    return await this.#page.evaluate(() => window.appearance.hasUsualFont());
  }

  /** What does not fit: sentences that name it. Chinese and Japanese is replaced in the dialog by dashes of its width. */
  async misfits(): Promise<string[]> {
    return await this.#page.evaluate(() => window.appearance.misfits());
  }

  async fromCatalog(): Promise<CatalogText[]> {
    return await this.#page.evaluate(() => window.appearance.fromCatalog());
  }

  /** All that a person could get to read or hear, one by one. */
  async strings(): Promise<string[]> {
    return await this.#page.evaluate(() => window.appearance.strings());
  }

  /** To be called once the page is loaded. */
  async prepare(): Promise<void> {
    await this.#page.evaluate(definePageFunctions, FORM);
  }
}

/** Runs in the page. */
function definePageFunctions(formSelector: string): void {
  /** Pixels that browsers may be off when they round. */
  const ROUNDING = 1.5;

  const form = () => document.querySelector<HTMLElement>(formSelector)!;
  const elements = () =>
    [...form().querySelectorAll<HTMLElement>("*")].filter(
      (element) => element.checkVisibility({ visibilityProperty: true }) && !/^red-ui-trap/.test(element.id),
    );
  /** How the editor colours its buttons and the types of nodes in its lists is its own. */
  const isOurs = (element: Element) =>
    !element.closest(":disabled, .red-ui-button, .red-ui-treeList-sublabel-text");
  /** The texts that an element itself holds. */
  const ownTexts = (element: Element) =>
    element.tagName === "OPTION"
      ? []
      : [...element.childNodes].filter(
          (node): node is Text => node instanceof Text && /\S/.test(node.data.replaceAll("\u00a0", "")),
        );
  const lettersOf = (text: string) => text.trim().replace(/\s+/g, " ");

  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
  /** The colour that comes out when all these are laid over each other. */
  const painted = (colours: string[]) => {
    pixel.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      pixel.fillStyle = colour;
      pixel.fillRect(0, 0, 1, 1);
    }
    const [r, g, b] = pixel.getImageData(0, 0, 1, 1).data;
    return `rgb(${r}, ${g}, ${b})`;
  };
  const coloursOf = (element: Element, pseudo?: string) => {
    const grounds: string[] = [];
    for (let at: Element | null = element; at; at = at.parentElement) {
      grounds.unshift(getComputedStyle(at).backgroundColor);
    }
    const ground = ["white", ...grounds];
    return {
      colour: painted([...ground, getComputedStyle(element, pseudo).color]),
      ground: painted(ground),
    };
  };

  const measure = document.createElement("canvas").getContext("2d")!;
  const widthOf = (text: string, element: Element) => {
    measure.font = getComputedStyle(element).font;
    return measure.measureText(text).width;
  };

  /** The small letters of Arial, or of a font that takes its place, in thousandths of its size. */
  const LETTERS = "abcdefghijklmnopqrstuvwxyz";
  const LETTERS_WIDTH = 12728;
  /** What is as wide as it is high. Few machines for tests have a font for these; a dash is as wide, and may break here too. */
  const SQUARE = /[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]/g;
  const DASH = "\u2014\u200b";
  const standIn = () => {
    const walker = document.createTreeWalker(form(), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode as Text;
      const stood = text.data.replace(SQUARE, DASH);
      if (stood !== text.data) text.data = stood;
    }
    for (const field of form().querySelectorAll<HTMLInputElement>("[placeholder]")) {
      field.placeholder = field.placeholder.replace(SQUARE, DASH);
    }
  };
  const nameOf = (element: HTMLElement) => element.id || element.tagName.toLowerCase();
  /** Room for text within an element. */
  const roomIn = (element: HTMLElement) => {
    const { paddingLeft, paddingRight } = getComputedStyle(element);
    return element.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
  };

  /** How wide a select would be if it showed this option whole. */
  const widthWith = (select: HTMLSelectElement, option: HTMLOptionElement) => {
    const free = document.createElement("select");
    free.append(new Option(option.text));
    free.style.cssText = "position: absolute; visibility: hidden; width: auto; max-width: none; min-width: 0";
    select.after(free);
    const width = free.offsetWidth;
    free.remove();
    return width;
  };

  /** Words that are broken in the middle although they have no hyphen there; scripts without spaces break anywhere. */
  const brokenWords = (node: Text): string[] => {
    const range = document.createRange();
    return [...node.data.matchAll(/[\p{Script=Latin}\p{Mark}\u00ad-]{2,}/gu)].flatMap(
      ({ 0: word, index }) => {
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
        return lines.size > 1 && !/[\u00ad-]/.test(word) ? [word] : [];
      },
    );
  };

  const misfitsOf = (element: HTMLElement): string[] => {
    const found: string[] = [];
    const edge = form().getBoundingClientRect().right;
    const { right } = element.getBoundingClientRect();
    if (right > edge + ROUNDING)
      found.push(`${nameOf(element)} ends ${Math.round(right - edge)} pixels outside`);
    for (const node of ownTexts(element)) {
      const text = lettersOf(node.data);
      const range = document.createRange();
      range.selectNodeContents(node);
      const box = (
        element.closest("label, button, summary, p, code, .datalink-hint, .red-ui-treeList-label") ?? element
      ).getBoundingClientRect();
      const end = Math.max(...[...range.getClientRects()].map((rectangle) => rectangle.right));
      if (end > Math.min(box.right, edge) + ROUNDING) found.push(`"${text}" ends outside its place`);
      // A path in a hint has to be broken somewhere.
      const isSentence = !element.closest(".datalink-hint, code");
      if (isSentence) {
        for (const word of brokenWords(node)) found.push(`"${word}" of "${text}" is broken in the middle`);
      }
    }
    if (element instanceof HTMLSelectElement) {
      for (const option of element.options) {
        const excess = widthWith(element, option) - element.offsetWidth;
        if (excess > 0)
          found.push(`"${option.text}" is ${Math.round(excess)} pixels too long for ${nameOf(element)}`);
      }
    }
    if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) {
      const lines = element.placeholder.split("\n");
      const excess = Math.max(...lines.map((line) => widthOf(line, element))) - roomIn(element);
      if (excess > ROUNDING)
        found.push(
          `"${element.placeholder}" is ${Math.round(excess)} pixels too long for ${nameOf(element)}`,
        );
    }
    return found;
  };

  /** The labels that run into what stands beside them. */
  const collisions = (): string[] =>
    [...form().querySelectorAll<HTMLElement>(".form-row")]
      .filter((row) => row.checkVisibility())
      .flatMap((row) => {
        const parts = [...row.children].filter((part) => part.checkVisibility());
        return parts.slice(1).flatMap((part, at) => {
          const before = parts[at]!.getBoundingClientRect();
          const after = part.getBoundingClientRect();
          const isBeside = after.left >= before.right - ROUNDING;
          const isWrapped = !isBeside && after.top >= before.bottom - ROUNDING && part.tagName !== "DIV";
          return isWrapped
            ? [`${nameOf(part as HTMLElement)} does not fit beside "${lettersOf(row.textContent)}"`]
            : [];
        });
      });

  window.appearance = {
    texts: () =>
      elements()
        .filter(isOurs)
        .flatMap((element) => {
          const shown = ownTexts(element).map((node) => ({
            text: lettersOf(node.data),
            ...coloursOf(element),
          }));
          if (element instanceof HTMLSelectElement) {
            shown.push({ text: element.selectedOptions[0]?.text ?? "", ...coloursOf(element) });
          }
          if (element instanceof HTMLInputElement && element.value) {
            shown.push({ text: element.value, ...coloursOf(element) });
          }
          return shown;
        }),
    hasUsualFont: () => {
      const family = getComputedStyle(document.documentElement).getPropertyValue("--red-ui-primary-font");
      measure.font = `1000px ${family}`;
      return Math.abs(measure.measureText(LETTERS).width - LETTERS_WIDTH) < 10;
    },
    misfits: () => {
      standIn();
      const found = elements().flatMap(misfitsOf);
      for (const box of [form(), form().closest<HTMLElement>(".red-ui-tray-body")!]) {
        if (box.scrollWidth > box.clientWidth)
          found.push(`${box.className} is ${box.scrollWidth} wide in ${box.clientWidth}`);
      }
      return [...found, ...collisions()];
    },
    fromCatalog: () =>
      [...form().querySelectorAll<HTMLElement>("[data-i18n]")].flatMap((element) =>
        element.dataset.i18n!.split(";").map((entry) => {
          const [, attribute, key] = /^(?:\[(.*?)\])?(.*)$/.exec(entry)!;
          const shown = attribute ? element.getAttribute(attribute) : element.textContent;
          return { key: key!, shown: lettersOf(shown ?? "") };
        }),
      ),
    strings: () =>
      [...form().querySelectorAll<HTMLElement>("*")].flatMap((element) =>
        [
          ...ownTexts(element).map((node) => node.data),
          element instanceof HTMLOptionElement ? element.text : null,
          ...["placeholder", "title", "aria-label"].map((name) => element.getAttribute(name)),
        ].flatMap((text) => (text ? [lettersOf(text)] : [])),
      ),
  };
}
