// A flow in a Node-RED without an editor, for tests of what nodes do with messages: node-red-node-test-helper, with types,
// and with inboxes to await messages from. Each flow has a user directory of its own.

import type { EventEmitter } from "node:events";
import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Node, NodeAPI, NodeMessage } from "node-red";
import { statusWidth } from "../../nodes/runtime/status.ts";
import { newFolder } from "./folders.ts";

/** A message with the properties that the tests look at. */
export interface Message extends NodeMessage {
  datalink: Record<string, string>;
  archive: { file: string; bytes: number };
  error: { message: string; code?: string };
}
type NodeModule = (RED: NodeAPI) => void | Promise<void>;

interface Helper {
  settings(settings: object): void;
  load(modules: NodeModule[], flow: object[], credentials: object): Promise<void>;
  unload(): Promise<void>;
  getNode(id: string): Node | null;
  request(): {
    get(resource: string): Promise<{ body: unknown }>;
    post(resource: string): { send(body: object): Promise<{ body: unknown }> };
  };
}

const load = createRequire(__filename);
const helper = load("node-red-node-test-helper") as Helper;

// The helper gives the catalogs' keys for their texts.
statusWidth.letters = Number.POSITIVE_INFINITY;

/** The helper leaves the hooks out of what it gives to nodes. */
const { hooks } = load("@node-red/util") as Pick<NodeAPI, "hooks">;
const withHooks =
  (module: NodeModule): NodeModule =>
  (RED) =>
    module(Object.assign(RED, { hooks }));

/** Takes what arrives at a node of type "helper", in order. */
export class Inbox {
  readonly #messages: Message[] = [];
  readonly #waiting: ((msg: Message) => void)[] = [];

  constructor(node: Node) {
    node.on("input", (received) => {
      const msg = received as unknown as Message;
      const waiting = this.#waiting.shift();
      if (waiting) waiting(msg);
      else this.#messages.push(msg);
    });
  }

  /** The next message, as soon as it is there. */
  next(): Promise<Message> {
    const msg = this.#messages.shift();
    return msg ? Promise.resolve(msg) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  async take(count: number): Promise<Message[]> {
    const messages: Message[] = [];
    while (messages.length < count) messages.push(await this.next());
    return messages;
  }

  /** What has arrived and nobody took. */
  all(): Message[] {
    return this.#messages.splice(0);
  }

  /** How many messages have arrived that nobody took. */
  get size(): number {
    return this.#messages.length;
  }
}

export interface Status {
  fill?: string;
  shape?: string;
  text?: string;
}

export interface Flow {
  readonly userDir: string;
  node: (id: string) => Node;
  /** The inbox of a node of type "helper". */
  inbox: (id: string) => Inbox;
  /** Resolves when the node shows, or has last shown, a status that fits. */
  status: (id: string, fits: (status: Status) => boolean) => Promise<void>;
  /** What the node has logged as errors so far. */
  errors: (id: string) => string[];
  warnings: (id: string) => string[];
  /** What the node has logged besides. */
  logs: (id: string) => string[];
  /** What the node has shown as its status so far. */
  statuses: (id: string) => Status[];
  /** Asks an admin route. */
  get: (resource: string) => Promise<unknown>;
  post: (resource: string, body: object) => Promise<unknown>;
  /** Stops the flow, as Node-RED does on a full deploy. */
  stop: () => Promise<void>;
}

/**
 * Starts a flow. Nodes need `x` and `y`, else Node-RED takes them for config nodes; each one that has `wires` gets them.
 * `userDir` is a fresh one unless given, and removed with the flow unless given.
 */
export async function startFlow(
  modules: NodeModule[],
  nodes: Record<string, unknown>[],
  options: { credentials?: object; userDir?: string; settings?: object } = {},
): Promise<Flow> {
  const userDir = options.userDir ?? newFolder();
  helper.settings({ userDir, ...options.settings });
  const flow = nodes.map((node) => ("wires" in node ? { x: 0, y: 0, z: "tab", ...node } : node));
  await helper.load(
    modules.map(withHooks),
    [{ id: "tab", type: "tab", label: "test" }, ...flow],
    options.credentials ?? {},
  );
  const inboxes = new Map(
    nodes
      .filter(({ type }) => type === "helper")
      .map(({ id }) => [id as string, new Inbox(nodeOf(id as string))]),
  );
  return {
    userDir,
    node: nodeOf,
    inbox(id) {
      const inbox = inboxes.get(id);
      if (!inbox) throw new Error(`no helper node ${id} in this flow`);
      return inbox;
    },
    status(id, fits) {
      const node: EventEmitter = nodeOf(id);
      return new Promise((resolve) => {
        const shown = calls<Status>(id, "status").at(-1);
        if (shown && fits(shown)) resolve();
        node.on("call:status", (call: { firstArg: Status }) => {
          if (fits(call.firstArg)) resolve();
        });
      });
    },
    errors: (id) => calls(id, "error"),
    warnings: (id) => calls(id, "warn"),
    logs: (id) => calls(id, "log"),
    statuses: (id) => calls(id, "status"),
    get: async (resource) => (await helper.request().get(resource)).body,
    post: async (resource, body) => (await helper.request().post(resource).send(body)).body,
    async stop() {
      await helper.unload();
      if (options.userDir === undefined) await rm(userDir, { recursive: true, force: true });
    },
  };
}

function nodeOf(id: string): Node {
  const node = helper.getNode(id);
  if (!node) throw new Error(`no node ${id} in this flow`);
  return node;
}

/** The first argument of each call of a method of the node, by the spies that the helper sets. */
function calls<Argument = string>(id: string, method: "error" | "warn" | "log" | "status"): Argument[] {
  const spy = nodeOf(id)[method] as unknown as { args: [Argument][]; thisValues: Node[] };
  return spy.args.filter((_, call) => spy.thisValues[call]?.id === id).map(([argument]) => argument);
}
