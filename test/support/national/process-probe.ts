// Loaded into a Node-RED before anything else (`node --require`): writes twice a second to the file of PROBE_FILE how long its event
// loop was held up, what it takes of memory, processor and descriptors, and how old the oldest byte is that its archives have
// written and not synchronised. Nothing but built-in modules is imported.
import { appendFileSync, readdirSync } from "node:fs";
import Module from "node:module";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/** Milliseconds that a sample is about. */
export const PROBE_MS = 500;

/** What a process was like for so long. */
export interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  /** Longest delay of the event loop, in milliseconds. */
  delay: number;
  /** Processor time so far, in milliseconds. */
  processor: number;
  /** Bytes. */
  memory: number;
  descriptors: number;
  /** Age of the oldest byte that is not synchronised, in milliseconds. */
  unsynced: number;
  /** Bytes written to disks so far, as the system counts them. */
  written: number;
}

interface Task {
  kind: "write" | "sync";
  table?: Float64Array;
  descriptors?: number[];
  fileSystems?: string[];
}
interface FileThread {
  prototype: { run: (task: Task) => Promise<unknown> };
}

/** Of each descriptor, when the first byte was written that is not synchronised, and the last. */
const unsynced = new Map<number, { first: number; last: number }>();

const COLUMNS = 3;

/** Looks on when the thread for files is given something to do. */
function watch({ prototype }: FileThread): void {
  const { run } = prototype;
  prototype.run = async function (task) {
    const begun = performance.now();
    const written =
      task.kind === "write" ? Array.from(task.table!).filter((_, i) => i % COLUMNS === 0) : undefined;
    const answer = await run.call(this, task);
    const now = performance.now();
    for (const descriptor of written ?? []) {
      const { first } = unsynced.get(descriptor) ?? { first: now };
      unsynced.set(descriptor, { first, last: now });
    }
    for (const descriptor of task.descriptors ?? []) unsynced.delete(descriptor);
    // A file system that is synchronised as a whole has all that was written before.
    if ((task.fileSystems?.length ?? 0) > 0) {
      for (const [descriptor, times] of unsynced) {
        if (times.last < begun) unsynced.delete(descriptor);
        else times.first = Math.max(times.first, begun);
      }
    }
    return answer;
  };
}

function begin(file: string): void {
  const loader = Module as unknown as { _load: (request: string, ...more: unknown[]) => unknown };
  const { _load: load } = loader;
  let isWatched = false;
  loader._load = function (request, ...more) {
    const exports = load.call(this, request, ...more);
    if (!isWatched && /\/file-thread\.js$/.test(request)) {
      isWatched = true;
      watch((exports as { FileThread: FileThread }).FileThread);
    }
    return exports;
  };
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  let oldest = 0;
  const age = () => {
    const now = performance.now();
    for (const { first } of unsynced.values()) oldest = Math.max(oldest, now - first);
  };
  setInterval(age, 50).unref();
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    const sample: Sample = {
      at: Date.now(),
      delay: delays.max / 1e6,
      processor: (user + system) / 1000,
      memory: process.memoryUsage.rss(),
      descriptors: readdirSync("/proc/self/fd").length,
      unsynced: oldest,
      written: process.resourceUsage().fsWrite * 512,
    };
    delays.reset();
    oldest = 0;
    appendFileSync(file, `${JSON.stringify(sample)}\n`);
  }, PROBE_MS).unref();
}

if (isMainThread && process.env.PROBE_FILE) begin(process.env.PROBE_FILE);
