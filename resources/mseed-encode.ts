/** The dialog of mseed encode. */
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { number, when } from "./shared/validators.ts";

define("mseed-encode", {
  category: "seismology",
  color: "#87A980",
  defaults: {
    formatVersion: { value: "auto" },
    encoding: { value: "auto" },
    recordLength: { value: "512", validate: number({ min: 128, max: 16777216, integer: true }) },
    output: { value: "record" },
    fill: { value: "full" },
    wait: {
      value: "5",
      validate: when(({ fill }) => fill === "full", number({ min: 0.1, max: 3600, blank: true })),
    },
  },
  inputs: 1,
  outputs: 1,
  icon: "mseed-encode.svg",
  inputLabels() {
    return this._("mseed-encode.port.samples");
  },
  outputLabels() {
    return this._("mseed-encode.port.records");
  },
  paletteLabel: "mseed encode",
  label() {
    return this.name || "mseed encode";
  },
  oneditprepare() {
    // A node of 0.1.0 goes on as it did until somebody chooses otherwise.
    if (this.fill === undefined) $("#node-input-fill").val("message");
    if (this.wait === undefined) $("#node-input-wait").val("5");
    showWhen(".mseed-encode-wait", "#node-input-fill", ["full"]);
  },
});
