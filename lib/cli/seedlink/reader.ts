/** Packets for a command: from where it is told, across losses of the connection, of which it says something. */
import { SeedLinkError } from "../../seedlink/protocol/errors.ts";
import type { SeedLinkPacket } from "../../seedlink/protocol/packet.ts";
import { SeedLinkPositionFile, subscribeSeedLink } from "../../seedlink/subscribe.ts";
import type {
  SeedLinkEvent,
  SeedLinkSubscribeOptions,
  SeedLinkSubscription,
} from "../../seedlink/subscription.ts";
import { toMicroseconds } from "../../time.ts";
import { type Io, type OptionDefinition, usageError } from "../command.ts";
import { printable } from "../printable.ts";

export const STREAMS_OPTION = {
  type: "string",
  short: "S",
  value: "STREAMS",
  help: "which, such as IU_KONO:BHE BHN,GE_WLF; default: all",
} as const satisfies OptionDefinition;

export const FROM_OPTION = {
  type: "string",
  value: "WHERE",
  help: "begin at earliest, latest (default) or a time",
} as const satisfies OptionDefinition;

export const STATE_OPTION = {
  type: "string",
  value: "FILE",
  help: "keep the position in this file, and go on behind it",
} as const satisfies OptionDefinition;

/** What `--from` means. */
export function fromOption(text: string | undefined): "earliest" | "latest" | number {
  if (text === undefined || text === "latest" || text === "earliest") return text ?? "latest";
  return timeOption("from", text);
}

/** What an option for a time means. */
export function timeOption(name: string, text: string): number {
  const time = toMicroseconds(text);
  if (time !== undefined) return time;
  throw usageError(`--${name} ${text}: give a time such as 2026-11-22T06:00:00Z`);
}

/** The file of `--state`. */
export function checkpointOf(file: string | undefined, io: Io): SeedLinkPositionFile | undefined {
  if (file === undefined) return undefined;
  return new SeedLinkPositionFile(file, (error) =>
    io.stderr.write(`${file}: the position was not kept: ${error.message}\n`),
  );
}

/**
 * Across losses of the connection, until `take` gives `false` or an interrupt comes, which is not a failure. What the server
 * refuses before it has sent anything is thrown; afterwards it is tried again.
 */
export async function readPackets(
  server: string,
  options: SeedLinkSubscribeOptions,
  io: Io,
  take: (packet: SeedLinkPacket, subscription: SeedLinkSubscription) => Promise<boolean>,
  note: (line: string) => void = (line) => io.stderr.write(`${line}\n`),
): Promise<void> {
  const stop = new AbortController();
  let refusal: SeedLinkError | undefined;
  let hasStarted = false;
  const onEvent = (event: SeedLinkEvent) => {
    if (event.type === "started" || event.type === "resumed") hasStarted = true;
    if ((event.type === "refused" || event.type === "disconnected") && !hasStarted) {
      refusal = event.error;
      stop.abort();
    } else tell(event, note);
  };
  const packets = subscribeSeedLink(server, {
    ...options,
    signal: AbortSignal.any([io.signal, stop.signal]),
    onEvent,
  });
  try {
    for await (const packet of packets) if (!(await take(packet, packets))) break;
  } catch (error) {
    if (refusal) throw refusal;
    if (!(error instanceof SeedLinkError && error.code === "ABORTED")) throw error;
  } finally {
    await packets.close();
  }
}

function tell(event: SeedLinkEvent, note: (line: string) => void): void {
  if (event.type === "gap") {
    const whose = event.station === "*" ? "" : ` of ${event.station}`;
    const lost = `packets ${event.firstSequence} to ${event.lastSequence}${whose} are lost`;
    note(printable(lost));
  } else if (event.type === "missing") {
    const names = printable(event.stations.join(", "));
    note(`the server does not serve ${names}`);
  } else if (event.type === "refused" || event.type === "disconnected") {
    note(`${event.error.message} Trying again.`);
  } else if (event.type === "position-damaged") note(event.error.message);
}
