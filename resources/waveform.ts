/** The dialog of waveform, and the pictures below its nodes on the canvas. */
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { number, when } from "./shared/validators.ts";
import { showPictures } from "./waveform/pictures.ts";

define("waveform", {
  category: "seismology",
  color: "#A6BBCF",
  defaults: {
    active: { value: true },
    span: { value: "last" },
    seconds: {
      value: "60",
      validate: when(({ span }) => span !== "all", number({ min: 1, max: 31622400, blank: true })),
    },
    scale: { value: "own" },
    rows: { value: "6", validate: number({ min: 1, max: 24, blank: true }) },
    width: { value: "360", validate: number({ min: 100, max: 2000, blank: true }) },
    height: { value: "40", validate: number({ min: 16, max: 400, blank: true }) },
  },
  inputs: 1,
  outputs: 1,
  icon: "waveform.svg",
  inputLabels() {
    return this._("waveform.port.records");
  },
  outputLabels() {
    return this._("waveform.port.same");
  },
  paletteLabel: "waveform",
  label() {
    return this.name || "waveform";
  },
  oneditprepare() {
    // A node of 0.1.0 has neither.
    if (this.span === undefined) $("#node-input-span").val("last");
    if (this.scale === undefined) $("#node-input-scale").val("own");
    showWhen(".waveform-seconds", "#node-input-span", ["last"]);
  },
  button: {
    toggle: "active",
    onclick() {
      const { active, changed } = this;
      // The button has changed `active` already; here the change becomes one to undo and to deploy.
      RED.history.push({
        ...{ t: "edit", node: this, changes: { active: !active }, changed },
        dirty: RED.nodes.dirty(),
      });
      this.changed = true;
      this.dirty = true;
      RED.nodes.dirty(true);
      RED.view.redraw();
    },
  },
});

showPictures();
