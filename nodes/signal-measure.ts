/** signal measure: RSAM, RMS, peak and the like of each stream, window by window, and when they cross a level. */
import type { Node, NodeAPI, NodeDef, NodeStatus } from "node-red";
import type { LevelOptions } from "../lib/signal/level.ts";
import { Level } from "../lib/signal/level.ts";
import { guarded, onClose, onInput, type Send } from "./runtime/input-handler.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { StatusLine } from "./runtime/status.ts";
import { SensorVectors } from "./signal/sensor-vectors.ts";
import { readSeries, type SeriesRecord } from "./signal/series-message.ts";
import { SeriesStreams, type Turn } from "./signal/series-streams.ts";
import { counted, parts } from "./signal/status-texts.ts";
import { type Measured, type MeasureSettings, STATISTICS, StreamMeasure } from "./signal/stream-measure.ts";

interface SignalMeasureDef extends NodeDef {
  version: number;
  window: string;
  statistic: string;
  removeMean: boolean;
  combine: string;
  on: string;
  off: string;
  complete: string;
  wait: string;
}

const CLOCK_INTERVAL_MS = 1000;
const MOST_SENSORS = 1000;
const ANY = { min: -1e300, max: 1e300 };

export default function register(RED: NodeAPI): void {
  function SignalMeasure(this: Node, def: SignalMeasureDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => measure(RED, this, def));
  }
  RED.nodes.registerType("signal-measure", SignalMeasure);
}

function measureSettings(settings: Settings, def: SignalMeasureDef): MeasureSettings {
  return {
    window: settings.number("Window", def.window, { min: 0.1, max: 86_400, fallback: 60 }),
    statistic: settings.choice("Measure", def.statistic, STATISTICS),
    complete: settings.number("Complete", def.complete, { min: 0, max: 100, fallback: 50 }),
    wait: 1000 * settings.number("Wait", def.wait, { min: 0, max: 86_400, fallback: 30 }),
    removeMean: def.removeMean !== false,
    level: levelOf(settings, def),
  };
}

/** No level without a value for it. */
function levelOf(settings: Settings, def: SignalMeasureDef): LevelOptions | undefined {
  if (settings.text(def.on) === "") return undefined;
  const on = settings.number("Level", def.on, { ...ANY, fallback: 0 });
  const level = { on, off: settings.number("Below", def.off, { ...ANY, fallback: on }) };
  // What does not go together is refused now, and not by the first record.
  new Level(level);
  return level;
}

function measure(RED: NodeAPI, node: Node, def: SignalMeasureDef): void {
  const settings = new Settings(RED, node);
  const measured = measureSettings(settings, def);
  const isVector = settings.choice("Combine", def.combine, ["single", "vector"]) === "vector";
  const closed: Measured[] = [];
  const gone = (state: StreamMeasure) => closed.push(...state.close());
  const streams = new SeriesStreams(
    ({ sourceId, sampleRate }) => new StreamMeasure(measured, sourceId, sampleRate),
    {
      gone,
    },
  );
  const vectors = new SensorVectors();
  /** Of sensors, where components are combined. */
  const sensors = new Map<string, StreamMeasure>();

  const states = () => (isVector ? [...sensors.values()] : [...streams.entries()].map(([, state]) => state));
  const status = new StatusLine(node, () => describe(RED, states()));
  const tell = (results: Measured[], send: Send) => {
    for (const { window, change } of results) {
      send([{ topic: String(window.sourceId), payload: window }, null]);
      if (change) send([null, { topic: String(change.sourceId), payload: change }]);
    }
    if (results.length > 0) status.update();
  };

  function sensorOf(sourceId: string, sampleRate: number): StreamMeasure {
    const sensor = sensors.get(sourceId) ?? new StreamMeasure(measured, sourceId, sampleRate, false);
    sensors.delete(sourceId);
    sensors.set(sourceId, sensor);
    if (sensors.size <= MOST_SENSORS) return sensor;
    for (const [oldest, state] of [...sensors].slice(0, 1)) {
      sensors.delete(oldest);
      gone(state);
    }
    return sensor;
  }

  function take(record: SeriesRecord, turn: Turn<StreamMeasure>): Measured[] {
    const { payload, sampleRate } = record;
    if (!isVector) return turn.state.push(turn.startTime, sampleRate, turn.samples, payload.units);
    const { sourceId, lengths } = vectors.push(record, turn);
    return lengths.flatMap(({ startTime, samples }) =>
      sensorOf(sourceId, sampleRate).push(startTime, sampleRate, samples, payload.units),
    );
  }

  onInput(node, async (msg, send) => {
    if ((msg as { reset?: unknown }).reset) {
      streams.clear();
      sensors.clear();
      vectors.clear();
      return status.update();
    }
    const record = readSeries(msg.payload);
    const turn = record && streams.take(record);
    if (!turn) return;
    const results = take(record, turn);
    tell([...closed.splice(0), ...results], send);
  });

  const closeOver = guarded(node, () => {
    const now = performance.now();
    for (const state of states()) tell(state.closeIfOver(now), (msg) => node.send(msg));
  });
  const timer = setInterval(closeOver, CLOCK_INTERVAL_MS);

  onClose(node, async () => {
    clearInterval(timer);
    status.close();
  });
}

/** How many are above the level before all, then the value where there is but one. */
function describe(RED: NodeAPI, states: StreamMeasure[]): NodeStatus {
  if (states.length === 0) return {};
  const above = states.filter(({ isAbove }) => isAbove).length;
  const [first] = states;
  const value =
    states.length === 1 &&
    first!.value !== null &&
    RED._("signal-measure.status.value", { value: shown(first!.value) });
  const text = parts(
    counted(RED, "signal-measure", "stream", states.length),
    above > 0 && counted(RED, "signal-measure", "above", above),
    value,
  );
  return { fill: above > 0 ? "red" : "green", shape: "dot", text };
}

/** `1234`, `0.0123`: three digits that count, and all before the point. */
function shown(value: number): string {
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
