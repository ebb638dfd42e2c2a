/** The dialog of station monitor. */
import { define } from "./shared/define.ts";
import { number } from "./shared/validators.ts";

const seconds = (min: number) => number({ min, max: 604800, blank: true });
const percent = number({ min: 0, max: 100, blank: true });

define("station-monitor", {
  category: "seismology",
  color: "#87A980",
  defaults: {
    silentAfter: { value: "300", validate: seconds(1) },
    groupBy: { value: "stream" },
    expected: { value: "" },
    report: { value: "60", validate: number({ min: 0, max: 86400, blank: true }) },
    backAfter: { value: "60", validate: seconds(0) },
    gapFrom: { value: "1", validate: seconds(0) },
    deadAfter: { value: "60", validate: seconds(0) },
    maximumDelay: { value: "0", validate: seconds(0) },
    minimumCompleteness: { value: "0", validate: percent },
    minimumTimingQuality: { value: "0", validate: percent },
    maximumOffset: { value: "0", validate: number({ min: 0, max: 1e300, blank: true }) },
  },
  inputs: 1,
  outputs: 2,
  icon: "station-monitor.svg",
  inputLabels() {
    return this._("station-monitor.port.records");
  },
  outputLabels(index: number) {
    return this._(["station-monitor.port.events", "station-monitor.port.report"][index]!);
  },
  paletteLabel: "station monitor",
  label() {
    return this.name || "station monitor";
  },
});
