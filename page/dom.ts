/** Makes elements of the page: no HTML text anywhere, so nothing that comes from outside can become markup. */

type Attributes = Record<string, string | boolean>;
type Child = Node | string;

/** An element with attributes (true: present, false: absent) and children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== false) made.setAttribute(name, value === true ? "" : value);
  made.append(...children);
  return made;
}

/** Writes a text where it is another: what has not changed, screen readers need not look at. */
export function write(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Calls `draw` once before the next picture of the screen, however often it is asked. */
export function once(draw: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  };
}

/** Whether the viewer wants little motion. */
export const wantsLittleMotion = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
