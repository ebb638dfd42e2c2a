/** The dialog of mseed archive. */
import { ARCHIVE_DEFAULTS, pathExample } from "./shared/archive-dialog.ts";
import { define } from "./shared/define.ts";
import { fieldValue, showWhen } from "./shared/dialog.ts";
import { required, when } from "./shared/validators.ts";

define("mseed-archive", {
  category: "seismology",
  color: "#DEB887",
  defaults: {
    ...ARCHIVE_DEFAULTS,
    layout: { value: "SDS" },
    pattern: {
      value: "%Y/%n/%s/%c.D/%n.%s.%l.%c.D.%Y.%j",
      validate: when(({ layout }) => layout === "own", required),
    },
  },
  inputs: 1,
  outputs: 1,
  icon: "mseed-archive.svg",
  align: "right",
  outputLabels() {
    return this._("mseed-archive.port.written");
  },
  paletteLabel: "mseed archive",
  label() {
    return this.name || "mseed archive";
  },
  oneditprepare() {
    showWhen(".mseed-archive-own", "#node-input-layout", ["own"]);
    pathExample("#mseed-archive-example", "mseed", () => {
      const layout = fieldValue("layout");
      return layout === "own" ? fieldValue("pattern") : `${layout}@`;
    });
  },
});
