/** A stream of JetStream as packets need it: checked, and made where that is asked for. */
import type { JetStreamConnection } from "./connection.ts";
import { JetStreamError } from "./errors.ts";

/** What a new stream is to be. */
export interface JetStreamStreamSettings {
  /** Its name. */
  stream: string;
  /** Copies in the cluster: 1, 3 or 5. Default 3. */
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
}

/**
 * Asks for a stream, and whether packets can be stored there.
 *
 * @throws JetStreamError `STREAM_NOT_FOUND`, `STREAM_DIFFERS`, `JETSTREAM_OFF`, `NOT_PERMITTED`, `NO_ANSWER`
 */
export async function checkStream(
  _connection: JetStreamConnection,
  _stream: string,
): Promise<JetStreamStreamInfo> {
  throw new JetStreamError("STREAM_NOT_FOUND", "Not there yet.");
}

/**
 * Makes a stream, or checks the one that is there; it is never changed.
 *
 * @throws JetStreamError as {@link checkStream}, and `INVALID_ARGUMENT`
 */
export async function createStream(
  _connection: JetStreamConnection,
  _settings: JetStreamStreamSettings,
): Promise<JetStreamStreamInfo> {
  throw new JetStreamError("STREAM_NOT_FOUND", "Not there yet.");
}
