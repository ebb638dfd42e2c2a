/**
 * A tree to pick streams from. Of thousands of streams only the rows that are open are in the page; for the keyboard it is one
 * stop: the arrow keys go from row to row, open and close them, the space bar picks.
 */

import { text } from "../texts.ts";
import { type Branch, type Leaf, search } from "./streams.ts";

/** Rows that are in the page at most: who has more searches. */
const MAX_ROWS = 200;

interface Row {
  branch: Branch;
  level: number;
  /** The streams in it that the search has found. */
  leaves: Leaf[];
}

export class StreamTree {
  readonly #networks: Branch[];
  readonly #onPick: () => void;
  readonly #element: JQuery;
  readonly #open = new Set<Branch>();
  #found: Set<Leaf> | undefined;
  #rows: Row[] = [];
  #current: Branch | undefined;

  /** @param name what the tree is called for those who do not see it */
  constructor(networks: Branch[], name: string, onPick: () => void) {
    this.#networks = networks;
    this.#onPick = onPick;
    if (networks.length === 1) this.#open.add(networks[0]!);
    this.#element = $("<ul>", { class: "datalink-tree", role: "tree", "aria-label": name })
      .attr("aria-multiselectable", "true")
      .on("keydown", (event) => this.#onKey(event))
      .on("click", "li", (event) => this.#onClick(event))
      .on("focusin", "li", ({ currentTarget }) => this.#setCurrent(this.#rowOf(currentTarget)?.branch));
    this.#render();
  }

  get element(): JQuery {
    return this.#element;
  }

  /** Shows what has all of the words; returns how many streams. */
  search(words: string): number {
    this.#found = search(this.#networks, words);
    this.#render();
    this.#element.scrollTop(0);
    return this.#found?.size ?? this.#networks.reduce((sum, { leaves }) => sum + leaves.length, 0);
  }

  #render(): void {
    this.#rows = [];
    let left = 0;
    for (const network of this.#networks) left += this.#gather(network, 1);
    if (!this.#rows.some(({ branch }) => branch === this.#current)) this.#current = this.#rows[0]?.branch;
    const top = this.#element.scrollTop() ?? 0;
    this.#element.empty().append(...this.#rows.map((row, index) => this.#item(row, index)));
    if (left > 0) {
      $("<li>", {
        class: "datalink-tree-more",
        role: "none",
        text: text("more-rows", { count: left }),
      }).appendTo(this.#element);
    }
    this.#element.scrollTop(top);
  }

  /** Adds the rows of a branch; returns how many found no room. */
  #gather(branch: Branch, level: number): number {
    const leaves = this.#found ? branch.leaves.filter((leaf) => this.#found!.has(leaf)) : branch.leaves;
    if (leaves.length === 0) return 0;
    if (this.#rows.length >= MAX_ROWS) return 1;
    this.#rows.push({ branch, level, leaves });
    if (!this.#isOpen(branch)) return 0;
    return branch.children.reduce((left, child) => left + this.#gather(child, level + 1), 0);
  }

  /** A search opens what it finds. */
  #isOpen(branch: Branch): boolean {
    return branch.children.length > 0 && (this.#found !== undefined) !== this.#open.has(branch);
  }

  #item({ branch, level, leaves }: Row, index: number): JQuery {
    const some = leaves.filter((leaf) => leaf.picked).length;
    const checked = some === 0 ? "false" : some === leaves.length ? "true" : "mixed";
    const isOpen = this.#isOpen(branch);
    const item = $("<li>", { role: "treeitem", tabindex: branch === this.#current ? 0 : -1 })
      .attr({ "aria-level": level, "aria-checked": checked, "data-row": index })
      .css("padding-left", `${(level - 1) * 20 + 4}px`);
    const fold = $("<i>", { class: "datalink-tree-fold fa fa-fw", "aria-hidden": "true" }).appendTo(item);
    $("<i>", { class: `fa fa-fw ${BOXES[checked]}`, "aria-hidden": "true" }).appendTo(item);
    $("<span>", { text: branch.label }).appendTo(item);
    if (branch.children.length > 0) {
      fold.addClass(isOpen ? "fa-caret-down" : "fa-caret-right");
      item.attr("aria-expanded", String(isOpen));
      $("<span>", { class: "datalink-unit", text: String(leaves.length) }).appendTo(item);
    }
    return item;
  }

  #rowOf(item: HTMLElement): Row | undefined {
    return this.#rows[Number(item.dataset.row ?? Number.NaN)];
  }

  #setCurrent(branch: Branch | undefined): void {
    if (!branch) return;
    this.#current = branch;
    this.#element.children("[role=treeitem]").each((index, item) => {
      item.tabIndex = this.#rows[index]?.branch === branch ? 0 : -1;
    });
  }

  #focus(branch: Branch | undefined): void {
    const index = this.#rows.findIndex((row) => row.branch === branch);
    this.#element.children().get(index)?.focus();
  }

  #onClick({ currentTarget, target }: JQuery.TriggeredEvent): void {
    const row = this.#rowOf(currentTarget);
    if (!row) return;
    this.#current = row.branch;
    if ($(target).hasClass("datalink-tree-fold") && row.branch.children.length > 0) this.#toggle(row.branch);
    else this.#pick(row);
    this.#focus(row.branch);
  }

  #toggle(branch: Branch): void {
    if (!this.#open.delete(branch)) this.#open.add(branch);
    this.#render();
  }

  #pick({ leaves }: Row): void {
    const isPicked = leaves.every((leaf) => leaf.picked);
    for (const leaf of leaves) leaf.picked = !isPicked;
    this.#render();
    this.#onPick();
  }

  #onKey(event: JQuery.KeyDownEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const at = this.#rows.findIndex(({ branch }) => branch === this.#current);
    const row = this.#rows[at];
    if (!row || !(event.key in KEYS)) return;
    event.preventDefault();
    event.stopPropagation();
    this.#focus(this.#goTo(row, at, event.key) ?? row.branch);
  }

  /** Does what a key says; the branch that it leads to, if it leads elsewhere. */
  #goTo(row: Row, at: number, key: string): Branch | undefined {
    const place = KEYS[key]!(at, this.#rows.length);
    if (place !== undefined) return this.#rows[place]?.branch;
    const { branch } = row;
    const isOpen = this.#isOpen(branch);
    if (key === "ArrowLeft" && !isOpen) return branch.parent;
    if (key === "ArrowRight" && isOpen) return this.#rows[at + 1]?.branch;
    if (key === " ") this.#pick(row);
    else if (branch.children.length > 0) this.#toggle(branch);
    return undefined;
  }
}

const BOXES = { true: "fa-check-square-o", mixed: "fa-minus-square-o", false: "fa-square-o" };

/** The row that a key leads to, where it leads to one by its place alone. */
const KEYS: Record<string, (at: number, count: number) => number | undefined> = {
  ArrowUp: (at) => at - 1,
  ArrowDown: (at) => at + 1,
  Home: () => 0,
  End: (_at, count) => count - 1,
  ArrowLeft: () => undefined,
  ArrowRight: () => undefined,
  " ": () => undefined,
  Enter: () => undefined,
};
