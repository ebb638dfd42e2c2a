/**
 * Pages that see the same: what is new is looked up, and made into bytes, once for all of them. Each has its own snapshot, and from then on
 * the same frames as the others.
 */
import type { TraceBins } from "../../../waveform/bins.ts";
import { encodeFrame } from "../../frame-writer.ts";
import {
  type ChannelInfo,
  type EventMark,
  type Frame,
  type HelloFrame,
  PROTOCOL,
  type SamplesFrame,
} from "../../frames.ts";
import type { Seismograph } from "../../seismograph.ts";
import type { Channel } from "../../store/channel.ts";
import { binFrames } from "./bins.ts";
import { binWidth, type StreamRequest } from "./request.ts";

/** A page that is sent frames. */
export interface Member {
  write(bytes: Uint8Array): void;
  /** Sends all of a channel, when there is room. */
  sendWhole(channel: string): void;
}

/** What has been sent of a channel. */
interface Cursor {
  number: number;
  version: number;
  epoch: number;
  info: number;
  patch: number;
  /** The number of the bin behind the newest one, `NaN` before there is any. */
  end: number;
  /** Raw samples from here on have not been sent. */
  raw: number;
}

/** So many bins of a channel in one beat are sent piece by piece, as a snapshot is. */
const MANY_BINS = 8192;

export class Group {
  readonly request: StreamRequest;
  readonly members = new Set<Member>();
  readonly #seismograph: Seismograph;
  readonly #beat: number;
  readonly #cursors = new Map<string, Cursor>();
  /** Channels of which all is to be sent, behind the present beat. */
  readonly #wholes: string[] = [];
  #marks: number;
  #marksEpoch: number;
  /** The id of the newest event. */
  #newestEvent: string | undefined;

  constructor(seismograph: Seismograph, request: StreamRequest, beat: number) {
    this.#seismograph = seismograph;
    this.request = request;
    this.#beat = beat;
    this.#marks = seismograph.marks.change;
    this.#marksEpoch = seismograph.marks.epoch;
    this.#newestEvent = newestOf(seismograph.marks.events)?.id;
    for (const channel of seismograph.channels.values())
      this.#cursors.set(channel.id, this.#cursorAt(channel));
  }

