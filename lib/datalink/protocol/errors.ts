/** The failures of DataLink: of the protocol, the connection, the peer and the caller's arguments. */
import { CodedError } from "../../errors.ts";

/**
 * - `INVALID_ADDRESS`, `INVALID_ARGUMENT`: what the caller gave cannot be used; nothing was sent.
 * - `HOST_NOT_FOUND`, `CONNECTION_REFUSED`, `CONNECT_FAILED`: no connection came about.
 * - `CERTIFICATE_REJECTED`: TLS: the peer could not prove who it is.
 * - `WRONG_SERVER`: what answers there is no server of this protocol, or has TLS where none is asked for or the other way
 *   round; the message says which.
 * - `CONNECTION_LOST`: the peer or the network ended an open connection.
 * - `TIMEOUT`: the peer did not answer in time.
 * - `CLOSED`: the connection was closed from this side; it cannot be used any more.
 * - `ABORTED`: the caller's `AbortSignal` fired.
 * - `PROTOCOL`: the peer sent what is not DataLink; the connection is closed.
 * - `TOO_LARGE`: something is larger than the peer or a limit allows.
 * - `QUEUE_FULL`: too much waits to be sent already.
 * - `INVALID_PAYLOAD`: a payload is not what its type says, or cannot be made from a value.
 * - `SERVER_ERROR`: the server answered ERROR; its own words are in the message.
 * - `PACKET_NOT_FOUND`: the server answered that its ring does not hold the packet.
 * - `PACKET_REJECTED`: the server closes the connection, without a word, whenever it is sent this packet.
 * - `NOT_PERMITTED`: the server does not allow it to this client.
 * - `ADDRESS_IN_USE`, `LISTEN_FAILED`: the embedded server could not listen.
 * - `STORAGE_FAILED`: the embedded server cannot keep its ring in the folder it was given.
 */
export type DataLinkErrorCode =
  | "INVALID_ADDRESS"
  | "INVALID_ARGUMENT"
  | "HOST_NOT_FOUND"
  | "CONNECTION_REFUSED"
  | "CONNECT_FAILED"
  | "CERTIFICATE_REJECTED"
  | "WRONG_SERVER"
  | "CONNECTION_LOST"
  | "TIMEOUT"
  | "CLOSED"
  | "ABORTED"
  | "PROTOCOL"
  | "TOO_LARGE"
  | "QUEUE_FULL"
  | "INVALID_PAYLOAD"
  | "SERVER_ERROR"
  | "PACKET_NOT_FOUND"
  | "PACKET_REJECTED"
  | "NOT_PERMITTED"
  | "ADDRESS_IN_USE"
  | "LISTEN_FAILED"
  | "STORAGE_FAILED";

/** A failure of DataLink, with a `code` of {@link DataLinkErrorCode}. */
export class DataLinkError extends CodedError<DataLinkErrorCode> {}
