/** The page of the seismograph in a browser: live, or the drum of one channel, as the address says. */
import { DrumPage } from "./drum-page.ts";
import { keepLinks } from "./links.ts";
import { LivePage } from "./live-page.ts";
import { Settings } from "./settings.ts";
import { keepAwake } from "./wall.ts";

const settings = new Settings();
keepLinks(settings);
const root = new URL(document.baseURI).pathname;
const drum = /^heli\/([^/]+)$/.exec(location.pathname.slice(root.length))?.[1];
if (drum === undefined) new LivePage(settings);
else new DrumPage(settings, decoded(drum));
if (settings.isWall) keepAwake();

/** The id in an address; one that is badly written stands for itself, and there is no channel of that name. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
