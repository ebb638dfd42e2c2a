/**
 * A seismograph: the recent past of many channels, ready to be drawn in several bands, with triggers and earthquakes marked in it. It
 * takes what comes, remembers within bounds, and has its past read from an archive when it begins. How it is seen: http/.
 */
import { replay } from "../archive/replay/replay.ts";
import type { MiniSeedRecord } from "../mseed/record.ts";
import { nanosecondsToMicroseconds, nowMicroseconds } from "../time.ts";
import { readTraceRecord } from "../waveform/record.ts";
import { Archive } from "./archive.ts";
import { SeismographError } from "./errors.ts";
import type { EventMark } from "./frames.ts";
import { arrivalAt } from "./intake/arrivals.ts";
import { eventMarks } from "./intake/events.ts";
import { fieldsOf, textOf } from "./intake/fields.ts";
import { placeOf, type StationPlace, stationPlaces } from "./intake/stations.ts";
import { channelId, triggerMark } from "./intake/trigger.ts";
import { type CompleteOptions, completeOptions, type SeismographOptions } from "./options.ts";
import { Pace } from "./pace.ts";
import { Channel, COARSE, FINE, FINE_KEPT } from "./store/channel.ts";
import type { Series } from "./store/feed.ts";
import { Marks } from "./store/marks.ts";
import { rawSamples } from "./store/samples.ts";

export type { SeismographOptions } from "./options.ts";

/** What a message was for a seismograph. */
export type Taken = "record" | "trigger" | "event" | "stations";

/** Nothing has come of a channel for so long, in microseconds: it gives way to a new one. */
const GIVES_WAY = 3600e6;
const LONGEST_UNITS = 40;
const MOST_STATIONS = 5000;
const MOST_IN_LIST = 1000;

/** A seismograph without a page. */
export class Seismograph {
  /** @internal */
  readonly options: CompleteOptions;
  /** @internal */
  readonly archive: Archive | undefined;
  /** @internal */
  readonly marks = new Marks();
  /** Whether the archive is being read. */
  isRefilling = false;
  /** Records of channels for which there was no room. */
  refused = 0;
  readonly #channels = new Map<string, Channel>();
  readonly #places = new Map<string, StationPlace>();
  readonly #onProblem: (error: Error) => void;
  readonly #closing = new AbortController();

  /** @throws SeismographError `INVALID_SETTING`, ArchiveError `INVALID_PATTERN` */
  constructor(options: SeismographOptions = {}, base?: string) {
    this.options = completeOptions(options);
    this.archive = options.archive ? new Archive(options.archive, base) : undefined;
    this.#onProblem = options.onProblem ?? (() => {});
  }

  /**
   * By their ids, in the order in which they came.
   * @internal
   */
  get channels(): ReadonlyMap<string, Channel> {
    return this.#channels;
  }

  /** How many channels there are. */
  get size(): number {
    return this.#channels.size;
  }

