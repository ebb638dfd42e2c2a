/** The ids of messages that a stream has, read from some place to its end without their payloads: {@link scanIds}. */
import type { ConsumerConfig, JetStreamManager } from "../client.ts";
import type { JetStreamLink } from "../connection.ts";
import { JetStreamError } from "../errors.ts";
import { API, apiCode, apiFailure } from "../failures.ts";
import { ID_HEADER } from "../format/message.ts";
import { Puller } from "../reading/pull.ts";

/** Where to begin: at this number, or with what was stored from this time on (microseconds since 1970); of both the earlier. */
export interface ScanStart {
  readonly sequence?: number | undefined;
  readonly time?: number | undefined;
}

/** The servers forget a scan that nobody goes on with after so many nanoseconds. */
const INACTIVE_NS = 30e9;
const BATCH = 500;
/** More than any headers. */
const BYTES = 8 * 1024 * 1024;
/** A scan in which nothing comes for so long is begun anew by whoever wants it. */
const SILENT_MS = 10_000;

/**
 * Calls `take` with number and id of each message (the empty text for one without). Resolves to the number of the last message of the
 * stream at its end, and how many there were.
 *
 * @throws JetStreamError where the servers do not answer; it is then begun anew
 */
export async function scanIds(
  server: string,
  link: JetStreamLink,
  stream: string,
  start: ScanStart,
  take: (sequence: number, id: string) => void,
): Promise<{ first: number; last: number; read: number }> {
  const { manager } = link;
  try {
    const { state } = await manager.streams.info(stream);
    const empty = { first: state.last_seq + 1, last: state.last_seq, read: 0 };
    const { sequence = Number.POSITIVE_INFINITY, time } = start;
    if (time === undefined && sequence > state.last_seq) return empty;
    let consumer = await manager.consumers.add(stream, configOf(start));
    try {
      // It is told to stand before the first message that it will deliver.
      if (time !== undefined && sequence <= Math.min(consumer.delivered.stream_seq, state.last_seq)) {
        await forget(manager, stream, consumer.name);
        consumer = await manager.consumers.add(stream, configOf({ sequence }));
      }
      if (consumer.num_pending === 0) return empty;
      return await readAll(server, link, stream, consumer.name, take);
    } finally {
      await forget(manager, stream, consumer.name);
    }
  } catch (error) {
    throw apiFailure(server, `Reading what stream ${stream} has`, error);
  }
}

function configOf(start: ScanStart): ConsumerConfig {
  const where =
    start.time === undefined
      ? ({ deliver_policy: "by_start_sequence", opt_start_seq: Math.max(1, start.sequence ?? 1) } as const)
      : ({
          deliver_policy: "by_start_time",
          opt_start_time: new Date(start.time / 1000).toISOString(),
        } as const);
  return {
    ...where,
    ack_policy: "none",
    headers_only: true,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: INACTIVE_NS,
  };
}

async function forget(manager: JetStreamManager, stream: string, consumer: string): Promise<void> {
  try {
    await manager.consumers.delete(stream, consumer);
  } catch (error) {
    // The servers forget it themselves, or have.
    if (apiCode(error) !== API.consumerNotFound) return;
  }
}

function readAll(
  server: string,
  link: JetStreamLink,
  stream: string,
  consumer: string,
  take: (sequence: number, id: string) => void,
): Promise<{ first: number; last: number; read: number }> {
  return new Promise((resolve, reject) => {
    let read = 0;
    let first = 0;
    let isOver = false;
    const end = () => {
      isOver = true;
      clearInterval(timer);
      puller.stop().catch(() => {});
    };
    const fail = (why: string) => {
      end();
      reject(new JetStreamError("NO_ANSWER", `Reading what stream ${stream} has at ${server}: ${why}.`));
    };
    const timer = setInterval(() => {
      if (!link.isUp) fail("the connection was lost");
      else if (puller.silence > SILENT_MS) fail("nothing came any more");
    }, 500);
    const puller = new Puller(link, stream, consumer, {
      room: () => ({ messages: BATCH, bytes: BYTES }),
      doubt: () => {},
      message: (message, { sequence, consumerSequence, pending }) => {
        if (isOver) return;
        read++;
        // It is not sent again: where one is missing, some may be.
        if (consumerSequence !== read) fail("messages were lost on the way");
        if (read === 1) first = sequence;
        take(sequence, message.headers?.get(ID_HEADER) ?? "");
        if (pending > 0) return;
        end();
        resolve({ first, last: sequence, read });
      },
    });
  });
}
