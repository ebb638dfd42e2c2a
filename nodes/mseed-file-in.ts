/** mseed file in: one message per record of files, folders and archives, at any pace. */
import path from "node:path";
import type { Node, NodeAPI, NodeMessageInFlow } from "node-red";
import { PathPattern, RECORD_FLAGS } from "../lib/archive/path-pattern.ts";
import { filesAt, filesOfArchive } from "../lib/archive/replay/found-files.ts";
import type { ReplayPosition } from "../lib/archive/replay/replay.ts";
import { splitStreamId } from "../lib/stream-id.ts";
import type { StateFile } from "../lib/subscription/state-file.ts";
import { formatMicroseconds, toNanoseconds } from "../lib/time.ts";
import { MessageError, shownValue } from "./messages/message-error.ts";
import {
  type FileEvent,
  type FilePacket,
  type FileReading,
  FileStream,
  ReplayPositionFile,
} from "./replay/file-stream.ts";
import { Reader } from "./runtime/reading/reader.ts";
import { type ReadingDef, readingSettings, timeSetting } from "./runtime/reading/reading-settings.ts";
import type { Control, PacketSource } from "./runtime/reading/source.ts";
import { begin, SettingError, Settings } from "./runtime/settings.ts";

interface MseedFileInDef extends ReadingDef {
  source: string;
  path: string;
  pattern: string;
  after: string;
  before: string;
  pace: string;
  speed: string;
  times: string;
}

/** Between the names of several files and folders. */
const SEPARATOR = ";";
const OVERHEAD = 512;
/** Problems of files that are told one by one, in a minute. */
const MAX_TOLD = 5;
const TELL_AGAIN_MS = 60_000;

export default function register(RED: NodeAPI): void {
  function MseedFileIn(this: Node, def: MseedFileInDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => {
      const settings = new Settings(RED, this);
      const reading = readingSettings(settings, def);
      const files = fileReading(RED, this, settings, def);
      return new Reader(
        RED,
        this,
        reading,
        new FileSource({ ...files, maxInFlight: reading.delivery.maxInFlight }),
      );
    });
  }
  RED.nodes.registerType("mseed-file-in", MseedFileIn);
}

/** @throws SettingError, ArchiveError */
function fileReading(
  RED: NodeAPI,
  node: Node,
  settings: Settings,
  def: MseedFileInDef,
): Omit<FileReading, "maxInFlight"> {
  const isArchive = settings.choice("Read", def.source, ["path", "archive"]) === "archive";
  const isPaced = settings.choice("Pace", def.pace, ["flow", "time"]) === "time";
  const speed = settings.number("Times real time", def.speed, { min: 0.001, max: 1_000_000, fallback: 1 });
  const time = (value: string) =>
    settings.text(value) === "" ? undefined : toNanoseconds(timeSetting(settings, value));
  return {
    ...(isArchive ? archiveFiles(RED, settings.text(def.pattern)) : namedFiles(RED, settings.text(def.path))),
    options: {
      startTime: time(def.after),
      endTime: time(def.before),
      speed: isPaced ? speed : undefined,
      onProblem: problemTeller(node),
    },
    isShifted: settings.choice("Times", def.times, ["recorded", "now"]) === "now",
  };
}

function namedFiles(RED: NodeAPI, text: string): Pick<FileReading, "name" | "files"> {
  const names = text
    .split(SEPARATOR)
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (names.length === 0)
    throw new SettingError("INVALID_SETTING", "Path is empty: name a file or a folder.");
  const paths = names.map((name) => path.resolve(RED.settings.userDir ?? ".", name));
  const files = async () => (await Promise.all(paths.map(filesAt))).flat();
  return { name: names.join(", "), files };
}