  /** Bytes of memory that all channels take now. */
  get bytes(): number {
    let bytes = 0;
    for (const channel of this.#channels.values()) bytes += channel.bytes;
    return bytes;
  }

  /**
   * Takes what a message carries: a record as `mseed-decode` sends it, a trigger of `signal-trigger`, earthquakes (GeoJSON, FDSN text or
   * `{ id, time, latitude, longitude, depth, magnitude, place }`), stations (FDSN text), or a list of such things.
   * @returns what it was; undefined for a record without samples
   * @throws TraceError for a record that cannot be drawn; SeismographError `NOT_A_MARK` for anything else, `TOO_MUCH` where there is no
   *   room for one more channel
   */
  take(payload: unknown, now = nowMicroseconds()): Taken | undefined {
    if (Array.isArray(payload) && payload.length > 0) return this.#takeAll(payload, now);
    const trigger = triggerMark(payload);
    if (trigger) {
      this.marks.addTrigger(trigger);
      this.#showTrigger(trigger.channel, trigger.off === null, trigger.ratio);
      return "trigger";
    }
    if ("samples" in fieldsOf(payload)) return this.#takeRecord(payload, now);
    return this.#takeCatalogue(payload);
  }

  /** Takes a record of miniSEED; see {@link take}. */
  takeMiniSeed(record: MiniSeedRecord, now = nowMicroseconds()): void {
    const series = seriesOf(record);
    if (series) this.#channelOf(record.sourceId.text, series.sampleRate, now)?.take(series, now);
  }

  /** Forgets all that came, channels and marks. */
  clear(): void {
    this.#channels.clear();
    this.marks.forget(Number.POSITIVE_INFINITY);
  }

  /**
   * Reads the hours that are kept from the archive, in slices. What comes meanwhile is taken as always. Never fails: problems are told to
   * `onProblem`.
   */
  async refill(now = nowMicroseconds()): Promise<void> {
    if (!this.archive || this.isRefilling) return;
    this.isRefilling = true;
    try {
      await this.#readArchive(this.archive, now);
    } catch (error) {
      this.#onProblem(error instanceof Error ? error : new Error(String(error)));
    } finally {
      for (const channel of this.#channels.values()) channel.endRefill();
      this.isRefilling = false;
    }
  }

  /** Ends what is still being read. */
  close(): void {
    this.#closing.abort();
  }

  #takeAll(payloads: unknown[], now: number): Taken | undefined {
    let taken: Taken | undefined;
    for (const payload of payloads.slice(0, MOST_IN_LIST)) {
      if (Array.isArray(payload)) throw notOurs();
      taken = this.take(payload, now) ?? taken;
    }
    return taken;
  }

  #takeRecord(payload: unknown, now: number): "record" | undefined {
    const record = readTraceRecord(payload);
    if (!record) return undefined;
    const channel = this.#channelOf(record.sourceId, record.sampleRate, now);
    if (!channel) throw this.#full(record.sourceId);
    const { units, latitude, longitude, trigger } = fieldsOf(payload);
    this.#describe(channel, textOf(LONGEST_UNITS, units) || "counts", placeOf(latitude, longitude));
    const { start, sampleRate, samples } = record;
    channel.take({ start, sampleRate, samples: rawSamples(samples) }, now);
    const { active, ratio } = fieldsOf(trigger);
    if (typeof ratio === "number") this.#showTrigger(channel.id, active === true, ratio);
    return "record";
  }

  #takeCatalogue(payload: unknown): Taken {
    const stations = stationPlaces(payload);
    if (stations) {
      for (const [station, place] of stations) this.#placeStation(station, place);
      return "stations";
    }
    const events = eventMarks(payload);
    if (!events) throw notOurs();
    for (const event of events) this.marks.addEvent(this.#withArrivals(event));
    return "event";
  }

