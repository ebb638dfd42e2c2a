/** Requests that are refused, each with a status, a code for programs and a sentence for people. */

export type RequestErrorCode = "BAD_REQUEST" | "NOT_FOUND" | "ENVELOPE_ONLY" | "METHOD" | "BUSY" | "TOO_MUCH";

const STATUS: Readonly<Record<RequestErrorCode, number>> = {
  BAD_REQUEST: 400,
  TOO_MUCH: 400,
  NOT_FOUND: 404,
  ENVELOPE_ONLY: 404,
  METHOD: 405,
  BUSY: 503,
};

export class RequestError extends Error {
  readonly code: RequestErrorCode;

  constructor(code: RequestErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  get status(): number {
    return STATUS[this.code];
  }
}
