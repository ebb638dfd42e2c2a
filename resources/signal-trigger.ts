/** The dialog of signal trigger, and the button that tries the alarm chain behind it. */
import { define } from "./shared/define.ts";
import { ask } from "./shared/dialog.ts";
import { number, when } from "./shared/validators.ts";
import { presets, showCorners } from "./signal/filter-dialog.ts";

const LOW = ["highpass", "bandpass"];
const HIGH = ["bandpass"];
const has = (kinds: string[]) => (node: EditorNode) => kinds.includes(node.filter);
const seconds = (min: number) => number({ min, max: 86400, blank: true });
const corner = number({ min: 1e-6, max: 1e6 });

const PRESETS = {
  shake: {
    method: "recursive",
    sta: "6",
    lta: "30",
    on: "3.95",
    off: "0.9",
    filter: "bandpass",
    low: "0.8",
    high: "9",
  },
  teleseismic: {
    ...{ method: "classic", sta: "2", lta: "80", on: "3", off: "1.5" },
    ...{ filter: "bandpass", low: "0.7", high: "2" },
  },
  local: {
    method: "recursive",
    sta: "0.5",
    lta: "10",
    on: "3.5",
    off: "1",
    filter: "bandpass",
    low: "1",
    high: "20",
  },
};

define("signal-trigger", {
  category: "seismology",
  color: "#87A980",
  defaults: {
    preset: { value: "shake" },
    method: { value: "recursive" },
    sta: { value: "6", validate: seconds(0.001) },
    lta: { value: "30", validate: seconds(0.001) },
    on: { value: "3.95", validate: number({ min: 0, max: 1e6, blank: true }) },
    off: { value: "0.9", validate: number({ min: 0, max: 1e6, blank: true }) },
    filter: { value: "bandpass" },
    low: { value: "0.8", validate: when(has(LOW), corner) },
    high: { value: "9", validate: when(has(HIGH), corner) },
    minimum: { value: "0", validate: seconds(0) },
    deadTime: { value: "0", validate: seconds(0) },
    longest: { value: "0", validate: seconds(0) },
    noData: { value: "60", validate: seconds(0) },
    gap: { value: "0", validate: number({ min: 0, max: 1000, blank: true }) },
    holdLta: { value: false },
    ratioOutput: { value: false },
  },
  inputs: 1,
  outputs: 3,
  icon: "signal-trigger.svg",
  inputLabels() {
    return this._("signal-trigger.port.records");
  },
  outputLabels(index: number) {
    return this._(
      ["signal-trigger.port.triggers", "signal-trigger.port.same", "signal-trigger.port.ratio"][index]!,
    );
  },
  paletteLabel: "signal trigger",
  label() {
    return this.name || "signal trigger";
  },
  button: {
    enabled() {
      return !this.changed;
    },
    onclick() {
      ask("POST", `trigger-test/${this.id}`, {}, ({ error }) => {
        RED.notify(error ?? this._("signal-trigger.test.sent"), {
          type: error ? "error" : "success",
          timeout: 3000,
        });
      });
    },
  },
  oneditprepare() {
    showCorners("filter", { "#signal-trigger-low": LOW, "#signal-trigger-high": HIGH });
    presets("#node-input-preset", PRESETS);
  },
});