  #showTrigger(id: string, isTriggered: boolean, ratio: number | null): void {
    const channel = this.#channels.get(id);
    if (!channel) return;
    channel.isTriggered = isTriggered;
    channel.ratio = ratio ?? Number.NaN;
  }

  #describe(channel: Channel, units: string, place: StationPlace | undefined): void {
    if (channel.units !== units) {
      channel.units = units;
      channel.infoVersion++;
    }
    if (place && (channel.latitude !== place.latitude || channel.longitude !== place.longitude)) {
      this.#placeChannel(channel, place);
    }
  }

  #placeStation(station: string, place: StationPlace): void {
    if (this.#places.size >= MOST_STATIONS && !this.#places.has(station)) return;
    this.#places.set(station, place);
    for (const channel of this.#channels.values()) {
      if (stationOf(channel.id) === station) this.#placeChannel(channel, place);
    }
  }

  #placeChannel(channel: Channel, place: StationPlace): void {
    Object.assign(channel, place);
    channel.infoVersion++;
    this.marks.arrive(channel.id, (event) => arrivalAt(event, place));
  }

  #withArrivals(event: EventMark): EventMark {
    const arrivals: EventMark["arrivals"] = {};
    for (const { id, latitude, longitude } of this.#channels.values()) {
      const arrival =
        placeOf(latitude, longitude) && arrivalAt(event, { latitude: latitude!, longitude: longitude! });
      if (arrival) arrivals[id] = arrival;
    }
    return { ...event, arrivals };
  }

  /** The channel of a stream, a new one if there is room. */
  #channelOf(sourceId: string, sampleRate: number, now: number): Channel | undefined {
    const id = channelId(sourceId);
    const known = this.#channels.get(id);
    if (known) return known;
    if (!this.#makeRoom(sampleRate, now)) {
      this.refused++;
      return undefined;
    }
    const { views, hours, rawMinutes } = this.options;
    const channel = new Channel({ number: this.#freeNumber(), id, sourceId, views, hours, rawMinutes });
    if (this.isRefilling) channel.beginRefill();
    this.#channels.set(id, channel);
    const place = this.#places.get(stationOf(id));
    if (place) this.#placeChannel(channel, place);
    return channel;
  }

  /** Whether there is room for one more; channels that have been silent for long give way. */
  #makeRoom(sampleRate: number, now: number): boolean {
    const { maxChannels, maxBytes } = this.options;
    const hasRoom = () => {
      let bytes = this.#fullBytes(sampleRate);
      for (const channel of this.#channels.values()) bytes += this.#fullBytes(channel.sampleRate);
      return this.#channels.size < maxChannels && bytes <= maxBytes;
    };
    while (!hasRoom()) {
      const [first, ...others] = this.#channels.values();
      if (!first || this.isRefilling) return false;
      const quietest = others.reduce((a, b) => (b.arrived < a.arrived ? b : a), first);
      if (now - quietest.arrived < GIVES_WAY) return false;
      this.#channels.delete(quietest.id);
    }
    return true;
  }

  /** Bytes of a channel when all of its bins and samples are there. */
  #fullBytes(sampleRate: number): number {
    const { views, hours, rawMinutes } = this.options;
    const bins = (hours * 3600e6) / COARSE + FINE_KEPT / FINE;
    return views.length * bins * 8 + (Number.isNaN(sampleRate) ? 0 : rawMinutes * 60 * sampleRate * 4);
  }

  /** The smallest number that no channel has. */
  #freeNumber(): number {
    const taken = new Set([...this.#channels.values()].map(({ number }) => number));
    let number = 0;
    while (taken.has(number)) number++;
    return number;
  }

  #full(sourceId: string): SeismographError {
    return new SeismographError(
      "TOO_MUCH",
      `There is no room for ${sourceId.slice(0, 100)} beside ${this.#channels.size} channels: keep fewer hours, views or minutes of raw samples, or more memory.`,
    );
  }

  async #readArchive(archive: Archive, now: number): Promise<void> {
    const from = now - this.options.hours * 3600e6;
    const startTime = BigInt(Math.round(from)) * 1000n;
    const { signal } = this.#closing;
    const pace = new Pace();
    for (const file of await inTimeOrder(await archive.filesSince(from), startTime, signal)) {
      for await (const { record } of replay([file], { startTime, signal })) {
        const series = seriesOf(record);
        if (series) this.#channelOf(record.sourceId.text, series.sampleRate, now)?.refill(series, now);
        await pace.step();
      }
    }
  }
}

/** Files by the first of their records that counts, those without one left out. */
async function inTimeOrder(
  files: readonly string[],
  startTime: bigint,
  signal: AbortSignal,
): Promise<string[]> {
  const begun: { file: string; time: bigint }[] = [];
  for (const file of files) {
    for await (const { record } of replay([file], { startTime, signal })) {
      begun.push({ file, time: record.startTime });
      break;
    }
  }
  return begun.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)).map(({ file }) => file);
}

function seriesOf(record: MiniSeedRecord): Series | undefined {
  const { samples, sampleRate } = record;
  if (typeof samples === "string" || !samples || samples.length === 0 || !(sampleRate > 0)) return undefined;
  return { start: nanosecondsToMicroseconds(record.startTime), sampleRate, samples: rawSamples(samples) };
}

function stationOf(id: string): string {
  return id.split("_", 2).join("_");
}

function notOurs(): SeismographError {
  return new SeismographError(
    "NOT_A_MARK",
    "msg.payload is not a record with samples, a trigger, an earthquake or a list of stations: put mseed decode before this node where miniSEED comes.",
  );
}
