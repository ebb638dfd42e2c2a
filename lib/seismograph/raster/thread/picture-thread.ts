/**
 * Draws pictures in a thread of their own, one after the other, so that nothing waits for a picture but who asked for it. The thread
 * is there while pictures are wanted, and for a while after the last one.
 */
import path from "node:path";
import { Worker } from "node:worker_threads";
import { MAX_PICTURES } from "../../../limits.ts";
import { SeismographError } from "../../errors.ts";
import type { Image } from "../image.ts";
import { type PictureJob, transfersOf } from "./job.ts";

/** Milliseconds that the thread stays without work. */
const IDLE = 30_000;
/** Milliseconds for one picture: the largest takes some seconds of a slow machine. */
const LONGEST = 60_000;

interface Drawn {
  bytes: Uint8Array<ArrayBuffer>;
  width: number;
  height: number;
}

/** How a thread is run; for tests. */
export interface PictureThreadOptions {
  script?: string;
  idle?: number;
  longest?: number;
}

export class PictureThread {
  readonly #script: string;
  readonly #idle: number;
  readonly #longest: number;
  #worker: Worker | undefined;
  #line: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor({ script, idle = IDLE, longest = LONGEST }: PictureThreadOptions = {}) {
    this.#script = script ?? path.join(__dirname, "worker.js");
    this.#idle = idle;
    this.#longest = longest;
  }

  /** Whether the thread is there. */
  get isRunning(): boolean {
    return this.#worker !== undefined;
  }

  /**
   * Draws a picture when those before it are drawn.
   * @param job called when it is its turn: what it shows is of that time, and takes no memory before
   * @throws SeismographError `NOT_DRAWN`: too many wait, or the thread has failed; what `job` throws
   */
  draw(job: () => PictureJob): Promise<Image> {
    if (this.#waiting >= MAX_PICTURES) {
      const sentence = `${MAX_PICTURES} pictures are waited for already: ask for fewer at once.`;
      return Promise.reject(new SeismographError("NOT_DRAWN", sentence));
    }
    this.#waiting++;
    clearTimeout(this.#idleTimer);
    const drawn = this.#line.then(() => this.#drawNow(job()));
    const leave = () => {
      if (--this.#waiting === 0) this.#rest();
    };
    this.#line = drawn.then(leave, leave);
    return drawn;
  }

  async #drawNow(job: PictureJob): Promise<Image> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    try {
      const { bytes, width, height } = await this.#answer(worker, job);
      return { png: Buffer.from(bytes.buffer), width, height };
    } catch (cause) {
      // Whatever it is doing, nobody waits for it: the next picture has a new one.
      this.#worker = undefined;
      void worker.terminate();
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new SeismographError("NOT_DRAWN", `The picture could not be drawn: ${why}`, { cause });
    }
  }

  #answer(worker: Worker, job: PictureJob): Promise<Drawn> {
    return new Promise<Drawn>((resolve, reject) => {
      const ended = (code: number) => reject(new Error(`its thread ended with code ${code}.`));
      const late = () => reject(new Error(`it was not done after ${this.#longest / 1000} s.`));
      const timer = setTimeout(late, this.#longest);
      const listeners = { message: resolve, error: reject, exit: ended } as const;
      for (const [event, listener] of Object.entries(listeners)) worker.once(event, listener);
      this.#settle = () => {
        clearTimeout(timer);
        for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
      };
      // Who waits for a picture keeps the process, but an idle thread does not.
      worker.ref();
      worker.postMessage(job, transfersOf(job));
    }).finally(() => {
      this.#settle();
      worker.unref();
    });
  }
  #settle = (): void => {};

  #start(): Worker {
    const worker = new Worker(this.#script, {
      name: "seismogram pictures",
      // What the process was started with is not for this thread.
      execArgv: [],
      env: { PATH: process.env.PATH },
      stdout: true,
      stderr: true,
    });
    // One that ends by itself between two pictures, and what it says of that.
    worker.on("error", () => {});
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    worker.unref();
    return worker;
  }

  #rest(): void {
    this.#idleTimer = setTimeout(() => {
      const worker = this.#worker;
      this.#worker = undefined;
      void worker?.terminate();
    }, this.#idle).unref();
  }
}

/** The one of this process. */
export const pictureThread = new PictureThread();
