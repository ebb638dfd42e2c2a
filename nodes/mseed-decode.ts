/** mseed decode: miniSEED records in a Buffer to one message per record. */
import { setImmediate } from "node:timers/promises";
import { types } from "node:util";
import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from "node-red";
import { MiniSeedError, type Problem } from "../lib/mseed/errors.ts";
import { headerFields } from "../lib/mseed/header-fields.ts";
import { type ReadOptions, readRecordStream, readRecords } from "../lib/mseed/reader.ts";
import type { MiniSeedRecord } from "../lib/mseed/record.ts";
import { MessageError } from "./messages/message-error.ts";
import { chartPoints, scaledSamples } from "./messages/record-payload.ts";
import { whatCame, whatCameText } from "./messages/what-came.ts";
import { InOrder } from "./runtime/in-order.ts";
import { onClose, onInput } from "./runtime/input-handler.ts";
import { misfit } from "./runtime/misfits.ts";
import { type Replacement, sendEach } from "./runtime/send-each.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { StatusLine } from "./runtime/status.ts";

interface MseedDecodeDef extends NodeDef {
  version: number;
  output: string;
  samples: string;
  factor: string;
  problems: string;
}

/** What messages may have together that wait to be decoded. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** What is read in one turn of the event loop: some hundred records. */
const SLICE_BYTES = 64 * 1024;

export default function register(RED: NodeAPI): void {
  function MseedDecode(this: Node, def: MseedDecodeDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => decode(RED, this, def));
  }
  RED.nodes.registerType("mseed-decode", MseedDecode);
}

function decode(RED: NodeAPI, node: Node, def: MseedDecodeDef): void {
  const settings = new Settings(RED, node);
  const outputOf = outputFrom(settings, def);
  const problems = settings.choice("Problems", def.problems, ["warn", "fail", "ignore"]);
  const inOrder = new InOrder(MAX_WAITING_BYTES);
  let count = 0;

  const status = new StatusLine(node, () =>
    count === 0
      ? {}
      : { fill: "yellow", shape: "ring", text: RED._("mseed-decode.status.problems", { count }) },
  );

  onInput(node, async (msg, send) => {
    const { payload } = msg;
    if (!types.isUint8Array(payload)) {
      throw misfit(
        whatCame(msg, ["record", "json", "text"]),
        new MessageError(
          `msg.payload is not a Buffer but ${whatCameText(msg)}: give it the bytes of miniSEED records.`,
        ),
      );
    }
    await inOrder.run(payload.length, async () => {
      const found = new Problems();
      const strict = problems === "fail";
      const options = { onProblem: (each: Problem) => found.add(each), strict };
      const sent = await sendEach(RED, msg, await outputsFrom(payload, options, outputOf), send);
      if (problems === "ignore") return;
      if (sent === 0) throw ofOtherType(msg, noRecord(found));
      if (found.count === 0) return;
      count += found.count;
      node.warn(found.summary);
    });
  });

  onClose(node, async () => status.close());
}

/** What a record becomes, by the settings. */
function outputFrom(settings: Settings, def: MseedDecodeDef): (record: MiniSeedRecord) => Replacement {
  const scaled = settings.choice("Samples", def.samples, ["counts", "scaled"]) === "scaled";
  const limits = { min: -1e300, max: 1e300, fallback: 1 };
  const factor = scaled ? settings.number("Factor", def.factor, limits) : undefined;
  const withSamples = (record: MiniSeedRecord, plain: boolean) => {
    const samples = scaledSamples(record, factor);
    const payload = headerFields(record);
    if (samples === undefined) return { payload };
    return {
      payload: { ...payload, samples: plain && typeof samples !== "string" ? Array.from(samples) : samples },
    };
  };
  switch (settings.choice("Output", def.output, ["record", "array", "chart", "header"])) {
    case "record":
      return (record) => withSamples(record, false);
    case "array":
      return (record) => withSamples(record, true);
    case "chart":
      return (record) => ({
        topic: record.sourceId.text,
        payload: chartPoints(record, scaledSamples(record, factor)),
      });
    case "header":
      return (record) => ({ payload: headerFields(record) });
  }
}

/** The problems of a message: the first, and how many. */
class Problems {
  first: Problem | undefined;
  count = 0;

  add(problem: Problem): void {
    this.first ??= problem;
    this.count++;
  }

  get summary(): string {
    const others = this.count > 1 ? ` (and ${this.count - 1} more problems in this message)` : "";
    return `${this.first?.message}${others}.`;
  }
}

/** The bytes in pieces, each in a turn of the event loop of its own: a file must not hold up everything else. */
async function* inSlices(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    if (start > 0) await setImmediate();
    yield bytes.subarray(start, start + SLICE_BYTES);
  }
}

/** What the records of a message become: all at once where they are few; nothing of a message that fails is sent. */
async function outputsFrom(
  payload: Uint8Array,
  options: ReadOptions,
  outputOf: (record: MiniSeedRecord) => Replacement,
): Promise<Replacement[] | AsyncIterable<Replacement>> {
  if (payload.length <= SLICE_BYTES) return Array.from(readRecords(payload, options), outputOf);
  const outputs = outputsOf(readRecordStream(inSlices(payload), options), outputOf);
  return options.strict ? await all(outputs) : outputs;
}

async function* outputsOf(
  records: AsyncIterable<MiniSeedRecord>,
  outputOf: (record: MiniSeedRecord) => Replacement,
): AsyncGenerator<Replacement, void> {
  for await (const record of records) yield outputOf(record);
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Bytes of a stream that is of JSON or text are none of its business; what should be miniSEED, and is not, is told each time. */
function ofOtherType(msg: NodeMessageInFlow, error: Error): Error {
  const what = whatCame(msg, ["json", "text"]);
  return what === "other" ? error : misfit(what, error);
}

function noRecord({ first }: Problems): Error {
  if (!first) return new MessageError("msg.payload is an empty Buffer: there is no miniSEED record in it.");
  return new MiniSeedError(first.code, `msg.payload has no miniSEED record: ${first.message}.`, first);
}
