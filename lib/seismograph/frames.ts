/**
 * What a seismograph sends to its pages: one response of binary frames, a snapshot first and then what is new. A frame is eight
 * bytes (length of what follows them as uint32, type as uint8, a detail as uint8, number of the channel as uint16) and its content;
 * all numbers are little-endian. Times are microseconds since 1970, as everywhere in the library.
 */

/** Said in `hello`: a page that knows another one reloads itself. */
export const PROTOCOL = 1;

/** Bytes before the content of each frame. */
export const FRAME_HEADER = 8;

/** Largest content of a frame, in bytes: a channel's raw samples of an hour at 500 Hz, as doubles. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** The types of frames, by the number that stands for each. */
export const FRAME_TYPES = {
  hello: 1,
  channels: 2,
  bins: 3,
  samples: 4,
  marks: 5,
  status: 6,
  end: 7,
} as const;

/** A band of frequencies that all channels can be seen in. `raw` has neither corner. */
export interface BandView {
  /** As it stands in addresses: `raw`, `1-20` (band-pass), `0.5-` (high-pass), `-1` (low-pass). */
  id: string;
  /** Lower and upper corner in hertz, where there is one. */
  low?: number;
  high?: number;
}

/** The first frame: what the page is, and in what the bins that follow are counted. */
export interface HelloFrame {
  type: "hello";
  protocol: number;
  title: string;
  page: PageKind;
  /** The view that the bins are of, and all that there are. */
  view: string;
  views: BandView[];
  /** Width of the bins that follow, in microseconds: bin `n` begins at `n * binWidth`. */
  binWidth: number;
  /** How far back the snapshot reaches at most, in seconds. */
  span: number;
  /** Hours of bins that are kept, minutes of a drum's line, minutes of raw samples. */
  hours: number;
  lineMinutes: number;
  rawMinutes: number;
  /** Whether there is an archive to read older samples from. */
  hasArchive: boolean;
  /** Whether what the archive has is still being read. */
  isRefilling: boolean;
  /** Milliseconds from one beat to the next. */
  beat: number;
  /** The clock of the seismograph. */
  now: number;
}

/** The two kinds of pages. */
export type PageKind = "live" | "heli";

/** A stream of samples. */
export interface ChannelInfo {
  /** By which the frames name it. A number can be given again when its channel is gone; a `channels` frame says so first. */
  number: number;
  /** As it stands in addresses: the source id without `FDSN:`. */
  id: string;
  sourceId: string;
  /** In hertz. */
  sampleRate: number;
  /** Of the samples: `counts` unless the records say otherwise. */
  units: string;
  /** Views that there are of it: its rate may be too low for some. */
  views: string[];
  /** Of the station, in degrees, if known. */
  latitude?: number;
  longitude?: number;
}

/** Channels that are new or have changed, whole, and the numbers of those that are gone. */
export interface ChannelsFrame {
  type: "channels";
  channels: ChannelInfo[];
  gone: number[];
}

/** Bins of one channel: each replaces what stood at its place. NaN where there is no sample. */
export interface BinsFrame {
  type: "bins";
  channel: number;
  /** Forget all bins of the channel first. */
  isReset: boolean;
  /** Number of the first bin: its start over `binWidth`. */
  first: number;
  min: Float32Array;
  max: Float32Array;
}

/** Samples that an instrument gave, without a gap among them. */
export interface SamplesFrame {
  type: "samples";
  channel: number;
  /** Of the first sample. */
  start: number;
  /** In hertz. */
  sampleRate: number;
  samples: Int32Array | Float32Array | Float64Array;
}

/** A trigger of a channel. */
export interface TriggerMark {
  id: string;
  /** The channel's `id`. */
  channel: string;
  on: number;
  /** `null` while it lasts. */
  off: number | null;
  ratio: number | null;
  peakRatio: number | null;
  /** A try of the alarm chain. */
  isTest?: boolean;
}

/** When an event's waves come to a channel. */
export interface Arrival {
  /** From the epicentre, in degrees. */
  distance: number;
  /** Predicted first P and S. */
  p?: number;
  s?: number;
}

/** An earthquake of a catalogue. */
export interface EventMark {
  id: string;
  /** Origin time. */
  time: number;
  latitude: number | null;
  longitude: number | null;
  /** In km. */
  depth: number | null;
  magnitude: number | null;
  place: string;
  /** By the channel's `id`: of those whose station's place is known, or that the event names. */
  arrivals: Record<string, Arrival>;
}

/** Triggers and events that are new or have changed, whole. Of the arrivals of an event those that the page shows. */
export interface MarksFrame {
  type: "marks";
  /** Forget all marks first. */
  isReset?: boolean;
  triggers: TriggerMark[];
  events: EventMark[];
}

/** How a channel does. */
export interface ChannelStatus {
  channel: number;
  /** Whether it is triggered, whether nothing has come for a while, whether its clock runs ahead. */
  isTriggered: boolean;
  isSilent: boolean;
  isAhead: boolean;
  /** How old the newest sample is: when it came, or now if nothing has come for a while. In seconds. */
  latency: number;
  /** The newest ratio of a trigger, NaN if none was told. */
  ratio: number;
  /** Gaps within the hours kept, since the seismograph began. */
  gaps: number;
  /** Time of the newest sample. */
  newest: number;
}

/** All channels, each beat; also the sign of life. */
export interface StatusFrame {
  type: "status";
  now: number;
  isRefilling: boolean;
  channels: ChannelStatus[];
}

/** The last frame, where the seismograph ends the response: come again after `retry` milliseconds. */
export interface EndFrame {
  type: "end";
  reason: "closing" | "slow" | "limit";
  retry: number;
}

/** Everything that is sent. */
export type Frame =
  | HelloFrame
  | ChannelsFrame
  | BinsFrame
  | SamplesFrame
  | MarksFrame
  | StatusFrame
  | EndFrame;

/** The arrays that samples come in, by the detail of a `samples` frame. */
export const SAMPLE_KINDS = [Int32Array, Float32Array, Float64Array] as const;

/** Bytes of a channel in a `status` frame. */
export const STATUS_ROW = 24;

/** The flags of a channel in a `status` frame. */
export const STATUS_FLAGS = { triggered: 1, silent: 2, ahead: 4 } as const;
