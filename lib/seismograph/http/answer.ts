/** Answers to requests: their headers, and bodies that wait for whoever takes them, but not for ever. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { PAGE_PATIENCE } from "../../limits.ts";
import type { RequestError } from "./errors.ts";

/** Nothing from elsewhere, no script or style in the page itself, framed by pages of the same origin at most. */
const CONTENT_SECURITY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "base-uri 'self'; form-action 'none'; frame-ancestors 'self'";

/** What every answer has. */
const HEADERS = {
  "Content-Security-Policy": CONTENT_SECURITY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};

export type Headers = Readonly<Record<string, string | number>>;

/** Sends the status and the headers; a few of them may take the place of the usual ones. */
export function begin(response: ServerResponse, status: number, headers: Headers): void {
  response.writeHead(status, { ...HEADERS, ...headers });
}

/** A short answer. */
export function answer(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Headers = {},
): void {
  const bytes = Buffer.from(body);
  begin(response, status, { "Content-Type": type, "Content-Length": bytes.length, ...headers });
  response.end(bytes);
}

/** Says why a request cannot be answered. */
export function refuse(response: ServerResponse, error: RequestError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({ error: error.message, code: error.code });
  const more: Headers =
    error.code === "BUSY" ? { "Retry-After": 5 } : error.code === "METHOD" ? { Allow: "GET, HEAD" } : {};
  answer(response, error.status, "application/json; charset=utf-8", body, more);
}

/** Sends a body as it is made, no faster than it is taken, and ends, unless the reader is gone or cut off before. */
export async function sendParts(
  response: ServerResponse,
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  for await (const part of parts) {
    if (!(await sendPart(response, part))) return;
  }
  response.end();
}

/** So much is written at once: each slice has its time to be taken. */
const SLICE = 128 * 1024;

/** Sends a part, and waits until there is room for more; false where the reader is gone, or cut off because it does not read. */
async function sendPart(response: ServerResponse, part: Uint8Array): Promise<boolean> {
  for (let at = 0; at < part.length; at += SLICE) {
    if (response.destroyed || response.writableEnded) return false;
    if (!response.write(part.subarray(at, at + SLICE)) && !(await hasRoom(response))) return false;
  }
  return !response.destroyed;
}

/** Waits until there is room for more; false where the reader is gone, or cut off because it does not read. */
export async function hasRoom(response: ServerResponse): Promise<boolean> {
  const done = new AbortController();
  const timer = setTimeout(() => response.destroy(), PAGE_PATIENCE);
  try {
    await Promise.race([once(response, "drain", done), once(response, "close", done)]);
  } catch {
    // The connection has failed: it is destroyed.
  } finally {
    clearTimeout(timer);
    done.abort();
  }
  return !response.destroyed;
}
