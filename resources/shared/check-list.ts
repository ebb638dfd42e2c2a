/** Lists of items with check boxes. */
import { reachedFrom } from "./canvas/downstream.ts";
import { text } from "./texts.ts";

interface Item {
  label: string;
  [property: string]: unknown;
}

/** Where the arrow keys lead, by the number of the box that has the focus. */
const NEXT: Record<string, (at: number, count: number) => number> = {
  ArrowUp: (at) => at - 1,
  ArrowDown: (at) => at + 1,
  Home: () => 0,
  End: (_at, count) => count - 1,
};

/**
 * For the keyboard a list is one stop: the arrow keys go from box to box, as nobody wants to press Tab a thousand times. The
 * tree's own keys are kept away: they check whatever they pass.
 */
export function checkList(container: string | JQuery, items: Item[], name: string): JQuery {
  const data = items.map((item) => ({ ...item, checkbox: true }));
  const list = $(container as JQuery).treeList({ multi: true, data });
  const boxes = list.attr({ role: "group", "aria-label": name, tabindex: -1 }).find("input").toArray();
  for (const [at, box] of boxes.entries())
    $(box).attr({ "aria-label": items[at]!.label, tabindex: at === 0 ? 0 : -1 });
  const goTo = (box: HTMLElement, options?: FocusOptions) => {
    for (const other of boxes) other.tabIndex = other === box ? 0 : -1;
    box.focus(options);
  };
  $(boxes)
    .on("focus blur", ({ type, target }) => {
      const isFocused = type === "focus";
      const label = $(target).closest(".red-ui-treeList-label").toggleClass("focus", isFocused);
      label.trigger(isFocused ? "mouseover" : "mouseout");
    })
    .on("change", ({ target }) => goTo(target))
    .on("keydown", (event) => {
      const { key } = event;
      if (event.ctrlKey || event.metaKey || event.altKey || !/^(Arrow|Home$|End$|Enter$| $)/.test(key))
        return;
      event.stopPropagation();
      const next = NEXT[key]?.(boxes.indexOf(event.target), boxes.length);
      const box = next === undefined ? undefined : boxes[next];
      if (!box) return;
      event.preventDefault();
      goTo(box);
    });
  // A click focuses the list; it must not scroll away before the mouse button is up.
  list.on("focus", () => {
    const box = boxes.find(({ tabIndex }) => tabIndex === 0);
    if (box) goTo(box, { preventScroll: true });
  });
  return list;
}

interface NodeItem extends Item {
  node: EditorNode;
  isReached: boolean;
}

/** Where a node leads to: by its wires, of one output or of all, and from one link node to another. */
function nextNodes(id: string, port?: number): string[] {
  const node = RED.nodes.node(id);
  const links: string[] = node && /^link (out|call)$/.test(node.type) ? (node.links ?? []) : [];
  const wired = RED.nodes
    .filterLinks({ source: { id } })
    .filter(({ sourcePort }) => port === undefined || sourcePort === port)
    .map(({ target }) => target.id);
  return [...wired, ...links];
}

/**
 * A list of the flow's nodes with check boxes, as in the Complete node's dialog: first those that the wires of the node's first
 * output lead to. Below it stands which of the checked ones no wire reaches: they never get what they are waited for.
 */
export function nodeList(container: string, node: EditorNode, chosen: string[], name: string): void {
  // What comes back to the node itself ends there.
  const reached = reachedFrom(nextNodes(node.id, 0), (id) => (id === node.id ? [] : nextNodes(id)));
  const items: NodeItem[] = RED.nodes
    .filterNodes({ z: node.z })
    .filter((other) => other.id !== node.id && other.inputs > 0 && !other.type.startsWith("subflow:"))
    .map((other) => {
      const label: unknown = RED.nodes.getType(other.type).label;
      const shown = (typeof label === "function" ? label.call(other) : label) || other.type;
      const isReached = reached.has(other.id);
      const sublabel = isReached ? other.type : text("no-wire");
      return { node: other, label: shown, sublabel, isReached, selected: chosen.includes(other.id) };
    })
    .sort(
      (left, right) =>
        Number(right.isReached) - Number(left.isReached) || left.label.localeCompare(right.label),
    );
  const highlight = (item: NodeItem, on: boolean) => {
    item.node.highlighted = on;
    item.node.dirty = true;
    RED.view.redraw();
  };
  const warning = $("<div>")
    .addClass("datalink-hint datalink-bad")
    .attr("role", "status")
    .insertAfter($(container).closest(".form-row"));
  const warn = () => {
    const astray = checkedItems(container).filter(({ isReached }) => !isReached);
    const names = astray.map(({ label }) => label).join(", ");
    warning.text(astray.length > 0 ? text("unreached", { nodes: names }) : "");
  };
  checkList(container, items, name)
    .on("treelistitemmouseover", (_event, item) => highlight(item, true))
    .on("treelistitemmouseout", (_event, item) => highlight(item, false))
    .on("treelistselect", warn);
  warn();
}

function checkedItems(container: string): NodeItem[] {
  return $(container).treeList("selected");
}

/** The ids of the nodes that are checked. */
export function chosenNodes(container: string): string[] {
  return checkedItems(container).map(({ node }) => node.id);
}
