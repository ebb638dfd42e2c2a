// Messages of a JetStream stream: headers that anybody may have written, and the subjects of any stream ids.
import assert from "node:assert/strict";
import {
  END_HEADER,
  ID_HEADER,
  messageId,
  readHeaders,
  START_HEADER,
  STREAM_HEADER,
  writeHeaders,
} from "../../../lib/jetstream/format/message.ts";
import { packetSubject } from "../../../lib/jetstream/format/subject.ts";
import { mutateText, sentence } from "../mutate.ts";
import { pick, type Random } from "../random.ts";
import { outcomeOf, target } from "../target.ts";

const ID_WORDS = [
  "datalink://host:16000",
  ":",
  "0",
  "42",
  "-1",
  "18446744073709551615",
  ":x",
  "ff",
  " ",
  "\n",
  "é",
  "\0",
  "1e9",
];
const STREAM_WORDS = [
  "FDSN:",
  "XX",
  "_",
  "A",
  "00",
  "H",
  "Z",
  "/",
  "MSEED",
  ".",
  "*",
  ">",
  " ",
  "é",
  "\u2028",
  "\ud83d\ude00",
  "%",
  "__proto__",
];

type Headers = Record<string, string>;

function made(random: Random): Headers {
  const number = () =>
    pick(
      ["0", "1700000000000000", "-5", "", "1.5", "1e9", "99999999999999999999", "9007199254740993"],
      random,
    );
  return {
    [ID_HEADER]:
      random(2) === 0
        ? sentence(ID_WORDS, 8, random)
        : mutateText(["datalink://h:16000:42:1700000000000000:xff"], random, ID_WORDS),
    [STREAM_HEADER]: sentence(STREAM_WORDS, 12, random),
    [START_HEADER]: number(),
    [END_HEADER]: number(),
  };
}

/** What can be read is written as what is read as the same; every subject has its tokens, whatever the stream id. */
function tryMessage(headers: Headers): void {
  const subject = packetSubject(headers[STREAM_HEADER]!);
  assert.match(subject, /^seis(?:\.[^\s.*>\0]+){4,9}$/u);
  const header = outcomeOf(() => readHeaders((name) => headers[name] ?? ""));
  if ("code" in header) return;
  const written: Headers = {};
  writeHeaders(header.value, messageId(header.value), (name, value) => {
    written[name] = value;
  });
  assert.deepEqual(
    readHeaders((name) => written[name] ?? ""),
    header.value,
  );
}

export const jetstreamTargets = {
  jetstream: target("headers and subjects of JetStream messages", 1500, () => ({
    make: made,
    check: tryMessage,
  })),
};
