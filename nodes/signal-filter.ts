/** signal filter: high-pass, low-pass, band-pass, band-stop or the mean removed, with a state for each stream. */
import type { Node, NodeAPI, NodeDef } from "node-red";
import { onClose, onInput } from "./runtime/input-handler.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { StatusLine, shortestNeeded } from "./runtime/status.ts";
import { readSeries, type SeriesRecord, withSamples } from "./signal/series-message.ts";
import { SeriesStreams, type StreamState, type Turn } from "./signal/series-streams.ts";
import { counted, parts } from "./signal/status-texts.ts";
import { type FilterDef, FilterSettings, type StreamFilter } from "./signal/stream-filter.ts";

interface SignalFilterDef extends NodeDef, FilterDef {
  version: number;
  gap: string;
}

const KINDS = ["bandpass", "highpass", "lowpass", "bandstop", "mean"] as const;

export default function register(RED: NodeAPI): void {
  function SignalFilter(this: Node, def: SignalFilterDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => filter(RED, this, def));
  }
  RED.nodes.registerType("signal-filter", SignalFilter);
}

/** A stream's filter, and the last value that it was given. */
class Filtered implements StreamState {
  readonly bytes: number;
  readonly sentence: string;
  readonly isOnlyHighpass: boolean;
  readonly #filter: StreamFilter;
  #last = Number.NaN;

  constructor(settings: FilterSettings, sampleRate: number) {
    const { make, bytes, sentence, isOnlyHighpass } = settings.at(sampleRate);
    this.#filter = make();
    this.bytes = bytes;
    this.sentence = sentence;
    this.isOnlyHighpass = isOnlyHighpass;
  }

  reset(): void {
    this.#filter.reset();
  }

  push({ samples, held }: Turn<Filtered>): Float64Array {
    if (held > 0) this.#filter.push(new Float64Array(held).fill(this.#last));
    this.#last = Number(samples[samples.length - 1]);
    return this.#filter.push(samples);
  }
}

function filter(RED: NodeAPI, node: Node, def: SignalFilterDef): void {
  const settings = new Settings(RED, node);
  const filterSettings = new FilterSettings(settings, def, KINDS);
  const longestHeld = settings.number("Gap", def.gap, { min: 0, max: 1000, fallback: 0 });
  const make = ({ sampleRate }: SeriesRecord) => new Filtered(filterSettings, sampleRate);
  const streams = new SeriesStreams(make, { longestHeld });
  let onlyHighpassAt = 0;

  const status = new StatusLine(node, () => {
    if (streams.size === 0) return {};
    const count = (word: string, number: number) => number > 0 && counted(RED, node.type, word, number);
    const rate = onlyHighpassAt;
    const note = rate > 0 && RED._("signal-filter.status.highpass", { rate });
    const [size, gaps, late] = [
      count("stream", streams.size),
      count("gap", streams.gaps),
      count("late", streams.dropped),
    ];
    const text = shortestNeeded(parts(size, gaps, late, note), parts(gaps, note), parts(note));
    return { fill: rate > 0 ? "yellow" : "green", shape: "dot", text };
  });

  onInput(node, async (msg, send) => {
    if ((msg as { reset?: unknown }).reset) {
      streams.clear();
      onlyHighpassAt = 0;
      return status.update();
    }
    const record = readSeries(msg.payload);
    if (!record) return send(msg);
    const turn = streams.take(record);
    if (!turn) return;
    const { state, startTime } = turn;
    if (state.isOnlyHighpass) onlyHighpassAt = record.sampleRate;
    msg.payload = withSamples(record, { samples: state.push(turn), startTime, sentence: state.sentence });
    send(msg);
  });

  onClose(node, async () => status.close());
}
