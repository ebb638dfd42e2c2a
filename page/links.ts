/** Links to the other page: they take the filter and the looks along, as these are when the link is followed. */
import { element } from "./dom.ts";
import type { Settings } from "./settings.ts";

/** A link to a page below the seismograph's own address. */
export function pageLink(
  settings: Settings,
  path: string,
  text: string,
  attributes: Record<string, string> = {},
): HTMLAnchorElement {
  return element("a", { ...attributes, "data-path": path, href: settings.linkTo(path) }, text);
}

/** Keeps all links of the page up to date. */
export function keepLinks(settings: Settings): void {
  settings.onChange(() => {
    for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-path]"))
      link.setAttribute("href", settings.linkTo(link.dataset.path!));
  });
}

/** The path of a channel's drum. */
export const drumPath = (id: string): string => `heli/${encodeURIComponent(id)}`;
