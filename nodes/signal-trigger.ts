/** signal trigger: STA/LTA on each stream, with a filter of its own; says when a trigger begins and ends. */
import type { Node, NodeAPI, NodeDef, NodeStatus } from "node-red";
import { TriggerDetector } from "../lib/signal/trigger-detector.ts";
import { formatNanoseconds } from "../lib/time.ts";
import { guarded, onClose, onInput, type Send } from "./runtime/input-handler.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { StatusLine } from "./runtime/status.ts";
import { readSeries, type SeriesRecord, withSamples } from "./signal/series-message.ts";
import { SeriesStreams } from "./signal/series-streams.ts";
import { counted, parts } from "./signal/status-texts.ts";
import { type FilterDef, FilterSettings } from "./signal/stream-filter.ts";
import {
  StreamTrigger,
  type TriggerPayload,
  type TriggerSettings,
  triggerId,
} from "./signal/stream-trigger.ts";

interface SignalTriggerDef extends NodeDef, Pick<FilterDef, "low" | "high"> {
  version: number;
  method: string;
  sta: string;
  lta: string;
  on: string;
  off: string;
  filter: string;
  minimum: string;
  deadTime: string;
  longest: string;
  noData: string;
  gap: string;
  holdLta: boolean;
  ratioOutput: boolean;
}

/** What the button in the editor and the route behind it need of a node. */
interface SignalTriggerNode extends Node {
  sendTest?: () => void;
}

const TEST_ID = "FDSN:XX_TEST_00_H_H_Z";
const NO_DATA_INTERVAL_MS = 1000;

export default function register(RED: NodeAPI): void {
  function SignalTrigger(this: SignalTriggerNode, def: SignalTriggerDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => trigger(RED, this, def));
  }
  RED.nodes.registerType("signal-trigger", SignalTrigger);

  RED.httpAdmin.post(
    "/datalink/trigger-test/:id",
    RED.auth.needsPermission("signal-trigger.write"),
    ({ params }, response) => {
      const node = RED.nodes.getNode(String(params.id)) as SignalTriggerNode | null;
      if (node?.type !== "signal-trigger" || !node.sendTest) {
        response.json({ error: "This node is not running: deploy it first." });
        return;
      }
      guarded(node, node.sendTest)();
      response.json({});
    },
  );
}

function triggerSettings(settings: Settings, def: SignalTriggerDef): TriggerSettings {
  const seconds = (field: string, value: unknown, fallback: number, min = 0) =>
    settings.number(field, value, { min, max: 86_400, fallback });
  const ratio = (field: string, value: unknown, fallback: number) =>
    settings.number(field, value, { min: 0, max: 1e6, fallback });
  const read: TriggerSettings = {
    method: settings.choice("Method", def.method, ["recursive", "classic"]),
    sta: seconds("STA", def.sta, 6, 0.001),
    lta: seconds("LTA", def.lta, 30, 0.001),
    on: ratio("On", def.on, 3.95),
    off: ratio("Off", def.off, 0.9),
    minimum: seconds("At least", def.minimum, 0),
    deadTime: seconds("Pause", def.deadTime, 0),
    longest: seconds("At most", def.longest, 0),
    holdLta: def.holdLta === true,
  };
  // What does not go together is refused now, and not by the first record.
  new TriggerDetector({ ...read, sampleRate: 1 / read.sta });
  return read;
}

