/** The dialog of seismogram image. */
import { define } from "./shared/define.ts";
import { fieldValue } from "./shared/dialog.ts";
import { bandView, number, when } from "./shared/validators.ts";

const isDrum = (node: EditorNode) => node.picture === "drum";
const isTraces = (node: EditorNode) => node.picture !== "drum";

define("seismogram-image", {
  category: "seismology",
  color: "#C0DEED",
  defaults: {
    picture: { value: "traces" },
    seconds: { value: "300", validate: when(isTraces, number({ min: 10, max: 3600, blank: true })) },
    hours: { value: "24", validate: when(isDrum, number({ min: 1, max: 168, blank: true })) },
    line: { value: "30" },
    streams: { value: "" },
    band: { value: "raw", validate: bandView },
    scale: { value: "each" },
    spectrogram: { value: false },
    onlyStation: { value: false },
    wait: { value: "60", validate: number({ min: 0, max: 3600, blank: true }) },
    title: { value: "" },
    theme: { value: "light" },
    width: { value: "1200", validate: number({ min: 200, max: 4000, blank: true }) },
    height: { value: "", validate: number({ min: 0, max: 4000, blank: true }) },
    ratio: { value: "1", validate: number({ min: 1, max: 3, blank: true }) },
  },
  inputs: 1,
  outputs: 1,
  icon: "seismogram-image.svg",
  inputLabels() {
    return this._("seismogram-image.port.in");
  },
  outputLabels() {
    return this._("seismogram-image.port.out");
  },
  paletteLabel: "seismogram image",
  label() {
    return this.name || "seismogram image";
  },
  oneditprepare() {
    const update = () => {
      const drum = fieldValue("picture") === "drum";
      $(".seismogram-image-traces").toggle(!drum);
      $(".seismogram-image-drum").toggle(drum);
    };
    $("#node-input-picture").on("change", update);
    update();
  },
});
