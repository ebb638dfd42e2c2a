/** The dialog of mseed file in. */
import { chosenNodes, nodeList } from "./shared/check-list.ts";
import { define } from "./shared/define.ts";
import { showWhen } from "./shared/dialog.ts";
import { atLeastOne, number, required, time, when } from "./shared/validators.ts";

define("mseed-file-in", {
  category: "seismology",
  color: "#3FADB5",
  defaults: {
    source: { value: "path" },
    path: { value: "", validate: when(({ source }) => source === "path", required) },
    pattern: { value: "SDS@archive", validate: when(({ source }) => source === "archive", required) },
    after: { value: "", validate: when(({ after }) => Boolean(after), time) },
    before: { value: "", validate: when(({ before }) => Boolean(before), time) },
    pace: { value: "flow" },
    speed: {
      value: "1",
      validate: when(({ pace }) => pace === "time", number({ min: 0.001, max: 1000000, blank: true })),
    },
    times: { value: "recorded" },
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
  icon: "mseed-file-in.svg",
  inputLabels() {
    return this._("mseed-file-in.port.control");
  },
  outputLabels(index: number) {
    return this._(index === 0 ? "mseed-file-in.port.records" : "mseed-file-in.port.events");
  },
  paletteLabel: "mseed file in",
  label() {
    return this.name || "mseed file in";
  },
  oneditprepare() {
    showWhen(".mseed-file-in-path", "#node-input-source", ["path"]);
    showWhen(".mseed-file-in-archive", "#node-input-source", ["archive"]);
    showWhen(".mseed-file-in-speed", "#node-input-pace", ["time"]);
    showWhen(".mseed-file-in-complete", "#node-input-commit", ["complete"]);
    nodeList("#mseed-file-in-scope", this, this.scope || [], this._("mseed-file-in.commit.complete"));
  },
  oneditsave() {
    this.scope = chosenNodes("#mseed-file-in-scope");
  },
});
