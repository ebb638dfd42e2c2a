/**
 * Whether several stations are on together, by data time. A station counts from its onset until some seconds after its end; a
 * coincidence begins at the onset that makes the number full, and ends when fewer are left. Stations can veto it, be muted, and
 * alerts be held back that would be too many.
 */
import { formatNanoseconds } from "../time.ts";
import { SignalError } from "./errors.ts";
import { latest, notNegative, positive, whole } from "./settings.ts";
import { matchesStream, stationOf } from "./stream-pattern.ts";

/** Lengths of time in seconds of data. */
export interface CoincidenceOptions {
  /** How many different stations it takes. Default 3. */
  stations?: number;
  /** A station counts for so long behind its end. Default 10. */
  within?: number;
  /** Stations whose being on forbids an alert, as `CO_JSC` or `CO_*`. They do not count. */
  veto?: readonly string[];
  /** How long to wait for a veto. Default 0. */
  wait?: number;
  /** Alerts in an hour at most. Default 0: no limit. */
  perHour?: number;
  /** A station whose end is not told of counts for so long. Default 86,400. */
  longest?: number;
}

/** A stream that goes on or off. Times in nanoseconds since 1970. */
export interface StationChange {
  event: "on" | "off";
  sourceId: string;
  time: bigint;
  peakRatio?: number | undefined;
}

/** A station that took part. */
export interface CoincidentStation {
  station: string;
  /** Its stream that was first. */
  sourceId: string;
  onTime: bigint;
  peakRatio: number | undefined;
}

/** A coincidence that began or ended. */
export interface CoincidenceEvent {
  event: "on" | "off";
  /** The same of a pair. */
  id: string;
  /** When the number became full, or with `off` when the last station that was needed ended. */
  time: bigint;
  /** In the order of their onsets; with `off` all that took part. */
  stations: CoincidentStation[];
  /** Why no alert is to be given; `undefined` for an alert. */
  held: "veto" | "rate" | undefined;
  /** The stations that were on and forbid it. */
  vetoed: string[];
}

interface Activity extends CoincidentStation {
  /** Streams that are on. */
  active: Set<string>;
  /** Until when it counts. */
  until: bigint;
  isVeto: boolean;
}

interface Current {
  id: string;
  time: bigint;
  held: CoincidenceEvent["held"];
  vetoed: string[];
  stations: Map<string, CoincidentStation>;
}

const MOST_STATIONS = 1000;
const MOST_STREAMS = 100;
const MOST_MUTES = 1000;
const HOUR = 3_600_000_000_000n;

/** Says when stations are on together: feed it the triggers or levels of all streams. */
export class Coincidence {
  readonly #needed: number;
  readonly #within: bigint;
  readonly #wait: bigint;
  readonly #longest: bigint;
  readonly #perHour: number;
  readonly #veto: readonly string[];
  /** By station, the one that changed last behind. */
  readonly #stations = new Map<string, Activity>();
  readonly #mutes = new Map<string, bigint | undefined>();
  #alerts: bigint[] = [];
  #pending: bigint | undefined;
  #current: Current | undefined;
  /** Nothing that began before this begins another coincidence. */
  #ended: bigint | undefined;
  /** The newest data time, and when it was told of. */
  #clock: { data: bigint; wall: bigint } | undefined;

  /** @throws SignalError `INVALID_SETTING` */
  constructor(options: CoincidenceOptions = {}) {
    this.#needed = whole("stations", options.stations ?? 3, 1, MOST_STATIONS);
    this.#within = spanOf(notNegative("within", options.within ?? 10, "of seconds"));
    this.#wait = spanOf(notNegative("wait", options.wait ?? 0, "of seconds"));
    this.#longest = spanOf(positive("longest", options.longest ?? 86_400, "of seconds"));
    this.#perHour = whole("perHour", options.perHour ?? 0, 0, MOST_STATIONS);
    this.#veto = options.veto ?? [];
  }

  /** Whether a coincidence goes on. */
  get isOn(): boolean {
    return this.#current !== undefined;
  }

