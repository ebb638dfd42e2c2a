/** What the client of NATS throws, as errors of ours: its own words ("jetstream is not enabled") help nobody. */
import type { Address } from "../net/address.ts";
import { connectError, messageOf } from "../net/errors.ts";
import { JetStreamError, type JetStreamErrorCode } from "./errors.ts";

/** Error numbers of JetStream's interface. */
export const API = {
  noMajority: 10008,
  consumerNotFound: 10014,
  consumerExists: 10148,
  noJetStream: 10039,
  noSuchReplicas: 10074,
  streamNotFound: 10059,
  nameInUse: 10058,
  messageTooLarge: 10054,
  headersTooLarge: 10097,
  accountLimit: 10002,
  overlap: 10065,
} as const;

const LOGIN_ADVICE = "check user name and password, token or credentials";

/** Why no connection came about. */
export function connectFailure(
  server: string,
  addresses: readonly Address[],
  error: unknown,
): JetStreamError {
  if (error instanceof JetStreamError) return error;
  const make = (code: JetStreamErrorCode, reason: string) =>
    new JetStreamError(code, `Cannot connect to ${server}: ${reason}.`, { cause: error });
  const { name, message } = error as Error;
  if (name === "AuthorizationError" || name === "UserAuthenticationExpiredError")
    return make("NOT_PERMITTED", `the server does not let this client in; ${LOGIN_ADVICE}`);
  if (/credentials|seed|nkey/i.test(message))
    return make(
      "INVALID_ARGUMENT",
      `the credentials cannot be used (${message}); give the whole text of a .creds file`,
    );
  // A server that wants a certificate of the client ends the connection without a word.
  if (name === "TimeoutError")
    return make(
      "CONNECT_FAILED",
      `the server does not answer; check address and firewall${server.startsWith("tls:") ? ", and whether it wants a certificate of this client" : ""}`,
    );
  if (/does not support 'tls'/.test(message))
    return make("CONNECT_FAILED", "the server has no TLS; leave it out, or check the port");
  if (/unexpected response from server|JSON/.test(message))
    return make("CONNECT_FAILED", "what answers there is not a NATS server; check the port");
  return netFailure(server, addresses, error);
}

function netFailure(server: string, addresses: readonly Address[], error: unknown): JetStreamError {
  const cause = (error as Error).cause ?? error;
  const { code, message } = connectError(addresses[0]!, cause);
  const own = code === "CERTIFICATE_REJECTED" ? code : "CONNECT_FAILED";
  const sentence = addresses.length === 1 ? message : `None of ${server} can be reached. ${message}`;
  return new JetStreamError(own, sentence, { cause: error });
}

/** Why a question or command failed. `what`: `Asking for stream X`. */
export function apiFailure(server: string, what: string, error: unknown): JetStreamError {
  if (error instanceof JetStreamError) return error;
  const make = (code: JetStreamErrorCode, reason: string) =>
    new JetStreamError(code, `${what} at ${server}: ${reason}.`, { cause: error });
  const number = apiCode(error);
  if (number === API.streamNotFound)
    return make(
      "STREAM_NOT_FOUND",
      "there is no such stream; check its name, or make it (datalink relay --create)",
    );
  if (number === API.noJetStream || apiCode((error as Error).cause) === API.noJetStream)
    return make("JETSTREAM_OFF", "this account has no JetStream; ask the servers' operator");
  if (number === API.noMajority) return noAnswer(server, what, error);
  const { name } = error as Error;
  const denial = [error, (error as Error).cause].find(isDenied);
  if (denial)
    return make("NOT_PERMITTED", `the server does not allow it to this client (${messageOf(denial)})`);
  if (name === "JetStreamNotEnabled" || name === "TimeoutError" || isNoResponders(error))
    return noAnswer(server, what, error);
  if (/ClosedConnection|Draining|RequestError/.test(name)) return noAnswer(server, what, error);
  if (number !== undefined)
    return make("SERVER_ERROR", `the server answers "${messageOf(error)}" (${number})`);
  return make("SERVER_ERROR", messageOf(error));
}

/** The number in an error of the interface; `undefined` for any other. */
export function apiCode(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "number" && code >= 10_000 ? code : undefined;
}

function noAnswer(server: string, what: string, cause: unknown): JetStreamError {
  return new JetStreamError(
    "NO_ANSWER",
    `${what} at ${server}: no answer. Either an election is going on, or too few servers of the cluster run, or JetStream is off, or ` +
      "a disk is full: look at the servers.",
    { cause },
  );
}

function isDenied(error: unknown): boolean {
  const { name = "", message = "" } = (error ?? {}) as Partial<Error>;
  return name === "PermissionViolationError" || /permissions violation/i.test(message);
}

function isNoResponders(error: unknown): boolean {
  return error instanceof Error && (error.name === "NoRespondersError" || error.name === "RequestError");
}
