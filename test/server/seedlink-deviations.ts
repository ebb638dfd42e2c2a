/** Where our server does not answer over SeedLink as ringserver 4.5.3 does: why, and what it answers. */
import { convertRecord, readRecords } from "../../lib/mseed/index.ts";
import { type RingPacket, row } from "../seedlink/vectors.ts";
import { fingerprint, words } from "./seedlink-words.ts";

export interface Deviation {
  reason: string;
  /** Made of the recorded answer and the packets of the ring; without it, the recorded one. */
  answer?: (recorded: string[], ring: readonly RingPacket[]) => string[];
  /** Where it is not as in the row. */
  closes?: boolean;
}

type Answer = NonNullable<Deviation["answer"]>;

const OLDEST = "the oldest packet is sent like any other";
const BY_OWN_NUMBER = "a number begins with its own packet, not with the one behind the packet before it";
const NOT_SKIPPED = "a number whose packet is gone, or of another history, begins with the oldest there is";
const ALL = "ALL means all";
const NEVER_WIDER = "a refused SELECT selects nothing, instead of everything";
const TYPES = "records are called what they are: a log is L";
const TYPES_SELECT = "types select, as the specification and SeisComP have it";
const MINISEED_2 =
  "protocol 3 gets miniSEED 2 only: miniSEED 3 is converted, and left out where its codes are too long";
const CONVERTED = "Steim frames with nothing in them are left out of the converted record";
const OWN_BEGINNING = "each station has its own beginning";
const NEEDS_STATION =
  "protocol 4 has no mode without STATION, and DATA behind a refused one counts for nothing";
const FILTERS = "a conversion that does not exist is refused";
const WHOLE_CODES = "codes are not cut";

/** The number of a word's packet. */
function numberOf(word: string): number | undefined {
  const three = /^SL([\dA-F]{6}) /.exec(word);
  if (three) return Number.parseInt(three[1]!, 16);
  const four = /^SE\w\w (\d+) /.exec(word);
  return four ? Number(four[1]) : undefined;
}

function stationOf({ streamId }: RingPacket): string {
  return streamId.replace("FDSN:", "").split("_").slice(0, 2).join("_");
}

/** The words of packets of the ring, by their numbers. */
const four =
  (...numbers: number[]) =>
  (ring: readonly RingPacket[]): string[] =>
    numbers.map((number) => {
      const packet = find(ring, number);
      const format = packet.streamId.endsWith("3") ? "3D" : packet.streamId.includes("L_O_G") ? "2L" : "2D";
      return `SE${format} ${number} ${stationOf(packet)} ${fingerprint(packet.payload)}`;
    });

const three =
  (...numbers: number[]) =>
  (ring: readonly RingPacket[]): string[] =>
    numbers.flatMap((number) => {
      const { payload } = find(ring, number);
      const [record] = readRecords(payload);
      if (record!.formatVersion === 2) return `${head3(number)} ${fingerprint(payload)}`;
      if (record!.sourceId.station.length > 5) return [];
      const [converted] = convertRecord(record!, { formatVersion: 2, recordLength: 512 });
      return `${head3(number)} ${fingerprint(Buffer.from(converted!))}`;
    });

function head3(number: number): string {
  return `SL${(number & 0xffffff).toString(16).toUpperCase().padStart(6, "0")}`;
}

function find(ring: readonly RingPacket[], number: number): RingPacket {
  return ring.find(({ packetId }) => packetId === String(number))!;
}

/** As it was recorded, with packets put in before the others. */
const before =
  (packets: (ring: readonly RingPacket[]) => string[]): Answer =>
  (recorded, ring) => {
    const at = recorded.findIndex((word) => numberOf(word) !== undefined || word === "END");
    return recorded.toSpliced(at < 0 ? recorded.length : at, 0, ...packets(ring));
  };

/** With other packets in place of the recorded ones. */
const instead =
  (packets: (ring: readonly RingPacket[]) => string[]): Answer =>
  (recorded, ring) => {
    const answers = recorded.filter((word) => numberOf(word) === undefined && word !== "END");
    return [...answers, ...packets(ring), ...recorded.filter((word) => word === "END")];
  };

const onlyAnswers: Answer = instead(() => []);

