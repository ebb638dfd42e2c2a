/** mseed decode: miniSEED records in a Buffer to one message per record. */
import { types } from "node:util";
import type { Node, NodeAPI, NodeDef } from "node-red";
import { MiniSeedError, type Problem } from "../lib/mseed/errors.ts";
import { headerFields } from "../lib/mseed/header-fields.ts";
import { readRecords } from "../lib/mseed/reader.ts";
import type { MiniSeedRecord } from "../lib/mseed/record.ts";
import { MessageError } from "./messages/message-error.ts";
import { chartPoints, scaledSamples } from "./messages/record-payload.ts";
import { onClose, onInput } from "./runtime/input-handler.ts";
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
  let count = 0;

  const status = new StatusLine(node, () =>
    count === 0
      ? {}
      : { fill: "yellow", shape: "ring", text: RED._("mseed-decode.status.problems", { count }) },
  );

  onInput(node, async (msg, send) => {
    const { payload } = msg;
    if (!types.isUint8Array(payload)) {
      throw new MessageError("msg.payload is not a Buffer: give it the bytes of miniSEED records.");
    }
    const found: Problem[] = [];
    const onProblem = (problem: Problem) => found.push(problem);
    const decoded: Replacement[] = [];
    for (const record of readRecords(payload, { onProblem, strict: problems === "fail" })) {
      decoded.push(outputOf(record));
    }
    if (decoded.length === 0 && problems !== "ignore") throw noRecord(found);
    if (found.length > 0 && problems !== "ignore") {
      count += found.length;
      node.warn(summary(found));
    }
    await sendEach(RED, msg, decoded, send);
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

function noRecord([first]: Problem[]): Error {
  if (!first) return new MessageError("msg.payload is an empty Buffer: there is no miniSEED record in it.");
  return new MiniSeedError(first.code, `msg.payload has no miniSEED record: ${first.message}.`, first);
}

function summary(found: readonly Problem[]): string {
  const others = found.length > 1 ? ` (and ${found.length - 1} more problems in this message)` : "";
  return `${found[0]?.message}${others}.`;
}