  /** Sends what is new to all members. */
  beat(now: number): void {
    const frames: Frame[] = [];
    const changed = this.#channelChanges();
    if (changed) frames.push(changed);
    for (const channel of this.#seismograph.channels.values()) frames.push(...this.#newOf(channel));
    const marks = this.#newMarks();
    if (marks) frames.push(marks);
    frames.push(this.#status(now));
    const bytes = Buffer.concat(frames.map(encodeFrame));
    for (const member of this.members) member.write(bytes);
    // Behind the frame that names them.
    for (const id of this.#wholes.splice(0)) for (const member of this.members) member.sendWhole(id);
  }

  /** What a page begins with, before its bins. */
  beginning(now: number): Uint8Array {
    const { channels, marks } = this.#seismograph;
    const infos = [...channels.values()].map(({ info }) => info);
    const frames: Frame[] = [
      this.#hello(now),
      { type: "channels", channels: infos, gone: [] },
      { type: "marks", triggers: marks.triggers, events: this.#shown(marks.events) },
      this.#status(now),
    ];
    return Buffer.concat(frames.map(encodeFrame));
  }

  /** The channels whose bins are wanted. */
  wanted(): string[] {
    return [...this.#seismograph.channels.keys()].filter((id) => this.#isWanted(id));
  }

  /** All bins of a channel, and its samples, piece by piece. */
  *whole(id: string): Generator<Uint8Array, void> {
    const channel = this.#seismograph.channels.get(id);
    if (!channel) return;
    const bins = this.#binsOf(channel);
    const from = Math.max(bins.begin, bins.end - Math.ceil((this.request.span * 1e6) / bins.width));
    const stretch = { channel: channel.number, bins, from, to: bins.end, factor: this.request.factor };
    for (const frame of binFrames(stretch, true)) yield encodeFrame(frame);
    if (!this.request.hasSamples) return;
    const since = channel.newest - this.request.span * 1e6;
    for (const frame of samplesSince(channel, since)) yield encodeFrame(frame);
  }

  #isWanted(id: string): boolean {
    return this.request.channels?.has(id) ?? true;
  }

  #binsOf(channel: Channel): TraceBins {
    return (this.request.isFine ? channel.fine : channel.coarse)[this.request.viewIndex]!;
  }

  #cursorAt(channel: Channel): Cursor {
    return {
      number: channel.number,
      version: channel.version,
      epoch: channel.epoch,
      info: channel.infoVersion,
      patch: channel.lastPatch,
      end: this.#binsOf(channel).end,
      raw: channel.newest + 0.5e6 / channel.sampleRate,
    };
  }

  #hello(now: number): HelloFrame {
    const { options, archive, isRefilling } = this.#seismograph;
    const { title, hours, lineMinutes, rawMinutes } = options;
    const { page, view, span } = this.request;
    return {
      ...{ type: "hello", protocol: PROTOCOL, title, page, view, views: [...options.views] },
      ...{ binWidth: binWidth(this.request), span, hours, lineMinutes, rawMinutes },
      ...{ hasArchive: archive !== undefined, isRefilling, beat: this.#beat, now },
    };
  }

  #status(now: number): Frame {
    const channels = [...this.#seismograph.channels.values()].map((channel) => channel.status(now));
    return { type: "status", now, isRefilling: this.#seismograph.isRefilling, channels };
  }

  #newMarks(): Frame | undefined {
    const { marks } = this.#seismograph;
    if (marks.change === this.#marks) return undefined;
    const { triggers, events } = marks.since(this.#marks);
    const isReset = marks.epoch !== this.#marksEpoch;
    const newest = newestOf(marks.events);
    // What is the newest now may have been told without its arrivals.
    if (newest && newest.id !== this.#newestEvent && !events.includes(newest)) events.push(newest);
    this.#newestEvent = newest?.id;
    this.#marks = marks.change;
    this.#marksEpoch = marks.epoch;
    return { type: "marks", ...(isReset && { isReset }), triggers, events: this.#shown(events) };
  }

  /**
   * Events with the arrivals that the page shows: those of its own channel in a drum, and of live traces only those of the newest event,
   * by which they are ordered. Many stations times many events would be megabytes.
   */
  #shown(events: readonly EventMark[]): EventMark[] {
    const { page, channels } = this.request;
    return events.map((event) => {
      if (page === "live") return event.id === this.#newestEvent ? event : { ...event, arrivals: {} };
      const own = Object.entries(event.arrivals).filter(([id]) => channels?.has(id) ?? true);
      return { ...event, arrivals: Object.fromEntries(own) };
    });
  }

  #channelChanges(): Frame | undefined {
    const { channels } = this.#seismograph;
    const changed: ChannelInfo[] = [];
    const gone: number[] = [];
    for (const [id, { number }] of this.#cursors) {
      if (channels.get(id)?.number === number) continue;
      gone.push(number);
      this.#cursors.delete(id);
    }
    for (const channel of channels.values()) {
      const cursor = this.#cursors.get(channel.id);
      if (cursor?.info === channel.infoVersion) continue;
      changed.push(channel.info);
      if (cursor) cursor.info = channel.infoVersion;
      else this.#addCursor(channel);
    }
    return changed.length + gone.length > 0 ? { type: "channels", channels: changed, gone } : undefined;
  }

  #addCursor(channel: Channel): void {
    this.#cursors.set(channel.id, this.#cursorAt(channel));
    if (this.#isWanted(channel.id)) this.#wholes.push(channel.id);
  }

  #newOf(channel: Channel): Frame[] {
    const cursor = this.#cursors.get(channel.id);
    if (!cursor || cursor.version === channel.version || !this.#isWanted(channel.id)) return [];
    const before = { ...cursor };
    Object.assign(cursor, this.#cursorAt(channel), { info: cursor.info });
    const patches = channel.patchesSince(before.patch);
    const bins = this.#binsOf(channel);
    const from = this.#firstNew(channel, bins, before.end);
    if (before.epoch !== channel.epoch || !patches || bins.end - from > MANY_BINS) {
      this.#wholes.push(channel.id);
      return [];
    }
    const stretch = { channel: channel.number, bins, factor: this.request.factor };
    const frames: Frame[] = [...binFrames({ ...stretch, from, to: bins.end }, false)];
    for (const patch of patches) {
      const range = {
        from: Math.floor(patch.from / bins.width) - 1,
        to: Math.ceil(patch.to / bins.width) + 1,
      };
      frames.push(...binFrames({ ...stretch, ...range }, false));
    }
    if (this.request.hasSamples) frames.push(...samplesSince(channel, before.raw));
    return frames;
  }

  /** The newest bin is not full, and where samples are further apart than bins, those between them are lines to the next sample. */
  #firstNew(channel: Channel, bins: TraceBins, end: number): number {
    const step = 1e6 / channel.sampleRate / bins.width;
    const open = step > 1 ? Math.ceil(1.5 * step) + 1 : 1;
    return Math.max(bins.begin, Number.isNaN(end) ? bins.begin : end - open);
  }
}

function newestOf(events: readonly EventMark[]): EventMark | undefined {
  return events.reduce<EventMark | undefined>((a, b) => (a && a.time >= b.time ? a : b), undefined);
}

/** Frames of at most so many samples, so that none takes long. */
const MANY_SAMPLES = 16_384;

function samplesSince(channel: Channel, from: number): SamplesFrame[] {
  const since = Number.isNaN(from) ? Number.NEGATIVE_INFINITY : from;
  return channel.raw.pieces(since, Number.POSITIVE_INFINITY).flatMap((piece) => {
    const count = Math.ceil(piece.samples.length / MANY_SAMPLES);
    return Array.from({ length: count }, (_, i) => {
      const start = piece.start + (i * MANY_SAMPLES * 1e6) / piece.sampleRate;
      const samples = piece.samples.subarray(i * MANY_SAMPLES, (i + 1) * MANY_SAMPLES);
      return { ...piece, type: "samples", channel: channel.number, start, samples };
    });
  });
}
