/** ground motion: counts to metres, metres per second and the like, by the sensitivity of the instrument. */
import type { Node, NodeAPI, NodeDef } from "node-red";
import { GroundMotion, type MotionQuantity } from "../lib/signal/motion.ts";
import { streamName } from "../lib/signal/stream-pattern.ts";
import { StationError } from "../lib/stations/errors.ts";
import { formatNanoseconds } from "../lib/time.ts";
import { InOrder } from "./runtime/in-order.ts";
import { onClose, onInput } from "./runtime/input-handler.ts";
import { begin, SettingError, Settings } from "./runtime/settings.ts";
import { StatusLine } from "./runtime/status.ts";
import { readSeries, type SeriesRecord, withSamples } from "./signal/series-message.ts";
import { SeriesStreams, type StreamState } from "./signal/series-streams.ts";
import type { Sensitivity } from "./signal/station-source.ts";
import { counted, parts } from "./signal/status-texts.ts";
import type { StationMetadataNode } from "./station-metadata.ts";

interface GroundMotionDef extends NodeDef {
  version: number;
  source: string;
  sensitivity: string;
  units: string;
  metadata: string;
  to: string;
  corner: string;
  order: string;
}

type Wanted = "same" | MotionQuantity;

interface MotionSettings {
  to: Wanted;
  highpass: { corner: number; order: number };
}

const UNITS: Record<MotionQuantity, string> = { displacement: "m", velocity: "m/s", acceleration: "m/s²" };
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export default function register(RED: NodeAPI): void {
  function GroundMotionNode(this: Node, def: GroundMotionDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => convert(RED, this, def));
  }
  RED.nodes.registerType("ground-motion", GroundMotionNode);
}

/** A stream's motion; it begins anew where the sensitivity is another one. */
class StreamMotion implements StreamState {
  readonly bytes = 1000;
  readonly #settings: MotionSettings;
  readonly #sampleRate: number;
  #motion: GroundMotion | undefined;
  #given: Sensitivity | undefined;
  units = "";
  sentence = "";

  constructor(settings: MotionSettings, sampleRate: number) {
    this.#settings = settings;
    this.#sampleRate = sampleRate;
  }

  reset(): void {
    this.#motion?.reset();
  }

  push(samples: ArrayLike<number>, given: Sensitivity): Float64Array {
    const isSame = given.sensitivity === this.#given?.sensitivity && given.units === this.#given.units;
    if (!isSame || !this.#motion) this.#motion = this.#make(given);
    return this.#motion.push(samples);
  }

  #make(given: Sensitivity): GroundMotion {
    const { to, highpass } = this.#settings;
    const from = (Object.keys(UNITS) as MotionQuantity[]).find((name) => UNITS[name] === given.units);
    const { sensitivity, units } = given;
    if (to !== "same" && !from) {
      throw new StationError(
        "NO_SENSITIVITY",
        `The unit ${JSON.stringify(units)} is not one of ground motion: choose Output as measured, or give m, m/s or m/s².`,
      );
    }
    const wanted = to === "same" ? from : to;
    const measured = from ?? "velocity";
    const options = {
      sensitivity,
      sampleRate: this.#sampleRate,
      from: measured,
      to: wanted ?? measured,
      highpass,
    };
    const motion = new GroundMotion(options);
    this.#given = given;
    this.units = wanted ? UNITS[wanted] : units;
    const further =
      this.units === units
        ? ""
        : `, to ${this.units} behind a high-pass of ${highpass.corner} Hz, order ${highpass.order}`;
    this.sentence = `divided by ${sensitivity} counts per ${units}${further}`;
    return motion;
  }
}

function convert(RED: NodeAPI, node: Node, def: GroundMotionDef): void {
  const settings = new Settings(RED, node);
  const find = finder(RED, settings, def);
  const motion: MotionSettings = {
    to: settings.choice("Output", def.to, ["same", "velocity", "acceleration", "displacement"]),
    highpass: {
      corner: settings.number("High-pass", def.corner, { min: 1e-6, max: 1e6, fallback: 0.075 }),
      order: settings.number("Order", def.order, { min: 1, max: 10, fallback: 2 }),
    },
  };
  const streams = new SeriesStreams(({ sampleRate }: SeriesRecord) => new StreamMotion(motion, sampleRate));
  const inOrder = new InOrder(MAX_WAITING_BYTES);
  let unknown = "";

  const status = new StatusLine(node, () => {
    if (unknown !== "")
      return { fill: "red", shape: "ring", text: RED._("ground-motion.status.unknown", { stream: unknown }) };
    if (streams.size === 0) return {};
    const units = [...new Set([...streams.entries()].map(([, state]) => state.units))].filter(
      (each) => each !== "",
    );
    const text = parts(counted(RED, node.type, "stream", streams.size), units.slice(0, 3).join(", "));
    return { fill: "green", shape: "dot", text };
  });

  async function sensitivityOf({ sourceId, startTime }: SeriesRecord): Promise<Sensitivity> {
    try {
      const found = await find(sourceId, startTime);
      if (found) {
        unknown = "";
        return found;
      }
    } catch (error) {
      unknown = streamName(sourceId);
      throw error;
    }
    unknown = streamName(sourceId);
    throw new StationError(
      "NO_SENSITIVITY",
      `Nothing is known of the sensitivity of ${unknown} at ${formatNanoseconds(startTime)}: look at the station metadata, or give a number.`,
    );
  }

  onInput(node, async (msg, send) => {
    if ((msg as { reset?: unknown }).reset) return streams.clear();
    const record = readSeries(msg.payload);
    const bytes = record ? record.samples.byteLength : 0;
    await inOrder.run(bytes, async () => {
      if (!record) return send(msg);
      const sensitivity = await sensitivityOf(record);
      const turn = streams.take(record);
      if (!turn) return;
      const { state, startTime } = turn;
      const samples = state.push(turn.samples, sensitivity);
      msg.payload = withSamples(record, { samples, startTime, sentence: state.sentence, units: state.units });
      send(msg);
    });
  });

  onClose(node, async () => status.close());
}

/** Asks for the sensitivity of a stream at a time: a number of the settings, or station metadata. */
function finder(
  RED: NodeAPI,
  settings: Settings,
  def: GroundMotionDef,
): (sourceId: string, time: bigint) => Promise<Sensitivity | undefined> {
  if (settings.choice("Sensitivity", def.source, ["number", "metadata"]) === "number") {
    const sensitivity = settings.number("Counts per unit", def.sensitivity, {
      min: -1e300,
      max: 1e300,
      fallback: 0,
    });
    if (sensitivity === 0)
      throw new SettingError(
        "INVALID_SETTING",
        "Counts per unit is missing: give the sensitivity of the instrument, such as 627192000.",
      );
    const units = settings.choice("Unit", def.units, ["m/s", "m/s²", "m", "Pa"]);
    return async () => ({ sensitivity, units });
  }
  const metadata = RED.nodes.getNode(def.metadata) as StationMetadataNode | null;
  if (!metadata?.stations)
    throw new SettingError("INVALID_SETTING", "Stations is missing: choose a station metadata node.");
  return async (sourceId, time) => await metadata.stations().find(sourceId, time);
}
