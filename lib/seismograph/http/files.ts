/** The files of the page, as they were built. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { begin } from "./answer.ts";
import { RequestError } from "./errors.ts";

/** Where the package has them. */
const FOLDER = path.join(__dirname, "../../../page/dist");

const TYPES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
};

interface PageFile {
  bytes: Buffer;
  tag: string;
}

export class PageFiles {
  readonly #folder: string;
  readonly #files = new Map<string, Promise<PageFile>>();

  constructor(folder = FOLDER) {
    this.#folder = folder;
  }

  /** Whether there is a file of this name. */
  has(name: string): boolean {
    return Object.hasOwn(TYPES, name);
  }

  /**
   * Answers with a file; with nothing but its tag where the browser has it.
   * @param base where the page's own addresses begin, relative to its address
   */
  async send(name: string, request: IncomingMessage, response: ServerResponse, base?: string): Promise<void> {
    const { bytes, tag } = await this.#file(name, base);
    // Asked for again each time, so that page and seismograph are always of one version.
    const headers = { "Content-Type": TYPES[name]!, "Cache-Control": "no-cache", ETag: tag };
    if (request.headers["if-none-match"] === tag) begin(response, 304, headers);
    else begin(response, 200, { ...headers, "Content-Length": bytes.length });
    response.end(response.statusCode === 304 || request.method === "HEAD" ? undefined : bytes);
  }

  #file(name: string, base: string | undefined): Promise<PageFile> {
    const key = `${name} ${base}`;
    const known = this.#files.get(key);
    if (known) return known;
    const file = this.#read(name, base);
    this.#files.set(key, file);
    // A failure is not remembered: the page may be built later.
    file.catch(() => this.#files.delete(key));
    return file;
  }

  async #read(name: string, base: string | undefined): Promise<PageFile> {
    let bytes: Buffer;
    try {
      bytes = await readFile(path.join(this.#folder, name));
    } catch (cause) {
      throw new RequestError(
        "NOT_FOUND",
        `The page's file ${name} is not there (${(cause as Error).message}): build the package.`,
      );
    }
    if (base !== undefined)
      bytes = Buffer.from(bytes.toString().replace(/<base href="[^"]*"/, `<base href="${base}"`));
    return { bytes, tag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 20)}"` };
  }
}
