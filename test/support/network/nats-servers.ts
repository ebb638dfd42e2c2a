// Real nats-servers on loopback, one or a cluster, in folders of their own. What was started is killed when the process ends, whatever
// happened: a server that survives would be read by the next test.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort, newFolder } from "../folders.ts";

const PROGRAM = process.env.NATS_SERVER ?? "nats-server";

/** The version of the nats-server that is there; `undefined` where there is none. */
export function natsServerVersion(): string | undefined {
  const { stdout } = spawnSync(PROGRAM, ["--version"], { encoding: "utf8" });
  return stdout?.trim() || undefined;
}

/** Skips the tests around it, visibly, where there is no nats-server. */
export function needsNatsServer(context: Mocha.Context): void {
  if (natsServerVersion() !== undefined) return;
  console.log("    skipped: there is no nats-server (Debian: apt-get install nats-server)");
  context.skip();
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface NatsServer {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  readonly pid: number | undefined;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again, with what it has on disk. */
  start(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

export interface NatsOptions {
  /** Further lines of its configuration. */
  lines?: string;
  /** Where it stores: default a new folder. */
  store?: string;
  /** Whether JetStream is on. Default true. */
  jetStream?: boolean;
}

class Server implements NatsServer {
  readonly name: string;
  readonly port: number;
  readonly #config: string;
  #child: ChildProcess | undefined;

  constructor(name: string, port: number, config: string) {
    this.name = name;
    this.port = port;
    this.#config = config;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    const log = `${this.#config}.log`;
    const child = spawn(PROGRAM, ["-c", this.#config, "-l", log], { stdio: "ignore" });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    while (child.exitCode === null && !(await isOpen(this.port))) await pause(20);
    if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}: see ${log}`);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }
}

/** One server by itself. */
export async function natsServer(options: NatsOptions = {}): Promise<NatsServer & AsyncDisposable> {
  const [server] = await start(["one"], options);
  return Object.assign(server!.server, { [Symbol.asyncDispose]: () => stop([server!]) });
}

export interface NatsCluster extends AsyncDisposable {
  readonly servers: readonly NatsServer[];
  /** All of them, with commas between them. */
  readonly url: string;
  /** By its name, such as `two`. */
  named(name: string | undefined): NatsServer;
}

/** Three servers of a cluster. */
export async function natsCluster(options: NatsOptions = {}): Promise<NatsCluster> {
  const made = await start(["one", "two", "three"], options);
  const servers = made.map(({ server }) => server);
  return {
    servers,
    url: `nats://${servers.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
    named(name) {
      const found = servers.find((server) => server.name === name);
      if (!found) throw new Error(`there is no server ${name}`);
      return found;
    },
    [Symbol.asyncDispose]: () => stop(made),
  };
}

interface Made {
  server: Server;
  folder: string;
}

async function start(names: string[], { lines = "", store, jetStream = true }: NatsOptions): Promise<Made[]> {
  const routes = await Promise.all(names.map(freePort));
  const made: Made[] = [];
  for (const [i, name] of names.entries()) {
    const folder = newFolder();
    const port = await freePort();
    const config = path.join(folder, "nats.conf");
    const cluster =
      names.length === 1
        ? ""
        : `cluster { name: test, host: 127.0.0.1, port: ${routes[i]}, routes: [${routes.map((route) => `nats-route://127.0.0.1:${route}`).join(", ")}] }`;
    const on = jetStream ? `jetstream { store_dir: "${store ?? folder}", max_mem: 256M, max_file: 4G }` : "";
    writeFileSync(
      config,
      `server_name: ${name}\nhost: 127.0.0.1\nport: ${port}\n${on}\n${cluster}\n${lines}\n`,
    );
    made.push({ server: new Server(name, port, config), folder });
  }
  try {
    await Promise.all(made.map(({ server }) => server.start()));
  } catch (error) {
    await stop(made);
    throw error;
  }
  return made;
}

async function stop(made: readonly Made[]): Promise<void> {
  await Promise.all(made.map(({ server }) => server.kill()));
  await Promise.all(made.map(({ folder }) => rm(folder, { recursive: true, force: true })));
}

async function isOpen(port: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
