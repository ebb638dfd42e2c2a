/** A server in a process of its own, to be killed or stopped. */
import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { once } from "node:events";
import { DataLinkServer, type DataLinkServerOptions } from "../../lib/server/server.ts";

export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;

  /** @param how the process is made, as for `fork` */
  static async start(options: DataLinkServerOptions, how: ForkOptions = {}): Promise<ServerProcess> {
    const child = fork(__filename, [JSON.stringify(options)], how);
    const [port] = (await once(child, "message")) as [number];
    return new ServerProcess(child, port);
  }

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Ends it as a power cut would end its process: without a word. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Ends it as a system does that shuts down. */
  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill(signal);
    await exited;
  }
}

async function serve(options: DataLinkServerOptions): Promise<void> {
  const server = await DataLinkServer.listen({ port: 0, ...options });
  process.once("SIGTERM", () => void server.close().then(() => process.exit()));
  process.send!(server.port);
}

if (require.main === module) void serve(JSON.parse(process.argv[2]!) as DataLinkServerOptions);
