// A node set that a test puts into the `nodes` folder of a Node-RED's user directory: it answers at /probe what the process
// holds that only itself can see. Nothing but built-in modules is imported: the compiled file is copied.
import { createHook } from "node:async_hooks";
import { queryObjects, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { NodeAPI } from "node-red";

/** Counts of what the process holds, by what it is. */
export interface Held {
  /** Open resources as Node.js tells them; those that do not keep the process alive are not among them. */
  active: Record<string, number>;
  /** All timers, sockets, watches and the like, by the place in this package that made them. */
  resources: Record<string, number>;
  /** Listeners of Node-RED's events, its HTTP server and the process. */
  listeners: Record<string, number>;
  hooks: number;
  /** Nodes of flows that are still in memory, also stopped ones. */
  nodes: number;
  /** What Express goes through for a request. */
  routes: Record<string, number>;
  /** In bytes, after all that nobody holds was thrown away. */
  heap: number;
}

/** Over by themselves soon, whatever the flow does. Node.js writes their names in two ways: `FSREQPROMISE`, `FSReqPromise`. */
const FLEETING =
  /^(TickObject|Immediate|Microtask|PROMISE|RANDOMBYTES|FSREQ|.*REQUEST|.*REQWRAP|.*WRITEWRAP)/i;
const PLACE = /node-red-datalink\/((?:lib|nodes)\/[\w/-]+)/;

/**
 * Milliseconds: timers and files that are younger are not counted. A frame of a picture or a position that is written soon come
 * and go with the traffic, and on a slow machine one of them may wait in every look; what is left behind gets old.
 */
const YOUNG_MS = 1000;

interface Resource {
  readonly type: string;
  readonly name: string;
  readonly since: number;
}

const alive = new Map<number, Resource>();

Error.stackTraceLimit = 40;
createHook({
  trackPromises: false,
  init(id, type) {
    if (FLEETING.test(type)) return;
    const place = PLACE.exec(new Error().stack ?? "")?.[1];
    alive.set(id, { type, name: place ? `${type} of ${place}` : type, since: performance.now() });
  },
  destroy: (id) => void alive.delete(id),
}).enable();

/** What all nodes inherit from. */
const NodeObject = require.main!.require("@node-red/runtime/lib/nodes/Node") as () => void;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

export default function register(RED: NodeAPI): void {
  const hooks = countHooks(RED);
  RED.httpAdmin.get("/probe", (_request, response) => {
    collectGarbage();
    // What was thrown away is told of a little later.
    setTimeout(() => {
      collectGarbage();
      // The collection stops everything for a while; the frames that came due meanwhile are sent first, since on a slow
      // machine they would be seen waiting in every look.
      setTimeout(() => response.json(held(RED, hooks())), 20);
    }, 50);
  });
}

/** Hooks that are set from now on; Node-RED does not tell of them. */
function countHooks(RED: NodeAPI): () => number {
  const names = new Set<string>();
  const add = RED.hooks.add.bind(RED.hooks);
  const remove = RED.hooks.remove.bind(RED.hooks);
  RED.hooks.add = (name: string, callback: never) => {
    names.add(name);
    add(name, callback);
  };
  RED.hooks.remove = (name: string) => {
    const [id, label] = name.split(".");
    for (const known of names)
      if (known === name || (id === "*" && known.endsWith(`.${label}`))) names.delete(known);
    remove(name);
  };
  return () => names.size;
}

function held(RED: NodeAPI, hooks: number): Held {
  const emitters = { events: RED.events, server: RED.server, process };
  const listeners: Record<string, number> = {};
  for (const [name, emitter] of Object.entries(emitters)) {
    for (const event of emitter.eventNames()) {
      listeners[`${name} ${String(event)}`] = emitter.listenerCount(event as "exit");
    }
  }
  return {
    // Timers are among the resources, by their place.
    active: tally(
      process.getActiveResourcesInfo().filter((type) => type !== "Timeout" && !FLEETING.test(type)),
    ),
    resources: tally(lasting()),
    listeners,
    hooks,
    nodes: queryObjects(NodeObject, { format: "count" }),
    routes: { httpAdmin: routesOf(RED.httpAdmin), httpNode: routesOf(RED.httpNode) },
    heap: process.memoryUsage().heapUsed,
  };
}

function lasting(): string[] {
  const born = performance.now() - YOUNG_MS;
  return [...alive.values()]
    .filter(({ type, since }) => !/^(Timeout|FILEHANDLE)$/i.test(type) || since < born)
    .map(({ name }) => name);
}

function routesOf(app: unknown): number {
  return (app as { _router?: { stack: unknown[] } })._router?.stack.length ?? 0;
}

function tally(names: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
