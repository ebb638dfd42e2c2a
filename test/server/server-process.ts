/** A server in a process of its own, to be killed. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { DataLinkServer, type DataLinkServerOptions } from "../../lib/server/server.ts";

export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;

  static async start(options: DataLinkServerOptions): Promise<ServerProcess> {
    const child = fork(__filename, [JSON.stringify(options)]);
    const [port] = (await once(child, "message")) as [number];
    return new ServerProcess(child, port);
  }

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Ends it as a power cut would end its process: without a word. */
  async kill(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}

async function serve(options: DataLinkServerOptions): Promise<void> {
  const server = await DataLinkServer.listen({ port: 0, ...options });
  process.send!(server.port);
}

if (require.main === module) void serve(JSON.parse(process.argv[2]!) as DataLinkServerOptions);
