/** A copy of a message's properties, for a second message that comes of it. */
import type { NodeAPI, NodeMessage, NodeMessageInFlow } from "node-red";
import { MessageError } from "../messages/message-error.ts";
import { asError } from "./input-handler.ts";

/**
 * As Node-RED copies where a wire leads to several nodes.
 * @throws MessageError `INVALID_MESSAGE` for what cannot be copied, such as objects in objects, some thousands deep
 */
export function copyMessage(RED: NodeAPI, properties: NodeMessage): NodeMessageInFlow {
  try {
    return RED.util.cloneMessage(properties) as NodeMessageInFlow;
  } catch (error) {
    const why = error instanceof RangeError ? "one is nested too deep" : asError(error).message;
    throw new MessageError(
      `The other properties of the message cannot be copied for each message that comes of it: ${why}. Delete it before this node, with a change node.`,
    );
  }
}
