// Documents from outside: INFO as XML and JSON, payloads of packets, StationXML and FDSN text, Shake datagrams, settings in TOML.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { jsonLine } from "../../../lib/archive/json-line.ts";
import { CommandError } from "../../../lib/cli/command.ts";
import { readConfig } from "../../../lib/cli/dali2jsonl/config.ts";
import { type InfoType, parseInfo } from "../../../lib/datalink/protocol/info.ts";
import { encodePayload, packetValue } from "../../../lib/packets.ts";
import { parseHello } from "../../../lib/seedlink/protocol/hello.ts";
import { parseInfoJson } from "../../../lib/seedlink/protocol/info-json.ts";
import { parseInfoXml } from "../../../lib/seedlink/protocol/info-xml.ts";
import { ShakeCollector } from "../../../lib/shake/collector.ts";
import { readShakeDatagram } from "../../../lib/shake/datagram.ts";
import { atOnce, inSlices } from "../../../lib/slices.ts";
import { readFdsnText } from "../../../lib/stations/fdsn-text.ts";
import { Sensitivities } from "../../../lib/stations/sensitivities.ts";
import { readStationXml } from "../../../lib/stations/station-xml.ts";
import { newFolder } from "../../support/folders.ts";
import { mutateBytes, mutateText, sentence } from "../mutate.ts";
import { pick, type Random, several } from "../random.ts";
import { laterOutcomeOf, outcomeOf, target } from "../target.ts";
import { REPLIES } from "./datalink.ts";
import { madeJson } from "./records.ts";

const vector = (file: string) => readFileSync(path.join(__dirname, "../..", file), "utf8");

const INFO_XML = REPLIES.map((reply) => reply.toString("latin1")).flatMap((text) => {
  const at = text.indexOf("<");
  return at < 0 ? [] : [text.slice(at)];
});
const SEEDLINK_XML = [
  '<?xml version="1.0"?><seedlink software="SeedLink v3.3" organization="x" started="2026/01/01 00:00:00.0"><capability name="dialup"/><station name="A" network="XX" description="&lt;é" begin_seq="000001" end_seq="00FFFF" stream_check="enabled"><stream location="00" seedname="BHZ" type="D" begin_time="2026/01/01 00:00:00.0" end_time="2026/01/02 00:00:00.0" begin_recno="0" end_recno="0" gap_check="disabled" gap_treshold="0"/></station></seedlink>',
];
const XML_WORDS = [
  ...[
    "<",
    ">",
    "</",
    "/>",
    '="',
    '"',
    "'",
    "&",
    "&amp;",
    "&#0;",
    "&#x1F600;",
    "&x;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?x?>",
  ],
  ...[
    '<!DOCTYPE a [<!ENTITY x "&y;&y;"><!ENTITY y "z">]>',
    "<Stream ",
    "<Server>",
    "<DataLink>",
    "<StreamList ",
    "\0",
    "\ufffe",
  ],
  ...[
    "<Status ",
    "<station ",
    "<Network ",
    "<Channel ",
    "xmlns:x='y'",
    'Name="',
    "__proto__",
    "<a>".repeat(300),
    " ".repeat(500),
  ],
];

const INFO_JSON = [
  '{"software":"SeedLink v4.0 (x/1)","organization":"o","server_start":"2026-01-01T00:00:00Z","capability":["SLPROTO:4.0",{"name":"x"}],"format":{"2":{"mimetype":"m","subformat":{"D":"data"}}},"station":[{"id":"XX_A","description":"d","start_seq":1,"end_seq":18446744073709551615,"stream":[{"id":"00_B_H_Z","format":"2","subformat":"D","start_time":"2026-01-01T00:00:00Z","end_time":"2026-01-02T00:00:00Z"}]}],"connection":[{"host":"h","port":"1","connect_time":"2026-01-01T00:00:00Z","client_id":"c"}]}',
  '{"error":{"code":"UNAUTHORIZED","message":"no"}}',
];
const INFO_WORDS = [
  ...[
    '"start_seq":',
    '"end_seq" : ',
    "\\",
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "1e99",
    "-1",
    '"stream":',
    '"station":{}',
  ],
  ...[
    '"format":[]',
    '"error":1',
    '"__proto__":{}',
    " ".repeat(1000),
    "18446744073709551616",
    '"\\"start_seq\\":1"',
  ],
];