  /** The stations that count at the newest data time, vetoing ones left out. */
  get activeStations(): string[] {
    const now = this.#clock?.data;
    return now === undefined ? [] : this.#counting(now).map(({ station }) => station);
  }

  /** The patterns that are muted. */
  get muted(): string[] {
    return [...this.#mutes.keys()];
  }

  /** Leaves streams out, such as `XX.DEMO`, until a time of the clock (nanoseconds since 1970), or until {@link unmute}. */
  mute(pattern: string, until?: bigint): void {
    if (!this.#mutes.has(pattern) && this.#mutes.size >= MOST_MUTES) {
      throw new SignalError("INVALID_SETTING", `${MOST_MUTES} stations are muted: unmute some first`);
    }
    this.#mutes.set(pattern, until);
    for (const [station, { sourceId }] of this.#stations) {
      if (matchesStream(pattern, sourceId)) this.#stations.delete(station);
    }
  }

  /** Whether it was muted. */
  unmute(pattern: string): boolean {
    return this.#mutes.delete(pattern);
  }

  /** Takes what a stream did, told of at `now` (nanoseconds since 1970, of the clock). */
  push(change: StationChange, now: bigint): CoincidenceEvent[] {
    this.#expireMutes(now);
    if (this.#clock === undefined || change.time >= this.#dataTime(now)) {
      this.#clock = { data: change.time, wall: now };
    }
    // What was over before this change ends first: the clock may not have run in between, as in a replay.
    const over = this.#evaluate(this.#dataTime(now));
    const station = stationOf(change.sourceId);
    if (change.event === "off") this.#end(station, change);
    else if (!this.#isMuted(change.sourceId)) this.#begin(station, change);
    return [...over, ...this.#evaluate(this.#dataTime(now))];
  }

  /** What the clock alone changes: to be called every second or so. */
  tick(now: bigint): CoincidenceEvent[] {
    this.#expireMutes(now);
    return this.#clock === undefined ? [] : this.#evaluate(this.#dataTime(now));
  }

  /** Data time goes on with the clock where nothing new is told of. */
  #dataTime(now: bigint): bigint {
    const { data, wall } = this.#clock!;
    return now > wall ? data + now - wall : data;
  }

  #isMuted(sourceId: string): boolean {
    for (const pattern of this.#mutes.keys()) if (matchesStream(pattern, sourceId)) return true;
    return false;
  }

  #expireMutes(now: bigint): void {
    for (const [pattern, until] of this.#mutes) {
      if (until !== undefined && until <= now) this.#mutes.delete(pattern);
    }
  }

  #begin(station: string, { sourceId, time, peakRatio }: StationChange): void {
    const known = this.#stations.get(station);
    const goesOn = known !== undefined && time <= known.until && time >= known.onTime - this.#within;
    const activity: Activity = goesOn ? known : this.#newActivity(station, sourceId, time);
    if (activity.active.size < MOST_STREAMS) activity.active.add(sourceId);
    if (time < activity.onTime) activity.onTime = time;
    activity.until = activity.onTime + this.#longest;
    activity.peakRatio = larger(activity.peakRatio, peakRatio);
    this.#keep(station, activity);
    this.#current?.stations.set(station, this.#current.stations.get(station) ?? activity);
    if (!this.#current && !activity.isVeto) this.#look(activity, time);
  }

  #newActivity(station: string, sourceId: string, onTime: bigint): Activity {
    const isVeto = this.#veto.some((pattern) => matchesStream(pattern, sourceId));
    return { station, sourceId, onTime, until: onTime, peakRatio: undefined, active: new Set(), isVeto };
  }

