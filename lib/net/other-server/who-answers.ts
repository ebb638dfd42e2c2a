/**
 * Finds out what answers on a port where a protocol did not get an answer. Most servers wait for the client's first word and say
 * nothing to a word of another protocol, or close: so each is asked in its own way, on a connection of its own.
 */
import net from "node:net";
import tls from "node:tls";
import type { Address } from "../address.ts";
import { codeOf } from "../errors.ts";
import { FIRST_BYTES, type Speech, speechOf } from "./speech.ts";

/** How long one may take to connect and to answer, at most. */
const PATIENCE_MS = 1500;

/** What was found out is not asked again for so long, however often the client tries to connect. */
const REMEMBERED_MS = 300_000;
const MAX_REMEMBERED = 100;

const ID = "ID node-red-datalink";
/** The first words of protocols: harmless, and answered at once. An HTTP server calls any of them a bad request. */
const FIRST_WORDS: readonly Buffer[] = [
  Buffer.from(`DL${String.fromCharCode(ID.length)}${ID}`, "latin1"),
  Buffer.from("HELLO\r\n"),
];

/** By host and port, the latest last. */
const found = new Map<string, { readonly speech: Speech | undefined; readonly until: number }>();

/**
 * What the port speaks; `undefined` where that cannot be told, or the signal fires. Never rejects.
 * @param patience milliseconds for each word
 */
export async function whoAnswers(
  { host, port }: Address,
  patience: number,
  signal?: AbortSignal,
): Promise<Speech | undefined> {
  const now = performance.now();
  const key = `${host}:${port}`;
  const known = found.get(key);
  if (known && known.until > now) return known.speech;
  const speech = await askAll({ host, port, patience: Math.min(patience, PATIENCE_MS), signal });
  if (signal?.aborted) return undefined;
  found.delete(key);
  found.set(key, { speech, until: performance.now() + REMEMBERED_MS });
  for (const oldest of found.keys()) if (found.size > MAX_REMEMBERED) found.delete(oldest);
  return speech;
}

interface Question {
  readonly host: string;
  readonly port: number;
  readonly patience: number;
  readonly signal: AbortSignal | undefined;
}

type Answer = Speech | "unreachable" | undefined;

/** HTTP is believed last: a port may have it beside a protocol, as ringserver's do. */
async function askAll(question: Question): Promise<Speech | undefined> {
  const { host, port } = question;
  let answer: Speech | undefined;
  for (const word of FIRST_WORDS) {
    const speech = await answerTo(question, net.connect({ host, port }), word);
    if (speech === "unreachable") return answer;
    if (speech !== undefined && speech !== "http") return speech;
    answer ??= speech;
  }
  if (answer !== undefined) return answer;
  const shaken = tls.connect({ host, port, rejectUnauthorized: false });
  const speech = await answerTo(question, shaken, undefined);
  return speech === "unreachable" ? undefined : speech;
}

/** What a server speaks that is sent this word, or shakes hands where there is none. */
function answerTo(
  { patience, signal }: Question,
  socket: net.Socket,
  word: Buffer | undefined,
): Promise<Answer> {
  return new Promise((resolve) => {
    let isOpen = false;
    let first: Buffer = Buffer.alloc(0);
    const settle = (answer: Answer) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(answer);
    };
    const onAbort = () => settle(undefined);
    const timer = setTimeout(() => settle(isOpen ? undefined : "unreachable"), patience);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) onAbort();
    socket.once("connect", () => {
      isOpen = true;
      if (word) socket.write(word);
    });
    socket.once("secureConnect", () => settle("tls"));
    socket.on("data", (piece: Buffer) => {
      first = Buffer.concat([first, piece.subarray(0, FIRST_BYTES)]);
      const speech = speechOf(first);
      if (speech !== undefined || first.length >= FIRST_BYTES) settle(speech);
    });
    // An alert is of TLS, too: it may want a certificate of the client.
    socket.on("error", (error) =>
      settle(/ALERT/.test(codeOf(error)) ? "tls" : isOpen ? undefined : "unreachable"),
    );
    socket.once("close", () => settle(undefined));
  });
}
