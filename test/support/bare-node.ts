// A node of this package without a Node-RED around it: for millions of messages, of which the test helper would keep every one.
import { EventEmitter } from "node:events";
import type { NodeAPI } from "node-red";

type Outputs = (object | object[] | null)[] | object | null;
type Constructor = (this: BareNode, def: object) => void;

/** What a node needs of the runtime: it counts its errors, and hands on what it sends. */
export class BareNode extends EventEmitter {
  readonly id = "bare";
  type = "";
  errors = 0;
  /** The messages of each output, where a test or another node takes them. */
  readonly #wires: ((msg: object) => void)[];

  /** @param wires who takes what each output sends */
  constructor(module: (RED: NodeAPI) => void, settings: object, wires: ((msg: object) => void)[] = []) {
    super();
    this.#wires = wires;
    let make: Constructor = () => {};
    const RED = {
      nodes: {
        createNode: () => {},
        registerType: (type: string, constructs: Constructor) => {
          this.type = type;
          make = constructs;
        },
        getNode: () => null,
      },
      httpAdmin: { post: () => {}, get: () => {} },
      auth: { needsPermission: () => () => {} },
      util: { cloneMessage: structuredClone },
      events: new EventEmitter(),
      settings: {},
      log: console,
      _: (key: string) => key,
    };
    module(RED as unknown as NodeAPI);
    make.call(this, { version: 1, ...settings });
  }

  /** Gives the node a message; resolves when it is done with it. */
  receive(msg: object): Promise<void> {
    return new Promise((resolve) => {
      const done = (error?: Error) => {
        if (error) this.errors++;
        resolve();
      };
      this.emit("input", msg, (outputs: Outputs) => this.send(outputs), done);
    });
  }

  send(outputs: Outputs): void {
    const list = Array.isArray(outputs) ? outputs : [outputs];
    for (const [i, messages] of list.entries()) {
      for (const msg of Array.isArray(messages) ? messages : [messages]) if (msg) this.#wires[i]?.(msg);
    }
  }

  status(): void {}
  warn(): void {}
  log(): void {}
  error(): void {
    this.errors++;
  }

  /** Stops its timers. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.emit("close", false, resolve)) resolve();
    });
  }
}
