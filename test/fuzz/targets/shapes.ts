// Values of any shape as they may be in a message, written down as JSON so that a case can hold them.
import { packRecords } from "../../../lib/mseed/pack.ts";
import { pick, type Random, several } from "../random.ts";

export type Shape =
  | { is: "json"; value: unknown }
  | { is: "odd"; name: string }
  | { is: "object" | "frozen"; members: Record<string, Shape> }
  | { is: "list"; items: Shape[] };

const START = "2026-01-01T00:00:00Z";

/** One second of data, as `mseed-decode` sends it. */
const SERIES = {
  sourceId: "FDSN:XX_A_00_H_H_Z",
  ...{ network: "XX", station: "A", location: "00", channel: "HHZ" },
  ...{ startTime: START, endTime: "2026-01-01T00:00:00.99Z", sampleRate: 100, sampleCount: 100 },
  ...{ encoding: "steim2", formatVersion: 2, publicationVersion: 1, flags: 0 },
  samples: Array.from({ length: 100 }, (_, i) => Math.round(1000 * Math.sin(i / 5))),
};

const RECORD = Buffer.concat([
  ...packRecords(
    { ...SERIES, samples: Int32Array.from(SERIES.samples) } as never,
    { recordLength: 512 } as never,
  ),
]);

function trap(): never {
  throw new Error("a trap of the message");
}

function circular(): object {
  const value: Record<string, unknown> = { a: 1 };
  value.self = value;
  return value;
}