/** The packets that were recorded, as protocol 3 has them here. */
const asMiniSeed2: Answer = (recorded, ring) =>
  recorded.flatMap((word) => {
    const number = numberOf(word);
    return number === undefined ? [word] : three(number)(ring);
  });

const withLog: Answer = (recorded) => recorded.map((word) => word.replace(/^SE2D 25 /, "SE2L 25 "));

const exactly =
  (...answer: string[]): Answer =>
  () =>
    answer;

const replaced =
  (...changes: [string | RegExp, string][]): Answer =>
  (recorded) =>
    recorded.map((word) => changes.reduce((text, [from, to]) => text.replaceAll(from, to), word));

/** In miniSEED 3, as the codec makes it. */
const converted: Answer = (recorded, ring) =>
  recorded.map((word) => {
    const number = /^SE3D (\d+) /.exec(word)?.[1];
    if (number === undefined) return word;
    const packet = find(ring, Number(number));
    const [record] = convertRecord([...readRecords(packet.payload)][0]!, { formatVersion: 3 });
    return `SE3D ${number} ${stationOf(packet)} ${fingerprint(Buffer.from(record!))}`;
  });

const JSC = [1, 2, 3, 8, 9, 10, 15, 16, 17, 25];
const SMALL = Array.from({ length: 12 }, (_, i) => 49 + i);

/** Of logs, and of the station whose code ringserver cuts. */
const STREAM_FIXES: [string | RegExp, string][] = [
  ['LONGSTATIO"', 'LONGSTATION"'],
  ['seedname="LOG" type="D"', 'seedname="LOG" type="L"'],
  ['"id":"_L_O_G","format":"2","subformat":"D"', '"id":"_L_O_G","format":"2","subformat":"L"'],
];

/** What was recorded of another row. */
function answerOf(name: string, index: number): string {
  return words(row(name).steps.at(-1)!.recv)[index]!;
}

function streamsXml(): string {
  return replaced(...STREAM_FIXES)([answerOf("info-streams", 0)], [])[0]!;
}

const HELLO = words(row("hello").steps[0]!.recv);

function refused(reason: string): string {
  return `ERROR ${reason}\r\n`;
}

const NO_STATION = refused("UNEXPECTED it needs a STATION before it");

