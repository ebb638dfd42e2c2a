/**
 * A group of workers: one durable consumer, or one for each partition where order is kept. Servers of version 2.9 change a consumer
 * without a word when it is made again with other settings, so it is asked for first, compared, and only made where it is not there.
 */
import { type TimeInput, toMicroseconds } from "../../time.ts";
import type { ConsumerConfig, JetStreamManager, RawConsumer } from "../client.ts";
import type { JetStreamLink } from "../connection.ts";
import { JetStreamError } from "../errors.ts";
import { API, apiCode, apiFailure } from "../failures.ts";
import { filterSubject, type JetStreamFilter, PARTITIONS, partitionToken } from "../format/subject.ts";

/** What a group is to be. */
export interface GroupSettings {
  readonly stream: string;
  readonly group: string;
  readonly filter: JetStreamFilter | string | undefined;
  readonly from: TimeInput;
  readonly order: "any" | "kept";
  /** Milliseconds. */
  readonly ackWait: number;
  /** Behind which message of the stream those consumers begin that are to be made again, by their names. */
  readonly behind?: ReadonlyMap<string, number> | undefined;
}

/** For all workers of a group together: at least twice what each asks for. */
const MAX_ACK_PENDING = 10_000;

/** What the servers can read as a time ends there: microseconds since 1970. */
const YEAR_10000 = 253_402_300_800_000_000;

/** Consumers by their names; `created` where one was made. */
export interface Group {
  readonly consumers: readonly RawConsumer[];
  readonly created: boolean;
}

/**
 * The consumers of a group, which are made where they are not there.
 *
 * @throws JetStreamError `GROUP_DIFFERS`, `INVALID_ARGUMENT`, and what the servers answer
 */
export async function openGroup(
  server: string,
  { manager }: JetStreamLink,
  prefix: string,
  settings: GroupSettings,
): Promise<Group> {
  const { stream, group } = settings;
  const configs = configsOf(prefix, settings);
  const consumers: RawConsumer[] = [];
  let created = false;
  for (const config of configs) {
    const name = config.durable_name ?? "";
    try {
      consumers.push(compare(group, await manager.consumers.info(stream, name), config));
      continue;
    } catch (error) {
      if (apiCode(error) !== API.consumerNotFound)
        throw apiFailure(server, `Asking for group ${group} of stream ${stream}`, error);
    }
    if (consumers.length === 0) await refuseOtherOrder(server, manager, settings);
    try {
      consumers.push(await manager.consumers.add(stream, config));
      created = true;
    } catch (error) {
      throw apiFailure(server, `Making group ${group} of stream ${stream}`, error);
    }
  }
  return { consumers, created };
}

/** With both orders under one name two groups would each be given every packet, where one is meant. */
async function refuseOtherOrder(
  server: string,
  manager: JetStreamManager,
  { stream, group, order }: GroupSettings,
): Promise<void> {
  const name = order === "any" ? partitionName(group, 0) : group;
  try {
    const { config } = await manager.consumers.info(stream, name);
    if (order === "any" && config.max_ack_pending !== 1) return;
  } catch (error) {
    if (apiCode(error) === API.consumerNotFound) return;
    throw apiFailure(server, `Asking for group ${group} of stream ${stream}`, error);
  }
  const [is, asked] = order === "any" ? ["kept", "any"] : ["any", "kept"];
  throw differs(name, group, `order ${is}, not ${asked}`);
}

function configsOf(prefix: string, settings: GroupSettings): ConsumerConfig[] {
  const { group, order, filter } = settings;
  if (order === "any") return [configOf(settings, group, subjectOf(filter, prefix, "*"), MAX_ACK_PENDING)];
  return Array.from({ length: PARTITIONS }, (_, i) => {
    const partition = partitionToken(i);
    return configOf(settings, partitionName(group, i), subjectOf(filter, prefix, partition), 1);
  });
}

