/**
 * Whether stations do what they should: silent and back, gaps, overlaps, late records, clocks, dead channels, offsets. It has no
 * clock of its own: who calls it says when it is.
 */
import { type TimeInput, toNanoseconds } from "../../time.ts";
import { SignalError } from "../errors.ts";
import { shown } from "../settings.ts";
import { matchesStream } from "../stream-pattern.ts";
import { checkedOptions, type MonitorEvent, type MonitorOptions } from "./options.ts";
import { countText, lengthText } from "./sentences.ts";
import { type MonitoredRecord, nanoseconds, type StreamReport, StreamWatch } from "./stream-watch.ts";

const LONGEST_ID = 200;

interface Expected {
  pattern: string;
  hasCome: boolean;
  isTold: boolean;
}

/** Watches over all streams of a network: feed it every record, and call `tick` every second. */
export class StationMonitor {
  /** Records of streams that had no place: more came than the monitor keeps. */
  refused = 0;
  readonly #options: Required<MonitorOptions>;
  /** The longest quiet one first. */
  readonly #streams = new Map<string, StreamWatch>();
  readonly #expected: Expected[];
  readonly #began: number;
  #lastArrival: number;
  #hasAny = false;
  /** Since when all streams have been silent, if that was told of; seconds since 1970. */
  #allSilentSince: number | undefined;

  /** `now`: from when on silence counts. @throws SignalError `INVALID_SETTING`, `BAD_TIME` */
  constructor(options: MonitorOptions, now: TimeInput) {
    this.#options = checkedOptions(options);
    this.#began = secondsOf(now);
    this.#lastArrival = this.#began;
    this.#expected = this.#options.expected.map((pattern) => ({ pattern, hasCome: false, isTold: false }));
  }

