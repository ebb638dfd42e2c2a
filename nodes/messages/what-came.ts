/** What a message carries, for nodes that are made for something else: to be named in a status and in the log. */
import { types } from "node:util";
import { declaredLength } from "../../lib/mseed/detect.ts";
import { splitStreamId } from "../../lib/stream-id.ts";

interface Message {
  payload?: unknown;
  topic?: unknown;
  datalink?: unknown;
}

/** Bytes of miniSEED, a record as mseed decode sends it, JSON or any value, text; anything else. */
export type WhatCame = "mseed" | "record" | "json" | "text" | "other";

const WORDS: Readonly<Record<WhatCame, string>> = {
  mseed: "miniSEED",
  record: "a decoded record",
  json: "JSON",
  text: "text",
  other: "something else",
};

/** What the payload is, where it is one of `known`; the type of the message's stream id tells it of bytes. Never throws. */
export function whatCame(msg: Message, known: readonly WhatCame[]): WhatCame {
  const what = whatIn(msg);
  return known.includes(what) ? what : "other";
}

function whatIn(msg: Message): WhatCame {
  const { payload } = msg;
  if (types.isUint8Array(payload)) return whatBytes(payload, typeIn(msg));
  if (typeof payload === "string") return "text";
  if (payload === undefined || payload === null) return "other";
  return isRecord(payload) ? "record" : "json";
}

/** The same in words, with the stream id where the message has one: `miniSEED (FDSN:XX_A_00_H_H_Z/MSEED)`. */
export function whatCameText(msg: Message): string {
  const streamId = streamIdIn(msg);
  const words = WORDS[whatIn(msg)];
  return streamId === "" ? words : `${words} (${streamId.slice(0, 100)})`;
}

function whatBytes(bytes: Uint8Array, type: string): WhatCame {
  if (type === "MSEED" || type === "MSEED3") return "mseed";
  if (type === "JSON" || type === "BZJSON") return "json";
  if (type === "TEXT") return "text";
  return declaredLength(bytes) === undefined ? "other" : "mseed";
}

function isRecord(payload: object): boolean {
  return typeof payload === "object" && "samples" in payload;
}

function typeIn(msg: Message): string {
  return splitStreamId(streamIdIn(msg)).type;
}

function streamIdIn({ topic, datalink }: Message): string {
  const streamId = (datalink as { streamId?: unknown } | null | undefined)?.streamId;
  if (typeof streamId === "string" && streamId !== "") return streamId;
  return typeof topic === "string" ? topic : "";
}
