// A real Node-RED as a process of its own, with this package installed the way a user installs it: packed, and from the
// tarball. For what the test helper cannot see: loading, html, catalogs, icons, credentials, deploys, restarts.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { freePort, newFolder } from "./folders.ts";
import { PACKAGE } from "./version.ts";

export { freePort } from "./folders.ts";
export { PACKAGE } from "./version.ts";

const run = promisify(execFile);
const ROOT = path.join(__dirname, "../..");
const CACHE = path.join(ROOT, "node_modules/.cache");

/** Versions that the package promises to work with: the one in node_modules, and the last of the line before. */
export const VERSIONS = ["5", "4.1.15"] as const;
export type Version = (typeof VERSIONS)[number];

/** Guards only: on a busy machine much takes longer than one thinks. */
const START_LIMIT_MS = 180_000;
const LOG_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 20_000;

let packed: Promise<string> | undefined;

/** The package as `npm install` makes it from the tarball: a node_modules folder, made once per run. */
function installPackage(): Promise<string> {
  packed ??= (async () => {
    const folder = newFolder();
    await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: ROOT });
    const tarball = readdirSync(folder).find((file) => file.endsWith(".tgz"));
    await writeFile(path.join(folder, "package.json"), '{"private":true}');
    const options = ["--omit=dev", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"];
    await run("npm", ["install", ...options, `./${tarball}`], { cwd: folder });
    return path.join(folder, "node_modules");
  })();
  return packed;
}

/** The folder of a Node-RED of this version; installed into a cache when it is not the one in node_modules. */
async function nodeRedFolder(version: Version): Promise<string> {
  if (version === "5") return path.join(ROOT, "node_modules/node-red");
  const prefix = path.join(CACHE, `node-red-${version}`);
  const folder = path.join(prefix, "node_modules/node-red");
  if (!existsSync(path.join(folder, "red.js"))) {
    // Another process may do the same now: what is in its place is whole.
    mkdirSync(CACHE, { recursive: true });
    const made = mkdtempSync(`${prefix}-`);
    await writeFile(path.join(made, "package.json"), '{"private":true}');
    const options = ["--no-audit", "--no-fund", "--prefer-offline"];
    try {
      await run("npm", ["install", ...options, `node-red@${version}`], { cwd: made });
      await rename(made, prefix).catch((error) => {
        if (!existsSync(path.join(folder, "red.js"))) throw error;
      });
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  }
  return folder;
}

/** Skips a suite, visibly, where Node-RED of its version cannot be had: it may have to be fetched from the registry. */
export async function needsNodeRed(context: Mocha.Context, version: Version): Promise<void> {
  try {
    await nodeRedFolder(version);
  } catch {
    context.test!.parent!.title += ": it could not be fetched";
    context.skip();
  }
}

const SETTINGS = {
  uiHost: "127.0.0.1",
  flowFile: "flows.json",
  credentialSecret: "test",
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false, palette: { catalogues: [] } },
  diagnostics: { enabled: false, ui: false },
  logging: { console: { level: "info", metrics: false, audit: false } },
};

/** Of who is not logged in. Tips fail with a TypeError where the editor takes longer than a second to make their place. */
const USER_SETTINGS = { _: { editor: { view: { "view-show-tips": false } } } };

export class NodeRed implements AsyncDisposable {
  readonly port: number;
  readonly userDir: string;
  /** All that it has written to its terminal, line by line. */
  readonly log: string[] = [];
  readonly #ownsUserDir: boolean;
  readonly #process: ChildProcess;
  readonly #listeners = new Set<() => void>();

