/** A thread that writes to files, or synchronises them: many with one message, without holding up the event loop. */
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { FileAnswer, FileTask } from "./file-task.ts";

/** Milliseconds after which a thread that could not be started is tried again. */
const TRY_AGAIN_MS = 10_000;

interface Waiting {
  resolve: (answer: FileAnswer) => void;
  reject: (error: Error) => void;
}

/** Does tasks in a thread of its own, in order; the thread is there while somebody uses it. */
export class FileThread {
  #users = 0;
  #worker: Worker | undefined;
  /** Whether the thread is there, once that is known. */
  #started: Promise<boolean> = Promise.resolve(false);
  #failedAt = Number.NEGATIVE_INFINITY;
  /** Those whose answers have not come, in the order of their tasks. */
  #waiting: Waiting[] = [];

  /** To be called before the first task. */
  acquire(): void {
    this.#users++;
  }

  /**
   * Whether the thread runs, after it was started: it needs some descriptors for itself, which are to be there before files
   * take them all.
   */
  start(): Promise<boolean> {
    if (this.#worker === undefined && performance.now() - this.#failedAt > TRY_AGAIN_MS) this.#start();
    return this.#started;
  }

  /** To be called after the last answer: the thread ends with its last user. */
  async release(): Promise<void> {
    this.#users--;
    if (this.#users > 0) return;
    const worker = this.#worker;
    this.#worker = undefined;
    this.#started = Promise.resolve(false);
    await worker?.terminate();
  }

  /**
   * The answer to a task. Its buffers go with it.
   * @throws where the thread has ended: what of the task was done is not known then
   */
  run(task: FileTask): Promise<FileAnswer> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker;
      if (worker === undefined) throw new Error("the thread for files does not run");
      // Whoever waits for an answer keeps the process, but an idle thread does not.
      worker.ref();
      worker.postMessage(task, task.kind === "write" ? [task.bytes.buffer, task.table.buffer] : []);
      this.#waiting.push({ resolve, reject });
    });
  }

  #start(): void {
    const worker = new Worker(path.join(__dirname, "file-thread-worker.js"), {
      name: "archive files",
      // What the process was started with is not for this thread.
      execArgv: [],
      env: { PATH: process.env.PATH },
      // It says nothing; connected to those of the process, they would make these non-blocking.
      stdout: true,
      stderr: true,
      // What it opens others close.
      trackUnmanagedFds: false,
    });
    this.#worker = worker;
    this.#started = new Promise((resolve) => {
      worker.once("message", () => {
        resolve(true);
        if (this.#waiting.length === 0) worker.unref();
        worker.on("message", (answer: FileAnswer) => this.#answer(worker, answer));
      });
      worker.once("exit", () => resolve(false));
    });
    worker.on("error", (error) => this.#ended(worker, error));
    worker.on("exit", (code) =>
      this.#ended(worker, new Error(`the thread for files ended with code ${code}`)),
    );
  }

  #answer(worker: Worker, answer: FileAnswer): void {
    this.#waiting.shift()?.resolve(answer);
    if (this.#waiting.length === 0) worker.unref();
  }

  #ended(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#started = Promise.resolve(false);
    this.#failedAt = performance.now();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}