interface Info {
  type: InfoType;
  text: string;
}

async function tryInfo({ type, text }: Info): Promise<void> {
  const now = outcomeOf(() => atOnce(parseInfo(type, text)));
  assert.deepEqual(await laterOutcomeOf(() => inSlices(parseInfo(type, text))), now);
  outcomeOf(() => atOnce(parseInfoXml(text, parseHello("SeedLink v3.3 (2020.075)", "x"))));
}

interface Document {
  type: string;
  bytes: Buffer;
}

/** What is read can be written, and is the same when it is read again. */
function tryPayload({ type, bytes }: Document): void {
  const read = outcomeOf(() => packetValue({ streamId: `A/${type}`, payload: bytes }));
  // A value that is text is taken for a document when it is written.
  if ("value" in read && typeof read.value.value !== "string") {
    const again = packetValue({ streamId: `A/${type}`, payload: encodePayload(type, read.value.value) });
    // Of -0 JSON has no sign.
    assert.equal(JSON.stringify(again.value), JSON.stringify(read.value.value));
  }
  const line = outcomeOf(() => jsonLine(bytes));
  if ("code" in line) return;
  const text = Buffer.from(line.value).toString();
  assert.doesNotMatch(text, /[\n\r]/);
  const byteOrderMark = bytes[0] === 0xef ? 1 : 0;
  assert.deepEqual(JSON.parse(text), JSON.parse(bytes.toString().slice(byteOrderMark)));
  assert.deepEqual(Buffer.from(jsonLine(line.value)), Buffer.from(line.value));
}

const STATION_XML = vector("signal/vectors/station.xml");
const FDSN_TEXT = [
  "#Network | Station | Location | Channel | Latitude | Longitude | Elevation | Depth | Azimuth | Dip | SensorDescription | Scale | ScaleFreq | ScaleUnits | SampleRate | StartTime | EndTime\nXX|DEMO|00|HHZ|34.28|-81.26|103|0|0|-90|x|6.27192E8|1|M/S|100|2020-01-01T00:00:00|2025-06-30T12:00:00\nXX|DEMO||HNZ|34|-81|1|0|0|0|y|1E5|1|m/s**2|100|2020-01-01T00:00:00|\n",
];

function tryStations({ text }: { text: string }): void {
  for (const read of [readStationXml, readFdsnText]) {
    const epochs = outcomeOf(() => read(text));
    if ("code" in epochs) continue;
    const sensitivities = new Sensitivities();
    for (const epoch of epochs.value) {
      const { sensitivity, start } = epoch;
      assert.ok(Number.isFinite(sensitivity) && sensitivity !== 0, `a sensitivity of ${sensitivity}`);
      assert.equal(typeof start, "bigint");
    }
    sensitivities.add(epochs.value);
    sensitivities.at("FDSN:XX_DEMO_00_H_H_Z", 10n ** 18n);
  }
}

const DATAGRAMS = (JSON.parse(vector("shake/vectors/shake-datagrams.json")).cases as { text: string }[]).map(
  ({ text }) => Buffer.from(text),
);

function tryDatagrams(datagrams: readonly Buffer[]): void {
  const collector = new ShakeCollector({ seconds: 1 });
  for (const bytes of datagrams) {
    const read = outcomeOf(() => readShakeDatagram(bytes));
    if ("code" in read) continue;
    assert.match(read.value.channel, /^[A-Z0-9]+$/);
    for (const { sampleRate, samples } of collector.add(read.value, 0)?.stretches ?? []) {
      assert.ok(
        sampleRate > 0 && sampleRate <= 1000 && samples.length > 0,
        `${samples.length} at ${sampleRate} Hz`,
      );
    }
  }
}