function deep(levels: number): object {
  let value: object = {};
  for (let i = 0; i < levels; i++) value = { value };
  return value;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** What JSON cannot hold. */
const ODD: Record<string, () => unknown> = {
  undefined: () => undefined,
  "not a number": () => Number.NaN,
  infinite: () => Number.POSITIVE_INFINITY,
  "minus zero": () => -0,
  "large integer": () => 10n ** 40n,
  "packet id": () => 42n,
  symbol: () => Symbol("x"),
  function: () => () => 1,
  date: () => new Date(0),
  "no date": () => new Date(Number.NaN),
  "far date": () => new Date(8.64e15),
  bytes: () => Buffer.from("some bytes"),
  "no bytes": () => Buffer.alloc(0),
  record: () => Buffer.from(RECORD),
  "half a record": () => RECORD.subarray(0, 300),
  "two records": () => Buffer.concat([RECORD, RECORD]),
  "noise and a record": () => Buffer.concat([Buffer.alloc(100, 7), RECORD]),
  zeros: () => Buffer.alloc(10_000),
  "many bytes": () => Buffer.alloc(3_000_000, 9),
  "32 bit": () => new Int32Array([1, -5, 2 ** 31 - 1]),
  "32 bit floats": () => new Float32Array([1.5, Number.NaN, Number.POSITIVE_INFINITY]),
  "64 bit floats": () => new Float64Array([1e300, -1e300, 0]),
  "64 bit integers": () => new BigInt64Array(3),
  "shared bytes": () => new Uint8Array(new SharedArrayBuffer(8)),
  view: () => new DataView(new ArrayBuffer(8)),
  memory: () => new ArrayBuffer(8),
  circular,
  deep: () => deep(20_000),
  "deep list": () => JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`),
  trap: () => new Proxy({}, { get: trap, has: trap, ownKeys: trap, getOwnPropertyDescriptor: trap }),
  revoked,
  "throwing getter": () => Object.defineProperty({ ...SERIES }, "samples", { get: trap, enumerable: true }),
  "throwing toJSON": () => ({ toJSON: trap }),
  "empty toJSON": () => ({ toJSON() {} }),
  "throwing toString": () => ({ toString: trap, valueOf: trap }),
  "no prototype": () => Object.create(null),
  "changed prototype": () =>
    JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
  map: () => new Map([[1, 2]]),
  error: () => new Error("an error"),
  expression: () => /a/,
  "long text": () => "x".repeat(2_000_000),
  "half a character": () => "\ud800",
  "sparse list": () => new Array(1000),
  "huge length": () => ({ length: 1e15 }),
  "negative length": () => ({ length: -1 }),
  series: () => ({ ...SERIES }),
  "series of integers": () => ({ ...SERIES, samples: Int32Array.from(SERIES.samples) }),
  "series of floats": () => ({ ...SERIES, samples: Float64Array.from(SERIES.samples), encoding: "float64" }),
};

const TEXTS = [
  ...[
    "",
    " ",
    "text",
    "FDSN:XX_A_00_H_H_Z",
    "FDSN:XX_A_00_H_H_Z/MSEED",
    "FDSN:XX_A_00_H_H_Z/JSON",
    "A B",
    "../../etc",
    "__proto__",
  ],
  ...[
    "FDSN:.._.._.._.._.._.._/JSON",
    START,
    "2026-13-45",
    "earliest",
    "latest",
    "42",
    "-1",
    "99999999999999999999",
    "é\0\n",
    '{"a":1}',
  ],
  ...[
    "status",
    "streams",
    "connections",
    "id",
    "position",
    "match",
    "reject",
    "start",
    "stop",
    "pause",
    "resume",
    "reset",
    "(a*)*b",
    "[",
  ],
  ...[
    "on",
    "off",
    "mute",
    "steim1",
    "steim2",
    "text",
    "m/s",
    "constructor",
    "XX_A",
    "*",
    "NaN",
    "1e400",
    "01:00",
    "+1:00",
  ],
];
const NUMBERS = [0, 1, -1, 0.1, 100, 1e9, 1e15, 1.7e15, -9e15, 2 ** 53, 1e300, -1e-300, 255, 256, 4294967296];

/** Members that some node looks at. */
export const MEMBERS = [
  ...[
    "payload",
    "topic",
    "datalink",
    "seedlink",
    "request",
    "match",
    "reset",
    "event",
    "complete",
    "filename",
    "error",
    "parts",
  ],
  ...[
    "sourceId",
    "network",
    "station",
    "location",
    "channel",
    "startTime",
    "endTime",
    "sampleRate",
    "sampleCount",
    "samples",
  ],
  ...[
    "encoding",
    "formatVersion",
    "publicationVersion",
    "flags",
    "extraHeaders",
    "processing",
    "units",
    "quality",
  ],
  ...[
    "streamId",
    "packetId",
    "packetTime",
    "dataStart",
    "dataEnd",
    "type",
    "position",
    "from",
    "reject",
    "mute",
    "until",
  ],
  ...[
    "onTime",
    "offTime",
    "peakRatio",
    "stations",
    "value",
    "time",
    "archive",
    "file",
    "length",
    "__proto__",
    "constructor",
  ],
];

/** A value that may be deep. */
export function madeShape(random: Random, depth = 0): Shape {
  switch (random(depth > 2 ? 6 : 9)) {
    case 0:
      return { is: "json", value: pick(NUMBERS, random) };
    case 1:
      return { is: "json", value: pick(TEXTS, random) };
    case 2:
      return {
        is: "json",
        value: pick<unknown>([null, true, false, [], {}, [1, 2, 3], ["a", null], { a: [1] }], random),
      };
    case 3:
    case 4:
    case 5:
      return { is: "odd", name: pick(Object.keys(ODD), random) };
    case 6:
      return { is: "list", items: several(4, random, () => madeShape(random, depth + 1)) };
    case 7:
      return { is: random(5) === 0 ? "frozen" : "object", members: madeMembers(random, depth) };
    default:
      return madeSeries(random, depth);
  }
}

function madeMembers(random: Random, depth: number): Record<string, Shape> {
  return Object.fromEntries(several(5, random, () => [pick(MEMBERS, random), madeShape(random, depth + 1)]));
}

/** Good but for some of its members. */
function madeSeries(random: Random, depth: number): Shape {
  const good = Object.entries(SERIES).map(([name, value]): [string, Shape] => [name, { is: "json", value }]);
  return { is: "object", members: { ...Object.fromEntries(good), ...madeMembers(random, depth) } };
}

/** The value itself. */
export function built(shape: Shape): unknown {
  switch (shape.is) {
    case "json":
      return structuredClone(shape.value);
    case "odd":
      return ODD[shape.name]!();
    case "list":
      return shape.items.map(built);
    default: {
      const value = {};
      for (const [name, member] of Object.entries(shape.members))
        Object.defineProperty(value, name, {
          value: built(member),
          enumerable: true,
          writable: true,
          configurable: true,
        });
      return shape.is === "frozen" ? Object.freeze(value) : value;
    }
  }
}
