/** A stream of JetStream as packets need it: checked, and made where that is asked for. */
import type { JetStreamManager, RawStream } from "./client.ts";
import type { JetStreamConnection } from "./connection.ts";
import { JetStreamError } from "./errors.ts";
import { API, apiCode, apiFailure } from "./failures.ts";
import { DEFAULT_PREFIX } from "./format/subject.ts";

/** What a new stream is to be. */
export interface JetStreamStreamSettings {
  /** Its name. */
  stream: string;
  /** Copies in the cluster: 1 to 5, best 1, 3 or 5. Default 3. */
  replicas?: number | undefined;
  /** Bytes that each copy may take on disk; the oldest packets go beyond that. Required. */
  maxBytes: number;
  /** Seconds after which packets go. Default: none. */
  maxAge?: number | undefined;
  /** Seconds in which a packet that is sent again is known. Default 120. */
  duplicateWindow?: number | undefined;
  /** What its subjects begin with: another for each stream of a cluster. Default `seis`. */
  prefix?: string | undefined;
}

/** A stream as the servers tell of it. */
export interface JetStreamStreamInfo {
  stream: string;
  /** What its subjects begin with. */
  prefix: string;
  replicas: number;
  /** Bytes; `undefined` without a limit. */
  maxBytes: number | undefined;
  /** Seconds; `undefined` without a limit. */
  maxAge: number | undefined;
  /** Seconds. */
  duplicateWindow: number;
  messages: number;
  bytes: number;
  firstSequence: number;
  lastSequence: number;
  /** The server that leads it, in a cluster. */
  leader: string | undefined;
  /** When it was made (ISO 8601): another time tells another stream of the same name. */
  created: string;
}

const NANOSECONDS = 1e9;
const DEFAULT_WINDOW_S = 120;
const NAME = /^[\x21-\x7e]+$/;
/** One pattern for all below a prefix: `seis.>`. */
const SUBJECT = /^([^*>]+)\.>$/;
const PREFIX = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** @throws JetStreamError `INVALID_ARGUMENT` for a name that a stream or group cannot have */
export function checkName(what: "stream" | "group", name: string): void {
  if (typeof name === "string" && name.length <= 200 && NAME.test(name) && !/[.*>/\\]/.test(name)) return;
  throw new JetStreamError(
    "INVALID_ARGUMENT",
    `The ${what} ${JSON.stringify(String(name).slice(0, 80))} is not a name: 1 to 200 printable ASCII characters without spaces and . * > / \\.`,
  );
}

/**
 * Asks for a stream, and whether packets can be stored there.
 *
 * @throws JetStreamError `INVALID_ARGUMENT`, `STREAM_NOT_FOUND`, `STREAM_DIFFERS`, `JETSTREAM_OFF`, `NOT_PERMITTED`, `NO_ANSWER`;
 *   where there is no connection, as `connectJetStream`
 */
export async function checkStream(
  connection: JetStreamConnection,
  stream: string,
): Promise<JetStreamStreamInfo> {
  checkName("stream", stream);
  const { manager } = await connection.link();
  return await askForStream(connection.server, manager, stream);
}

/** Streams that are listed at most. */
const MAX_NAMES = 100;

/**
 * The names of the streams that are there, 100 at most.
 *
 * @throws JetStreamError `NOT_PERMITTED`, `NO_ANSWER`; where there is no connection, as `connectJetStream`
 */
export async function listStreams(connection: JetStreamConnection): Promise<string[]> {
  const { manager } = await connection.link();
  try {
    return (await manager.streams.names().next()).slice(0, MAX_NAMES);
  } catch (error) {
    throw apiFailure(connection.server, "Asking for the streams", error);
  }
}

/** The same on an open connection. @internal */
export async function askForStream(
  server: string,
  manager: JetStreamManager,
  stream: string,
): Promise<JetStreamStreamInfo> {
  try {
    return readStream(await manager.streams.info(stream));
  } catch (error) {
    throw apiFailure(server, `Asking for stream ${stream}`, error);
  }
}

/**
 * Makes a stream, or checks that the one that is there is as asked; it is never changed.
 *
 * @throws JetStreamError as {@link checkStream}, and `SERVER_ERROR` where the servers cannot make it
 */
export async function createStream(
  connection: JetStreamConnection,
  settings: JetStreamStreamSettings,
): Promise<JetStreamStreamInfo> {
  const { stream } = settings;
  const config = configOf(settings);
  const { manager } = await connection.link();
  try {
    return compare(await askForStream(connection.server, manager, stream), settings);
  } catch (error) {
    if (!(error instanceof JetStreamError && error.code === "STREAM_NOT_FOUND")) throw error;
  }
  try {
    return readStream(await manager.streams.add(config));
  } catch (error) {
    throw creationFailure(connection.server, settings, error);
  }
}

