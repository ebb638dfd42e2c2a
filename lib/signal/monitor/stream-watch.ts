/** One stream as the monitor sees it: how its records follow on, when they came, and what their samples look like. */
import type { TimeInput } from "../../time.ts";
import { type Continued, Continuity } from "../continuity.ts";
import type { SampleInput } from "../samples.ts";
import { stationOf, streamName } from "../stream-pattern.ts";
import { Completeness } from "./completeness.ts";
import { Condition, Telling } from "./condition.ts";
import type { MonitorEvent, MonitorEventKind, MonitorOptions } from "./options.ts";
import { SampleFigures, type SampleSummary } from "./sample-figures.ts";
import { countText, lengthText, timeText } from "./sentences.ts";

/** A record, or only what its header tells. */
export interface MonitoredRecord {
  sourceId: string;
  startTime: TimeInput;
  /** In hertz; 0 for what is no series of samples: it shows that the station sends, and no more. */
  sampleRate: number;
  sampleCount: number;
  samples?: SampleInput;
  /** Percent. */
  timingQuality?: number;
  isClockLocked?: boolean;
  /** Whether the record says itself that its time is questionable. */
  isTimeQuestionable?: boolean;
}

/** A stream's row of the report. Lengths of time in seconds; NaN where it is not known. */
export interface StreamReport {
  sourceId: string;
  station: string;
  /** `ok`, or all that is wrong. */
  state: "ok" | "silent" | "problem";
  problems: string[];
  /** From now back to the end of the newest sample. */
  latency: number;
  /** Arrival of the newest record less its end. */
  delay: number;
  /** Of the last 10 minutes, hour and day, 0 to 1. */
  completeness10min: number;
  completeness1h: number;
  completeness24h: number;
  /** Since the stream was first seen. */
  gaps: number;
  overlaps: number;
  late: number;
  duplicates: number;
  samplesReceived: number;
  samplesExpected: number;
  /** As the header says, and as the times of the records say; in hertz. */
  sampleRate: number;
  measuredRate: number;
  timingQuality: number;
  /** `null` if no record ever said so. */
  clockLocked: boolean | null;
  /** Of the samples since the last report, in their unit. */
  mean: number;
  rms: number;
  peak: number;
  equalShare: number;
  extremeShare: number;
  /** End of the newest sample, nanoseconds since 1970; `null` without any. */
  end: bigint | null;
}

type Counted = "gap" | "overlap" | "late";

const USUAL_OF = 9;
const LEAST_INTERVAL = 1;
const FUTURE = 10;
const MINUTE = 60;

export class StreamWatch {
  readonly sourceId: string;
  readonly station: string;
  readonly name: string;
  /** When the newest record came, and since when silence counts: seconds since 1970. */
  lastArrival: number;
  quietSince: number;
  isSilent = false;
  /** Whether its silence was told of as one of all streams. */
  isSilentWithAll = false;
  readonly #options: Required<MonitorOptions>;
  readonly #continuity = new Continuity();
  readonly #completeness = new Completeness();
  readonly #figures = new SampleFigures();
  readonly #minute = new SampleFigures();
  #minuteSeconds = 0;
  readonly #intervals: number[] = [];
  #firstSeconds = Number.NaN;
  readonly #tellings = { gap: new Telling(), overlap: new Telling(), late: new Telling() };
  readonly #isLate: Condition;
  readonly #isClockBad: Condition;
  readonly #isDead: Condition;
  readonly #isOffset: Condition;
  #good = 0;
  #delay = Number.NaN;
  #rate = Number.NaN;
  #quality = Number.NaN;
  #locked: boolean | null = null;
  #received = 0;
  #firstStart: bigint | undefined;
  #run: { start: bigint; samples: number; lastStart: bigint } | undefined;
  #end: bigint | undefined;

  constructor(sourceId: string, now: number, options: Required<MonitorOptions>) {
    this.sourceId = sourceId;
    this.station = stationOf(sourceId);
    this.name = streamName(sourceId);
    this.lastArrival = now;
    this.quietSince = now;
    this.#options = options;
    const { backAfter, deadAfter } = options;
    this.#isLate = new Condition(0, backAfter);
    this.#isClockBad = new Condition(0, backAfter);
    this.#isDead = new Condition(0, Math.min(backAfter, deadAfter));
    this.#isOffset = new Condition(0, backAfter);
  }

