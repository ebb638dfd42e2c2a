// Messages of any shape to every node that takes some: each is dealt with once, whatever it is, with a sentence where it is not
// taken, and without a change to what all objects inherit.
import assert from "node:assert/strict";
import path from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { NodeAPI } from "node-red";
import { DataLinkServer } from "../../../lib/server/server.ts";
import { definitions } from "../../support/editor/definitions.ts";
import { type Flow, startFlow } from "../../support/flow.ts";
import { newFolder } from "../../support/folders.ts";
import { pick, type Random, several } from "../random.ts";
import { target } from "../target.ts";
import { built, MEMBERS, madeShape, type Shape } from "./shapes.ts";

/** Nodes with an input. */
const TYPES = [
  ...[
    "datalink-out",
    "datalink-info",
    "datalink-in",
    "seedlink-in",
    "mseed-file-in",
    "mseed-decode",
    "mseed-encode",
  ],
  ...[
    "signal-filter",
    "signal-trigger",
    "signal-measure",
    "ground-motion",
    "coincidence-trigger",
    "station-monitor",
  ],
  ...["jsonl-archive", "mseed-archive", "waveform", "seismograph-page", "seismogram-image"],
];
/** They wait for a cluster: what they take is said by the target `jetstream`. */
const LEFT_OUT = ["jetstream-in", "jetstream-out"];
const CONFIGURATION = ["datalink-connection", "seedlink-connection", "station-metadata"];

/** What they cannot do without; all else is as the editor's dialogs have it at first. */
const SETTINGS: Record<string, object> = {
  "datalink-out": { connection: "the-datalink-connection" },
  "datalink-info": { connection: "the-datalink-connection" },
  "datalink-in": { connection: "the-datalink-connection", match: "NOTHING" },
  "seedlink-in": { connection: "the-seedlink-connection", streams: "ZZ_NONE" },
  // Seconds that records which are not full wait.
  "mseed-encode": { wait: "0.1" },
  // Seconds that a picture of an alarm waits.
  "seismogram-image": { wait: "0" },
  "ground-motion": { source: "number", sensitivity: "1000", units: "m/s" },
};

/** Milliseconds that a message may take on a busy machine. */
const PATIENCE = 60_000;

/** The test helper remembers every call of the nodes' methods: after so many messages they are started anew. */
const MESSAGES_PER_FLOW = 3000;

/** What our own code says where it has not looked at what it was given. */
const RAW =
  /Cannot (read|set|convert|mix|destructure|assign|define|delete)|is not (a function|iterable|defined|a constructor)|undefined \(|Invalid (array|typed array|string) length|call stack|BigInt|circular structure|could not be cloned|object is not extensible|read only property|Reduce of empty/;

/** Words of others within a sentence of ours. */
const PASSED_ON = /a trap of the message|cannot be written as JSON: /;

interface NodeInput {
  type: string;
  message: Record<string, Shape>;
  isFrozen: boolean;
}

type InputHandler = (msg: object, send: (msg: unknown) => void, done: (error?: Error) => void) => void;

class Nodes {
  readonly #server: DataLinkServer;
  readonly #folder = newFolder();
  #flow: Flow | undefined;
  #messages = 0;

  constructor(server: DataLinkServer) {
    this.#server = server;
  }

  async start(): Promise<void> {
    const modules = [...CONFIGURATION, ...TYPES].map(
      (type) =>
        require(path.join(__dirname, "../../../nodes", `${type}.js`)).default as (RED: NodeAPI) => void,
    );
    const defaults = definitions();
    const withInput = [...defaults].filter(([, { inputs }]) => inputs === 1).map(([type]) => type);
    assert.deepEqual(withInput.sort(), [...TYPES, ...LEFT_OUT].sort(), "not every node is given messages");
    const nodes = [...CONFIGURATION, ...TYPES].map((type) => {
      const values = Object.entries(defaults.get(type)!.defaults)
        .map(([name, { value }]) => [name, structuredClone(value)])
        .filter(([, value]) => value !== undefined);
      const isConfiguration = CONFIGURATION.includes(type);
      return {
        ...Object.fromEntries(values),
        id: `the-${type}`,
        type,
        ...(!isConfiguration && { wires: [[]] }),
        ...this.#settingsOf(type),
      };
    });
    this.#flow = await startFlow(modules, nodes);
  }

  #settingsOf(type: string): object {
    const url = type === "seedlink-connection" ? this.#server.seedLinkUrl : this.#server.url;
    if (type.endsWith("-connection")) return { address: url, auth: "none" };
    if (type.endsWith("-archive")) return { directory: path.join(this.#folder, type) };
    return SETTINGS[type] ?? {};
  }

  async give({ type, message, isFrozen }: NodeInput): Promise<void> {
    if (this.#messages++ % MESSAGES_PER_FLOW === MESSAGES_PER_FLOW - 1) {
      await this.#flow!.stop();
      await this.start();
    }
    const node = this.#flow!.node(`the-${type}`) as unknown as { _inputCallback: InputHandler | null };
    const msg = { _msgid: "1", ...(built({ is: "object", members: message }) as object) };
    if (isFrozen) Object.freeze(msg);
    const errors = await this.#handled(node._inputCallback!, msg, type);
    assert.equal(errors.length, 1, `${type} is done ${errors.length} times`);
    // A frozen message is nobody's mistake but its maker's.
    for (const error of errors) if (error && !isFrozen) checkError(type, error);
    assert.equal(({} as Record<string, unknown>).polluted, undefined, "Object.prototype was changed");
  }

  /** How the handler ended: an entry for each time that it was done. */
  async #handled(handler: InputHandler, msg: object, type: string): Promise<(Error | undefined)[]> {
    const ends: (Error | undefined)[] = [];
    const given = new AbortController();
    const isDone = new Promise<void>((resolve) => {
      handler(
        msg,
        () => {},
        (error) => {
          ends.push(error);
          resolve();
        },
      );
    });
    const late = sleep(PATIENCE, "late", { signal: given.signal, ref: false }).catch(() => "");
    assert.notEqual(await Promise.race([isDone, late]), "late", `${type} is never done with it`);
    given.abort();
    await nextTurn();
    return ends;
  }

  async stop(): Promise<void> {
    await this.#flow?.stop();
    await this.#server.close();
  }
}

/** A sentence for people, and a code for programs. */
function checkError(type: string, error: Error): void {
  const text = String(error.message ?? error);
  assert.ok(text.length > 10, `${type} says nothing but "${text}"`);
  assert.ok(!RAW.test(text) || PASSED_ON.test(text), `${type} says "${text}"`);
}

export const nodeTargets = {
  nodes: target("messages of any shape, to every node", 500, async () => {
    const nodes = new Nodes(await DataLinkServer.listen({ port: 0, packetSize: 4096 }));
    try {
      await nodes.start();
    } catch (error) {
      await nodes.stop();
      throw error;
    }
    return {
      make: (random: Random): NodeInput => ({
        type: pick(TYPES, random),
        message: {
          payload: madeShape(random),
          ...Object.fromEntries(several(3, random, () => [pick(MEMBERS, random), madeShape(random)])),
        },
        isFrozen: random(30) === 0,
      }),
      check: (input: NodeInput) => nodes.give(input),
      [Symbol.asyncDispose]: () => nodes.stop(),
    };
  }),
};
