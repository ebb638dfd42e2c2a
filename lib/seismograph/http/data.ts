/**
 * `/data`: samples of a stretch of time, to zoom in or to take away: from the raw samples that are kept, or from the archive. From
 * the archive, miniSEED is its records as they are.
 */
import type { ServerResponse } from "node:http";
import { MAX_DOWNLOAD_SAMPLES } from "../../limits.ts";
import { packRecords } from "../../mseed/pack.ts";
import type { MiniSeedRecord } from "../../mseed/record.ts";
import { SourceId } from "../../source-id.ts";
import { nanosecondsToMicroseconds } from "../../time.ts";
import { SeismographError } from "../errors.ts";
import { encodeFrame } from "../frame-writer.ts";
import { Pace } from "../pace.ts";
import type { Seismograph } from "../seismograph.ts";
import type { Channel } from "../store/channel.ts";
import { type Piece, RawMemory } from "../store/raw-memory.ts";
import { rawSamples } from "../store/samples.ts";
import { begin, type Headers, sendParts } from "./answer.ts";
import { RequestError } from "./errors.ts";
import type { Query } from "./query.ts";
import { soundSamples, wavFile } from "./wav.ts";

const FORMATS = ["samples", "mseed", "wav"] as const;
type Format = (typeof FORMATS)[number];

interface DataRequest {
  channel: Channel;
  from: number;
  to: number;
  format: Format;
  /** Of miniSEED that is packed from raw samples. */
  version: "2" | "3" | undefined;
  speed: number;
}

/** @throws RequestError */
export async function answerData(
  seismograph: Seismograph,
  query: Query,
  response: ServerResponse,
): Promise<void> {
  const request = dataRequest(seismograph, query);
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const { channel, from, to, format } = request;
  const isInMemory = channel.raw.begin <= from || !seismograph.archive;
  if (!isInMemory && format === "mseed") {
    const records = await archived(seismograph, request, gone.signal);
    return send(response, request, bytesOf(records));
  }
  const pieces = isInMemory
    ? channel.raw.pieces(from, to)
    : await piecesOf(await archived(seismograph, request, gone.signal), from, to);
  if (pieces.length === 0) throw nothingThere(seismograph, request);
  const body = { samples: frames, mseed: records, wav: sound }[format](pieces, request);
  await send(response, request, body);
}

function dataRequest({ channels }: Seismograph, query: Query): DataRequest {
  const id = query.text("id") ?? "";
  const format = query.choice("format", FORMATS, "samples");
  const speed = query.number("speed", 0.1, 10_000, 60);
  const version = query.choice("version", ["2", "3", ""], "") || undefined;
  const [from, to] = [query.time("from"), query.time("to")];
  if (!(from < to)) throw new RequestError("BAD_REQUEST", "from must be before to.");
  const channel = channels.get(id);
  if (!channel) {
    throw new RequestError("NOT_FOUND", `There is no channel ${JSON.stringify(id.slice(0, 60))} here.`);
  }
  // None has come yet of a channel without a rate.
  checkSize(((to - from) / 1e6) * (channel.sampleRate || 0));
  return { channel, from, to, format, version, speed };
}

function checkSize(samples: number): void {
  if (samples <= MAX_DOWNLOAD_SAMPLES) return;
  throw new RequestError(
    "TOO_MUCH",
    `That are ${Math.round(samples)} samples: ask for a shorter time, of at most ${MAX_DOWNLOAD_SAMPLES} samples.`,
  );
}

function nothingThere({ options }: Seismograph, { channel, from, to }: DataRequest): RequestError {
  const isGap = !(from < channel.raw.begin) || to > channel.newest;
  if (isGap) return new RequestError("NOT_FOUND", "There are no samples of that time.");
  return new RequestError(
    "ENVELOPE_ONLY",
    `Only the envelope is kept of that time: raw samples reach back ${options.rawMinutes} minutes.`,
  );
}

/** The archive's records of a stretch of time, at most as many samples as may be sent. */
async function archived(
  { archive }: Seismograph,
  { channel, from, to }: DataRequest,
  signal: AbortSignal,
): Promise<MiniSeedRecord[]> {
  const records: MiniSeedRecord[] = [];
  const pace = new Pace();
  let samples = 0;
  try {
    for await (const record of archive!.records(channel.sourceId, from, to, signal)) {
      samples += record.sampleCount;
      checkSize(samples);
      records.push(record);
      await pace.step();
    }
  } catch (error) {
    if (error instanceof SeismographError) throw new RequestError("TOO_MUCH", error.message);
    throw error;
  }
  if (records.length === 0) throw new RequestError("NOT_FOUND", "The archive has no samples of that time.");
  return records;
}

/** Records as pieces without a gap, cut to the time that is wanted. */
async function piecesOf(records: readonly MiniSeedRecord[], from: number, to: number): Promise<Piece[]> {
  const memory = new RawMemory(Number.POSITIVE_INFINITY);
  const write = memory.writer();
  const pace = new Pace();
  for (const { samples, sampleRate, startTime } of records) {
    if (typeof samples === "string" || samples.length === 0 || !(sampleRate > 0)) continue;
    write({ start: nanosecondsToMicroseconds(startTime), sampleRate, samples: rawSamples(samples) });
    await pace.step();
  }
  return memory.pieces(from, to);
}

async function* bytesOf(records: readonly MiniSeedRecord[]): AsyncGenerator<Uint8Array, void> {
  for (const { bytes } of records) yield bytes;
}

function* frames(pieces: readonly Piece[]): Generator<Uint8Array, void> {
  for (const piece of pieces) yield encodeFrame({ type: "samples", channel: 0, ...piece });
}

/** miniSEED 2, which every program reads, where the channel's name fits into it. */
async function* records(
  pieces: readonly Piece[],
  { channel, version }: DataRequest,
): AsyncGenerator<Uint8Array, void> {
  const isShort = new SourceId(channel.sourceId).toNslc() !== undefined;
  const formatVersion = (version ?? (isShort ? "2" : "3")) === "2" ? 2 : 3;
  const pace = new Pace();
  for (const { start, sampleRate, samples } of pieces) {
    const series = { sourceId: channel.sourceId, startTime: Math.round(start), sampleRate, samples };
    for (const record of packRecords(series, { formatVersion })) {
      yield record;
      await pace.step();
    }
  }
}

function sound(pieces: readonly Piece[], { speed }: DataRequest): Uint8Array[] {
  checkSize(soundSamples(pieces));
  return [wavFile(pieces, speed)];
}

const TYPES: Readonly<Record<Format, string>> = {
  samples: "application/octet-stream",
  mseed: "application/vnd.fdsn.mseed",
  wav: "audio/wav",
};

async function send(
  response: ServerResponse,
  { channel, from, format }: DataRequest,
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const name = `${channel.id}_${new Date(Math.floor(from / 1000)).toISOString().slice(0, 19)}`;
  const file = `${name.replace(/[^\w.-]+/g, "-").slice(0, 100)}.${format}`;
  const attachment: Headers =
    format === "samples" ? {} : { "Content-Disposition": `attachment; filename="${file}"` };
  begin(response, 200, { "Content-Type": TYPES[format], ...attachment });
  await sendParts(response, parts);
}
