/** Elements of SVG. */

export function svg(
  parent: Element,
  tag: string,
  attributes: Record<string, string | number>,
  text?: string,
): Element {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
}
