/**
 * The demo: a Node-RED on this computer with the first example flow running in it, as a checkout's `npm start` opens it.
 * Everything it writes is in one folder, `demo-data/` of the checkout; delete the folder to begin anew.
 *
 * Environment: PORT (of the editor, 1880), DATALINK_PORT (of the DataLink server in the flow, 16000), DEMO_DIR.
 */
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import path from "node:path";
import RED from "node-red";

const checkout = path.join(__dirname, "..");
const host = "127.0.0.1";

/** Something the person who started the demo can mend: the sentence says how. */
class DemoProblem extends Error {}

interface FlowState {
  state?: string;
  error?: string;
}

interface FlowNode {
  id: string;
  type: string;
  x?: number;
  z?: string;
  port?: string;
  address?: string;
}

async function main(): Promise<void> {
  const folder = path.resolve(process.env.DEMO_DIR ?? path.join(checkout, "demo-data"));
  const editorPort = readPort("PORT", 1880);
  prepareFolder(folder);
  const flow = readFlow(path.join(folder, "flows.json"));
  const dataLinkPort = chooseDataLinkPort(flow);
  writeFileSync(path.join(folder, "flows.json"), `${JSON.stringify(flow, null, 2)}\n`);
  if (dataLinkPort !== undefined)
    await assertFree(dataLinkPort, "DATALINK_PORT", "the flow's DataLink server");

  const server = createHttpServer((request, response) => {
    RED.httpAdmin(request as never, response as never, () => {
      RED.httpNode(request as never, response as never);
    });
  });
  const flowState = new Promise<FlowState>((resolve) => {
    RED.events.on("runtime-event", ({ id, payload }: { id: string; payload?: FlowState }) => {
      if (id === "runtime-state" && payload?.state) resolve(payload);
    });
  });
  RED.init(server, settings(folder, editorPort));
  await listen(server, editorPort, "PORT", "the editor");
  await RED.start();
  const { error } = await flowState;
  stopOnSignal();

  console.log(`
Node-RED ${readVersion()} is running${error ? `, but the flow is not: ${error}` : " with the demo flow"}.

  Editor    http://${host}:${editorPort}`);
  if (dataLinkPort !== undefined) console.log(`  DataLink  datalink://${host}:${dataLinkPort}`);
  console.log(`  Files     ${folder}
            the archive is in archive/; delete the folder to begin anew
  Stop      Ctrl-C
`);
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(require.resolve("node-red/package.json"), "utf8")) as {
    version: string;
  };
  return version;
}

function readPort(name: string, fallback: number): number {
  const text = process.env[name];
  const port = text ? Number(text) : fallback;
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new DemoProblem(`${name} is "${text}": it must be a number from 1 to 65535.`);
}

/** Makes the user directory, with this package in it as if it had been installed. */
function prepareFolder(folder: string): void {
  const { name } = JSON.parse(readFileSync(path.join(checkout, "package.json"), "utf8")) as { name: string };
  const link = path.join(folder, "node_modules", name);
  mkdirSync(path.dirname(link), { recursive: true });
  // Made anew, because the checkout may have been moved.
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(link);
  symlinkSync(checkout, link, "junction");
  // So that the link stays when another package is installed beside it.
  const dependencies = { [name]: `file:${path.relative(folder, checkout).split(path.sep).join("/")}` };
  const packageFile = path.join(folder, "package.json");
  if (!existsSync(packageFile)) {
    writeFileSync(packageFile, `${JSON.stringify({ private: true, dependencies }, null, 2)}\n`);
  }
}

/** The flow as it was left last time, or the first example on a tab of its own. */
function readFlow(file: string): FlowNode[] {
  if (existsSync(file)) return readNodes(file);
  const tab = { id: "first-flow", type: "tab", label: "First flow" };
  const example = readNodes(path.join(checkout, "examples", "01 - First flow.json"));
  // A node without a place on the canvas is a config node, and belongs to no tab.
  return [tab, ...example.map((node) => (node.x === undefined ? node : { ...node, z: tab.id }))];
}

function readNodes(file: string): FlowNode[] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as FlowNode[];
  } catch (error) {
    throw new DemoProblem(
      `${file} cannot be read (${(error as Error).message}): mend it, or delete it to begin anew.`,
    );
  }
}

/** The port of the flow's DataLink server, if it has one; moves it and the connections to it if DATALINK_PORT says so. */
function chooseDataLinkPort(flow: FlowNode[]): number | undefined {
  const server = flow.find(({ type }) => type === "datalink-server");
  if (!server?.port) return undefined;
  if (process.env.DATALINK_PORT) {
    const before = `${host}:${server.port}`;
    server.port = String(readPort("DATALINK_PORT", 16000));
    for (const node of flow) if (node.address === before) node.address = `${host}:${server.port}`;
  }
  const port = Number(server.port);
  return port >= 1 && port <= 65535 ? port : undefined;
}

async function assertFree(port: number, variable: string, purpose: string): Promise<void> {
  const server = createServer();
  await listen(server, port, variable, purpose);
  await new Promise((resolve) => server.close(resolve));
}

function listen(server: Server, port: number, variable: string, purpose: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: "another program uses it",
        EACCES: "it is reserved",
      };
      const reason = reasons[error.code ?? ""] ?? error.message;
      const other = port < 65535 ? port + 1 : port - 1;
      reject(
        new DemoProblem(
          `Port ${port} for ${purpose} cannot be had: ${reason}. ` +
            `Stop that program, or choose another port: ${variable}=${other} npm start`,
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}

/** Nothing that leaves this computer, nothing that pops up. */
function settings(folder: string, port: number): Parameters<typeof RED.init>[1] {
  const quiet = {
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: {
      page: { title: "Node-RED: DataLink demo" },
      tours: false,
      palette: { catalogues: [] },
      projects: { enabled: false },
    },
    // Without one, Node-RED warns that it has made one up. The demo has no secrets.
    credentialSecret: "demo",
    logging: {
      console: { level: "off", metrics: false, audit: false },
      terminal: { level: "warn", handler: () => logToTerminal },
    },
  };
  return {
    userDir: folder,
    flowFile: "flows.json",
    uiHost: host,
    uiPort: port,
    httpAdminRoot: "/",
    httpNodeRoot: "/",
    ...quiet,
  } as Parameters<typeof RED.init>[1];
}

interface LogEntry {
  level: number;
  msg: unknown;
  /** The node that has something to say. */
  type?: string;
  name?: string;
}

/** Errors, and warnings of nodes; Node-RED's own warnings are about settings that the demo has chosen. */
function logToTerminal({ level, msg, type, name }: LogEntry): void {
  if (level > RED.log.ERROR && type === undefined) return;
  const from = type ? `[${type}${name ? `: ${name}` : ""}] ` : "";
  console.error(`${from}${msg instanceof Error ? msg.message : String(msg)}`);
}

function stopOnSignal(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      console.log("Stopping.");
      RED.stop().then(
        () => process.exit(0),
        (error: unknown) => fail(error),
      );
    });
  }
}

function fail(error: unknown): void {
  if (error instanceof DemoProblem) console.error(error.message);
  else if ((error as { code?: string }).code === "unsupported_version") {
    console.error(
      `Node-RED does not run on Node.js ${process.version}: use npm start, which has a newer one.`,
    );
  } else console.error(error);
  process.exit(1);
}

main().catch(fail);
