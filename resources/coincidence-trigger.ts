/** The dialog of coincidence trigger. */
import { define } from "./shared/define.ts";
import { number } from "./shared/validators.ts";
import { presets } from "./signal/filter-dialog.ts";

const seconds = (min: number) => number({ min, max: 604800, blank: true });

const PRESETS = {
  earthquake: { stations: "3", within: "10", wait: "0", perHour: "0" },
  tremor: { stations: "3", within: "300", wait: "60", perHour: "3" },
};

define("coincidence-trigger", {
  category: "seismology",
  color: "#87A980",
  defaults: {
    preset: { value: "earthquake" },
    stations: { value: "3", validate: number({ min: 1, max: 1000, integer: true, blank: true }) },
    within: { value: "10", validate: seconds(0) },
    veto: { value: "" },
    wait: { value: "0", validate: seconds(0) },
    perHour: { value: "0", validate: number({ min: 0, max: 1000, integer: true, blank: true }) },
    longest: { value: "86400", validate: seconds(1) },
  },
  inputs: 1,
  outputs: 2,
  icon: "coincidence-trigger.svg",
  inputLabels() {
    return this._("coincidence-trigger.port.triggers");
  },
  outputLabels(index: number) {
    return this._(["coincidence-trigger.port.alerts", "coincidence-trigger.port.held"][index]!);
  },
  paletteLabel: "coincidence trigger",
  label() {
    return this.name || "coincidence trigger";
  },
  oneditprepare() {
    presets("#node-input-preset", PRESETS);
  },
});
