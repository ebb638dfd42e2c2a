/** A seismograph and its page in one call, without Node-RED: {@link seismo}. */
import { SeismographPage } from "../http/page.ts";
import { Seismograph, type SeismographOptions } from "../seismograph.ts";
import { Door, type DoorOptions } from "./door.ts";
import { readSource, type SourceOptions } from "./source.ts";

/** What is shown, from where, to whom. */
export interface SeismoOptions extends Omit<SeismographOptions, "onProblem">, DoorOptions, SourceOptions {
  /** Milliseconds from one frame of a live page to the next, 10 to 10,000; a drum has four times as many. Default 250. */
  beat?: number | undefined;
}

const DEFAULT_PORT = 8080;

/**
 * Serves live seismograms and drums to browsers: those of a server of DataLink or SeedLink, or what a program gives to
 * `seismograph.take()`. It is ready when the promise resolves; an archive is read meanwhile.
 *
 * ```ts
 * await using page = await seismo({ source: "seedlink://rs.local:18000", archive: "SDS@/data/archive" });
 * console.log(page.url);
 * ```
 * @throws SeismographError `INVALID_SETTING`, `LISTEN_FAILED`; DataLinkError, SeedLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT`;
 *   ArchiveError `INVALID_PATTERN`
 */
export async function seismo(options: SeismoOptions = {}): Promise<Seismo> {
  const page = new Seismo(options);
  try {
    await page.start();
  } catch (error) {
    // Nobody else could: whoever called has no page to close.
    await page.close();
    throw error;
  }
  return page;
}

/** A page that is served: see {@link seismo}. */
export class Seismo {
  /** What is shown: give it records, triggers and earthquakes with `take()`. */
  readonly seismograph: Seismograph;
  readonly #options: SeismoOptions;
  readonly #page: SeismographPage;
  readonly #door: Door;
  readonly #closing = new AbortController();
  #work: Promise<unknown> = Promise.resolve();

  /** Made by {@link seismo}. */
  constructor(options: SeismoOptions) {
    const { onProblem, beat } = options;
    this.#options = options;
    this.seismograph = new Seismograph(options);
    this.#page = new SeismographPage(this.seismograph, { beat, onProblem });
    this.#door = new Door(options, (request, response) => this.#page.handle(request, response));
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#door.port;
  }

  /** For a browser on this machine, for example `http://127.0.0.1:8080/`. */
  get url(): string {
    const { host = "127.0.0.1", tls } = this.#options;
    const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    const name = reachable.includes(":") ? `[${reachable}]` : reachable;
    return `http${tls ? "s" : ""}://${name}:${this.port}/`;
  }

  /** How many pages are open. */
  get readers(): number {
    return this.#page.readers;
  }

  /** @internal */
  async start(): Promise<void> {
    const { host = "127.0.0.1", port = DEFAULT_PORT, source } = this.#options;
    await this.#door.listen(host, port);
    const reading =
      source === undefined
        ? undefined
        : readSource(this.seismograph, source, this.#options, this.#closing.signal);
    this.#work = Promise.all([this.seismograph.refill(), reading]);
  }

  /** Ends what is read, tells the pages, and stops listening. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.seismograph.close();
    this.#page.close();
    await this.#door.close();
    await this.#work;
    await this.seismograph.flush();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
