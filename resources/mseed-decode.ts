/** The dialog of mseed decode. */

import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { number, when } from "./shared/validators.ts";

define("mseed-decode", {
  category: "seismology",
  color: "#87A980",
  defaults: {
    output: { value: "record" },
    samples: { value: "counts" },
    factor: {
      value: "1",
      validate: when(({ samples }) => samples === "scaled", number({ min: -1e300, max: 1e300 })),
    },
    problems: { value: "warn" },
  },
  inputs: 1,
  outputs: 1,
  icon: "mseed-decode.svg",
  inputLabels() {
    return this._("mseed-decode.port.bytes");
  },
  outputLabels() {
    return this._("mseed-decode.port.records");
  },
  paletteLabel: "mseed decode",
  label() {
    return this.name || "mseed decode";
  },
  oneditprepare() {
    showWhen(".mseed-decode-factor", "#node-input-samples", ["scaled"]);
  },
});