  /**
   * The usual seconds from one arrival to the next, by the median of the last; bursts count as one. Until a second record comes
   * it is the length of the first; NaN without one.
   */
  get usualInterval(): number {
    const sorted = [...this.#intervals].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? this.#firstSeconds;
  }

  /** Seconds without anything after which it is silent. */
  get patience(): number {
    const usual = this.usualInterval;
    return Number.isNaN(usual) ? this.#options.silentAfter : Math.max(this.#options.silentAfter, 5 * usual);
  }

  /** @throws SignalError `BAD_SAMPLE_RATE`, `BAD_TIME`; the record is then as if it had not been. */
  push(record: MonitoredRecord, arrival: TimeInput, now: number): MonitorEvent[] {
    const isSeries = record.sampleRate > 0 && record.sampleCount > 0;
    const continued = isSeries ? this.#continuity.push(record, arrival) : undefined;
    const seconds = isSeries ? record.sampleCount / record.sampleRate : 0;
    if (isSeries && Number.isNaN(this.#firstSeconds)) this.#firstSeconds = seconds;
    const events = this.#arrive(now, isSeries ? seconds : 1);
    if (continued) this.#take(record, continued, seconds, now, events);
    return events;
  }

  /** What was held back a while ago. */
  heldBack(now: number): MonitorEvent[] {
    return (["gap", "overlap", "late"] as const).flatMap((kind) => {
      const held = this.#tellings[kind].heldBack(now);
      if (!held) return [];
      const what = kind === "late" ? "late record" : kind;
      const text = `has had ${countText(held.count, `more ${what}`)} since then, ${lengthText(held.seconds)} in all`;
      return [this.event(kind, text, held)];
    });
  }

  /** That it is silent, from now on. */
  fallSilent(now: number): MonitorEvent {
    this.isSilent = true;
    this.#good = 0;
    const seconds = now - this.lastArrival;
    const last = this.#end === undefined ? "no sample yet" : `last sample ${timeText(this.#end)}`;
    const text = `has sent nothing for ${lengthText(seconds)} (${last})`;
    return this.event("silent", text, { seconds, since: this.#end ?? nanoseconds(this.lastArrival) });
  }

  report(now: number): StreamReport {
    const until = this.isSilent || this.#end === undefined ? now : Number(this.#end) / 1e9;
    const share = (minutes: number) => this.#completeness.share(minutes, until);
    const { counts } = this.#continuity;
    const { count: _, ...samples } = this.#figures.turn();
    const completeness1h = share(60);
    const problems = this.#problems(completeness1h);
    return {
      sourceId: this.sourceId,
      station: this.station,
      state: this.isSilent ? "silent" : problems.length > 0 ? "problem" : "ok",
      problems,
      latency: this.#end === undefined ? Number.NaN : now - Number(this.#end) / 1e9,
      delay: this.#delay,
      completeness10min: share(10),
      completeness1h,
      completeness24h: share(1440),
      gaps: counts.gap,
      overlaps: counts.overlap,
      late: counts.late,
      duplicates: counts.duplicate,
      samplesReceived: this.#received,
      samplesExpected: this.#expected(),
      sampleRate: this.#rate,
      measuredRate: this.#measuredRate(),
      timingQuality: this.#quality,
      clockLocked: this.#locked,
      ...samples,
      end: this.#end ?? null,
    };
  }

  event(
    kind: MonitorEventKind,
    text: string,
    facts: Partial<Pick<MonitorEvent, "since" | "seconds" | "samples" | "count" | "after">>,
  ): MonitorEvent {
    return {
      event: kind,
      sourceId: this.sourceId,
      station: this.station,
      since: this.#end ?? nanoseconds(this.lastArrival),
      seconds: 0,
      samples: 0,
      count: 1,
      ...facts,
      message: `${this.name} ${text}.`,
    };
  }

  #arrive(now: number, seconds: number): MonitorEvent[] {
    const interval = now - this.lastArrival;
    if (interval >= LEAST_INTERVAL) {
      this.#intervals.push(interval);
      if (this.#intervals.length > USUAL_OF) this.#intervals.shift();
    }
    this.lastArrival = now;
    if (!this.isSilent) {
      this.quietSince = now;
      return [];
    }
    this.#good = interval > this.#options.silentAfter ? seconds : this.#good + seconds;
    if (this.#good < this.#options.backAfter) return [];
    this.isSilent = false;
    const silence = now - this.quietSince;
    const since = nanoseconds(this.quietSince);
    this.quietSince = now;
    const text = `sends again, after ${lengthText(silence)}`;
    return [this.event("back", text, { after: "silent", seconds: silence, since })];
  }

  #take(
    record: MonitoredRecord,
    continued: Continued,
    seconds: number,
    now: number,
    events: MonitorEvent[],
  ): void {
    const start = Number(continued.startTime) / 1e9;
    const isNew = continued.kind !== "late" && continued.kind !== "duplicate";
    if (continued.kind === "back") this.#beginAnew();
    if (continued.kind !== "duplicate") this.#completeness.add(start, seconds);
    if (isNew) {
      this.#end = this.#continuity.end;
      this.#rate = record.sampleRate;
      this.#received += record.sampleCount - continued.skip;
      this.#firstStart ??= continued.startTime;
      this.#measure(continued, record.sampleCount);
      this.#delay = now - Number(this.#end) / 1e9;
      this.#lookAtDelay(seconds, events);
      if (record.samples) this.#lookAtSamples(record.samples, continued.skip, seconds, events);
    }
    this.#lookAtClock(record, seconds, events);
    this.#lookAtOrder(continued, seconds, now, events);
  }

  #beginAnew(): void {
    this.#completeness.clear();
    this.#received = 0;
    this.#firstStart = undefined;
    this.#run = undefined;
  }

  #measure(continued: Continued, count: number): void {
    const run = this.#run;
    if (!run || continued.kind !== "continuous") {
      this.#run = {
        start: continued.startTime,
        samples: count - continued.skip,
        lastStart: continued.startTime,
      };
      return;
    }
    run.lastStart = continued.startTime;
    run.samples += count;
  }

  /** Samples before the newest record of this run, by the time from the first start to the newest. */
  #measuredRate(): number {
    const run = this.#run;
    if (!run || run.lastStart === run.start || this.#end === undefined) return Number.NaN;
    const newest = (Number(this.#end - run.lastStart) / 1e9) * this.#rate;
    return Math.max(0, run.samples - newest) / (Number(run.lastStart - run.start) / 1e9);
  }

  #expected(): number {
    if (this.#firstStart === undefined || this.#end === undefined) return 0;
    return Math.round((Number(this.#end - this.#firstStart) / 1e9) * this.#rate);
  }

  #problems(completeness1h: number): string[] {
    const { minimumCompleteness } = this.#options;
    return [
      ...(this.isSilent ? ["silent"] : []),
      ...(this.#isLate.isOn ? ["late"] : []),
      ...(this.#isClockBad.isOn ? ["clock"] : []),
      ...(this.#isDead.isOn ? ["dead"] : []),
      ...(this.#isOffset.isOn ? ["offset"] : []),
      ...(100 * completeness1h < minimumCompleteness ? ["completeness"] : []),
    ];
  }

  #lookAtOrder(
    { kind, from, ...facts }: Continued,
    seconds: number,
    now: number,
    events: MonitorEvent[],
  ): void {
    if (kind === "late") {
      this.#tell("late", now, from, seconds, facts.skip, events, () => {
        const end = this.#end === undefined ? "" : `, behind data up to ${timeText(this.#end)}`;
        return `has sent ${lengthText(seconds)} of ${timeText(from)} late${end}`;
      });
      return;
    }
    if ((kind !== "gap" && kind !== "overlap") || facts.seconds < this.#options.gapFrom) return;
    const what = kind === "gap" ? "are missing" : "came twice";
    this.#tell(
      kind,
      now,
      from,
      facts.seconds,
      facts.samples,
      events,
      () =>
        `has ${kind === "gap" ? "a gap" : "an overlap"}: ${lengthText(facts.seconds)} from ${timeText(from)} on ${what}`,
    );
  }

  #tell(
    kind: Counted,
    now: number,
    since: bigint,
    seconds: number,
    samples: number,
    events: MonitorEvent[],
    text: () => string,
  ): void {
    if (!this.#tellings[kind].isNews(now, since, seconds, samples)) return;
    events.push(this.event(kind, text(), { since, seconds, samples }));
  }

  #lookAtDelay(seconds: number, events: MonitorEvent[]): void {
    const { maximumDelay } = this.#options;
    if (maximumDelay === 0) return;
    const change = this.#isLate.update(this.#delay > maximumDelay, seconds);
    if (change === "on") {
      const text = `comes late: ${lengthText(this.#delay)} after it was recorded`;
      events.push(this.event("late", text, { seconds: this.#delay }));
    } else if (change === "back") events.push(this.event("back", "comes in time again", { after: "late" }));
  }

  #lookAtClock(record: MonitoredRecord, seconds: number, events: MonitorEvent[]): void {
    if (record.timingQuality !== undefined) this.#quality = record.timingQuality;
    const wasLocked = this.#locked === true;
    if (record.isClockLocked) this.#locked = true;
    else if (wasLocked) this.#locked = false;
    const reason = this.#clockTrouble(record);
    const change = this.#isClockBad.update(reason !== undefined, seconds);
    if (change === "on") events.push(this.event("clock", `has a clock to be looked at: ${reason}`, {}));
    else if (change === "back") events.push(this.event("back", "has good time again", { after: "clock" }));
  }

  #clockTrouble(record: MonitoredRecord): string | undefined {
    const { minimumTimingQuality } = this.#options;
    if (record.isTimeQuestionable) return "its records call their time questionable";
    if (record.timingQuality !== undefined && record.timingQuality < minimumTimingQuality)
      return `timing quality ${record.timingQuality} %, below ${minimumTimingQuality} %`;
    if (this.#delay < -FUTURE)
      return `its data are ${lengthText(-this.#delay)} ahead of this machine's clock`;
    return this.#locked === false ? "it is locked no more" : undefined;
  }

  #lookAtSamples(samples: SampleInput, skip: number, seconds: number, events: MonitorEvent[]): void {
    this.#figures.push(samples, skip);
    this.#minute.push(samples, skip);
    this.#lookForDead(seconds, events);
    this.#minuteSeconds += seconds;
    if (this.#minuteSeconds < MINUTE) return;
    this.#lookForOffset(this.#minute.turn(), this.#minuteSeconds, events);
    this.#minuteSeconds = 0;
  }

  #lookForDead(seconds: number, events: MonitorEvent[]): void {
    const { deadAfter } = this.#options;
    if (deadAfter === 0) return;
    const same = this.#figures.equalRun / this.#rate;
    const change = this.#isDead.update(same >= deadAfter, seconds);
    if (change === "on") {
      const text = `is dead: all samples have been the same for ${lengthText(same)}`;
      events.push(this.event("dead", text, { seconds: same, samples: this.#figures.equalRun }));
    } else if (change === "back") events.push(this.event("back", "moves again", { after: "dead" }));
  }

  #lookForOffset({ mean }: SampleSummary, seconds: number, events: MonitorEvent[]): void {
    const { maximumOffset } = this.#options;
    if (maximumOffset === 0 || Number.isNaN(mean)) return;
    const change = this.#isOffset.update(Math.abs(mean) > maximumOffset, seconds);
    if (change === "on") {
      const text = `has an offset of ${Math.round(mean)}, beyond ${maximumOffset}`;
      events.push(this.event("offset", text, { seconds }));
    } else if (change === "back") events.push(this.event("back", "is centred again", { after: "offset" }));
  }
}

/** Nanoseconds of seconds since 1970. */
export function nanoseconds(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e6)) * 1000n;
}
