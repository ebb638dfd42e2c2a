/** The dialog of jetstream in. */
import { chosenNodes, nodeList } from "./shared/check-list.ts";
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import {
  atLeastOne,
  channelFilter,
  codeFilter,
  jetStreamName,
  number,
  required,
  time,
  when,
} from "./shared/validators.ts";

define("jetstream-in", {
  category: "seismology",
  color: "#3FADB5",
  defaults: {
    connection: { value: "", type: "jetstream-connection", required: true },
    stream: { value: "SEIS", required: true, validate: jetStreamName(required) },
    group: { value: "", validate: jetStreamName() },
    network: { value: "", validate: codeFilter },
    station: { value: "", validate: codeFilter },
    location: { value: "", validate: codeFilter },
    channel: { value: "", validate: channelFilter },
    from: { value: "earliest" },
    fromTime: { value: "", validate: when(({ from }) => from === "time", time) },
    keepOrder: { value: false },
    commit: { value: "send" },
    scope: { value: [], type: "*[]", validate: when(({ commit }) => commit === "complete", atLeastOne) },
    onError: { value: "continue" },
    unreached: { value: "wait" },
    maxInFlight: { value: "256", validate: number({ min: 1, max: 100000, integer: true }) },
    ackWait: { value: "30", validate: number({ min: 1, max: 86400 }) },
    autoStart: { value: true },
  },
  inputs: 1,
  outputs: 2,
  icon: "jetstream-in.svg",
  inputLabels() {
    return this._("jetstream-in.port.control");
  },
  outputLabels(index: number) {
    return this._(index === 0 ? "jetstream-in.port.packets" : "jetstream-in.port.events");
  },
  paletteLabel: "jetstream in",
  label() {
    return this.name || this.group || this.stream || "jetstream in";
  },
  oneditprepare() {
    showWhen(".jetstream-from-time", "#node-input-from", ["time"]);
    showWhen(".jetstream-when-complete", "#node-input-commit", ["complete"]);
    nodeList("#jetstream-in-scope", this, this.scope || [], this._("jetstream-in.commit.complete"));
  },
  oneditsave() {
    this.scope = chosenNodes("#jetstream-in-scope");
  },
});
