/**
 * Node-RED's handlers around the functions of nodes, so that nothing that these throw gets out: what nobody catches ends the
 * whole of Node-RED.
 */
import type { Node, NodeMessage, NodeMessageInFlow } from "node-red";

export type Send = (msg: NodeMessage | (NodeMessage | NodeMessage[] | null)[]) => void;

/** What was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  try {
    return thrown instanceof Error ? thrown : new Error(String(thrown as string));
  } catch {
    // A function of a flow can throw what cannot even be looked at.
    return new Error("Something was thrown that is not an error.");
  }
}

/** A listener, hook or timer's work that never throws: what goes wrong is in the log. */
export function guarded<Args extends unknown[]>(
  log: { error(message: string): void },
  work: (...args: Args) => void,
): (...args: Args) => void {
  return (...args) => {
    try {
      work(...args);
    } catch (error) {
      log.error(asError(error).message);
    }
  };
}

/** Calls `handle` for each message; the node is done with it when the promise is settled, with its error if it has one. */
export function onInput(node: Node, handle: (msg: NodeMessageInFlow, send: Send) => Promise<void>): void {
  node.on("input", (msg, send, done) => {
    void settle(
      () => handle(msg, send),
      (failure) => finish(node, failure, done),
    );
  });
}

async function settle(work: () => Promise<void>, done: (error?: Error) => void): Promise<void> {
  let failure: Error | undefined;
  try {
    await work();
  } catch (error) {
    failure = asError(error);
  }
  done(failure);
}

/**
 * Tells Node-RED that a message is dealt with. It copies the message for *Catch* nodes then, which throws for one that cannot be
 * copied; nobody would hold that error, and the process would end.
 */
export function finish(node: Node, failure: Error | undefined, done: (error?: Error) => void): void {
  try {
    done(failure);
  } catch (error) {
    const reason = asError(error).message;
    node.error(`${failure?.message ?? "The message is dealt with"} (Node-RED cannot pass it on: ${reason}.)`);
  }
}

/**
 * Runs `close` when Node-RED stops the node, and tells Node-RED when it is through, whatever happens. What arrives from
 * then on is not taken any more.
 */
export function onClose(node: Node, close: (removed: boolean) => Promise<void>): void {
  node.on("close", (removed: boolean, done: () => void) => {
    node.removeAllListeners("input");
    void settle(
      () => close(removed),
      (error) => {
        if (error) node.error(error.message);
        done();
      },
    );
  });
}
