/** The dialog of datalink in. */

import { patternLabel } from "./shared/canvas/labels.ts";
import { chosenNodes, nodeList } from "./shared/check-list.ts";
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { regularExpression } from "./shared/streams/patterns.ts";
import { streamPicker } from "./shared/streams/picker.ts";
import { LEAST_PATTERN, TextLength } from "./shared/streams/text-length.ts";
import { atLeastOne, number, packetId, pattern, time, when } from "./shared/validators.ts";

define("datalink-in", {
  category: "seismology",
  color: "#3FADB5",
  defaults: {
    connection: { value: "", type: "datalink-connection", required: true },
    match: { value: "", validate: pattern },
    reject: { value: "", validate: pattern },
    from: { value: "latest" },
    fromTime: { value: "", validate: when(({ from }) => from === "time", time) },
    fromPacket: { value: "", validate: when(({ from }) => from === "packet", packetId) },
    resume: { value: true },
    payload: { value: "parsed" },
    commit: { value: "send" },
    scope: { value: [], type: "*[]", validate: when(({ commit }) => commit === "complete", atLeastOne) },
    onError: { value: "continue" },
    unreached: { value: "wait" },
    maxInFlight: { value: "256", validate: number({ min: 1, max: 100000, integer: true }) },
    autoStart: { value: true },
  },
  inputs: 1,
  outputs: 2,
  icon: "datalink-in.svg",
  inputLabels() {
    return this._("datalink-in.port.control");
  },
  outputLabels(index: number) {
    return this._(index === 0 ? "datalink-in.port.packets" : "datalink-in.port.events");
  },
  paletteLabel: "datalink in",
  label() {
    return this.name || patternLabel(this.match ?? "") || "datalink in";
  },
  oneditprepare() {
    showWhen(".datalink-from-time", "#node-input-from", ["time"]);
    showWhen(".datalink-from-packet", "#node-input-from", ["packet"]);
    showWhen(".datalink-when-complete", "#node-input-commit", ["complete"]);
    const length = new TextLength(LEAST_PATTERN, "test");
    length.watch("#node-input-match");
    length.watch("#node-input-reject");
    streamPicker({
      button: "#datalink-in-streams",
      list: "#datalink-in-list",
      field: "#node-input-match",
      resource: "streams",
      pattern: regularExpression,
      both: (before, pattern) => `(${before})|(${pattern})`,
      length,
    });
    nodeList("#datalink-in-scope", this, this.scope || [], this._("datalink-in.commit.complete"));
  },
  oneditsave() {
    this.scope = chosenNodes("#datalink-in-scope");
  },
});