const TOML = [
  '[datalink]\nhost = "localhost"\nport = 16000\nmatch = "FDSN:CO_.*"\nprogramname = "x"\n[jsonl]\nwrite = "/data/%n/%s/%Y/%j/%n.%s.%l.%c.%Y.%j.%H.jsonl"\ngzip_after_days = 3\n[jsonl.bandwrite]\nH = "/data/h/%n.%s.jsonl"\nB = "H"\n',
  '[datalink]\nwebsocket = "wss://example.org/datalink"\n[jsonl]\nwrite = "SDS@/data"\n',
];
const TOML_WORDS = [
  ...[
    "[datalink]",
    "[jsonl]",
    "[jsonl.bandwrite]",
    "[[datalink]]",
    "host",
    "port",
    "match",
    "write",
    "gzip_after_days",
    "\n",
  ],
  ...[
    " = ",
    '"',
    "'''",
    '"""',
    "1979-05-27T07:32:00Z",
    "{ a = 1 }",
    "[1, 2]",
    "true",
    "nan",
    "inf",
    "0x1F",
    "#",
    "\\u0000",
  ],
  ...["__proto__", "constructor", "%n", "%Y/../..", "/", "..", "a.b.c", "H", '"H"', "-1", "1e999", "\ufeff"],
];

async function tryConfig(folder: string, text: Buffer): Promise<void> {
  const file = path.join(folder, "config.toml");
  await writeFile(file, text);
  try {
    const config = await readConfig(file);
    assert.ok(path.isAbsolute(config.directory) && config.position.startsWith(config.directory));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    assert.ok(error.message.includes("config.toml"), `it does not name the file: ${error.message}`);
  }
}

export const documentTargets = {
  info: target("INFO of servers: XML of both protocols", 400, () => ({
    make: (random: Random): Info => ({
      type: pick(["STATUS", "STREAMS", "CONNECTIONS"], random),
      text:
        random(6) === 0
          ? sentence(XML_WORDS, 30, random)
          : mutateText(random(4) === 0 ? SEEDLINK_XML : INFO_XML, random, XML_WORDS),
    }),
    check: tryInfo,
  })),
  "info-json": target("INFO of SeedLink 4: JSON", 1500, () => ({
    make: (random: Random) => ({
      text: random(5) === 0 ? madeJson(random) : mutateText(INFO_JSON, random, INFO_WORDS),
    }),
    check: ({ text }: { text: string }) => void outcomeOf(() => atOnce(parseInfoJson(text))),
  })),
  payloads: target("payloads of packets: JSON, BZJSON, TEXT; lines of JSON", 1500, () => ({
    make: (random: Random): Document => {
      const bytes =
        random(2) === 0
          ? Buffer.from(madeJson(random))
          : mutateBytes([Buffer.from(madeJson(random))], random);
      return { type: pick(["JSON", "JSON", "TEXT"], random), bytes };
    },
    check: tryPayload,
  })),
  stations: target("StationXML and FDSN text", 600, () => ({
    make: (random: Random) => ({
      text: mutateText(random(2) === 0 ? [STATION_XML] : FDSN_TEXT, random, [
        ...XML_WORDS,
        "|",
        "\n",
        "1e999",
        "-0",
        "NaN",
        "0",
      ]),
    }),
    check: tryStations,
  })),
  shake: target("datagrams of a Raspberry Shake", 1500, () => ({
    make: (random: Random) =>
      several(4, random, () =>
        mutateBytes(DATAGRAMS, random, ["{", "}", "'", ",", " ", "EHZ", "-", "e5", "\n"]),
      ),
    check: tryDatagrams,
  })),
  settings: target("settings of dali2jsonl: TOML", 300, () => {
    const folder = newFolder();
    return {
      make: (random: Random) =>
        random(6) === 0
          ? Buffer.from(sentence(TOML_WORDS, 30, random))
          : mutateBytes(
              TOML.map((text) => Buffer.from(text)),
              random,
              TOML_WORDS,
            ),
      check: (text: Buffer) => tryConfig(folder, text),
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
    };
  }),
};