function configOf({
  stream,
  replicas = 3,
  maxBytes,
  maxAge = 0,
  duplicateWindow,
  prefix,
}: JetStreamStreamSettings) {
  checkName("stream", stream);
  const begin = prefix ?? DEFAULT_PREFIX;
  if (!PREFIX.test(begin))
    throw invalid(
      `prefix ${JSON.stringify(begin)} is not of A-Z, a-z, 0-9, _, - and single dots between them`,
    );
  if (!(Number.isInteger(replicas) && replicas >= 1 && replicas <= 5))
    throw invalid(`replicas is a number from 1 to 5, not ${replicas}`);
  if (!(Number.isSafeInteger(maxBytes) && maxBytes >= 1))
    throw invalid(`maxBytes is a number of bytes from 1, not ${maxBytes}`);
  if (!(maxAge === 0 || (maxAge >= 1 && maxAge <= 9e9)))
    throw invalid(`maxAge is a number of seconds from 1, not ${maxAge}`);
  const window = duplicateWindow ?? Math.min(DEFAULT_WINDOW_S, maxAge || DEFAULT_WINDOW_S);
  if (!(window >= 0.1 && window <= 9e9))
    throw invalid(`duplicateWindow is a number of seconds from 0.1, not ${window}`);
  if (maxAge > 0 && window > maxAge)
    throw invalid(`duplicateWindow (${window} s) is longer than maxAge (${maxAge} s)`);
  return {
    name: stream,
    subjects: [`${begin}.>`],
    storage: "file",
    retention: "limits",
    discard: "old",
    num_replicas: replicas,
    max_bytes: maxBytes,
    max_age: nanoseconds(maxAge),
    duplicate_window: nanoseconds(window),
  };
}

/** Whole ones: the servers read no others. */
function nanoseconds(seconds: number): number {
  return Math.round(seconds * NANOSECONDS);
}

function invalid(what: string): JetStreamError {
  return new JetStreamError("INVALID_ARGUMENT", `A stream cannot be made: ${what}.`);
}

function readStream({ config, created, state, cluster }: RawStream): JetStreamStreamInfo {
  const prefix = (config.subjects ?? [])
    .map((subject) => SUBJECT.exec(subject)?.[1])
    .find((it) => it !== undefined);
  if (prefix === undefined)
    throw differs(
      config.name,
      `takes ${(config.subjects ?? []).join(", ") || "no subjects"}, and needs one such as "seis.>"`,
    );
  if (config.retention !== "limits")
    throw differs(
      config.name,
      `keeps messages by "${config.retention}", and needs "limits", so that several groups can read it`,
    );
  if (config.sealed) throw differs(config.name, "is sealed: nothing can be stored in it");
  return {
    stream: config.name,
    prefix,
    replicas: config.num_replicas,
    maxBytes: config.max_bytes > 0 ? config.max_bytes : undefined,
    maxAge: config.max_age > 0 ? config.max_age / NANOSECONDS : undefined,
    duplicateWindow: (config.duplicate_window ?? 0) / NANOSECONDS,
    messages: state.messages,
    bytes: state.bytes,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    leader: cluster?.leader,
    created,
  };
}

function compare(info: JetStreamStreamInfo, settings: JetStreamStreamSettings): JetStreamStreamInfo {
  const { maxAge, duplicateWindow } = settings;
  const wanted = {
    ...settings,
    maxAge: maxAge ? nanoseconds(maxAge) / NANOSECONDS : undefined,
    duplicateWindow: duplicateWindow && nanoseconds(duplicateWindow) / NANOSECONDS,
  };
  for (const name of ["prefix", "replicas", "maxBytes", "maxAge", "duplicateWindow"] as const) {
    if (wanted[name] === undefined || wanted[name] === info[name]) continue;
    throw differs(
      info.stream,
      `is there already, with ${name} ${info[name] ?? "without a limit"}, not ${wanted[name]}`,
    );
  }
  return info;
}

function differs(stream: string, how: string): JetStreamError {
  return new JetStreamError(
    "STREAM_DIFFERS",
    `Stream ${stream} ${how}. It is not changed from here: use another name, ask for what it is, or change it with the nats command.`,
  );
}

function creationFailure(
  server: string,
  { stream, prefix = DEFAULT_PREFIX }: JetStreamStreamSettings,
  error: unknown,
): JetStreamError {
  if (apiCode(error) === API.overlap) {
    const how = `cannot be made: another stream takes subjects that begin with "${prefix}". Use that one, or another prefix`;
    return new JetStreamError("STREAM_DIFFERS", `Stream ${stream} ${how}.`, { cause: error });
  }
  if (apiCode(error) === API.nameInUse)
    return differs(stream, "was made by somebody else just now, with other settings");
  return apiFailure(server, `Making stream ${stream}`, error);
}
