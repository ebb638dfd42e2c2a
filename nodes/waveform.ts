/** waveform: draws the traces of the records that pass through under the node, in the editors that show it. */
import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from "node-red";
import { nowMicroseconds } from "../lib/time.ts";
import { TraceError } from "../lib/waveform/errors.ts";
import type { Picture } from "../lib/waveform/picture.ts";
import { readTraceRecord, type TraceRecord } from "../lib/waveform/record.ts";
import { Traces, type TracesOptions } from "../lib/waveform/traces.ts";
import { whatCame } from "./messages/what-came.ts";
import { EditorViews } from "./runtime/editor-views.ts";
import { onClose, onInput } from "./runtime/input-handler.ts";
import { misfit } from "./runtime/misfits.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { StatusLine } from "./runtime/status.ts";

interface WaveformDef extends NodeDef {
  version: number;
  /** Whether the editor shows the picture: the node's button. The runtime hears of it from the editors. */
  active: boolean;
  /** Nodes of 0.1.0 have neither this nor a scale. */
  span?: string;
  scale?: string;
  seconds: string;
  rows: string;
  width: string;
  height: string;
}

/** The frame that takes away what editors show. */
const NOTHING = { end: 0, span: 1, more: false, rows: [] };

export default function register(RED: NodeAPI): void {
  const views = new EditorViews(RED, "waveform");
  /** What the nodes remember, so that a deploy doesn't blank their pictures. */
  const kept = new Map<string, Traces>();

  function Waveform(this: Node, def: WaveformDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => {
      const settings = new Settings(RED, this);
      const options = readOptions(settings, def);
      const isCommon = settings.choice("Scale", def.scale, ["own", "common"]) === "common";
      const traces = sameShape(kept.get(this.id), options) ?? new Traces(options);
      kept.set(this.id, traces);
      let isCleared = false;
      const draw = () =>
        frame(traces.picture(nowMicroseconds(), isCommon)) ?? (isCleared ? NOTHING : undefined);
      const view = views.open(this.id, draw);
      const status = new StatusLine(this, () => describe(RED, traces.size));

      onInput(this, async (msg, send) => {
        try {
          isCleared = "reset" in msg;
          if (isCleared) {
            traces.clear();
            return;
          }
          const record = traceRecord(msg);
          if (record) traces.add(record, nowMicroseconds());
        } finally {
          view.changed();
          status.update();
          send(msg);
        }
      });

      onClose(this, async (removed) => {
        if (removed) kept.delete(this.id);
        view.close();
        status.close();
      });
    });
  }
  RED.nodes.registerType("waveform", Waveform);
}

/** @throws TraceError; marked, where the message has no samples at all */
function traceRecord(msg: NodeMessageInFlow): TraceRecord | undefined {
  try {
    return readTraceRecord(msg.payload);
  } catch (error) {
    const hasNone = error instanceof TraceError && error.code === "NO_SAMPLES";
    throw hasNone ? misfit(whatCame(msg, ["mseed", "json", "text"]), error) : error;
  }
}

function readOptions(settings: Settings, def: WaveformDef): TracesOptions {
  return {
    seconds:
      settings.choice("Time shown", def.span, ["last", "all"]) === "all"
        ? "all"
        : settings.number("Time shown", def.seconds, { min: 1, max: 31_622_400, fallback: 60 }),
    columns: Math.round(settings.number("Width", def.width, { min: 100, max: 2000, fallback: 360 })),
    rows: Math.round(settings.number("Streams", def.rows, { min: 1, max: 24, fallback: 6 })),
  };
}

function sameShape(traces: Traces | undefined, options: TracesOptions): Traces | undefined {
  return traces && JSON.stringify(traces.options) === JSON.stringify(options) ? traces : undefined;
}

function describe(RED: NodeAPI, streams: number) {
  return streams === 0
    ? ({ fill: "grey", shape: "ring", text: RED._("waveform.status.waiting") } as const)
    : ({ fill: "green", shape: "dot", text: RED._("waveform.status.streams", { count: streams }) } as const);
}

/** A picture as the editor script draws it: times in milliseconds, the columns as base64. */
function frame(picture: Picture | undefined): object | undefined {
  return (
    picture && {
      end: picture.end / 1000,
      span: picture.span / 1000,
      more: picture.more,
      rows: picture.rows.map(({ envelope, newest, ...row }) => ({
        ...row,
        newest: newest / 1000,
        envelope: Buffer.from(envelope).toString("base64"),
      })),
    }
  );
}
