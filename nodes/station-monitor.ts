/** station monitor: which stations are silent, have gaps, a bad clock or a dead channel; events in batches, and a report. */
import type { Node, NodeAPI, NodeDef, NodeStatus } from "node-red";
import { eventsByStation } from "../lib/signal/monitor/by-station.ts";
import type { MonitorEvent, MonitorOptions } from "../lib/signal/monitor/options.ts";
import { StationMonitor } from "../lib/signal/monitor/station-monitor.ts";
import type { StreamReport } from "../lib/signal/monitor/stream-watch.ts";
import { formatNanoseconds } from "../lib/time.ts";
import { guarded, onClose, onInput } from "./runtime/input-handler.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { StatusLine } from "./runtime/status.ts";
import { monitoredRecords } from "./signal/monitored-records.ts";
import { counted, parts } from "./signal/status-texts.ts";

interface StationMonitorDef extends NodeDef {
  version: number;
  silentAfter: string;
  groupBy: string;
  expected: string;
  report: string;
  backAfter: string;
  gapFrom: string;
  deadAfter: string;
  maximumDelay: string;
  minimumCompleteness: string;
  minimumTimingQuality: string;
  maximumOffset: string;
}

const TICK_MS = 1000;
/** Events that happen within so long are one message. */
const BATCH_MS = 2000;
/** A batch is sent early when it has so many. */
const MOST_IN_BATCH = 1000;
const DAY = 86_400;

export default function register(RED: NodeAPI): void {
  function StationMonitorNode(this: Node, def: StationMonitorDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => watch(RED, this, def));
  }
  RED.nodes.registerType("station-monitor", StationMonitorNode);
}

function optionsOf(settings: Settings, def: StationMonitorDef): Required<Omit<MonitorOptions, "streams">> {
  const seconds = (field: string, value: unknown, fallback: number, min = 0) =>
    settings.number(field, value, { min, max: 7 * DAY, fallback });
  const percent = (field: string, value: unknown) =>
    settings.number(field, value, { min: 0, max: 100, fallback: 0 });
  return {
    silentAfter: seconds("Silent after", def.silentAfter, 300, 1),
    groupBy: settings.choice("Tell of", def.groupBy, ["stream", "station"]),
    expected: settings
      .text(def.expected)
      .split(/[\s,;]+/)
      .filter((name) => name !== ""),
    backAfter: seconds("Back after", def.backAfter, 60),
    gapFrom: seconds("Gaps from", def.gapFrom, 1),
    deadAfter: seconds("Dead after", def.deadAfter, 60),
    maximumDelay: seconds("Delay", def.maximumDelay, 0),
    minimumCompleteness: percent("Complete", def.minimumCompleteness),
    minimumTimingQuality: percent("Time quality", def.minimumTimingQuality),
    maximumOffset: settings.number("Offset", def.maximumOffset, { min: 0, max: 1e300, fallback: 0 }),
  };
}

function watch(RED: NodeAPI, node: Node, def: StationMonitorDef): void {
  const settings = new Settings(RED, node);
  const options = optionsOf(settings, def);
  const report = 1000 * settings.number("Report", def.report, { min: 0, max: DAY, fallback: 60 });
  let monitor = new StationMonitor(options, now());
  let batch: MonitorEvent[] = [];
  let batchBegan = 0;

  const status = new StatusLine(node, () => describe(RED, monitor));
  const note = (events: MonitorEvent[]) => {
    if (batch.length === 0) batchBegan = performance.now();
    batch.push(...events);
    if (events.length > 0) status.update();
    if (batch.length >= MOST_IN_BATCH) tell();
  };
  const tell = () => {
    const events = options.groupBy === "station" ? eventsByStation(batch) : batch;
    batch = [];
    node.send([{ topic: "events", payload: events.map(eventPayload) }, null]);
  };

  onInput(node, async (msg) => {
    if ((msg as { reset?: unknown }).reset) {
      monitor = new StationMonitor(options, now());
      batch = [];
      return status.update();
    }
    for (const record of monitoredRecords(msg.payload)) note(monitor.push(record, now()));
  });

  const tick = guarded(node, () => {
    note(monitor.tick(now()));
    if (batch.length > 0 && performance.now() - batchBegan >= BATCH_MS) tell();
  });
  const sendReport = guarded(node, () => {
    node.send([null, { topic: "report", payload: monitor.report(now()).map(reportRow) }]);
  });
  const timers = [setInterval(tick, TICK_MS), ...(report > 0 ? [setInterval(sendReport, report)] : [])];

  onClose(node, async () => {
    for (const timer of timers) clearInterval(timer);
    status.close();
  });
}

const now = (): bigint => BigInt(Date.now()) * 1_000_000n;

function eventPayload({ since, ...event }: MonitorEvent): object {
  return { ...event, since: formatNanoseconds(since) };
}

/** A row for a table or for JSON: what is not known is null. */
function reportRow({ end, ...row }: StreamReport): object {
  const known = Object.entries(row).map(([name, value]) => [name, Number.isNaN(value) ? null : value]);
  return { ...Object.fromEntries(known), end: end === null ? null : formatNanoseconds(end) };
}

/** `12 streams, 1 silent`. */
function describe(RED: NodeAPI, monitor: StationMonitor): NodeStatus {
  const { streamCount, silentCount, refused } = monitor;
  const text = (word: string, count: number) => counted(RED, "station-monitor", word, count);
  if (streamCount === 0 && silentCount === 0)
    return { fill: "grey", shape: "ring", text: RED._("station-monitor.status.waiting") };
  return {
    fill: silentCount > 0 ? "red" : refused > 0 ? "yellow" : "green",
    shape: "dot",
    text: parts(
      text("stream", streamCount),
      silentCount > 0 && text("silent", silentCount),
      refused > 0 && RED._("station-monitor.status.full"),
    ),
  };
}