function partitionName(group: string, partition: number): string {
  return `${group}-${partitionToken(partition)}`;
}

function subjectOf(filter: JetStreamFilter | string | undefined, prefix: string, partition: string): string {
  if (typeof filter !== "string") return filterSubject(filter ?? {}, prefix, partition);
  const tokens = filter.split(".");
  const begin = prefix.split(".");
  if (tokens.slice(0, begin.length).join(".") !== prefix || tokens.length <= begin.length)
    throw invalid(`the filter ${JSON.stringify(filter)} does not begin with "${prefix}."`);
  if (partition === "*") return filter;
  const [own, ...rest] = tokens.slice(begin.length);
  if (own === ">") return `${prefix}.${partition}.>`;
  if (own !== "*" || rest.length === 0)
    throw invalid("where order is kept, a filter has * in the place of the partition");
  return [prefix, partition, ...rest].join(".");
}

function configOf(
  { from, ackWait, behind }: GroupSettings,
  name: string,
  subject: string,
  pending: number,
): ConsumerConfig {
  return {
    durable_name: name,
    ack_policy: "explicit",
    ack_wait: Math.round(ackWait * 1e6),
    max_ack_pending: pending,
    filter_subject: subject,
    ...beginning(from, behind?.get(name)),
  };
}

function beginning(
  from: GroupSettings["from"],
  behind: number | undefined,
): Pick<ConsumerConfig, "deliver_policy" | "opt_start_time" | "opt_start_seq"> {
  if (behind !== undefined) return { deliver_policy: "by_start_sequence", opt_start_seq: behind + 1 };
  if (from === "earliest") return { deliver_policy: "all" };
  if (from === "latest") return { deliver_policy: "new" };
  const time = toMicroseconds(from);
  if (time === undefined)
    throw invalid(`"from" is earliest, latest or a time, not ${JSON.stringify(String(from))}`);
  if (time >= YEAR_10000)
    throw invalid(`"from" is a time before the year 10000, not ${JSON.stringify(String(from))}`);
  const start = new Date(Math.max(0, time) / 1000).toISOString();
  return { deliver_policy: "by_start_time", opt_start_time: start };
}

/** What may differ: where it began, which does not matter any more. */
function compare(group: string, consumer: RawConsumer, wanted: ConsumerConfig): RawConsumer {
  const { config } = consumer;
  const differences = (
    [
      ["filter", config.filter_subject ?? config.filter_subjects?.join(", ") ?? "", wanted.filter_subject],
      ["ackWait", `${(config.ack_wait ?? 0) / 1e9} s`, `${(wanted.ack_wait ?? 0) / 1e9} s`],
      ["acknowledgement", config.ack_policy, wanted.ack_policy],
      ["packets that may be open", config.max_ack_pending, wanted.max_ack_pending],
      ["payloads", config.headers_only ? "left out" : "sent", "sent"],
      [
        "deliveries",
        (config.max_deliver ?? 0) > 0 ? config.max_deliver : "without a limit",
        "without a limit",
      ],
      ["times to acknowledge", config.backoff?.length ? "that grow" : "all the same", "all the same"],
      ["delivery", config.deliver_subject === undefined ? "when asked" : "unasked", "when asked"],
    ] as const
  ).filter(([, is, asked]) => is !== asked);
  if (differences.length === 0) return consumer;
  const how = differences.map(([what, is, asked]) => `${what} ${is}, not ${asked}`).join("; ");
  throw differs(consumer.name, group, how);
}

function differs(name: string, group: string, how: string): JetStreamError {
  return new JetStreamError(
    "GROUP_DIFFERS",
    `The consumer ${name} of group ${group} is there already with other settings: ${how}. All workers of a group need the same ones. ` +
      "It is not changed from here: use another group name, the same settings, or delete the consumer with the nats command.",
  );
}

function invalid(what: string): JetStreamError {
  return new JetStreamError("INVALID_ARGUMENT", `The group cannot be read so: ${what}.`);
}
