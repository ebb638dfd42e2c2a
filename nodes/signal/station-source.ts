/** Where the sensitivities of a station metadata node come from: a service, asked for each station once a day; a file; a table. */
import { readFile, stat } from "node:fs/promises";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { matchesStream, stationOf } from "../../lib/signal/stream-pattern.ts";
import { SourceId } from "../../lib/source-id.ts";
import { StationError } from "../../lib/stations/errors.ts";
import { channelQuery, readFdsnText } from "../../lib/stations/fdsn-text.ts";
import { normalUnits, Sensitivities } from "../../lib/stations/sensitivities.ts";
import { readStationXml } from "../../lib/stations/station-xml.ts";
import { asError } from "../runtime/input-handler.ts";

/** Counts per unit of a stream, and the unit. */
export interface Sensitivity {
  sensitivity: number;
  units: string;
}

/** Answers for streams at times (nanoseconds since 1970); undefined where nothing is known. @throws StationError */
export interface StationSource {
  find(sourceId: string, time: bigint): Promise<Sensitivity | undefined>;
}

const DAY_MS = 86_400_000;
const RETRY_MS = 60_000;
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_ANSWER = 4 * 1024 * 1024;
const MOST_STATIONS = 1000;
const TIMEOUT_MS = 30_000;
const MOST_LINES = 10_000;

/** Lines such as `CO.JSC.00.HHZ 627192000 m/s`; the first that fits counts. @throws StationError `NOT_STATIONS` */
export class TableSource implements StationSource {
  readonly #rows: (Sensitivity & { pattern: string })[];

