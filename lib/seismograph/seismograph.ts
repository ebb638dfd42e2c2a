/**
 * A seismograph: the recent past of many channels, ready to be drawn in several bands, with triggers and earthquakes marked in it. It
 * takes what comes, remembers within bounds, and has its past read from an archive when it begins. How it is seen: http/.
 */
import path from "node:path";
import { replay } from "../archive/replay/replay.ts";
import { readRecords } from "../mseed/reader.ts";
import type { MiniSeedRecord } from "../mseed/record.ts";
import { formatMicroseconds, nanosecondsToMicroseconds, nowMicroseconds } from "../time.ts";
import { TraceError } from "../waveform/errors.ts";
import { readTraceRecord } from "../waveform/record.ts";
import { Archive } from "./archive.ts";
import { SeismographError } from "./errors.ts";
import type { EventMark, TriggerMark } from "./frames.ts";
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
import { MarksFile } from "./store/marks-file.ts";
import { rawBytesOf } from "./store/raw-memory.ts";
import { rawSamples } from "./store/samples.ts";

export type { SeismographOptions } from "./options.ts";

/** What a message was for a seismograph. */
export type Taken = "record" | "trigger" | "event" | "stations";

/** Nothing has come of a channel for so long, in microseconds: it gives way to a new one. */
const GIVES_WAY = 3600e6;
/** The slowest of the waves that are marked come so long after their earthquake. */
const LONGEST_WAY = 1800e6;
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
  readonly #marksFile: MarksFile | undefined;
  readonly #closing = new AbortController();

  /** @throws SeismographError `INVALID_SETTING`, ArchiveError `INVALID_PATTERN` */
  constructor(options: SeismographOptions = {}, base?: string) {
    this.options = completeOptions(options);
    this.archive = options.archive ? new Archive(options.archive, base) : undefined;
    this.#onProblem = options.onProblem ?? (() => {});
    const { marksFile } = options;
    if (marksFile !== undefined)
      this.#marksFile = new MarksFile(path.resolve(base ?? ".", marksFile), this.marks, this.#onProblem);
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
   *   room for one more channel. Of a list the first such error, when all else in it is taken
   */
  take(payload: unknown, now = nowMicroseconds()): Taken | undefined {
    if (Array.isArray(payload) && payload.length > 0) return this.#takeAll(payload, now);
    const trigger = triggerMark(payload);
    if (trigger) {
      if (this.marks.addTrigger(trigger)) this.#showMark(trigger);
      return "trigger";
    }
    if ("samples" in fieldsOf(payload)) return this.#takeRecord(payload, now);
    return this.#takeCatalogue(payload);
  }

  /**
   * Takes a record of miniSEED; see {@link take}. One for whose channel there is no room is counted, and nothing else.
   * @throws TraceError `BAD_TIME` for one of a time that has no date
   */
  takeMiniSeed(record: MiniSeedRecord, now = nowMicroseconds()): void {
    const series = seriesOf(record);
    if (series) this.#channelOf(record.sourceId.text, series, now)?.take(series, now);
  }

  /**
   * Takes the records of miniSEED in these bytes, or those of them that are wanted. One that cannot be drawn does not hold up those
   * behind it.
   * @returns how many there were, wanted or not
   * @throws TraceError `BAD_TIME` for the first that cannot be drawn, when all others are taken
   */
  takeBytes(
    bytes: Uint8Array,
    { now, isWanted = () => true }: { now?: number; isWanted?: (sourceId: string) => boolean } = {},
  ): number {
    const failures = new Failures();
    let count = 0;
    for (const record of readRecords(bytes, { onProblem: () => {} })) {
      count++;
      if (isWanted(record.sourceId.text)) failures.of(() => this.takeMiniSeed(record, now));
    }
    failures.throw();
    return count;
  }

  /** Forgets all that came, channels and marks. */
  clear(): void {
    this.#channels.clear();
    this.marks.clear();
  }

  /**
   * Reads the marks of before, and the hours that are kept from the archive, in slices. What comes meanwhile is taken as always. Never
   * fails: problems are told to `onProblem`.
   */
  async refill(now = nowMicroseconds()): Promise<void> {
    if (this.isRefilling) return;
    this.isRefilling = this.archive !== undefined;
    await this.#readMarks(now);
    if (!this.archive) return;
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

  /** Writes the marks that have changed to their file, now. */
  async flush(): Promise<void> {
    await this.#marksFile?.flush();
  }

  /** Ends, and deletes the file of marks. */
  async remove(): Promise<void> {
    this.close();
    await this.#marksFile?.remove();
  }

  async #readMarks(now: number): Promise<void> {
    const saved = await this.#marksFile?.read();
    if (!saved) return;
    const from = now - this.options.hours * 3600e6;
    const triggers = saved.triggers.filter(({ on, off }) => (off ?? on) >= from);
    const events = saved.events.filter(({ time }) => time >= from - LONGEST_WAY);
    this.marks.restore({ triggers, events }, (event) => this.#arrivalsOf(event));
  }

  #takeAll(payloads: unknown[], now: number): Taken | undefined {
    let taken: Taken | undefined;
    const failures = new Failures();
    for (const payload of payloads.slice(0, MOST_IN_LIST)) {
      failures.of(() => {
        if (Array.isArray(payload)) throw notOurs();
        taken = this.take(payload, now) ?? taken;
      });
    }
    if (payloads.length > MOST_IN_LIST) failures.of(() => tooLong(payloads.length));
    failures.throw();
    return taken;
  }

  #takeRecord(payload: unknown, now: number): "record" | undefined {
    const record = readTraceRecord(payload);
    if (!record) return undefined;
    const series = {
      start: record.start,
      sampleRate: record.sampleRate,
      samples: rawSamples(record.samples),
    };
    const channel = this.#channelOf(record.sourceId, series, now);
    if (!channel) throw this.#full(record.sourceId);
    const { units, latitude, longitude, trigger } = fieldsOf(payload);
    this.#describe(channel, textOf(LONGEST_UNITS, units) || "counts", placeOf(latitude, longitude));
    channel.take(series, now);
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
    for (const event of events) this.marks.addEvent(event, () => this.#arrivalsOf(event));
    return "event";
  }

  /** An end that comes when the next trigger has begun already is not that one's. */
  #showMark({ channel: id, on, off, ratio }: TriggerMark): void {
    const channel = this.#channels.get(id);
    if (!channel || on < channel.triggeredAt) return;
    channel.triggeredAt = on;
    this.#showTrigger(id, off === null, ratio);
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

  #arrivalsOf(event: EventMark): EventMark["arrivals"] {
    const arrivals: EventMark["arrivals"] = {};
    for (const { id, latitude, longitude } of this.#channels.values()) {
      const arrival =
        placeOf(latitude, longitude) && arrivalAt(event, { latitude: latitude!, longitude: longitude! });
      if (arrival) arrivals[id] = arrival;
    }
    return arrivals;
  }

  /** The channel of a stream, a new one if there is room. */
  #channelOf(sourceId: string, series: Series, now: number): Channel | undefined {
    const { views, hours, rawMinutes } = this.options;
    const id = channelId(sourceId);
    const known = this.#channels.get(id);
    const rawBytes = rawBytesOf(rawMinutes, series);
    if (known) {
      // Faster than before, or in longer numbers. Without room it keeps as much as it did, which is less time.
      const more = rawBytes - known.raw.mostBytes;
      if (more > 0 && this.#makeRoom(more, now, known)) known.raw.mostBytes = rawBytes;
      return known;
    }
    if (!this.#makeRoom(rawBytes + this.#binBytes, now)) {
      this.refused++;
      return undefined;
    }
    const number = this.#freeNumber();
    const channel = new Channel({ number, id, sourceId, views, hours, rawMinutes, rawBytes });
    if (this.isRefilling) channel.beginRefill();
    this.#channels.set(id, channel);
    const place = this.#places.get(stationOf(id));
    if (place) this.#placeChannel(channel, place);
    for (const trigger of this.marks.triggers) if (trigger.channel === id) this.#showMark(trigger);
    return channel;
  }

  /**
   * Whether there is room for so many bytes more, of a new channel or of one that there is; channels that have been silent for long
   * give way. Each counts as if it were full.
   */
  #makeRoom(more: number, now: number, known?: Channel): boolean {
    const { maxChannels, maxBytes } = this.options;
    const hasRoom = () => {
      let bytes = more;
      for (const { raw } of this.#channels.values()) bytes += this.#binBytes + raw.mostBytes;
      return (known !== undefined || this.#channels.size < maxChannels) && bytes <= maxBytes;
    };
    while (!hasRoom()) {
      const [first, ...others] = [...this.#channels.values()].filter((channel) => channel !== known);
      if (!first || this.isRefilling) return false;
      const quietest = others.reduce((a, b) => (b.arrived < a.arrived ? b : a), first);
      if (now - quietest.arrived < GIVES_WAY) return false;
      this.#channels.delete(quietest.id);
    }
    return true;
  }

  /** Bytes of a channel's bins when all of them are there. */
  get #binBytes(): number {
    const { views, hours } = this.options;
    return views.length * ((hours * 3600e6) / COARSE + FINE_KEPT / FINE) * 8;
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
        if (series) this.#channelOf(record.sourceId.text, series, now)?.refill(series, now);
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
  const start = nanosecondsToMicroseconds(record.startTime);
  if (
    !Number.isSafeInteger(Math.round(start + (samples.length * 1e6) / sampleRate)) ||
    !Number.isSafeInteger(start)
  ) {
    throw new TraceError(
      "BAD_TIME",
      `A record of ${record.sourceId.text.slice(0, 100)} begins at ${formatMicroseconds(start)}, at ${sampleRate} Hz: that is no time of a record.`,
    );
  }
  return { start, sampleRate, samples: rawSamples(samples) };
}

function stationOf(id: string): string {
  return id.split("_", 2).join("_");
}

/** What fails of many things: the first failure is told when all of them have had their turn. */
class Failures {
  #first: unknown;
  #count = 0;

  of(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (this.#count++ === 0) this.#first = error;
    }
  }

  throw(): void {
    if (this.#count > 0) throw this.#first;
  }
}

function tooLong(length: number): never {
  throw new SeismographError(
    "TOO_MUCH",
    `msg.payload is a list of ${length}: the first ${MOST_IN_LIST} were taken. Send shorter lists.`,
  );
}

function notOurs(): SeismographError {
  return new SeismographError(
    "NOT_A_MARK",
    "msg.payload is not a record with samples, a trigger, an earthquake or a list of stations: put mseed decode before this node where miniSEED comes.",
  );
}