  #keep(station: string, activity: Activity): void {
    this.#stations.delete(station);
    this.#stations.set(station, activity);
    if (this.#stations.size > MOST_STATIONS) {
      for (const oldest of this.#stations.keys()) {
        this.#stations.delete(oldest);
        break;
      }
    }
  }

  #end(station: string, { sourceId, time, peakRatio }: StationChange): void {
    const activity = this.#stations.get(station);
    if (!activity?.active.delete(sourceId)) return;
    activity.peakRatio = larger(activity.peakRatio, peakRatio);
    if (activity.active.size > 0) return;
    activity.until = latest(time, activity.onTime) + this.#within;
  }

  /** Whether the new onset makes the number full: at itself, or at a later onset that was told of before. */
  #look(activity: Activity, time: bigint): void {
    const near = [...this.#stations.values()].filter(
      (other) => !other.isVeto && other.onTime <= activity.until && other.until >= time,
    );
    const places = near.map(({ onTime }) => latest(onTime, time)).sort(ascending);
    const full = places.find(
      (place) => near.filter((other) => counts(other, place)).length >= this.#needed && !this.#isOver(place),
    );
    if (full !== undefined && (this.#pending === undefined || full < this.#pending)) this.#pending = full;
  }

  #isOver(time: bigint): boolean {
    return this.#ended !== undefined && time <= this.#ended;
  }

  #counting(time: bigint): Activity[] {
    return [...this.#stations.values()].filter((activity) => !activity.isVeto && counts(activity, time));
  }

  #evaluate(dataNow: bigint): CoincidenceEvent[] {
    const events: CoincidenceEvent[] = [];
    if (this.#pending !== undefined && dataNow >= this.#pending + this.#wait) {
      const time = this.#pending;
      this.#pending = undefined;
      const stations = this.#counting(time);
      // One of them may have been muted while a veto was waited for.
      if (stations.length >= this.#needed) events.push(this.#turnOn(time, stations));
    }
    const off = this.#current && this.#turnOff(dataNow);
    if (off) events.push(off);
    return events;
  }

  #turnOn(time: bigint, stations: Activity[]): CoincidenceEvent {
    const vetoed = [...this.#stations.values()]
      .filter(({ isVeto, onTime, until }) => isVeto && onTime <= time + this.#wait && until >= time)
      .map(({ station }) => station);
    const held = vetoed.length > 0 ? "veto" : this.#isTooMany(time) ? "rate" : undefined;
    if (held === undefined) this.#alerts.push(time);
    const current: Current = {
      id: `coincidence@${formatNanoseconds(time)}`,
      time,
      held,
      vetoed,
      stations: new Map(stations.map((activity) => [activity.station, activity])),
    };
    this.#current = current;
    return { event: "on", id: current.id, time, stations: listed(stations), held, vetoed };
  }

  #isTooMany(time: bigint): boolean {
    if (this.#perHour === 0) return false;
    this.#alerts = this.#alerts.filter((alert) => alert > time - HOUR && alert <= time + HOUR);
    return this.#alerts.length >= this.#perHour;
  }

  #turnOff(dataNow: bigint): CoincidenceEvent | undefined {
    const current = this.#current!;
    const untils = [...this.#stations.values()]
      .filter(({ isVeto, onTime }) => !isVeto && onTime <= dataNow)
      .map(({ until }) => until)
      .sort(ascending);
    const last = untils.at(-this.#needed);
    if (last !== undefined && last >= dataNow) return undefined;
    this.#current = undefined;
    const end = last === undefined ? dataNow : last - this.#within;
    const time = latest(end, current.time);
    this.#ended = last === undefined ? time : latest(last, time);
    const stations = listed(
      [...current.stations.values()].filter(({ station }) => !this.#isVetoing(station)),
    );
    return { event: "off", id: current.id, time, stations, held: current.held, vetoed: current.vetoed };
  }

  #isVetoing(station: string): boolean {
    return this.#stations.get(station)?.isVeto ?? false;
  }
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

function counts({ onTime, until }: Activity, time: bigint): boolean {
  return onTime <= time && time <= until;
}

function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

function listed(stations: CoincidentStation[]): CoincidentStation[] {
  return stations
    .map(({ station, sourceId, onTime, peakRatio }) => ({ station, sourceId, onTime, peakRatio }))
    .sort((a, b) => ascending(a.onTime, b.onTime));
}

function spanOf(seconds: number): bigint {
  return BigInt(Math.round(Math.min(seconds, 1e9) * 1e9));
}
