/** The dialog of signal filter. */
import { define } from "./shared/define.ts";
import { number, when } from "./shared/validators.ts";
import { presets, showCorners } from "./signal/filter-dialog.ts";

const LOW = ["highpass", "bandpass", "bandstop"];
const HIGH = ["lowpass", "bandpass", "bandstop"];
const has = (kinds: string[]) => (node: EditorNode) => kinds.includes(node.kind);

const PRESETS = {
  local: { kind: "bandpass", low: "1", high: "20", order: "4" },
  shake: { kind: "bandpass", low: "0.8", high: "9", order: "4" },
  teleseismic: { kind: "bandpass", low: "0.7", high: "2", order: "4" },
  offset: { kind: "highpass", low: "0.5", order: "4" },
  surface: { kind: "bandpass", low: "0.02", high: "0.05", order: "4" },
  integrate: { kind: "highpass", low: "0.075", order: "2" },
};

define("signal-filter", {
  category: "seismology",
  color: "#87A980",
  defaults: {
    preset: { value: "local" },
    kind: { value: "bandpass" },
    low: { value: "1", validate: when(has(LOW), number({ min: 1e-6, max: 1e6 })) },
    high: { value: "20", validate: when(has(HIGH), number({ min: 1e-6, max: 1e6 })) },
    order: { value: "4", validate: number({ min: 1, max: 10, integer: true, blank: true }) },
    mean: { value: "60", validate: when(has(["mean"]), number({ min: 0.1, max: 86400, blank: true })) },
    start: { value: "rest" },
    gap: { value: "0", validate: number({ min: 0, max: 1000, blank: true }) },
  },
  inputs: 1,
  outputs: 1,
  icon: "signal-filter.svg",
  inputLabels() {
    return this._("signal-filter.port.records");
  },
  outputLabels() {
    return this._("signal-filter.port.filtered");
  },
  paletteLabel: "signal filter",
  label() {
    return this.name || "signal filter";
  },
  oneditprepare() {
    showCorners("kind", {
      "#signal-filter-low": LOW,
      "#signal-filter-high": HIGH,
      "#signal-filter-order, #signal-filter-start": [...LOW, "lowpass"],
      "#signal-filter-mean": ["mean"],
    });
    presets("#node-input-preset", PRESETS);
  },
});
