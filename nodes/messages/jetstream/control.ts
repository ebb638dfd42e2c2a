/** The control messages of jetstream in: what to do in `msg.topic`. The servers keep the group's place, so no message moves it. */
import { misfit } from "../../runtime/misfits.ts";
import { MessageError } from "../message-error.ts";

/** @throws MessageError saying what is allowed. */
export function readJetStreamControl({ topic }: { topic?: unknown }): { action: "start" | "stop" } {
  if (topic === "start" || topic === "stop") return { action: topic };
  throw misfit(
    "other",
    new MessageError(
      `msg.topic is ${JSON.stringify(topic ?? null)}: to control jetstream in, give start or stop.`,
    ),
  );
}