function archiveFiles(RED: NodeAPI, text: string): Pick<FileReading, "name" | "files"> {
  if (text === "")
    throw new SettingError("INVALID_SETTING", "Pattern is empty: give one such as SDS@archive.");
  const [, preset = "", rest = ""] = /^([A-Za-z]+@)?(.*)$/s.exec(text) ?? [];
  // What stands in the user directory's own name is no flag of a pattern.
  const base = (RED.settings.userDir ?? ".").replace(/[%#]/g, preset ? "$&" : "$&$&");
  const pattern = new PathPattern(preset + path.resolve(base, rest), { flags: RECORD_FLAGS });
  return { name: text, files: () => filesOfArchive(pattern) };
}

/** Tells of what in a file is not a record; of many things in a short time only the first ones. */
function problemTeller(node: Node): FileReading["options"]["onProblem"] {
  let since = Number.NEGATIVE_INFINITY;
  let told = 0;
  return (file, { message }) => {
    const now = performance.now();
    if (now - since > TELL_AGAIN_MS) [since, told] = [now, 0];
    if (++told > MAX_TOLD) return;
    const more = told === MAX_TOLD ? " More of this kind within a minute is not told." : "";
    node.warn(`${file}: ${message}.${more}`);
  };
}

class FileSource implements PacketSource<FilePacket, ReplayPosition, "earliest", FileEvent> {
  readonly server: string;
  readonly from = "earliest";
  readonly #reading: FileReading;
  isAtEnd = false;

  constructor(reading: FileReading) {
    this.#reading = reading;
    this.server = reading.name;
  }

  open(
    _from: "earliest",
    checkpoint: StateFile<ReplayPosition>,
    onEvent: (event: FileEvent) => void,
  ): FileStream {
    this.isAtEnd = false;
    return new FileStream(this.#reading, checkpoint, (event) => {
      if (event.type === "ended") this.isAtEnd = true;
      onEvent(event);
    });
  }

  positionFile(file: string, onError: (error: Error) => void): ReplayPositionFile {
    return new ReplayPositionFile(file, onError);
  }

  /** Behind the one before the first of them; where there is none, at the beginning of its file. */
  rewind(_position: ReplayPosition, [first]: readonly [FilePacket, ...FilePacket[]]): ReplayPosition {
    const { time, file, record } = first.position;
    return { time, file, record: record - 1 };
  }

  message({ streamId, dataStart, dataEnd, payload, position }: FilePacket) {
    const { sourceId, type } = splitStreamId(streamId);
    const datalink = {
      streamId,
      sourceId,
      type,
      dataStart: formatMicroseconds(dataStart),
      dataEnd: formatMicroseconds(dataEnd),
    };
    const file = { name: position.file, record: position.record };
    return { message: { topic: streamId, payload, datalink, file }, bytes: payload.length + OVERHEAD };
  }

  identify({ streamId, position: { file, record } }: FilePacket) {
    return { properties: { streamId, file, record }, name: `record ${record} of ${file}` };
  }

  control({ topic, payload }: NodeMessageInFlow): Control<"earliest"> {
    if (topic === "start" || topic === "stop") return { action: topic };
    if (topic !== "position") {
      throw new MessageError(
        `msg.topic is ${shownValue(topic)}: to control mseed file in, give start, stop or position.`,
      );
    }
    if (payload === "earliest") return { action: "position", from: "earliest" };
    throw new MessageError('msg.payload is not a position: give "earliest" to begin again.');
  }

  sentence(event: FileEvent): string {
    switch (event.type) {
      case "connected":
        return `${event.files} files are read: ${event.server}.`;
      case "resumed":
        return "Reading goes on behind the last record that was delivered.";
      case "ended":
        return "All records have been read. A message with the topic position and the payload earliest begins again.";
      case "position-damaged":
        return event.error.message;
    }
  }

  details(event: FileEvent): Record<string, unknown> {
    return event.type === "connected" ? { files: event.files } : {};
  }

  place({ time }: ReplayPosition): string {
    return this.isAtEnd
      ? " ✓"
      : ` ${formatMicroseconds(Number(time / 1000n))
          .slice(0, 16)
          .replace("T", " ")}`;
  }
}