  /** How many streams are known. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** How many streams are silent, those included that are expected and never came. */
  get silentCount(): number {
    const missing = this.#expected.filter(({ isTold, hasCome }) => isTold && !hasCome).length;
    let silent = missing;
    for (const { isSilent } of this.#streams.values()) if (isSilent) silent++;
    return silent;
  }

  /**
   * Takes a record that arrived at `now`; tells what that changes.
   * @throws SignalError `BAD_SAMPLE_RATE`, `BAD_TIME`, `NO_SAMPLES` for a record that cannot be used
   */
  push(record: MonitoredRecord, now: TimeInput): MonitorEvent[] {
    const seconds = secondsOf(now);
    const known = this.#streams.get(record.sourceId);
    const stream = known ?? new StreamWatch(record.sourceId, seconds, this.#options);
    if (!known && !this.#hasRoom(record.sourceId)) {
      this.refused++;
      return [];
    }
    const events = stream.push(record, now, seconds);
    this.#streams.delete(record.sourceId);
    this.#streams.set(record.sourceId, stream);
    this.#lastArrival = seconds;
    const told = events.flatMap((event) => this.#tell(event, stream, seconds));
    return known ? told : [...this.#come(stream), ...told];
  }

  /** What the clock alone changes: to be called every second or so. */
  tick(now: TimeInput): MonitorEvent[] {
    const seconds = secondsOf(now);
    const held = [...this.#streams.values()].flatMap((stream) => stream.heldBack(seconds));
    return [...held, ...this.#silences(seconds), ...this.#missing(seconds)];
  }

  /** A row for each stream, in the order of their ids. The figures of samples are of the time since the last report. */
  report(now: TimeInput): StreamReport[] {
    const seconds = secondsOf(now);
    const rows = [...this.#streams.values()].map((stream) => stream.report(seconds));
    return rows.sort((a, b) => (a.sourceId < b.sourceId ? -1 : 1));
  }

  #hasRoom(sourceId: string): boolean {
    if (sourceId.length > LONGEST_ID) return false;
    if (this.#streams.size < this.#options.streams) return true;
    const [oldest] = this.#streams.values();
    if (!oldest!.isSilent) return false;
    this.#streams.delete(oldest!.sourceId);
    return true;
  }

  /** That a stream came which was missed, or that something comes at all. */
  #come(stream: StreamWatch): MonitorEvent[] {
    const wasTold = this.#expected.filter(
      ({ pattern, hasCome, isTold }) => isTold && !hasCome && matchesStream(pattern, stream.sourceId),
    );
    for (const expected of this.#expected)
      expected.hasCome ||= matchesStream(expected.pattern, stream.sourceId);
    this.#hasAny = true;
    if (wasTold.length === 0) return [];
    const text = `has come; ${wasTold.map(({ pattern }) => pattern).join(", ")} was missed`;
    return [stream.event("back", text, { after: "silent", since: nanoseconds(this.#began) })];
  }

  /** A stream's event as it is told of: that of a station or of all streams, or none, in place of many. */
  #tell(event: MonitorEvent, stream: StreamWatch, now: number): MonitorEvent[] {
    if (event.event !== "back" || event.after !== "silent") return [event];
    if (this.#allSilentSince !== undefined) return [this.#allBack(now)];
    if (stream.isSilentWithAll) {
      stream.isSilentWithAll = false;
      return [];
    }
    if (this.#options.groupBy === "stream") return [event];
    const others = this.#ofStation(stream.station).filter((other) => other !== stream);
    return others.every(({ isSilent }) => isSilent) ? [ofStation(event)] : [];
  }

  /** Data come again: whoever does not come soon is silent on its own from then on. */
  #allBack(now: number): MonitorEvent {
    const since = this.#allSilentSince!;
    this.#allSilentSince = undefined;
    for (const stream of this.#streams.values()) {
      if (!stream.isSilent || !stream.isSilentWithAll) continue;
      stream.isSilent = false;
      stream.isSilentWithAll = false;
      stream.quietSince = now;
    }
    return {
      ...ALL,
      event: "back",
      after: "silent",
      since: nanoseconds(since),
      seconds: now - since,
      count: this.#streams.size,
      message: `Data come again, after ${lengthText(now - since)} without any.`,
    };
  }

  #silences(now: number): MonitorEvent[] {
    const due = [...this.#streams.values()].filter(
      (stream) => !stream.isSilent && now - stream.quietSince >= stream.patience,
    );
    if (due.length === 0) return [];
    if (this.#allSilentSince === undefined && this.#isAllQuiet(now)) return [this.#fallAllSilent(now)];
    const events = due.map((stream) => stream.fallSilent(now));
    if (this.#allSilentSince !== undefined) {
      for (const stream of due) stream.isSilentWithAll = true;
      return [];
    }
    if (this.#options.groupBy === "stream") return events;
    return [...new Set(due.map(({ station }) => station))]
      .filter((station) => this.#ofStation(station).every(({ isSilent }) => isSilent))
      .map((station) => ofStation(events[due.findIndex((stream) => stream.station === station)]!));
  }

  /** Whether of two streams or more none has sent for half the limit; those that send rarely do not count. */
  #isAllQuiet(now: number): boolean {
    const half = this.#options.silentAfter / 2;
    const frequent = [...this.#streams.values()].filter((stream) => !(2 * stream.usualInterval > half));
    return frequent.length >= 2 && frequent.every((stream) => now - stream.lastArrival >= half);
  }

  #fallAllSilent(now: number): MonitorEvent {
    this.#allSilentSince = this.#lastArrival;
    for (const stream of this.#streams.values()) {
      if (stream.isSilent || 2 * stream.usualInterval > this.#options.silentAfter / 2) continue;
      stream.fallSilent(now);
      stream.isSilentWithAll = true;
    }
    const seconds = now - this.#lastArrival;
    const count = this.#streams.size;
    const message = `Nothing has come from any of ${countText(count, "stream")} for ${lengthText(seconds)}: look at the connection first.`;
    return { ...ALL, event: "silent", since: nanoseconds(this.#lastArrival), seconds, count, message };
  }

  /** Streams that are expected and never came. */
  #missing(now: number): MonitorEvent[] {
    const seconds = now - this.#began;
    if (seconds < this.#options.silentAfter) return [];
    const missing = this.#expected.filter(({ hasCome, isTold }) => !hasCome && !isTold);
    const isNothing = !this.#hasAny && this.#allSilentSince === undefined;
    for (const expected of missing) expected.isTold = true;
    const since = nanoseconds(this.#began);
    if (isNothing) {
      this.#allSilentSince = this.#began;
      const count = this.#expected.length;
      const expected = count === 0 ? "" : ` (${countText(count, "name")} expected)`;
      const message = `Nothing has come since the monitor began ${lengthText(seconds)} ago${expected}.`;
      return [{ ...ALL, event: "silent", since, seconds, count, message }];
    }
    return missing.map(({ pattern }) => ({
      ...ALL,
      event: "silent" as const,
      since,
      seconds,
      count: 1,
      message: `Nothing of ${pattern} has come since the monitor began ${lengthText(seconds)} ago.`,
    }));
  }

  #ofStation(station: string): StreamWatch[] {
    return [...this.#streams.values()].filter((stream) => stream.station === station);
  }
}

const ALL = { sourceId: null, station: null, samples: 0 };

/** A stream's event as its station's. */
function ofStation(event: MonitorEvent): MonitorEvent {
  const station = event.station ?? "";
  return {
    ...event,
    sourceId: null,
    message: event.message.replace(/^\S+/, station.replace("_", ".")),
  };
}

function secondsOf(time: TimeInput): number {
  const now = toNanoseconds(time);
  if (now === undefined) {
    throw new SignalError("BAD_TIME", `now is ${shown(time)}: give a Date, text or a number of microseconds`);
  }
  return Number(now) / 1e9;
}
