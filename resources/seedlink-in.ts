/** The dialog of seedlink in. */

import { listLabel } from "./shared/canvas/labels.ts";
import { chosenNodes, nodeList } from "./shared/check-list.ts";
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { seedLinkStreams as streamsOf } from "./shared/streams/patterns.ts";
import { streamPicker } from "./shared/streams/picker.ts";
import { TextLength } from "./shared/streams/text-length.ts";
import { atLeastOne, number, seedLinkStreams, time, when } from "./shared/validators.ts";

/** Servers of protocol 3 are told each station and each channel by a command of its own: thousands take minutes. */
const MAX_STREAMS = 20_000;

define("seedlink-in", {
  category: "seismology",
  color: "#3FADB5",
  defaults: {
    connection: { value: "", type: "seedlink-connection", required: true },
    streams: { value: "", validate: seedLinkStreams },
    from: { value: "latest" },
    fromTime: { value: "", validate: when(({ from }) => from === "time", time) },
    resume: { value: true },
    commit: { value: "send" },
    scope: { value: [], type: "*[]", validate: when(({ commit }) => commit === "complete", atLeastOne) },
    onError: { value: "continue" },
    unreached: { value: "wait" },
    maxInFlight: { value: "256", validate: number({ min: 1, max: 100000, integer: true }) },
    autoStart: { value: true },
  },
  inputs: 1,
  outputs: 2,
  icon: "seedlink-in.svg",
  inputLabels() {
    return this._("seedlink-in.port.control");
  },
  outputLabels(index: number) {
    return this._(index === 0 ? "seedlink-in.port.packets" : "seedlink-in.port.events");
  },
  paletteLabel: "seedlink in",
  label() {
    return this.name || listLabel(this.streams ?? "") || "seedlink in";
  },
  oneditprepare() {
    showWhen(".seedlink-from-time", "#node-input-from", ["time"]);
    showWhen(".seedlink-when-complete", "#node-input-commit", ["complete"]);
    const length = new TextLength(MAX_STREAMS);
    length.watch("#node-input-streams");
    streamPicker({
      button: "#seedlink-in-pick",
      list: "#seedlink-in-list",
      field: "#node-input-streams",
      resource: "seedlink/streams",
      pattern: streamsOf,
      both: (before, streams) => `${before}, ${streams}`,
      length,
    });
    nodeList("#seedlink-in-scope", this, this.scope || [], this._("seedlink-in.commit.complete"));
  },
  oneditsave() {
    this.scope = chosenNodes("#seedlink-in-scope");
  },
});
