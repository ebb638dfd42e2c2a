/** Lists of items with check boxes. */

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
}

/** A list of the flow's nodes with check boxes, as in the Complete node's dialog. */
export function nodeList(container: string, node: EditorNode, chosen: string[], name: string): void {
  const items: NodeItem[] = RED.nodes
    .filterNodes({ z: node.z })
    .filter((other) => other.id !== node.id && other.inputs > 0 && !other.type.startsWith("subflow:"))
    .map((other) => {
      const label: unknown = RED.nodes.getType(other.type).label;
      const shown = (typeof label === "function" ? label.call(other) : label) || other.type;
      return { node: other, label: shown, sublabel: other.type, selected: chosen.includes(other.id) };
    })
    .sort((left, right) => left.label.localeCompare(right.label));
  const highlight = (item: NodeItem, on: boolean) => {
    item.node.highlighted = on;
    item.node.dirty = true;
    RED.view.redraw();
  };
  checkList(container, items, name)
    .on("treelistitemmouseover", (_event, item) => highlight(item, true))
    .on("treelistitemmouseout", (_event, item) => highlight(item, false));
}

/** The ids of the nodes that are checked. */
export function chosenNodes(container: string): string[] {
  return $(container)
    .treeList("selected")
    .map((item: NodeItem) => item.node.id);
}
