/** The dialog of jsonl archive. */
import { ARCHIVE_DEFAULTS, pathExample } from "./shared/archive-dialog.ts";
import { define } from "./shared/define.ts";
import { fieldValue } from "./shared/dialog.ts";

define("jsonl-archive", {
  category: "seismology",
  color: "#DEB887",
  defaults: {
    ...ARCHIVE_DEFAULTS,
    pattern: { value: "%n/%s/%Y/%j/%n.%s.%l.%c.%Y.%j.%H.jsonl", required: true },
  },
  inputs: 1,
  outputs: 1,
  icon: "jsonl-archive.svg",
  align: "right",
  outputLabels() {
    return this._("jsonl-archive.port.written");
  },
  paletteLabel: "jsonl archive",
  label() {
    return this.name || "jsonl archive";
  },
  oneditprepare() {
    pathExample("#jsonl-archive-example", "jsonl", () => fieldValue("pattern"));
  },
});
