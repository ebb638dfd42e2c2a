// Short texts that people and programs write: patterns of the server, stream lists, path patterns, addresses, names and times;
// and tokens.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import path from "node:path";
import { type PathFields, PathPattern, RECORD_FLAGS } from "../../../lib/archive/path-pattern.ts";
import { formatAddress, parseAddress } from "../../../lib/datalink/address.ts";
import { globMatches } from "../../../lib/seedlink/protocol/matching.ts";
import {
  formatStreams,
  parseStreams,
  selectorOf3,
  selectorOf4,
} from "../../../lib/seedlink/protocol/selectors.ts";
import { TokenVerifier } from "../../../lib/server/access/json-web-token.ts";
import { compilePattern, PatternError } from "../../../lib/server/access/pattern.ts";
import { matchesStream, stationOf, streamName } from "../../../lib/signal/stream-pattern.ts";
import { SourceId } from "../../../lib/source-id.ts";
import { joinStreamId, splitStreamId, translateLegacyStreamId } from "../../../lib/stream-id.ts";
import { formatMicroseconds, formatNanoseconds, toMicroseconds, toNanoseconds } from "../../../lib/time.ts";
import { mutateBytes, mutateText, sentence } from "../mutate.ts";
import { pick, type Random, several } from "../random.ts";
import { outcomeOf, target } from "../target.ts";

const NAMES = [
  "FDSN:XX_A_00_H_H_Z/MSEED",
  "FDSN:CO_JSC_00_H_H_Z/JSON",
  "AAB",
  "",
  "aab",
  "XX_A",
  "A\nB",
  "é",
];

/** What this engine and that of JavaScript mean the same by. */
const COMMON = [
  "A",
  "B",
  "a",
  "X",
  "_",
  "/",
  ":",
  "0",
  ".",
  "[AB]",
  "[^_]",
  "[0-9A-Z]",
  "\\d",
  "\\w",
  "\\.",
  "(",
  "(?:",
  ")",
  "|",
  "|",
  "*",
  "+",
  "?",
  "{1,2}",
  "{2}",
  "^",
  "$",
  "FDSN:",
  ".*",
  "XX_A",
];
const UNCOMMON = [
  "\\b",
  "\\B",
  "*?",
  "++",
  "(?i)",
  "(?P<n>",
  "(?=",
  "(?!",
  "(?>",
  "\\1",
  "\\Q",
  "\\E",
  "\\Z",
  "(?#",
  "[[:alpha:]]",
  "[]",
  "[^]",
  "\\p{L}",
  "{1000}",
  "{1001}",
  "{9,1}",
  "\\x41",
  "\\",
  "[",
  "]",
  "\0",
  "é",
  "\n",
  "(?s)",
  "(?-i)",
  "{,3}",
  "\\C",
];

interface PatternInput {
  text: string;
  names: string[];
}

function compiled(text: string): { test(name: string): boolean } | undefined {
  try {
    const steps = compilePattern(text);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return undefined;
  }
}

function inJavaScript(text: string): RegExp | undefined {
  try {
    return new RegExp(text);
  } catch {
    return undefined;
  }
}

/** Whatever it is, it is compiled and asked quickly; where JavaScript means the same by it, both find the same. */
function tryPattern({ text, names }: PatternInput): void {
  const pattern = compiled(text);
  if (pattern === undefined) return;
  const found = names.map((name) => pattern.test(name));
  const same = isCommon(text) ? inJavaScript(text) : undefined;
  if (!same) return;
  for (const [i, name] of names.entries())
    assert.equal(found[i], same.test(name), `${text} in ${JSON.stringify(name)}`);
}

