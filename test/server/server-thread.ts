/**
 * A server in a thread of its own, so that a test can be a merciless client and still measure how long the server holds
 * up its event loop, and what memory it keeps. Time is the thread's own on the processor: what else the machine does, the
 * test itself included, does not count.
 */
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import {
  DataLinkServer,
  type DataLinkServerOptions,
  type DataLinkServerStatus,
} from "../../lib/server/server.ts";
import { processorTime } from "../support/processor-time.ts";

export interface ThreadFigures {
  status: DataLinkServerStatus;
  /** Longest turn of the event loop since the last look, in milliseconds of processor time. */
  stall: number;
  /** Bytes on the heap and in buffers after garbage collection. */
  memory: number;
}

export class ServerThread {
  readonly port: number;
  readonly #worker: Worker;

  static async start(options: DataLinkServerOptions): Promise<ServerThread> {
    const worker = new Worker(__filename, { workerData: options });
    const [port] = (await once(worker, "message")) as [number];
    return new ServerThread(worker, port);
  }

  private constructor(worker: Worker, port: number) {
    this.#worker = worker;
    this.port = port;
  }

  /** What the server has to say; starts the next measurement. */
  async figures(): Promise<ThreadFigures> {
    this.#worker.postMessage("figures");
    const [figures] = (await once(this.#worker, "message")) as [ThreadFigures];
    return figures;
  }

  async stop(): Promise<void> {
    this.#worker.postMessage("stop");
    await once(this.#worker, "exit");
  }
}

/** The longest turn of this thread's event loop since it was last asked. */
function watchTurns(): () => number {
  let longest = 0;
  let last = processorTime();
  setInterval(() => {
    const now = processorTime();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  return () => {
    const result = longest;
    longest = 0;
    return result;
  };
}

async function serve(options: DataLinkServerOptions): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const server = await DataLinkServer.listen({ port: 0, ...options });
  const longestTurn = watchTurns();
  const tell = async () => {
    const stall = longestTurn();
    // What buffers held is given back only after a collection that found them unused.
    for (let i = 0; i < 3; i++) {
      collectGarbage();
      await setTimeout(10);
    }
    const { heapUsed, external } = process.memoryUsage();
    longestTurn();
    parentPort!.postMessage({
      status: server.status,
      stall,
      memory: heapUsed + external,
    } satisfies ThreadFigures);
  };
  parentPort!.on("message", (request: "figures" | "stop") => {
    void (request === "stop" ? server.close().then(() => process.exit()) : tell());
  });
  parentPort!.postMessage(server.port);
}

if (!isMainThread) void serve(workerData as DataLinkServerOptions);
