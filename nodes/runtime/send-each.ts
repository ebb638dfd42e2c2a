/** One message that becomes several. */
import { setImmediate } from "node:timers/promises";
import type { NodeAPI, NodeMessageInFlow } from "node-red";
import type { Send } from "./input-handler.ts";

/** Messages sent in one turn of the event loop: a long file must not hold up everything else. */
const PER_TURN = 64;

/** What each message has instead of the properties of the one that came. */
export interface Replacement {
  topic?: string;
  payload: unknown;
}

/**
 * Sends a message per replacement: the one that came as the last, copies of it before. All keep its `_msgid`, so that
 * Node-RED knows them as one.
 */
export async function sendEach(
  RED: NodeAPI,
  msg: NodeMessageInFlow,
  replacements: readonly Replacement[],
  send: Send,
): Promise<void> {
  const { payload: _, ...rest } = msg;
  for (const [index, replacement] of replacements.entries()) {
    const isLast = index === replacements.length - 1;
    const out = isLast ? msg : (RED.util.cloneMessage(rest) as NodeMessageInFlow);
    send(Object.assign(out, replacement));
    if (index % PER_TURN === PER_TURN - 1) await setImmediate();
  }
}
