/** The dialog of mseed encode. */
import { define } from "./shared/define.ts";
import { number } from "./shared/validators.ts";

define("mseed-encode", {
  category: "seismology",
  color: "#87A980",
  defaults: {
    formatVersion: { value: "auto" },
    encoding: { value: "auto" },
    recordLength: { value: "512", validate: number({ min: 128, max: 16777216, integer: true }) },
    output: { value: "record" },
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
});
