/** What one response of the seismograph has told so far. A page that connects again begins a new one. Pure. */
import type { EventMark, Frame, HelloFrame, TriggerMark } from "../../lib/seismograph/frames.ts";
import { Channel } from "./channel.ts";

/** Most marks kept of each kind, the newest. */
const MOST_MARKS = 5000;
const MOST_CHANNELS = 1000;

/** After so many signs of life, what has come of a snapshot is shown. */
const PATIENCE = 12;

export class Model {
  readonly hello: HelloFrame;
  readonly triggers = new Map<string, TriggerMark>();
  readonly events = new Map<string, EventMark>();
  /** The seismograph's clock, in microseconds, when it last told. */
  now: number;
  isRefilling: boolean;
  readonly #channels = new Map<number, Channel>();
  readonly #wanted: ReadonlySet<string> | undefined;
  #statuses = 0;
  #isComplete = false;

  /** @param wanted ids of the channels whose bins come; all where nothing is said */
  constructor(hello: HelloFrame, wanted?: ReadonlySet<string>) {
    this.#wanted = wanted;
    this.hello = hello;
    this.now = hello.now;
    this.isRefilling = hello.isRefilling;
  }

  /** Whether the snapshot is whole: the newest sample of each channel is there. A slow one is not waited for for ever. */
  get isComplete(): boolean {
    if (this.#isComplete || this.#statuses === 0) return this.#isComplete;
    const wanted = this.channels.filter(({ id }) => this.#wanted?.has(id) ?? true);
    this.#isComplete = this.#statuses > PATIENCE || wanted.every(isThere);
    return this.#isComplete;
  }

  get channels(): Channel[] {
    return [...this.#channels.values()];
  }

  /** The channel of an id; undefined if there is none. */
  channel(id: string): Channel | undefined {
    return this.channels.find((channel) => channel.id === id);
  }

  /** The newest sample of all, `NaN` before the first. */
  get newest(): number {
    const times = this.channels.map(({ newest }) => newest).filter((time) => time > 0);
    return times.length > 0 ? Math.max(...times) : Number.NaN;
  }

  /** The triggers of a channel, in the order of time. */
  triggersOf(id: string): TriggerMark[] {
    return [...this.triggers.values()].filter(({ channel }) => channel === id).sort((a, b) => a.on - b.on);
  }

  /** The event that began last; undefined if there is none. */
  get newestEvent(): EventMark | undefined {
    return [...this.events.values()].sort((a, b) => b.time - a.time)[0];
  }

  apply(frame: Frame): void {
    switch (frame.type) {
      case "channels":
        for (const number of frame.gone) this.#channels.delete(number);
        for (const info of frame.channels) this.#meet(info);
        return;
      case "bins": {
        const channel = this.#channels.get(frame.channel);
        if (frame.isReset) channel?.bins.clear();
        if (channel) channel.hasBegun ||= frame.isReset;
        channel?.bins.set(frame.first, frame.min, frame.max);
        return;
      }
      case "samples":
        this.#channels.get(frame.channel)?.trail.add(frame);
        return;
      case "marks":
        if (frame.isReset) for (const marks of [this.triggers, this.events]) marks.clear();
        for (const trigger of frame.triggers) keep(this.triggers, trigger);
        for (const event of frame.events) keep(this.events, event);
        return;
      case "status":
        this.now = frame.now;
        this.isRefilling = frame.isRefilling;
        this.#statuses++;
        for (const status of frame.channels) {
          const channel = this.#channels.get(status.channel);
          if (channel) channel.status = status;
        }
        return;
      case "hello":
      case "end":
        return;
    }
  }

  #meet(info: Channel["info"]): void {
    const known = this.#channels.get(info.number);
    if (known?.id === info.id) known.info = info;
    else if (this.#channels.size < MOST_CHANNELS)
      this.#channels.set(info.number, new Channel(info, this.hello));
  }
}

function isThere({ hasBegun, status, bins }: Channel): boolean {
  const hasNewest = !(status && status.newest > 0) || bins.end * bins.width >= status.newest;
  return hasBegun && hasNewest;
}

/** Puts a mark behind all others, and forgets the one that has been there longest where there are too many. */
function keep<Mark extends { id: string }>(marks: Map<string, Mark>, mark: Mark): void {
  marks.delete(mark.id);
  marks.set(mark.id, mark);
  if (marks.size > MOST_MARKS) marks.delete(marks.keys().next().value!);
}
