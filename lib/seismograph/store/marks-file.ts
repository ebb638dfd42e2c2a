/**
 * A file in which triggers and earthquakes outlast a restart: a JSON list of messages, each as a seismograph takes it. It is written a
 * while after a change, so that a swarm of triggers does not wear out a memory card.
 */
import { open, rm } from "node:fs/promises";
import { replaceFile } from "../../files/replace-file.ts";
import { formatMicroseconds } from "../../time.ts";
import type { EventMark, TriggerMark } from "../frames.ts";
import { eventMarks } from "../intake/events.ts";
import { fieldsOf, timeOf } from "../intake/fields.ts";
import { triggerMark } from "../intake/trigger.ts";
import type { Marks } from "./marks.ts";

/** Milliseconds from a change to its writing. */
const PAUSE = 10_000;
/** Bytes of a file that is read: as many marks as there may be, and long names. */
const MOST_BYTES = 8 * 1024 * 1024;

/** The marks of a file. */
export interface SavedMarks {
  triggers: TriggerMark[];
  events: EventMark[];
}

export class MarksFile {
  readonly #file: string;
  readonly #marks: Marks;
  readonly #onProblem: (error: Error) => void;
  readonly #pause: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string, marks: Marks, onProblem: (error: Error) => void, pause = PAUSE) {
    this.#file = file;
    this.#marks = marks;
    this.#onProblem = onProblem;
    this.#pause = pause;
    marks.onChange = () => this.#saveSoon();
  }

  /**
   * The marks of before a restart; none where there is no file. A trigger that lasted then has ended when the file was written: nobody
   * tells of its end any more. Never fails: what cannot be read is told.
   */
  async read(): Promise<SavedMarks> {
    try {
      const text = await textOf(this.#file);
      return text === undefined ? { triggers: [], events: [] } : marksOf(JSON.parse(text));
    } catch (error) {
      this.#onProblem(
        new Error(`The triggers and earthquakes in ${this.#file} cannot be read: ${why(error)}`),
      );
      return { triggers: [], events: [] };
    }
  }

  /** Writes what has changed, now. Never fails: what cannot be written is told, and written with the next change. */
  async flush(): Promise<void> {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      await replaceFile(this.#file, JSON.stringify(contentOf(this.#marks)));
    } catch (error) {
      this.#onProblem(
        new Error(`The triggers and earthquakes cannot be kept in ${this.#file}: ${why(error)}`),
      );
    }
  }

  /** Deletes the file, when nobody writes to it any more. */
  async remove(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#marks.onChange = () => {};
    await rm(this.#file, { force: true }).catch((error: unknown) => {
      this.#onProblem(new Error(`${this.#file} cannot be deleted: ${why(error)}`));
    });
  }

  #saveSoon(): void {
    this.#timer ??= setTimeout(() => void this.flush(), this.#pause).unref();
  }
}

/** The file's text; undefined where there is none. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size > MOST_BYTES) throw new Error(`it has ${size} bytes, and not at most ${MOST_BYTES}.`);
    return await handle.readFile("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function contentOf({ triggers, events }: Marks) {
  const time = (microseconds: number) => formatMicroseconds(Math.round(microseconds));
  return {
    saved: new Date().toISOString(),
    triggers: triggers.map(({ id, channel, on, off, ratio, peakRatio, isTest }) => ({
      ...{ event: off === null ? "on" : "off", id, sourceId: `FDSN:${channel}`, onTime: time(on) },
      ...{ offTime: off === null ? undefined : time(off), ratio, peakRatio, test: isTest },
    })),
    events: events.map((event) => ({ ...event, arrivals: undefined, time: time(event.time) })),
  };
}

/** Read as strictly as what comes from anywhere else. */
function marksOf(content: unknown): SavedMarks {
  const { saved, triggers, events } = fieldsOf(content);
  if (!Array.isArray(triggers) || !Array.isArray(events)) throw new Error("it is no list of them.");
  const end = timeOf(saved) ?? 0;
  return {
    triggers: triggers
      .map(triggerMark)
      .filter((mark) => mark !== undefined)
      .map((mark) => ({ ...mark, off: mark.off ?? Math.max(mark.on, end) })),
    events: events.flatMap((event: unknown) => eventMarks(event) ?? []),
  };
}

function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
