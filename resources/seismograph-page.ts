/** The dialog of seismograph page. */
import { define } from "./shared/define.ts";
import { fieldValue } from "./shared/dialog.ts";
import { bandViews, number, pagePath } from "./shared/validators.ts";

/** Where the page will be, as far as the browser can tell. While it is typed it may be any text. */
function addressOf(path: string): string {
  const root = String(RED.settings.httpNodeRoot || "/").replace(/\/$/, "");
  const place = (path.trim() || "/seismo").replace(/^\/+|\/+$/g, "");
  const url = new URL(location.origin);
  url.pathname = `${root}/${place}/`.replace(/\/+/g, "/");
  return url.href;
}

define("seismograph-page", {
  category: "seismology",
  color: "#A6BBCF",
  defaults: {
    path: { value: "/seismo", validate: pagePath },
    title: { value: "" },
    views: { value: "raw, 1-20, 0.7-2", validate: bandViews },
    hours: { value: "24", validate: number({ min: 1, max: 168, blank: true }) },
    line: { value: "30" },
    raw: { value: "60", validate: number({ min: 1, max: 1440, blank: true }) },
    archive: { value: "" },
    channels: { value: "200", validate: number({ min: 1, max: 200, blank: true }) },
    memory: { value: "1024", validate: number({ min: 1, max: 65536, blank: true }) },
  },
  inputs: 1,
  outputs: 0,
  align: "right",
  icon: "seismograph-page.svg",
  inputLabels() {
    return this._("seismograph-page.port.records");
  },
  paletteLabel: "seismograph page",
  label() {
    return this.name || this.path || "seismograph page";
  },
  oneditprepare() {
    const link = $("#seismograph-page-link");
    const update = () => {
      const address = addressOf(fieldValue("path"));
      link.attr("href", address).text(address);
    };
    $("#node-input-path").on("input change", update);
    update();
  },
});
