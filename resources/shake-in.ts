/** The dialog of shake in. */
import { define } from "./shared/define.ts";
import { code, number } from "./shared/validators.ts";

define("shake-in", {
  category: "seismology",
  color: "#3FADB5",
  defaults: {
    station: { value: "", validate: code(1) },
    network: { value: "AM", validate: code(1) },
    location: { value: "00", validate: code(0) },
    port: { value: "8888", validate: number({ min: 1, max: 65535, integer: true }) },
    host: { value: "" },
    allow: { value: "" },
    rate: { value: "", validate: number({ min: 1, max: 1000, blank: true }) },
    seconds: { value: "1", validate: number({ min: 0.1, max: 60, blank: true }) },
  },
  inputs: 0,
  outputs: 1,
  icon: "shake-in.svg",
  outputLabels() {
    return this._("shake-in.port.records");
  },
  paletteLabel: "shake in",
  label() {
    return this.name || (this.station ? `shake in ${this.station}` : "shake in");
  },
});
