/**
 * A seismograph's page over HTTP, whatever server takes the requests: `/` and `/heli/ID` (the page), its files, `/stream`, `/data`, `/text`
 * and pictures. Every failure is an answer; nothing is thrown.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { MAX_DOWNLOADS } from "../../limits.ts";
import { nowMicroseconds } from "../../time.ts";
import type { Seismograph } from "../seismograph.ts";
import { answer, refuse } from "./answer.ts";
import { answerData } from "./data.ts";
import { RequestError } from "./errors.ts";
import { PageFiles } from "./files.ts";
import { Pictures } from "./pictures.ts";
import { type Query, readTarget } from "./query.ts";
import { streamRequest } from "./stream/request.ts";
import { BEAT, Streams } from "./stream/streams.ts";
import { textLines, textPage } from "./text-page.ts";
import { languageOf } from "./texts.ts";

/** How the page is served. */
export interface SeismographPageOptions {
  /** Folder of the page's files. Default: those of this package. */
  files?: string | undefined;
  /** Milliseconds from one frame of a live page to the next, 10 to 10,000; a drum has four times as many. Default 250. */
  beat?: number | undefined;
  /** Hears of failures that are the page's own. */
  onProblem?: ((error: Error) => void) | undefined;
}

export class SeismographPage {
  readonly #seismograph: Seismograph;
  readonly #files: PageFiles;
  readonly #streams: Streams;
  readonly #pictures: Pictures;
  readonly #onProblem: (error: Error) => void;
  #downloads = 0;

  constructor(seismograph: Seismograph, options: SeismographPageOptions = {}) {
    this.#seismograph = seismograph;
    this.#files = new PageFiles(options.files);
    this.#streams = new Streams(seismograph, Math.min(Math.max(options.beat ?? BEAT, 10), 10_000));
    this.#pictures = new Pictures(seismograph);
    this.#onProblem = options.onProblem ?? (() => {});
  }

  /** How many pages are open. */
  get readers(): number {
    return this.#streams.size;
  }

  /**
   * Answers a request.
   * @param target what is asked for below the page's own address, beginning with `/`: path and query
   */
  handle(request: IncomingMessage, response: ServerResponse, target = request.url ?? "/"): void {
    response.on("error", () => {});
    this.#answer(request, response, target).catch((error: unknown) => this.#fail(response, error));
  }

  /** Ends the streams of all pages, which come again after a second. */
  close(): void {
    this.#streams.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse, text: string): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new RequestError("METHOD", "Only GET and HEAD are supported here.");
    }
    const { path, query } = readTarget(text);
    const name = path.slice(1);
    if (name === "" || /^heli\/[^/]+(?<!\.png)$/.test(name)) {
      return await this.#files.send("index.html", request, response, name === "" ? undefined : "../");
    }
    if (name !== "index.html" && this.#files.has(name))
      return await this.#files.send(name, request, response);
    const drum = /^heli\/([^/]+)\.png$/.exec(name)?.[1];
    if (drum !== undefined) return await this.#pictures.drum(drum, query, text, response);
    switch (name) {
      case "stream":
        if (request.method === "HEAD") throw new RequestError("METHOD", "Only GET is supported here.");
        return this.#streams.open(streamRequest(query, this.#seismograph), response);
      case "data":
        return await this.#limited(() => answerData(this.#seismograph, query, response));
      case "live.png":
        return await this.#pictures.live(query, text, response);
      case "text":
        return this.#sendText(query, request, response);
      default:
        throw new RequestError(
          "NOT_FOUND",
          "There are /, /heli/CHANNEL, the same with .png (/live.png, /heli/CHANNEL.png), /text, /stream and /data here.",
        );
    }
  }

  #sendText(query: Query, { headers }: IncomingMessage, response: ServerResponse): void {
    const language = languageOf(query.text("lang"), headers["accept-language"]);
    const isPlain = query.choice("format", ["html", "plain"], "html") === "plain";
    const body = (isPlain ? textLines : textPage)(this.#seismograph, language, nowMicroseconds());
    answer(response, 200, `text/${isPlain ? "plain" : "html"}; charset=utf-8`, body);
  }

  /** What takes memory and time only so many may ask for at once. */
  async #limited(work: () => Promise<void>): Promise<void> {
    if (this.#downloads >= MAX_DOWNLOADS) {
      throw new RequestError("BUSY", `${MAX_DOWNLOADS} downloads are under way: try again in a moment.`);
    }
    this.#downloads++;
    try {
      await work();
    } finally {
      this.#downloads--;
    }
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (error instanceof RequestError) {
      refuse(response, error);
      return;
    }
    this.#onProblem(error instanceof Error ? error : new Error(String(error)));
    if (response.headersSent) response.destroy();
    else
      answer(
        response,
        500,
        "application/json",
        JSON.stringify({ error: "The page has failed: see the log.", code: "FAILED" }),
      );
  }
}
