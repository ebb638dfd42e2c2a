/** Gives the viewer a file. */
import { element } from "./dom.ts";

/** How long a file's address stays valid, in milliseconds: browsers begin to read it a little later. */
const READING = 60_000;

export function saveAs(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), READING);
}