  /**
   * Starts Node-RED; resolves when its flows run. `userDir` of an earlier one goes on with its flows and files; otherwise a
   * fresh folder, removed in the end. `flows` is what it begins with.
   */
  static async start(
    options: {
      version?: Version;
      userDir?: string;
      flows?: object[];
      settings?: object;
      env?: NodeJS.ProcessEnv;
      /** How many descriptors it may have. */
      openFiles?: number;
      /** Packages of others that are installed beside this one: their folders by name. */
      others?: Record<string, string>;
    } = {},
  ): Promise<NodeRed> {
    const folder = await nodeRedFolder(options.version ?? "5");
    const modules = await installPackage();
    const userDir = options.userDir ?? newFolder();
    if (!existsSync(path.join(userDir, "node_modules"))) {
      const installed = { [PACKAGE]: path.join(modules, PACKAGE), ...options.others };
      const dependencies: Record<string, string> = {};
      for (const [name, folder] of Object.entries(installed)) {
        const link = path.join(userDir, "node_modules", name);
        mkdirSync(path.dirname(link), { recursive: true });
        await symlink(folder, link);
        dependencies[name] = "*";
      }
      await writeFile(path.join(userDir, "package.json"), JSON.stringify({ dependencies }));
      await writeFile(path.join(userDir, ".config.users.json"), JSON.stringify(USER_SETTINGS));
    }
    if (options.flows) await writeFile(path.join(userDir, "flows.json"), JSON.stringify(options.flows));
    const port = await freePort();
    const settings = { ...SETTINGS, ...options.settings, uiPort: port };
    await writeFile(path.join(userDir, "settings.js"), `module.exports = ${JSON.stringify(settings)};\n`);
    const args = [path.join(folder, "red.js"), "-u", userDir, "-s", path.join(userDir, "settings.js")];
    const limited = [
      "-c",
      'ulimit -n "$0" && exec "$@"',
      String(options.openFiles),
      process.execPath,
      ...args,
    ];
    const [program, words] = options.openFiles ? ["sh", limited] : [process.execPath, args];
    const child = spawn(program, words, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
    });
    const nodeRed = new NodeRed(child, port, userDir, options.userDir === undefined);
    try {
      await nodeRed.logged(/Started flows|flows-started/, START_LIMIT_MS);
      // Which comes first differs between versions.
      await nodeRed.logged(/Server now running/, START_LIMIT_MS);
    } catch (error) {
      await nodeRed.stop();
      throw error;
    }
    return nodeRed;
  }

  private constructor(child: ChildProcess, port: number, userDir: string, ownsUserDir: boolean) {
    this.#process = child;
    // A test that dies must not leave it behind.
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("exit", () => process.off("exit", kill));
    this.port = port;
    this.userDir = userDir;
    this.#ownsUserDir = ownsUserDir;
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream?.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        this.log.push(...lines);
        for (const listener of this.#listeners) listener();
      });
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Of the process. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** How it has ended: its exit code, or the signal. */
  get end(): number | NodeJS.Signals | undefined {
    return this.#process.exitCode ?? this.#process.signalCode ?? undefined;
  }

  /** Resolves with the first line, past ones too, that the pattern finds. */
  logged(pattern: RegExp, limit = LOG_LIMIT_MS): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const line = this.log.find((text) => pattern.test(text));
        if (line === undefined) return;
        end();
        resolve(line);
      };
      const fail = (why: string) => {
        end();
        reject(new Error(`${why} before it logged ${pattern}:\n${this.log.join("\n")}`));
      };
      const onExit = () => fail("Node-RED ended");
      const timer = setTimeout(() => fail(`${limit} ms went by`), limit);
      const end = () => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        this.#process.off("exit", onExit);
      };
      this.#listeners.add(look);
      this.#process.once("exit", onExit);
      look();
    });
  }

  /** Warnings and errors of the log, without Node-RED's own about a user directory that is new. */
  complaints(): string[] {
    return this.log.filter(
      (line) =>
        /\[(warn|error)\]|Error:/.test(line) &&
        !/Encrypted credentials not found|Projects disabled/.test(line),
    );
  }

  /** Asks the admin API; the answer is parsed where it is JSON. */
  async request<Answer = unknown>(
    resource: string,
    options: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const response = await fetch(this.url + resource, {
      method: options.method ?? "GET",
      headers: { accept: "application/json", "content-type": "application/json", ...options.headers },
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${resource}: ${response.status} ${text}`);
    const isJson = response.headers.get("content-type")?.includes("json");
    return (isJson ? JSON.parse(text) : text) as Answer;
  }

  /** Deploys these flows as the editor does; resolves when they run. */
  async deploy(flows: object[], type: "full" | "flows" | "nodes" | "reload" = "full"): Promise<void> {
    const headers = { "Node-RED-API-Version": "v2", "Node-RED-Deployment-Type": type };
    const { rev } = await this.request<{ rev: string }>("/flows", { headers });
    await this.request("/flows", { method: "POST", headers, body: { rev, flows } });
  }

  /** Ends it as Ctrl-C does, or with another signal. */
  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<void> {
    await this.#end(signal);
    if (this.#ownsUserDir) await rm(this.userDir, { recursive: true, force: true });
  }

  /** Ends it without warning. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await exited;
    clearTimeout(timer);
  }
}
