// A server that is soaked, in a process of its own: with stations that write to it, proxies with faults before its readers, and what
// the ring held.
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RingServer } from "../seedlink/ring-server.ts";
import { ServerProcess } from "../server/server-process.ts";
import { FaultProxy } from "../support/network/fault-proxy.ts";
import { PRELOADED, setClock } from "./clock.ts";
import { Feeder, type FeederOptions } from "./feeder.ts";
import { RingAudit } from "./ledger.ts";

/** A server's process, one after the other. */
interface Server {
  readonly port: number;
  readonly pid: number;
  start(): Promise<void>;
  end(how: "stop" | "kill"): Promise<void>;
  /** Ends it for good. */
  remove(): Promise<void>;
}

/** Bytes of the ring: some quarters of an hour. */
export const RING_BYTES = 64 << 20;

/** Our own, with its ring on disk, and a clock that can be set. */
export class OwnServer implements Server {
  readonly #folder: string;
  #process: ServerProcess | undefined;
  #port = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get #clockFile(): string {
    return path.join(this.#folder, "server.clock");
  }

  async start(): Promise<void> {
    const options = { ringBytes: RING_BYTES, directory: path.join(this.#folder, "ring") };
    const env = { ...process.env, CLOCK_FILE: this.#clockFile };
    this.#process = await ServerProcess.start(options, { env, execArgv: PRELOADED });
    this.#port = this.#process.port;
  }

  async end(how: "stop" | "kill"): Promise<void> {
    await this.#process?.[how]();
  }

  async remove(): Promise<void> {
    await this.end("kill");
  }

  setClock(ahead: number): void {
    setClock(this.pid, this.#clockFile, ahead);
  }
}

/** A real ringserver; it keeps its ring where it is stopped. */
export class OtherServer implements Server {
  #server: RingServer | undefined;

  get port(): number {
    return this.#server?.port ?? 0;
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  async start(): Promise<void> {
    if (this.#server) await this.#server.start();
    else this.#server = await RingServer.start("64M", { keepsRing: true });
  }

  async end(how: "stop" | "kill"): Promise<void> {
    await this.#server?.[how]();
  }

  async remove(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}

export class Source<Kind extends Server = Server> implements AsyncDisposable {
  readonly server: Kind;
  readonly feeder: Feeder;
  /** In the way of its readers and of the flow that writes to it. */
  readonly proxies: readonly FaultProxy[];
  readonly audit = new RingAudit();
  /** In the way of the stations: nothing happens there but that the server is away. */
  readonly #calm: FaultProxy;
  #turn: Promise<void> = Promise.resolve();

  static async start<Kind extends Server>(
    server: Kind,
    proxies: number,
    options: FeederOptions,
  ): Promise<Source<Kind>> {
    await server.start();
    const port = () => server.port;
    const calm = await FaultProxy.listen(port);
    const faulty = await Promise.all(Array.from({ length: proxies }, () => FaultProxy.listen(port)));
    return new Source(server, calm, faulty, new Feeder(calm.url, options));
  }

  private constructor(server: Kind, calm: FaultProxy, proxies: FaultProxy[], feeder: Feeder) {
    this.server = server;
    this.proxies = proxies;
    this.feeder = feeder;
    this.#calm = calm;
  }

  /** Does something to the server when nothing else is done to it. */
  inTurn(work: (server: Kind) => Promise<void>): Promise<void> {
    const turn = this.#turn.then(() => work(this.server));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Ends the server, and starts it again so many milliseconds later. */
  restart(how: "stop" | "kill", away: number): Promise<void> {
    return this.inTurn(async (server) => {
      await server.end(how);
      await delay(away);
      await server.start();
    });
  }

  /** Reads what came into the ring; what is there for the first time. */
  look(): Promise<string[]> {
    return this.audit.read(`datalink://127.0.0.1:${this.server.port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of [this.#calm, ...this.proxies]) await proxy[Symbol.asyncDispose]();
    await this.server.remove();
  }
}
