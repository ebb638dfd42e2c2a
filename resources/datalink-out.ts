/** The dialog of datalink out. */

import { streamLabel } from "./shared/canvas/labels.ts";
import { define } from "./shared/define.ts";
import { number, streamId } from "./shared/validators.ts";

define("datalink-out", {
  category: "seismology",
  color: "#3FADB5",
  defaults: {
    connection: { value: "", type: "datalink-connection", required: true },
    streamId: { value: "", validate: streamId },
    ack: { value: true },
    maxInFlight: { value: "256", validate: number({ min: 1, max: 100000, integer: true }) },
    maxWaiting: { value: "64", validate: number({ min: 0.001, max: 4096 }) },
  },
  inputs: 1,
  outputs: 1,
  icon: "datalink-out.svg",
  align: "right",
  outputLabels() {
    return this._("datalink-out.port.written");
  },
  paletteLabel: "datalink out",
  label() {
    return this.name || streamLabel(this.streamId ?? "") || "datalink out";
  },
});
