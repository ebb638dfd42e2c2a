/** The dialog of ground motion. */
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { number, required, when } from "./shared/validators.ts";

const is = (source: string) => (node: EditorNode) => node.source === source;
const isConverted = (node: EditorNode) => node.to !== "same";

define("ground-motion", {
  category: "seismology",
  color: "#87A980",
  defaults: {
    source: { value: "number" },
    sensitivity: { value: "", validate: when(is("number"), number({ min: -1e300, max: 1e300 })) },
    units: { value: "m/s" },
    metadata: {
      value: "",
      type: "station-metadata",
      required: false,
      validate: when(is("metadata"), required),
    },
    to: { value: "same" },
    corner: { value: "0.075", validate: when(isConverted, number({ min: 1e-6, max: 1e6, blank: true })) },
    order: {
      value: "2",
      validate: when(isConverted, number({ min: 1, max: 10, integer: true, blank: true })),
    },
  },
  inputs: 1,
  outputs: 1,
  icon: "ground-motion.svg",
  inputLabels() {
    return this._("ground-motion.port.records");
  },
  outputLabels() {
    return this._("ground-motion.port.motion");
  },
  paletteLabel: "ground motion",
  label() {
    return this.name || "ground motion";
  },
  oneditprepare() {
    showWhen("#ground-motion-number, #ground-motion-units", "#node-input-source", ["number"]);
    showWhen("#ground-motion-metadata", "#node-input-source", ["metadata"]);
    showWhen("#ground-motion-corner, #ground-motion-order, #ground-motion-flat", "#node-input-to", [
      ...["velocity", "acceleration", "displacement"],
    ]);
  },
});
