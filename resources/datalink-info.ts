/** The dialog of datalink info. */

import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { LEAST_PATTERN, TextLength } from "./shared/streams/text-length.ts";
import { pattern } from "./shared/validators.ts";

define("datalink-info", {
  category: "seismology",
  color: "#3FADB5",
  defaults: {
    connection: { value: "", type: "datalink-connection", required: true },
    request: { value: "status" },
    match: { value: "", validate: pattern },
  },
  inputs: 1,
  outputs: 1,
  icon: "datalink-info.svg",
  inputLabels() {
    return this._("datalink-info.port.ask");
  },
  outputLabels() {
    return this._("datalink-info.port.answer");
  },
  paletteLabel: "datalink info",
  label() {
    return this.name || "datalink info";
  },
  oneditprepare() {
    new TextLength(LEAST_PATTERN, "test").watch("#node-input-match");
    showWhen(".datalink-info-match", "#node-input-request", ["streams", "connections"]);
  },
});