  constructor(table: string) {
    const lines = table.split(/\r?\n/).filter((line) => /^\s*[^\s#]/.test(line));
    this.#rows = lines.slice(0, MOST_LINES).map(rowOf);
  }

  async find(sourceId: string): Promise<Sensitivity | undefined> {
    return this.#rows.find(({ pattern }) => matchesStream(pattern, sourceId));
  }
}

function rowOf(line: string): Sensitivity & { pattern: string } {
  const [pattern = "", value = "", units = ""] = line.trim().split(/[\s,;]+/);
  const sensitivity = Number(value);
  if (value !== "" && Number.isFinite(sensitivity) && sensitivity !== 0 && units !== "")
    return { pattern, sensitivity, units: normalUnits(units) };
  throw new StationError(
    "NOT_STATIONS",
    `The table has the line ${JSON.stringify(line.slice(0, 80))}: give name, counts per unit and unit, such as CO.JSC.00.HHZ 627192000 m/s.`,
  );
}

/** A StationXML file, read again when it has changed. */
export class FileSource implements StationSource {
  readonly #file: string;
  #known: { changed: number; sensitivities: Sensitivities } | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(file: string) {
    this.#file = file;
  }

  async find(sourceId: string, time: bigint): Promise<Sensitivity | undefined> {
    if (performance.now() - this.#checkedAt > RETRY_MS) await this.#read();
    return this.#known?.sensitivities.at(sourceId, time);
  }

  async #read(): Promise<void> {
    try {
      const { mtimeMs, size } = await stat(this.#file);
      if (mtimeMs !== this.#known?.changed) {
        if (size > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES} bytes`);
        const sensitivities = new Sensitivities();
        sensitivities.add(readStationXml(await readFile(this.#file, "utf8")));
        this.#known = { changed: mtimeMs, sensitivities };
      }
      this.#checkedAt = performance.now();
    } catch (error) {
      if (error instanceof StationError) throw error;
      throw new StationError(
        "STATIONS_UNREACHABLE",
        `${this.#file} cannot be read: ${asError(error).message}.`,
      );
    }
  }
}

interface Answer {
  /** Milliseconds since 1970. */
  asked: number;
  text: string;
}

interface Station {
  sensitivities: Sensitivities | undefined;
  /** When to ask again, by `performance`, and why the last answer failed. */
  askAgain: number;
  failure: StationError | undefined;
}

/** An FDSN station service. Answers are kept in a file, and an old one serves while the service is away. */
export class ServiceSource implements StationSource {
  readonly #service: string;
  readonly #cache: string;
  readonly #stations = new Map<string, Promise<Station>>();
  #answers: Promise<Map<string, Answer>> | undefined;
  readonly #gone = new AbortController();

  constructor(service: string, cache: string) {
    this.#service = service;
    this.#cache = cache;
  }

  /** Gives up what is under way. */
  close(): void {
    this.#gone.abort();
  }

  async find(sourceId: string, time: bigint): Promise<Sensitivity | undefined> {
    const { network, station } = new SourceId(sourceId);
    if (!/^[A-Z0-9]{1,8}$/.test(network) || !/^[A-Z0-9-]{1,8}$/.test(station)) return undefined;
    const key = stationOf(sourceId);
    const known = await this.#stations.get(key);
    const isFresh = known !== undefined && performance.now() < known.askAgain;
    if (!isFresh) this.#keep(key, this.#ask(key, network, station));
    const { sensitivities, failure } = isFresh ? known : await this.#stations.get(key)!;
    if (sensitivities) return sensitivities.at(sourceId, time);
    throw failure!;
  }

  #keep(key: string, station: Promise<Station>): void {
    this.#stations.set(key, station);
    if (this.#stations.size <= MOST_STATIONS) return;
    for (const oldest of [...this.#stations.keys()].slice(0, 1)) this.#stations.delete(oldest);
  }

  async #ask(key: string, network: string, station: string): Promise<Station> {
    this.#answers ??= this.#readCache();
    const answers = await this.#answers;
    const old = answers.get(key);
    const age = Date.now() - (old?.asked ?? Number.NaN);
    // One from the future was kept before the clock was set back.
    if (old && age >= 0 && age < DAY_MS) return ready(old.text, performance.now() + DAY_MS - age);
    try {
      const text = await this.#fetch(channelQuery(this.#service, network, station));
      const answer = ready(text, performance.now() + DAY_MS);
      answers.set(key, { asked: Date.now(), text });
      if (answers.size > MOST_STATIONS) answers.delete([...answers.keys()][0]!);
      await replaceFile(this.#cache, JSON.stringify(Object.fromEntries(answers))).catch(() => {});
      return answer;
    } catch (error) {
      const askAgain = performance.now() + RETRY_MS;
      if (old) return ready(old.text, askAgain);
      const failure =
        error instanceof StationError
          ? error
          : new StationError(
              "STATIONS_UNREACHABLE",
              `${this.#service} does not tell of ${key}: ${asError(error).message}.`,
            );
      return { sensitivities: undefined, askAgain, failure };
    }
  }

  async #fetch(url: string): Promise<string> {
    const signal = AbortSignal.any([this.#gone.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await fetch(url, { signal });
    if (response.status === 204 || response.status === 404) return "";
    if (!response.ok) throw new Error(`it answers ${response.status} ${response.statusText}`);
    let text = "";
    const decoder = new TextDecoder();
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece as Uint8Array, { stream: true });
      if (text.length > MOST_ANSWER) throw new Error(`its answer has more than ${MOST_ANSWER} characters`);
    }
    return text;
  }

  /** What was kept; a file that is missing or damaged is nothing. */
  async #readCache(): Promise<Map<string, Answer>> {
    const answers = new Map<string, Answer>();
    try {
      const kept = JSON.parse(await readFile(this.#cache, "utf8")) as Record<string, Answer>;
      for (const [key, { asked, text }] of Object.entries(kept).slice(0, MOST_STATIONS))
        if (typeof asked === "number" && typeof text === "string" && readFdsnText(text))
          answers.set(key, { asked, text });
    } catch {
      // Nothing was kept yet, or it cannot be used: the service is asked.
    }
    return answers;
  }
}

function ready(text: string, askAgain: number): Station {
  const sensitivities = new Sensitivities();
  sensitivities.add(readFdsnText(text));
  return { sensitivities, askAgain, failure: undefined };
}
