/** A port that is another server's, or wants TLS, or has none: {@link wrongServer} says it in a sentence, and what to do. */
import { type Address, formatAddress } from "../address.ts";
import type { OpenTransport } from "../transport.ts";
import { type Speech, speechOf } from "./speech.ts";

/** A protocol of this package, as people know it. */
interface Known {
  readonly name: string;
  readonly scheme: string;
  readonly port: number;
  /** What reads from it. */
  readonly reader: string;
}

const KNOWN = {
  datalink: { name: "DataLink", scheme: "datalink", port: 16000, reader: "datalink in" },
  seedlink: { name: "SeedLink", scheme: "seedlink", port: 18000, reader: "seedlink in" },
} satisfies Partial<Record<Speech, Known>>;

export type OwnSpeech = keyof typeof KNOWN;

/** What is wrong: another protocol, a web server, TLS that is missing on this side or on the other, something else. */
export type WrongServerKind = "protocol" | "http" | "tls" | "plain" | "other";

/** Why a server does not answer: it is another one than was asked for. */
export class WrongServer extends Error {
  readonly kind: WrongServerKind;

  constructor(kind: WrongServerKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The kind of a failure whose cause is a {@link WrongServer}. */
export function wrongServerKind(failure: Error): WrongServerKind | undefined {
  return failure.cause instanceof WrongServer ? failure.cause.kind : undefined;
}

/**
 * Why a client that speaks `own` got no answer, if that is because the server is another one.
 * @param firstBytes what the server has sent instead of an answer, if anything
 * @param patience milliseconds that each way to ask it may take
 */
export async function whyNoAnswer(
  open: OpenTransport,
  address: Address,
  own: OwnSpeech,
  firstBytes: Uint8Array | undefined,
  patience: number,
  signal: AbortSignal | undefined,
): Promise<WrongServer | undefined> {
  const told = firstBytes && speechOf(firstBytes);
  // What answers as a web server may have more on its port.
  const isSure = told !== undefined && told !== "http";
  const asked = isSure ? undefined : await open.whoAnswers?.(address, patience, signal);
  const speech = asked === undefined || (asked === "tls" && address.isSecure) ? told : asked;
  return speech && wrongServer(address, own, speech);
}

/** Failures that may come of a server that is another one. Where a web server has answered it is the right one. */
export function mayBeWrongServer({ code, message }: Error & { code?: unknown }): boolean {
  return WRONG_SERVER_CODES.has(code) && !/the web server answers \d/.test(message);
}

const WRONG_SERVER_CODES: ReadonlySet<unknown> = new Set([
  "CONNECT_FAILED",
  "CONNECTION_LOST",
  "TIMEOUT",
  "PROTOCOL",
]);

/** What is wrong with an address whose server speaks `speech`, for a client that speaks `own`; `undefined` where nothing is. */
export function wrongServer(address: Address, own: OwnSpeech, speech: Speech): WrongServer | undefined {
  const { name, scheme, port } = KNOWN[own];
  const server = formatAddress(address);
  const advice = `or give the port of a ${name} server, which usually is ${port}.`;
  switch (speech) {
    case "datalink":
    case "seedlink": {
      if (speech !== own) {
        const other = KNOWN[speech];
        return new WrongServer(
          "protocol",
          `${server} is a ${other.name} server: use ${other.reader}, or an address with ${other.scheme}://, ${advice}`,
        );
      }
      if (address.isSecure) {
        const plain = address.isWebSocket ? "ws" : scheme;
        return new WrongServer(
          "plain",
          `${server} speaks ${name} without TLS: use an address with ${plain}://, and no TLS configuration.`,
        );
      }
      if (!address.isWebSocket) return undefined;
      return new WrongServer(
        "other",
        `${server} speaks ${name} without WebSocket: use an address with ${scheme}://.`,
      );
    }
    case "tls": {
      if (address.isSecure) return undefined;
      const secure = address.isWebSocket ? "wss" : `${scheme}s`;
      return new WrongServer(
        "tls",
        `${server} wants TLS: use an address with ${secure}://, or choose a TLS configuration.`,
      );
    }
    case "http": {
      if (address.isWebSocket) {
        if (!address.isSecure) return undefined;
        return new WrongServer("plain", `${server} is a web server without TLS: use an address with ws://.`);
      }
      return new WrongServer(
        "http",
        `${server} is a web server: use an address with ws:// if it has ${name} at a path, ${advice}`,
      );
    }
    case "ssh":
      return new WrongServer("other", `${server} is an SSH server: check the port, ${advice}`);
  }
}
