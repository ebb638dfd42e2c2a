/** One message that becomes several. */
import { setImmediate } from "node:timers/promises";
import type { NodeAPI, NodeMessage, NodeMessageInFlow } from "node-red";
import { copyMessage } from "./copy-message.ts";
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
  let rest: NodeMessage | undefined;
  let next: Replacement | undefined;
  let count = 0;
  const take = (replacement: Replacement): Promise<void> | undefined => {
    if (next) {
      rest ??= withoutPayload(msg);
      send(Object.assign(copyMessage(RED, rest), next));
    }
    next = replacement;
    return ++count % PER_TURN === 0 ? setImmediate() : undefined;
  };
  // What is there already is not awaited piece by piece.
  if (Symbol.iterator in replacements) {
    for (const replacement of replacements) {
      const turn = take(replacement);
      if (turn) await turn;
    }
  } else {
    for await (const replacement of replacements) await take(replacement);
  }
  if (next) send(Object.assign(msg, next));
  return count;
}

function withoutPayload(msg: NodeMessageInFlow): NodeMessage {
  const { payload: _, ...rest } = msg;
  return rest;
}
