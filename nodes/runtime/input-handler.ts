/**
 * Node-RED's handlers around the functions of nodes, so that nothing that these throw gets out: what nobody catches ends the
 * whole of Node-RED.
 */
import type { Node, NodeMessage, NodeMessageInFlow } from "node-red";
import { Misfits } from "./misfits.ts";

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

/**
 * Calls `handle` for each message; the node is done with it when the promise is settled, with its error if it has one.
 * @param handle gives "passed" for a message that was not for the node, and that it has passed on
 */
export function onInput(node: Node, handle: (msg: NodeMessageInFlow, send: Send) => Promise<unknown>): void {
  const misfits = Misfits.of(node);
  const take = async (msg: NodeMessageInFlow, send: Send, done: (error?: Error) => void): Promise<void> => {
    let failure: Error | undefined;
    try {
      if ((await handle(msg, send)) !== "passed") misfits?.fit();
    } catch (error) {
      failure = asError(error);
    }
    if (!failure || !misfits || misfits.fail(failure)) finish(node, failure, done);
    else withoutLog(node, () => finish(node, failure, done));
  };
  node.on("input", (msg, send, done) => void take(msg, send, done));
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
    done(failure && asReported(failure));
  } catch (error) {
    const reason = asError(error).message;
    node.error(`${failure?.message ?? "The message is dealt with"} (Node-RED cannot pass it on: ${reason}.)`);
  }
}

/**
 * A failure as the nodes of Node-RED's core report theirs: as text, which the Debug sidebar shows whole. Of an Error it shows an
 * object, whose texts it cuts at 30 characters. Catch nodes take the `code` from the text's own property.
 */
function asReported(failure: Error): Error {
  const { message, code, stack } = failure as NodeJS.ErrnoException;
  return Object.assign(Object(message), { stack, ...(code !== undefined && { code }) }) as Error;
}

/** What of Node-RED's own is used here: it gives an error to the Catch nodes. */
interface CatchingFlow {
  handleError?: (node: Node, reason: unknown, msg: unknown) => boolean;
}

/** Lets Catch nodes hear of an error, but not the log. Node-RED asks the node itself to report it, while `report` runs. */
function withoutLog(node: Node, report: () => void): void {
  const { _flow: flow } = node as Node & { _flow?: CatchingFlow };
  node.error = (reason: unknown, msg?: unknown) => {
    if (msg) flow?.handleError?.(node, reason, msg);
  };
  try {
    report();
  } finally {
    // The prototype's own again.
    delete (node as { error?: unknown }).error;
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
