/** One channel as the page knows it: what it is, its bins, its samples, how it does. Pure. */
import type { ChannelInfo, ChannelStatus, HelloFrame } from "../../lib/seismograph/frames.ts";
import { stationOf, streamName } from "../../lib/signal/stream-pattern.ts";
import { TraceBins } from "../../lib/waveform/bins.ts";
import { SampleTrail } from "./sample-trail.ts";

/** Most bins of a channel, whatever a server says: a week of half seconds. */
const MOST_BINS = 1_300_000;

export class Channel {
  /** `XX_DEMO_00_H_H_Z`, as addresses have it. */
  readonly id: string;
  /** `XX.DEMO.00.HHZ`, as people have it. */
  readonly name: string;
  /** `XX_DEMO`. */
  readonly station: string;
  readonly bins: TraceBins;
  /** Raw samples of the span shown, where they are streamed. */
  readonly trail: SampleTrail;
  info: ChannelInfo;
  status: ChannelStatus | undefined;
  /** Whether its snapshot has begun to come. */
  hasBegun = false;

  constructor(info: ChannelInfo, hello: HelloFrame) {
    this.info = info;
    this.id = info.id;
    this.name = streamName(info.sourceId);
    this.station = stationOf(info.sourceId);
    const count = Math.ceil((hello.span * 1e6) / hello.binWidth) + 1;
    this.bins = new TraceBins(hello.binWidth, Math.min(Math.max(count, 2), MOST_BINS), "float32");
    this.trail = new SampleTrail(hello.span * 1e6);
  }

  /** Time of the newest sample in microseconds, `NaN` before the first. */
  get newest(): number {
    return this.status?.newest ?? this.bins.end * this.bins.width;
  }

  /** Whether its data do not come as they should: not for a while, or from the future. */
  get isLate(): boolean {
    return this.status !== undefined && (this.status.isSilent || this.status.isAhead);
  }
}
