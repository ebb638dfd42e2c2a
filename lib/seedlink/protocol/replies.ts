/** A server's answers to commands: one line each, `OK` or `ERROR`, with a reason where the server gives one. */
import { SeedLinkError, type SeedLinkErrorCode } from "./errors.ts";

/** Longest line of an answer, in bytes; servers send at most some hundred. */
export const MAX_LINE = 4096;

/** The words of protocol 4 for the kinds of refusal. */
const CODES = [
  "UNSUPPORTED",
  "UNEXPECTED",
  "UNAUTHORIZED",
  "LIMIT",
  "ARGUMENTS",
  "AUTH",
  "INTERNAL",
] as const;
export type RefusalCode = (typeof CODES)[number];

/** What a server answered. */
export type Reply =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: RefusalCode | undefined; readonly message: string };

const OK: Reply = { ok: true };

/**
 * Reads one line, without its LF. A refusal is `ERROR` (protocol 3), `ERROR CR reason` (3, after CAPABILITIES
 * EXTREPLY) or `ERROR CODE reason` (4); ringserver writes the code in 3, too.
 *
 * @throws SeedLinkError `PROTOCOL` where it is neither
 */
export function parseReply(line: string): Reply {
  const text = line.replace(/(?<!\r)\r+$/, "");
  if (/^OK\s*$/i.test(text)) return OK;
  const refusal = /^ERROR(?:[\s]+(.*))?$/is.exec(text);
  if (!refusal) throw notAReply(text);
  const reason = (refusal[1] ?? "").replace(/[^\x21-\x7e\u00a1-\uffff]+/g, " ").trim();
  const word = /^[A-Z]+/.exec(reason)?.[0];
  const code = CODES.find((known) => known === word);
  return { ok: false, code, message: code ? reason.slice(code.length).trim() : reason };
}

/** A refusal as an error: who refused what, in the server's own words. */
export function refusalError(server: string, command: string, reply: Reply & { ok: false }): SeedLinkError {
  const words = [reply.code, reply.message].filter(Boolean).join(" ").slice(0, 300);
  const said = words === "" ? "without giving a reason" : `with "${words}"`;
  const [code, advice] = meaningOf(reply.code);
  return new SeedLinkError(code, `${server} refused ${command} ${said}.${advice}`);
}

function meaningOf(code: RefusalCode | undefined): readonly [SeedLinkErrorCode, string] {
  if (code === "AUTH" || code === "UNAUTHORIZED") {
    return ["NOT_PERMITTED", " Log in, or ask the server's operator for permission."];
  }
  return code === "UNSUPPORTED" ? ["NOT_SUPPORTED", ""] : ["SERVER_ERROR", ""];
}

function notAReply(text: string): SeedLinkError {
  const shown = text.slice(0, 60).replace(/[^\x20-\x7e]/g, "?");
  return new SeedLinkError("PROTOCOL", `the server answered "${shown}", which is neither OK nor ERROR`);
}
