/** The records of a server of DataLink or SeedLink, as they come, into a seismograph. */
import type { ConnectOptions } from "../../datalink/connect.ts";
import { subscribe } from "../../datalink/subscribe.ts";
import { subscribeSeedLink } from "../../seedlink/subscribe.ts";
import { nowMicroseconds } from "../../time.ts";
import type { Seismograph } from "../seismograph.ts";

/** Which server is read, and what of it. */
export interface SourceOptions {
  /**
   * `datalink://host:port`, `seedlink://host:port`, their kin with TLS, or just `host:port` for DataLink. Default none: a program gives its
   * records itself.
   */
  source?: string | undefined;
  /** Of DataLink: streams whose id matches. Default: all miniSEED. */
  match?: string | RegExp | undefined;
  /** Of SeedLink: which streams, for example `CO_*:HHZ, GE_WLF`. Default: all. */
  streams?: string | undefined;
  /** Where to begin. Default `earliest`: with what the server still has. */
  from?: "earliest" | "latest" | undefined;
  /** How to get in. */
  connect?: Pick<ConnectOptions, "auth" | "tls" | "timeout"> | undefined;
  /** Hears of a source that cannot be read; it is tried again. */
  onProblem?: ((error: Error) => void) | undefined;
}

/** What both kinds of packets have. */
interface Arrived {
  streamId: string;
  payload: Uint8Array;
  packetTime?: number;
}

/** Streams whose bad records are told of. */
const MOST_TOLD = 200;

const MINISEED = "/MSEED3?$";

/** Reads until it is aborted. @throws DataLinkError, SeedLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT`, at once */
export function readSource(
  seismograph: Seismograph,
  source: string,
  options: SourceOptions,
  signal: AbortSignal,
): Promise<void> {
  const onProblem = options.onProblem ?? (() => {});
  const onEvent = (event: { type: string; error?: Error }) => {
    if ((event.type === "refused" || event.type === "disconnected") && event.error) onProblem(event.error);
  };
  const { connect, from = "earliest", match = MINISEED, streams } = options;
  const common = { ...connect, from, onEvent, signal } as const;
  const packets: AsyncIterable<Arrived> = /^(seedlinks?):/i.test(source)
    ? subscribeSeedLink(source, { ...(common as object), from, streams })
    : subscribe(source, { ...common, match });
  return takeAll(seismograph, packets, onProblem, signal).catch((error: unknown) => {
    if (!signal.aborted) onProblem(error instanceof Error ? error : new Error(String(error)));
  });
}

async function takeAll(
  seismograph: Seismograph,
  packets: AsyncIterable<Arrived>,
  onProblem: (error: Error) => void,
  signal: AbortSignal,
): Promise<void> {
  const told = new Set<string>();
  for await (const { streamId, payload, packetTime } of packets) {
    if (signal.aborted) return;
    // What waited in the server arrived there when its packet did.
    try {
      seismograph.takeBytes(payload, { now: packetTime ?? nowMicroseconds() });
    } catch (error) {
      // What cannot be drawn does not end all that follows. Each stream is told of once.
      if (told.has(streamId) || told.size >= MOST_TOLD) continue;
      told.add(streamId);
      onProblem(error as Error);
    }
  }
}
