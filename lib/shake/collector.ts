/**
 * Datagrams of a Shake collected into stretches of some seconds, channel by channel. What is missing stays missing: nothing is filled in.
 * It has no clock of its own.
 */
import type { ShakeDatagram } from "./datagram.ts";

/** Samples that follow each other. */
export interface ShakeStretch {
  channel: string;
  /** Nanoseconds since 1970. */
  startTime: bigint;
  /** Hertz. */
  sampleRate: number;
  samples: Int32Array;
}

export interface CollectorOptions {
  /** Seconds of data in a stretch. */
  seconds: number;
  /** Hertz; default: 100 where a datagram has 25 samples, 50 where it has 50, else as two that follow each other tell. */
  sampleRate?: number | undefined;
}

/** What became of a datagram besides stretches that are complete. */
export interface Taken {
  stretches: ShakeStretch[];
  /** It was there already: UDP may bring one twice. */
  isDuplicate: boolean;
  /** Samples that are missing before it. */
  missing: number;
}

/** A Shake has up to four; this bounds what strangers can make it hold. */
const MAX_CHANNELS = 16;
/** Rates that a Shake's datagrams tell by the number of their samples. */
const RATES = new Map([
  [25, 100],
  [50, 50],
]);
/** Of a rate that two datagrams tell: it is a whole number but for their times' milliseconds. */
const MAX_RATE = 1000;

interface Channel {
  rate: number | undefined;
  /** Of the datagram before: for its rate, and to know it again. */
  last: ShakeDatagram | undefined;
  /** When the sample after the last one is due, nanoseconds since 1970. */
  due: bigint | undefined;
  pieces: Int32Array[];
  startTime: bigint;
  count: number;
  /** When the first piece came. */
  since: number;
}

export class ShakeCollector {
  readonly #options: CollectorOptions;
  readonly #channels = new Map<string, Channel>();

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** Channels that have come. */
  get channels(): string[] {
    return [...this.#channels.keys()].sort();
  }

  /**
   * Takes a datagram that came at a time (milliseconds of any clock); `undefined` where there are too many channels already. The
   * first one of an unknown rate waits for the next.
   */
  add(datagram: ShakeDatagram, now: number): Taken | undefined {
    const channel = this.#channelOf(datagram.channel);
    if (!channel) return undefined;
    const { last } = channel;
    channel.last = datagram;
    const taken: Taken = { stretches: [], isDuplicate: false, missing: 0 };
    if (last && last.startTime === datagram.startTime && last.samples.length === datagram.samples.length) {
      return { ...taken, isDuplicate: true };
    }
    channel.rate ??= RATES.get(datagram.samples.length);
    if (channel.rate === undefined) {
      channel.rate = last && rateOf(last, datagram);
      if (channel.rate === undefined || !last) return taken;
      this.#append(channel, last, now);
    }
    taken.missing = this.#cut(channel, datagram, taken.stretches);
    this.#append(channel, datagram, now);
    if (channel.count >= this.#options.seconds * channel.rate)
      taken.stretches.push(...take(datagram.channel, channel));
    return taken;
  }

  /** Gives what has waited since before a time, complete or not. */
  flush(before: number): ShakeStretch[] {
    const stretches: ShakeStretch[] = [];
    for (const [name, channel] of this.#channels) {
      if (channel.count > 0 && channel.since < before) stretches.push(...take(name, channel));
    }
    return stretches;
  }

  #channelOf(name: string): Channel | undefined {
    const known = this.#channels.get(name);
    if (known || this.#channels.size >= MAX_CHANNELS) return known;
    const { sampleRate } = this.#options;
    const channel: Channel = {
      rate: sampleRate,
      last: undefined,
      due: undefined,
      pieces: [],
      startTime: 0n,
      count: 0,
      since: 0,
    };
    this.#channels.set(name, channel);
    return channel;
  }

  /** Ends the stretch where a datagram does not follow it within half a sample; gives how many samples are missing. */
  #cut(channel: Channel, { channel: name, startTime }: ShakeDatagram, stretches: ShakeStretch[]): number {
    const { due, rate } = channel;
    if (due === undefined || rate === undefined) return 0;
    const samples = (Number(startTime - due) / 1e9) * rate;
    if (Math.abs(samples) <= 0.5) return 0;
    if (channel.count > 0) stretches.push(...take(name, channel));
    return Math.max(0, Math.round(samples));
  }

  #append(channel: Channel, { samples, startTime }: ShakeDatagram, now: number): void {
    if (channel.count === 0) {
      channel.startTime = startTime;
      channel.since = now;
    }
    channel.pieces.push(samples);
    channel.count += samples.length;
    channel.due = startTime + BigInt(Math.round((samples.length * 1e9) / (channel.rate as number)));
  }
}

/** The rate at which one datagram follows another, in whole hertz; `undefined` where they tell none. */
function rateOf(last: ShakeDatagram, next: ShakeDatagram): number | undefined {
  const seconds = Number(next.startTime - last.startTime) / 1e9;
  const rate = Math.round(last.samples.length / seconds);
  const isClose = Math.abs(last.samples.length / seconds - rate) < 0.02 * rate;
  return seconds > 0 && rate >= 1 && rate <= MAX_RATE && isClose ? rate : undefined;
}

function take(name: string, channel: Channel): ShakeStretch[] {
  const { pieces, count, startTime, rate } = channel;
  const samples = new Int32Array(count);
  let at = 0;
  for (const piece of pieces) {
    samples.set(piece, at);
    at += piece.length;
  }
  channel.pieces = [];
  channel.count = 0;
  return [{ channel: name, startTime, sampleRate: rate as number, samples }];
}
