/**
 * Messages that a node is not made for, as they come through a wire that leads to the wrong node: the first of a kind is told in
 * words, all are counted, and the status says so. Those that the node passes on it gives to {@link Misfits.pass}; those that it cannot
 * take fail with an error that {@link misfit} has marked, and Catch nodes get every one of them.
 */
import type { Node, NodeAPI, NodeStatus } from "node-red";

/** The kinds that errors are of. A mark, because an error has its own class and code besides. */
const KINDS = new WeakMap<Error, string>();

/**
 * Marks an error as one about what a wire brings, which comes again with every message.
 * @param kind the sentence for the status is the text `status.got-KIND` of the node's catalog
 */
export function misfit<Failure extends Error>(kind: string, error: Failure): Failure {
  KINDS.set(error, kind);
  return error;
}

const OF_NODES = new WeakMap<object, Misfits>();

export class Misfits {
  readonly #node: Node;
  readonly #text: (key: string, values?: Record<string, number>) => string;
  readonly #counts = new Map<string, number>();
  #lastKind = "";
  #isFailing = false;
  #fitting = false;
  /** Shows the status anew. */
  onChange: () => void = () => {};

  /** Those of a node, if it has been made by `begin`. */
  static of(node: object): Misfits | undefined {
    return OF_NODES.get(node);
  }

  constructor(RED: NodeAPI, node: Node) {
    this.#node = node;
    this.#text = (key, values) => RED._(`${node.type}.status.${key}`, values);
    OF_NODES.set(node, this);
  }

  /** A message passes that is not for the node: `sentence` is logged for the first one of the kind. */
  pass(kind: string, sentence: () => string): void {
    if (this.#count(kind, false)) this.#node.warn(sentence());
  }

  /** A message has failed; whether it is to be told in the log. */
  fail(error: Error): boolean {
    const kind = KINDS.get(error);
    return kind === undefined || this.#count(kind, true);
  }

  /** The node does its work: what else comes is only a part of its status from now on. */
  fit(): void {
    if (this.#fitting) return;
    this.#fitting = true;
    if (this.#counts.size > 0) this.onChange();
  }

  /** The node's status, with what there is to say of misfits: all of it, as long as nothing else has come. */
  statusWith(status: NodeStatus): NodeStatus {
    const count = this.#counts.get(this.#lastKind);
    if (count === undefined) return status;
    const isIdle = typeof status !== "object" || !status.text;
    if (!this.#fitting || isIdle) {
      const fill = this.#isFailing ? "red" : "yellow";
      return { fill, shape: "ring", text: `${this.#text(`got-${this.#lastKind}`)} (${count})` };
    }
    return { ...status, text: `${status.text}, ${this.#text("others", { count: this.#total })}` };
  }

  get #total(): number {
    let total = 0;
    for (const count of this.#counts.values()) total += count;
    return total;
  }

  #count(kind: string, isFailing: boolean): boolean {
    const before = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, before + 1);
    this.#lastKind = kind;
    this.#isFailing = isFailing;
    this.onChange();
    return before === 0;
  }
}
