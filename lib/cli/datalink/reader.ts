/** Packets for a command: from where it is told, across losses of the connection, of which it says something. */
import { eventText, retryText } from "../../datalink/event-text.ts";
import { DataLinkError } from "../../datalink/protocol/errors.ts";
import type { Packet } from "../../datalink/protocol/packet.ts";
import type { From } from "../../datalink/protocol/position.ts";
import {
  type SubscribeOptions,
  type Subscription,
  type SubscriptionEvent,
  subscribe,
} from "../../datalink/subscribe.ts";
import { toMicroseconds } from "../../time.ts";
import { type Io, type OptionDefinition, usageError } from "../command.ts";

export const FROM_OPTION = {
  type: "string",
  value: "WHERE",
  choices: ["earliest", "latest"],
  help: "begin at earliest, latest (default), a time, or after a packet id",
} as const satisfies OptionDefinition;

/** Events that a command says something about, besides losses of the connection. */
const TOLD: ReadonlySet<SubscriptionEvent["type"]> = new Set(["gap", "inexact", "position-damaged"]);

/** What `--from` means. */
export function parseFromOption(text: string | undefined): From {
  if (text === undefined || text === "latest" || text === "earliest") return text ?? "latest";
  if (/^\d{1,20}$/.test(text) && text.length !== 4) return { packetId: BigInt(text) };
  const time = toMicroseconds(text);
  if (time !== undefined) return time;
  throw usageError(
    `--from ${text}: give earliest, latest, a time such as 2026-11-22T06:00:00Z, or a packet id`,
  );
}

/**
 * Calls `take` with each packet until it gives `false`, or `io.signal` fires, which is not a failure. What the server refuses
 * before it has sent anything is thrown; afterwards it is tried again.
 */
export async function readPackets(
  server: string,
  options: SubscribeOptions,
  io: Io,
  take: (packet: Packet, subscription: Subscription) => Promise<boolean>,
): Promise<void> {
  const stop = new AbortController();
  let refusal: DataLinkError | undefined;
  let hasStarted = false;
  const subscription = subscribe(server, {
    ...options,
    signal: AbortSignal.any([io.signal, stop.signal]),
    onEvent: (event) => {
      if (event.type === "started" || event.type === "resumed") hasStarted = true;
      if (TOLD.has(event.type) || (event.type === "resumed" && event.how !== "position"))
        io.stderr.write(`${eventText(event)}\n`);
      if (event.type !== "refused" && event.type !== "disconnected") return;
      if (hasStarted) io.stderr.write(`${eventText(event)} ${retryText(event)}\n`);
      else {
        refusal = event.error;
        stop.abort();
      }
    },
  });
  try {
    for await (const packet of subscription) if (!(await take(packet, subscription))) break;
  } catch (error) {
    if (refusal) throw refusal;
    if (!(error instanceof DataLinkError && error.code === "ABORTED")) throw error;
  } finally {
    await subscription.close();
  }
}