function trigger(RED: NodeAPI, node: SignalTriggerNode, def: SignalTriggerDef): void {
  const settings = new Settings(RED, node);
  const detector = triggerSettings(settings, def);
  const kinds = ["bandpass", "highpass", "none"] as const;
  const filterDef = {
    kind: def.filter,
    low: settings.text(def.low, "0.8"),
    high: settings.text(def.high, "9"),
  };
  const filters = new FilterSettings(settings, filterDef, kinds);
  const noData = settings.number("No data", def.noData, { min: 0, max: 86_400, fallback: 60 }) * 1000;
  const method = `STA/LTA ${detector.sta}/${detector.lta} s, ${detector.method}`;
  /** Ends of triggers whose stream had to go. */
  const ended: TriggerPayload[] = [];
  const streams = new SeriesStreams((record) => new StreamTrigger(detector, filters, record), {
    gone: (state) => ended.push(...state.end()),
    longestHeld: settings.number("Gap", def.gap, { min: 0, max: 1000, fallback: 0 }),
  });

  const status = new StatusLine(node, () => describe(RED, streams));
  const tell = (payloads: TriggerPayload[], send: Send, more: object = {}) => {
    for (const payload of payloads) send([{ topic: payload.sourceId, payload, ...more }, null, null]);
  };

  function take(record: SeriesRecord, msg: { payload?: unknown; _msgid: string }, send: Send): void {
    const turn = streams.take(record);
    const told = ended.splice(0);
    if (!turn) return;
    const { ratios, events } = turn.state.push(record, turn);
    tell([...told, ...events], send, { _msgid: msg._msgid });
    const ratioRecord = def.ratioOutput
      ? ratioMessage(record, { samples: ratios, startTime: turn.startTime, sentence: method, units: "1" })
      : null;
    const { isActive, ratio } = turn.state;
    msg.payload = { ...record.payload, trigger: { active: isActive, ratio, maxRatio: largest(ratios) } };
    send([null, msg, ratioRecord && { _msgid: msg._msgid, ...ratioRecord }]);
    if (told.length + events.length > 0) status.update();
  }

  onInput(node, async (msg, send) => {
    if ((msg as { reset?: unknown }).reset) {
      const all = [...streams.entries()].flatMap(([, state]) => state.end());
      streams.clear();
      tell(all, send);
      return status.update();
    }
    const record = readSeries(msg.payload);
    if (record) take(record, msg, send);
    else send([null, msg, null]);
  });

  const endSilent = guarded(node, () => {
    const oldest = performance.now() - noData;
    for (const [, state] of streams.entries()) {
      if (state.isActive && state.lastCame < oldest) tell(state.end(), (msg) => node.send(msg));
    }
  });
  const timer = noData > 0 ? setInterval(endSilent, NO_DATA_INTERVAL_MS) : undefined;

  node.sendTest = () => {
    const [[sourceId] = [TEST_ID]] = [...streams.entries()];
    tell(testPayloads(sourceId, detector), (msg) => node.send(msg));
  };

  onClose(node, async () => {
    clearInterval(timer);
    status.close();
  });
}

function ratioMessage(record: SeriesRecord, series: Parameters<typeof withSamples>[1]): object {
  return { topic: record.sourceId, payload: withSamples(record, series) };
}

function largest(ratios: Float64Array): number {
  let most = 0;
  for (const ratio of ratios) if (ratio > most) most = ratio;
  return most;
}

/** A pair such as a real trigger sends, a second long and just over. */
function testPayloads(sourceId: string, settings: TriggerSettings): TriggerPayload[] {
  const offTime = BigInt(Date.now()) * 1_000_000n;
  const onTime = offTime - 1_000_000_000n;
  const { method, sta, lta, on, off } = settings;
  const common = {
    ...{ test: true, id: triggerId(sourceId, onTime), sourceId, onTime: formatNanoseconds(onTime) },
    ...{ peakRatio: on, peakRatioTime: formatNanoseconds(onTime) },
    ...{ peakAmplitude: 0, peakTime: formatNanoseconds(onTime), units: "counts", method, sta, lta, on, off },
  };
  return [
    { event: "on", ...common, ratio: on },
    {
      event: "off",
      ...common,
      ratio: off,
      offTime: formatNanoseconds(offTime),
      duration: 1,
      reason: "ratio",
    },
  ];
}

/** Triggered before all, then the ratio, then how long it takes until there is one. */
function describe(RED: NodeAPI, streams: SeriesStreams<StreamTrigger>): NodeStatus {
  const states = [...streams.entries()].map(([, state]) => state);
  const text = (key: string, values: Record<string, string | number>) =>
    RED._(`signal-trigger.status.${key}`, values);
  const count = states.length > 1 && counted(RED, "signal-trigger", "stream", states.length);
  const ratioOf = (some: StreamTrigger[]) => Math.max(...some.map(({ ratio }) => ratio)).toFixed(1);
  const active = states.filter(({ isActive }) => isActive);
  if (active.length > 0) {
    const triggered = text("triggered", { ratio: ratioOf(active) });
    return { fill: "red", shape: "dot", text: parts(count, triggered) };
  }
  const warm = states.filter(({ warmUp }) => warmUp === 0);
  if (warm.length > 0)
    return { fill: "green", shape: "dot", text: parts(count, text("ratio", { ratio: ratioOf(warm) })) };
  if (states.length === 0) return {};
  const seconds = Math.ceil(Math.min(...states.map(({ warmUp }) => warmUp)));
  return { fill: "grey", shape: "ring", text: parts(count, text("warming", { seconds })) };
}
