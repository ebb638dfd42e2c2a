// miniSEED records of both versions, and their extra headers: test/mseed/mutate.ts makes them wrong and tries everything.
import assert from "node:assert/strict";
import {
  checkExtraHeaders,
  getExtraHeaderText,
  removeExtraHeader,
  setExtraHeaderText,
} from "../../../lib/mseed/extra-headers.ts";
import { readRecords, withExtraHeaders } from "../../../lib/mseed/index.ts";
import { mutate, seeds, tryEverything } from "../../mseed/mutate.ts";
import { mutateText, sentence } from "../mutate.ts";
import { pick, type Random } from "../random.ts";
import { outcomeOf, target } from "../target.ts";

export const RECORDS = seeds();

const JSON_WORDS = [
  ...[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    '""',
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1e999",
    "1.50",
    "12345678901234567890",
  ],
  ...[
    '"FDSN":',
    '"a":1',
    '"Event":{"Detection":[]}',
    '"__proto__":',
    '"constructor":',
    "\\u0000",
    "\\ud800",
    "\\",
    "\n",
    " ",
  ],
  ...['"FDSN":{"Time":{"Quality":90}}', '"a\\/b":1', '"a~b":1', "é", "\u2028", '{"a":{"a":{"a":1}}}'],
];
export const JSON_DOCUMENTS = [
  '{"FDSN":{"Time":{"Quality":90,"MaxEstimatedError":1e-6},"Event":{"Detection":[{"Type":"MURDOCK","OnsetTime":"x"}]}}}',
  '{"a":[1,2.50,-0.0,1E+2,"\\u00e9\\n",null,true,{}],"b":{"c":{"d":[]}}}',
  "[]",
  '"text"',
  "12345678901234567890.10",
];
const POINTERS = [
  "",
  "/",
  "/a",
  "/a/0",
  "/a/-",
  "/FDSN/Time/Quality",
  "/FDSN/Event/Detection/0/Type",
  "/__proto__/x",
  "/a~1b",
  "/~",
  "a",
  "/~2",
];

/** A document of JSON, perhaps, in any of the ways to be nearly one. */
export function madeJson(random: Random): string {
  switch (random(4)) {
    case 0:
      return sentence(JSON_WORDS, 20, random);
    case 1: {
      const depth = pick([1, 100, 127, 128, 129, 513, 5000], random);
      const open = pick(["[", '{"a":', "[[],"], random);
      return open.repeat(depth) + pick(["1", "", "{}"], random) + pick(["]", "}"], random).repeat(depth);
    }
    default:
      return mutateText(JSON_DOCUMENTS, random, JSON_WORDS);
  }
}

interface HeaderEdit {
  text: string;
  pointer: string;
  value: string;
}

/** A change is seen, and what was not changed is as before, unless it is refused. */
function tryExtraHeaders({ text, pointer, value }: HeaderEdit): void {
  outcomeOf(() => getExtraHeaderText(text, pointer));
  outcomeOf(() => removeExtraHeader(text, pointer));
  const changed = outcomeOf(() => setExtraHeaderText(text, pointer, value));
  if ("value" in changed) {
    if (changed.value !== "") JSON.parse(changed.value);
    // At the end of a list there is nothing to be asked for.
    if (!/\/-(\/|$)/.test(pointer)) {
      const got = getExtraHeaderText(changed.value, pointer);
      if (pointer !== "") assert.deepEqual(JSON.parse(got ?? "null"), JSON.parse(value));
    }
  }
  const checked = outcomeOf(() => checkExtraHeaders(text));
  if ("value" in checked && checked.value !== "") JSON.parse(checked.value);
  for (const format of [2, 3]) {
    const record = CARRIERS.find(({ formatVersion }) => formatVersion === format)!;
    const changedRecord = outcomeOf(() => withExtraHeaders(record, text));
    if ("value" in changedRecord) for (const { samples } of readRecords(changedRecord.value)) void samples;
  }
}

const CARRIERS = RECORDS.flatMap((bytes) => [...readRecords(bytes)]);

export const recordTargets = {
  records: target("miniSEED records: read, decoded, joined, converted", 4000, () => ({
    make: (random: Random) => mutate(RECORDS, random),
    check: (bytes: Uint8Array, random: Random) => tryEverything(Uint8Array.from(bytes), random),
  })),
  "extra-headers": target("extra headers of records: read and changed as text", 1500, () => ({
    make: (random: Random): HeaderEdit => ({
      text: madeJson(random),
      pointer: random(4) === 0 ? sentence([...POINTERS, "~", "0"], 4, random) : pick(POINTERS, random),
      value: random(2) === 0 ? pick(["1", "null", '"x"', "[1]", "{}", "1.50"], random) : madeJson(random),
    }),
    check: tryExtraHeaders,
  })),
};
