/** The dialog of signal measure. */
import { define } from "./shared/define.ts";
import { fieldValue } from "./shared/dialog.ts";
import { number } from "./shared/validators.ts";

const level = number({ min: -1e300, max: 1e300, blank: true });

define("signal-measure", {
  category: "seismology",
  color: "#87A980",
  defaults: {
    window: { value: "60", validate: number({ min: 0.1, max: 86400, blank: true }) },
    statistic: { value: "rsam" },
    removeMean: { value: true },
    combine: { value: "single" },
    on: { value: "", validate: level },
    off: { value: "", validate: level },
    complete: { value: "50", validate: number({ min: 0, max: 100, blank: true }) },
    wait: { value: "30", validate: number({ min: 0, max: 86400, blank: true }) },
  },
  inputs: 1,
  outputs: 2,
  icon: "signal-measure.svg",
  inputLabels() {
    return this._("signal-measure.port.records");
  },
  outputLabels(index: number) {
    return this._(["signal-measure.port.windows", "signal-measure.port.level"][index]!);
  },
  paletteLabel: "signal measure",
  label() {
    return this.name || "signal measure";
  },
  oneditprepare() {
    const update = () => {
      $("#signal-measure-mean").toggle(fieldValue("combine") === "single");
      $("#signal-measure-vector").toggle(fieldValue("combine") === "vector");
    };
    $("#node-input-combine").on("change", update);
    update();
  },
});
