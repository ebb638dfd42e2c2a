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
 * Node-RED knows them as one. Gives how many they were.
 */
export async function sendEach(
  RED: NodeAPI,
  msg: NodeMessageInFlow,
  replacements: Iterable<Replacement> | AsyncIterable<Replacement>,
  send: Send,
): Promise<number> {
  const { payload: _, ...rest } = msg;
  let next: Replacement | undefined;
  let count = 0;
  for await (const replacement of replacements) {
    if (next) send(Object.assign(RED.util.cloneMessage(rest) as NodeMessageInFlow, next));
    next = replacement;
    if (++count % PER_TURN === 0) await setImmediate();
  }
  if (next) send(Object.assign(msg, next));
  return count;
}
