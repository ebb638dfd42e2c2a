/** The dialog of jetstream out. */
import { define } from "./shared/define.ts";
import { jetStreamName, number, required, sourceName, streamId } from "./shared/validators.ts";

define("jetstream-out", {
  category: "seismology",
  color: "#3FADB5",
  defaults: {
    connection: { value: "", type: "jetstream-connection", required: true },
    stream: { value: "SEIS", required: true, validate: jetStreamName(required) },
    source: { value: "", validate: sourceName },
    streamId: { value: "", validate: streamId },
    maxInFlight: { value: "256", validate: number({ min: 1, max: 100000, integer: true }) },
    maxWaiting: { value: "64", validate: number({ min: 0.001, max: 4096 }) },
  },
  inputs: 1,
  outputs: 1,
  icon: "jetstream-out.svg",
  align: "right",
  outputLabels() {
    return this._("jetstream-out.port.stored");
  },
  paletteLabel: "jetstream out",
  label() {
    return this.name || this.stream || "jetstream out";
  },
});
