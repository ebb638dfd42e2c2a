/** A message that a node cannot use. */
import { CodedError } from "../../lib/errors.ts";

/** The sentence says what the message lacks, and what to give. */
export class MessageError extends CodedError<"INVALID_MESSAGE"> {
  constructor(message: string) {
    super("INVALID_MESSAGE", message);
  }
}