export const SEEDLINK_DEVIATIONS: Record<string, Deviation> = {
  "cat-v3": {
    reason: "CAT lists the stations, as SeisComP does",
    answer: exactly(
      ...["AM R1234", "CO BIRD ", "CO HAW  ", "CO JSC  ", "GE WLF  ", "XX LONGSTATION"].map(
        (id) => `${id} Station ID ${id.trim().replace(" ", "_")}\r\n`,
      ),
      "END",
    ),
  },
  "cat-v4": {
    reason: "protocol 4 has no CAT",
    answer: exactly("OK\r\n", refused("UNSUPPORTED Unrecognized command: CAT")),
  },
  "info-capabilities": {
    reason: "there are more levels",
    answer: replaced([
      '<capability name="info:connections"/>',
      '<capability name="info:gaps"/><capability name="info:connections"/><capability name="info:all"/>',
    ]),
  },
  "info-streams": { reason: `${WHOLE_CODES}; ${TYPES}`, answer: replaced(...STREAM_FIXES) },
  "info-connections": {
    reason: "it tells what a client speaks; there is none but this one",
    answer: replaced(
      ["Ringserver Client", "SeedLink"],
      [/<station name="CLIENT" network="DL".*?<\/station>/g, ""],
    ),
  },
  "info-gaps": {
    reason: "GAPS is answered as by a SeisComP server that does not look for gaps",
    answer: () => [streamsXml().replace(/(<stream [^>]*)\/>/g, '$1 gap_check="disabled" gap_treshold="0"/>')],
  },
  "info-none": {
    reason: "an unknown level and none at all are answered alike",
    answer: () => [answerOf("info-gaps", 0)],
    closes: false,
  },
  "info-stations-midstream": {
    reason: "INFO is answered at any time",
    answer: (recorded) => [
      ...recorded,
      streamsXml()
        .replace(/<stream [^>]*\/>/g, "")
        .replaceAll("></station>", "/>"),
    ],
  },
  "info-formats-c": {
    reason: TYPES,
    answer: replaced([
      '"2":{"mimetype":"application/vnd.fdsn.mseed","subformat":{"D":"Data"}}',
      '"2":{"mimetype":"application/vnd.fdsn.mseed","subformat":{"D":"Data","E":"Event","C":"Calibration","T":"Timing","L":"Log","O":"Opaque"}}',
    ]),
  },
  "info-stations-c": { reason: WHOLE_CODES, answer: replaced(...STREAM_FIXES) },
  "info-streams-c": { reason: `${WHOLE_CODES}; ${TYPES}`, answer: replaced(...STREAM_FIXES) },
  "info-streams-co-jsc": { reason: TYPES, answer: replaced(...STREAM_FIXES) },
  "info-streams-co-jsc-b-h-z": {
    reason: "a pattern with an exclamation mark takes streams away",
    answer: replaced(...STREAM_FIXES, [/\{"id":"00_B_H_Z"[^}]*\},/g, ""], ['"start_seq":1', '"start_seq":2']),
  },
  "no-select": { reason: OLDEST, answer: before(three(1)) },
  "select-bhz": { reason: OLDEST, answer: before(three(1)) },
  "select-00bhz": { reason: OLDEST, answer: before(three(1)) },
  "select-bhz-then-not": { reason: OLDEST, answer: before(three(1)) },
  "select-two": { reason: OLDEST, answer: before(three(1)) },
  "select-star": { reason: OLDEST, answer: before(three(1)) },
  "station-wild": { reason: OLDEST, answer: before(three(1)) },
  "station-no-network": { reason: OLDEST, answer: before(three(1)) },
  "two-stations": { reason: OLDEST, answer: before(three(1)) },
  "time-window": { reason: OLDEST, answer: before(three(1)) },
  "time-date-only": { reason: OLDEST, answer: before(three(1)) },
  "uni-select": {
    reason: `${OLDEST}; what comes behind a packet that is beyond the window is sent as well`,
    answer: instead(three(1, 4, 8, 11, 22)),
  },
  "select-any-l": { reason: TYPES_SELECT, answer: instead(three(25)) },
  "select-d-only": {
    reason: TYPES_SELECT,
    answer: (_, ring) => ["OK\r\n", "OK\r\n", "OK\r\n", ...three(1, 2, 3, 8, 9, 10, 15, 16, 17)(ring), "END"],
  },
  "select-short-star": { reason: NEVER_WIDER, answer: onlyAnswers },
  "select-two-arguments": { reason: NEVER_WIDER, answer: onlyAnswers },
  "v4-no-select": { reason: TYPES, answer: withLog },
  "v4-star": { reason: TYPES, answer: withLog },
  "v4-not": { reason: TYPES, answer: withLog },
  "v4-log": { reason: TYPES, answer: withLog },
  "v4-station-q": { reason: TYPES, answer: withLog },
  "v4-data-seq": { reason: TYPES, answer: withLog },
  "v4-data-two": { reason: TYPES, answer: withLog },
  "v4-format-3d": { reason: TYPES_SELECT, answer: onlyAnswers },
  "v4-filter-3": { reason: CONVERTED, answer: converted },
  "v4-first-filter-wins": { reason: CONVERTED, answer: converted },
  "v4-filter-unknown": { reason: FILTERS, answer: replacedAt(2, refused("ARGUMENTS Filter not supported")) },
  "v4-label-1sec": { reason: FILTERS, answer: replacedAt(2, refused("ARGUMENTS Filter not supported")) },
  "v4-filter-bad": { reason: NEVER_WIDER, answer: onlyAnswers },
  "v4-empty-select": { reason: NEVER_WIDER, answer: onlyAnswers },
  "v4-illegal": { reason: NEVER_WIDER, answer: onlyAnswers },
  "v4-station-v3-style": {
    reason: NEEDS_STATION,
    answer: (recorded) => [...recorded.slice(0, 2), NO_STATION, "END"],
    closes: true,
  },
  "v4-station-bad-characters": {
    reason: "station codes may have dashes",
    answer: exactly("OK\r\n", "OK\r\n"),
  },
  "v4-overlap": {
    reason: "a station belongs to the first STATION that it fits, as the specification has it",
    answer: instead(four(4, 7, 8, 11, 14, 15, 18, 21)),
  },
  "data-seq": { reason: MINISEED_2, answer: asMiniSeed2 },
  "fetch-seq": { reason: MINISEED_2, answer: asMiniSeed2 },
  "fetch-lowercase-hex": { reason: MINISEED_2, answer: asMiniSeed2 },
  "fetch-0x": { reason: MINISEED_2, answer: asMiniSeed2 },
  "fetch-seven-digits": { reason: MINISEED_2, answer: asMiniSeed2 },
  "fetch-two": { reason: MINISEED_2, answer: asMiniSeed2 },
  "v3-mseed3": { reason: MINISEED_2, answer: asMiniSeed2 },
  "fetch-one": {
    reason: BY_OWN_NUMBER,
    answer: instead(three(...Array.from({ length: 25 }, (_, i) => i + 1))),
  },
  "data-all-v3": {
    reason: ALL,
    answer: (_, ring) => three(...Array.from({ length: 25 }, (_each, i) => i + 1))(ring),
  },
  "multi-two-seqs": { reason: OWN_BEGINNING, answer: before(three(8, 15)) },
  "multi-seq-and-none": { reason: OWN_BEGINNING, answer: instead(three(8, 15)) },
  "select-after-data": {
    reason: "SELECT counts for its station behind DATA, too",
    answer: instead(three(8, 15)),
  },
  "v4-data-all-stations": { reason: NEEDS_STATION, answer: exactly("OK\r\n", NO_STATION) },
  "v4-data-seq-no-station": { reason: NEEDS_STATION, answer: exactly("OK\r\n", NO_STATION) },
  "v4-data-all-no-station": { reason: NEEDS_STATION, answer: exactly("OK\r\n", NO_STATION) },
  "realtime-json-not-sent": { reason: NEEDS_STATION, answer: exactly("OK\r\n", NO_STATION) },
  "v4-data-zero": { reason: "0 means the oldest packet", answer: instead(four(...JSC)) },
  "v4-data-one": { reason: BY_OWN_NUMBER, answer: instead(four(...JSC)) },
  "v4-data-all": { reason: ALL, answer: instead(four(...JSC)) },
  "v4-data-all-window": { reason: OLDEST, answer: before(four(1)) },
  "v4-data-zero-time": { reason: OLDEST, answer: before(four(1)) },
  "v4-data-seq-time-other": {
    reason: "of protocol 4, number and time both count, as the specification has it",
    answer: instead(four(15)),
  },
  "v4-data-future-seq": { reason: NOT_SKIPPED, answer: instead(four(...JSC)) },
  "v4-data-huge-seq": { reason: NOT_SKIPPED, answer: instead(four(...JSC)) },
  "v4-two-seqs": { reason: OWN_BEGINNING, answer: before(four(8, 15)) },
  "ws-no-line-end": {
    reason: "a message ends a command, as the specification has it",
    answer: exactly(...HELLO, ...HELLO),
    closes: false,
  },
  "ws-two-commands": {
    reason: "a message may hold several commands",
    answer: exactly(...HELLO, "OK\r\n"),
    closes: false,
  },
  "ws-wrong-path": { reason: "the handshake is refused with status 404", answer: exactly(), closes: true },
  "ws-data-v3": { reason: OWN_BEGINNING },
  "v3-long-gone": { reason: NOT_SKIPPED, answer: instead(three(...SMALL)) },
  "v4-long-gone": { reason: NOT_SKIPPED, answer: instead(four(...SMALL)) },
  "v4-just-gone": { reason: BY_OWN_NUMBER, answer: instead(four(...SMALL)) },
  "v4-beyond": { reason: NOT_SKIPPED, answer: instead(four(...SMALL)) },
  "live-gap": { reason: NOT_SKIPPED, answer: before(four(...SMALL)) },
  "v4-time-long-gone": { reason: OLDEST, answer: before(four(49)) },
  "v4-time-just-gone": { reason: OLDEST, answer: before(four(49)) },
  "v4-time-beyond": { reason: OLDEST, answer: before(four(49)) },
  "v3-time-long-gone": { reason: OLDEST, answer: before(three(49)) },
  "v3-time-just-gone": { reason: OLDEST, answer: before(three(49)) },
  "v3-time-beyond": { reason: OLDEST, answer: before(three(49)) },
  "v3-before-wrap": {
    reason: "24 bits are those of the newest packet that has them",
    answer: instead(three(...Array.from({ length: 8 }, (_, i) => 0x1fffffc + i))),
  },
};

function replacedAt(index: number, word: string): Answer {
  return (recorded) => recorded.with(index, word);
}
