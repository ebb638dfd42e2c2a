/** The dialog of station metadata. */
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { required, when } from "./shared/validators.ts";

const is = (source: string) => (node: EditorNode) => node.source === source;

define("station-metadata", {
  category: "config",
  defaults: {
    source: { value: "service" },
    service: { value: "https://service.earthscope.org", validate: when(is("service"), required) },
    file: { value: "", validate: when(is("file"), required) },
    table: { value: "", validate: when(is("table"), required) },
  },
  paletteLabel: "station metadata",
  label() {
    return this.name || "station metadata";
  },
  oneditprepare() {
    for (const source of ["service", "file", "table"])
      showWhen(`#station-metadata-${source}, #station-metadata-${source}-hint`, "#node-config-input-source", [
        source,
      ]);
  },
});
