/** The failures of the bridge to NATS JetStream: {@link JetStreamError}. */
import { CodedError } from "../errors.ts";

/**
 * - `PACKAGE_MISSING`: the client packages are not installed; the message says which, and how.
 * - `INVALID_ADDRESS`, `INVALID_ARGUMENT`: what the caller gave cannot be used; nothing was sent.
 * - `CONNECT_FAILED`: none of the servers could be reached.
 * - `CERTIFICATE_REJECTED`: TLS: the server could not prove who it is, or wants a certificate of this client.
 * - `NOT_PERMITTED`: the servers do not let this client in, or not do this: user name, password, token, credentials, permissions.
 * - `JETSTREAM_OFF`: the server that answers, or this account of it, has no JetStream.
 * - `STREAM_NOT_FOUND`: there is no stream of this name.
 * - `STREAM_DIFFERS`: the stream is not as it has to be; the message says in what.
 * - `GROUP_DIFFERS`: the group (durable consumer) is there with other settings; the message says which.
 * - `NO_ANSWER`: no acknowledgement, or no answer to a question, in time: no majority of the cluster, a full disk, or an election.
 * - `TOO_LARGE`: a packet is larger than the servers take.
 * - `PACKET_REFUSED`: the stream does not take this packet; the server's own words are in the message.
 * - `UNREADABLE`: a message of the stream is not a packet.
 * - `QUEUE_FULL`: too much waits to be acknowledged already.
 * - `SERVER_ERROR`: the server answered with an error of its own; its words are in the message.
 * - `CLOSED`: the connection, subscription or writer was closed from this side.
 * - `ABORTED`: the caller's `AbortSignal` fired.
 */
export type JetStreamErrorCode =
  | "PACKAGE_MISSING"
  | "INVALID_ADDRESS"
  | "INVALID_ARGUMENT"
  | "CONNECT_FAILED"
  | "CERTIFICATE_REJECTED"
  | "NOT_PERMITTED"
  | "JETSTREAM_OFF"
  | "STREAM_NOT_FOUND"
  | "STREAM_DIFFERS"
  | "GROUP_DIFFERS"
  | "NO_ANSWER"
  | "TOO_LARGE"
  | "PACKET_REFUSED"
  | "UNREADABLE"
  | "QUEUE_FULL"
  | "SERVER_ERROR"
  | "CLOSED"
  | "ABORTED";

/** A failure of the bridge to JetStream, with a `code` of {@link JetStreamErrorCode}. */
export class JetStreamError extends CodedError<JetStreamErrorCode> {}