/** Made of what both mean the same by, and not of what takes JavaScript for ever. */
const isCommon = (text: string) =>
  /^[\w/:.|*+?{}()^$\\[\],-]*$/.test(text) &&
  !/\\[^dw.]|[*+?}][*+?{]|\[\]|\[\^\]|[*+}]\)[*+{]|\[\[:/.test(text) &&
  text.length < 60;

function madeName(random: Random): string {
  return random(3) === 0
    ? pick(NAMES, random)
    : sentence(["A", "B", "a", "X", "_", "/", "0", "FDSN:"], 8, random);
}

const SELECTOR_WORDS = [
  "XX_A",
  "*",
  "?",
  ":",
  " ",
  ",",
  "\n",
  "BHZ",
  "00BHZ",
  "00_B_H_Z",
  "!",
  ".D",
  ":3",
  ":native",
  "FDSN:XX_A_00_B_H_Z",
  "/MSEED",
  "_",
  "-",
  "L",
  "00",
  "GE_WLF:BHZ",
  "é",
  "\0",
  "x",
];

function tryStreams(text: string): void {
  const read = outcomeOf(() => parseStreams(text));
  if ("code" in read) return;
  assert.deepEqual(
    parseStreams(formatStreams(read.value)),
    read.value,
    "what is written of it is something else",
  );
  for (const { station, selectors } of read.value) {
    globMatches(station, "XX_A");
    for (const selector of selectors) {
      outcomeOf(() => selectorOf4(selector));
      for (const dashes of [false, true]) outcomeOf(() => selectorOf3(selector, dashes));
    }
  }
}

const PATH_WORDS = [
  "%n",
  "%s",
  "%l",
  "%c",
  "%Y",
  "%y",
  "%j",
  "%H",
  "%M",
  "%S",
  "%F",
  "%D",
  "%h",
  "%q",
  "%L",
  "%r",
  "%R",
  "#n",
  "#F",
  "%%",
  "##",
  "%",
  "#",
  "/",
  "..",
  ".",
  "\\",
  "data",
  ".jsonl",
  "SDS@",
  "BUD@x",
  "\0",
  "é",
  "x".repeat(300),
  "~",
  "$HOME",
  "C:",
];
const WILD_CODES = [
  "XX",
  "..",
  ".",
  "/",
  "../../etc/passwd",
  "",
  "\0",
  "A/B",
  "CON",
  "é\u202e",
  "x".repeat(400),
  "%n",
  "#",
  "\\",
  "\n",
  "~",
  "__proto__",
  "A_B",
  " ",
  "\ud800",
];

interface PathInput {
  pattern: string;
  fields: Omit<PathFields, "time"> & { time: number };
}

/** No file lies outside of the archive, and a name that a pattern makes is one that it could make. */
function tryPath({ pattern, fields }: PathInput): void {
  const made = outcomeOf(
    () => new PathPattern(pattern, { directory: "/archive/inner", flags: RECORD_FLAGS }),
  );
  if ("code" in made) return;
  const file = outcomeOf(() => made.value.path(fields));
  if ("code" in file) return;
  assert.equal(path.resolve(file.value), file.value, "it is not the plain form of itself");
  assert.ok(file.value.startsWith("/archive/inner/"), `${file.value} lies outside`);
  assert.doesNotMatch(file.value, /\0/);
  const shape = made.value.shape(fields);
  assert.ok(shape.length > 0);
}

const ADDRESS_WORDS = [
  "datalink://",
  "datalinks://",
  "ws://",
  "wss://",
  "http://",
  "host",
  "127.0.0.1",
  "[::1]",
  "::1",
  ":",
  "@",
  "16000",
  "16500",
  "0",
  "65536",
  "/",
  "?",
  "#",
  "%",
  "%2F",
  "user",
  "secret",
  "é",
  "[",
  "]",
  " ",
  "\0",
  "a".repeat(300),
];

function tryAddress(text: string): void {
  const read = outcomeOf(() => parseAddress(text));
  if ("code" in read) return;
  const { credentials, path: _, ...address } = read.value;
  const again = parseAddress(formatAddress(read.value));
  const { path: __, ...same } = again;
  assert.deepEqual(same, address);
  // Both may be of one letter.
  if (credentials && credentials.password.length > 5 && !address.host.includes(credentials.password))
    assert.ok(!formatAddress(read.value).includes(credentials.password));
}

const TIME_WORDS = [
  "2026",
  "-",
  "11",
  "22",
  "T",
  " ",
  "06:19:29",
  ".804015",
  ".123456789123",
  "Z",
  "+01:00",
  ",",
  "325",
  "366",
  "0000",
  "9999",
  "+275760",
  "-0001",
  "60",
  "24:00:00",
  "é",
  "2262-04-12",
  "1e9",
  "\n",
];
const ID_WORDS = [
  "FDSN:",
  "XX",
  "_",
  "A",
  "00",
  "H",
  "Z",
  "/",
  "MSEED",
  "é",
  "\0",
  " ",
  "--",
  "-",
  "",
  "x".repeat(100),
  "XFDSN:",
  "XA2002",
];

interface NameInput {
  time: string;
  id: string;
}

function tryNames({ time, id }: NameInput): void {
  const nanoseconds = toNanoseconds(time);
  // A text that is a time is written as the same time.
  if (nanoseconds !== undefined) assert.equal(toNanoseconds(formatNanoseconds(nanoseconds)), nanoseconds);
  const microseconds = toMicroseconds(time);
  if (microseconds !== undefined)
    assert.equal(toMicroseconds(formatMicroseconds(microseconds)), microseconds);
  const sourceId = new SourceId(id);
  outcomeOf(() => SourceId.parse(id));
  const nslc = sourceId.toNslc();
  if (nslc) assert.deepEqual(SourceId.fromNslc(nslc).toNslc(), nslc);
  const { sourceId: codes, type, label } = splitStreamId(id);
  if (type !== "")
    assert.equal(joinStreamId(codes, type, label), label === "" && id.endsWith("/") ? id.slice(0, -1) : id);
  translateLegacyStreamId(id);
  for (const pattern of [id, `${id}*`, "*?*"]) matchesStream(pattern, sourceId.text);
  void [stationOf(id), streamName(id)];
}

const SECRET = "0123456789abcdef0123456789abcdef";
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const signature = (text: string, secret = SECRET) =>
  createHmac("sha256", secret).update(text).digest("base64url");
const signed = (header: unknown, claims: unknown, secret = SECRET) => {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${signature(text, secret)}`;
};
const GOOD = [
  signed({ alg: "HS256", typ: "JWT" }, { sub: "x", wpat: "^A", exp: 4e9 }),
  signed({ alg: "HS256" }, { sub: "y", rpat: "", iat: 1 }),
];
const FORGED = [
  signed({ alg: "none" }, { sub: "x", wpat: ".*" }),
  signed({ alg: "HS256" }, { sub: "x", wpat: ".*" }, "another secret, of enough bytes!"),
  signed({ alg: "HS384" }, { sub: "x", wpat: ".*" }),
  `${part({ alg: "none" })}.${part({ wpat: ".*" })}.`,
  signed({ alg: "HS256", crit: ["b64"], b64: false }, { wpat: ".*" }),
];
const CLAIMS: unknown[] = ["x", 5, null, [], {}, -1, 1e30, "^A", ".*", true, "1e400", 4e9];

/** Signed by the right key, and with claims of any kind. */
function oddToken(random: Random): string {
  const names = ["sub", "exp", "nbf", "iat", "wpat", "rpat", "iss", "aud", "__proto__"];
  const claims =
    random(8) === 0
      ? pick(CLAIMS, random)
      : Object.fromEntries(several(4, random, () => [pick(names, random), pick(CLAIMS, random)]));
  return signed({ alg: "HS256" }, claims);
}

interface TokenInput {
  token: string;
  /** Whether it is signed with the right key. */
  isSigned: boolean;
}

/** Nothing is taken that was not signed, whatever was done to it; what is taken has claims of the right kind. */
async function tryToken(verifier: TokenVerifier, { token, isSigned }: TokenInput): Promise<void> {
  const claims = await verifier.verify(token, 1_800_000_000);
  if (claims === undefined) return;
  const text = token.trim();
  const at = text.lastIndexOf(".");
  const expected = Buffer.from(signature(text.slice(0, at)), "base64url");
  assert.ok(
    isSigned || Buffer.from(text.slice(at + 1), "base64url").equals(expected),
    "a forged token is taken",
  );
  for (const pattern of [claims.writePattern, claims.readPattern])
    assert.ok(pattern === undefined || typeof pattern === "string");
  assert.ok(claims.expires === undefined || claims.expires > 1_800_000_000);
}

export const textTargets = {
  patterns: target("patterns of MATCH, REJECT and access rules", 1200, () => ({
    make: (random: Random): PatternInput => ({
      text: sentence(random(3) === 0 ? [...COMMON, ...UNCOMMON] : COMMON, random(20) === 0 ? 300 : 9, random),
      names: several(4, random, () => madeName(random)),
    }),
    check: tryPattern,
  })),
  "stream-lists": target("lists of stations and selectors", 2000, () => ({
    make: (random: Random) => sentence(SELECTOR_WORDS, random(20) === 0 ? 500 : 10, random),
    check: tryStreams,
  })),
  "path-patterns": target("path patterns of archives, with codes of any kind", 2000, () => ({
    make: (random: Random): PathInput => {
      const code = () => pick(WILD_CODES, random);
      const fields = {
        network: code(),
        station: code(),
        location: code(),
        channel: code(),
        host: code(),
        quality: code(),
      };
      const rest = {
        recordLength: pick([0, 512, 2 ** 31], random),
        sampleRate: pick([0, 100, 0.1, 1e300, -5], random),
      };
      const time = pick([0, -1, 1.7e15, 8e15, -8e15, 2 ** 53], random);
      return { pattern: sentence(PATH_WORDS, 8, random), fields: { ...fields, ...rest, time } };
    },
    check: tryPath,
  })),
  addresses: target("addresses of servers", 3000, () => ({
    make: (random: Random) => sentence(ADDRESS_WORDS, 7, random),
    check: tryAddress,
  })),
  names: target("source ids, stream ids, times", 3000, () => ({
    make: (random: Random): NameInput => ({
      time:
        random(2) === 0
          ? sentence(TIME_WORDS, 6, random)
          : mutateText(["2026-11-22T06:19:29.804015Z", "2026,325,06:19:29"], random, TIME_WORDS),
      id: sentence(ID_WORDS, 12, random),
    }),
    check: tryNames,
  })),
  tokens: target("JSON Web Tokens", 400, () => {
    const verifier = new TokenVerifier({ secret: SECRET });
    return {
      make: (random: Random): TokenInput => {
        if (random(3) === 0) return { token: oddToken(random), isSigned: true };
        const token = mutateBytes(
          [...GOOD, ...FORGED].map((text) => Buffer.from(text)),
          random,
          [".", "=", " ", "\n", part({ alg: "none" })],
        );
        return { token: token.toString("latin1"), isSigned: false };
      },
      check: (input: TokenInput) => tryToken(verifier, input),
    };
  }),
};
