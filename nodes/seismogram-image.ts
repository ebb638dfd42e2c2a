/** seismogram image: the last minutes of streams, or a drum, as a picture for a mail or a messenger, when a trigger comes or somebody asks. */
import { types } from "node:util";
import type { Node, NodeAPI, NodeDef, NodeStatus } from "node-red";
import { SeismographError } from "../lib/seismograph/errors.ts";
import { Seismograph, type SeismographOptions } from "../lib/seismograph/seismograph.ts";
import { matchesStream } from "../lib/signal/stream-pattern.ts";
import { alarmOf, askedBy, type ImageMessage, isEnd, patternsOf } from "./image/asking.ts";
import { type Asked, type PictureSettings, picturesOf } from "./image/pictures.ts";
import { WaitingPictures } from "./image/waiting.ts";
import { MessageError } from "./messages/message-error.ts";
import { whatCame, whatCameText } from "./messages/what-came.ts";
import { onClose, onInput, type Send } from "./runtime/input-handler.ts";
import { misfit } from "./runtime/misfits.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { StatusLine } from "./runtime/status.ts";
import { counted, parts } from "./signal/status-texts.ts";

interface SeismogramImageDef extends NodeDef {
  version: number;
  picture: string;
  seconds: string;
  hours: string;
  line: string;
  streams: string;
  band: string;
  scale: string;
  spectrogram: boolean;
  onlyStation: boolean;
  wait: string;
  title: string;
  theme: string;
  width: string;
  height: string;
  ratio: string;
}

const LINES = ["5", "10", "15", "20", "30", "60", "120"] as const;
const MOST_STREAMS = 100;

export default function register(RED: NodeAPI): void {
  /** What nodes remember, and what it was made for: a deploy does not blank their pictures. */
  const kept = new Map<string, { seismograph: Seismograph; options: string }>();

  function SeismogramImage(this: Node, def: SeismogramImageDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => {
      const settings = new Settings(RED, this);
      const pictures = pictureSettings(settings, def);
      const options = seismographOptions(settings, def, pictures);
      const before = kept.get(this.id);
      const text = JSON.stringify(options);
      const seismograph = before?.options === text ? before.seismograph : new Seismograph(options);
      kept.set(this.id, { seismograph, options: text });
      const wait = 1000 * settings.number("Wait", def.wait, { min: 0, max: 3600, fallback: 60 });
      image(RED, this, { seismograph, pictures, streams: patternsOf(settings.text(def.streams)), wait });
      onClose(this, async (removed) => {
        if (removed) kept.delete(this.id);
      });
    });
  }
  RED.nodes.registerType("seismogram-image", SeismogramImage);
}

function pictureSettings(settings: Settings, def: SeismogramImageDef): PictureSettings {
  const whole = (field: string, value: unknown, min: number, max: number, fallback: number) =>
    Math.round(settings.number(field, value, { min, max, fallback }));
  return {
    picture: settings.choice("Picture", def.picture, ["traces", "drum"]),
    title: settings.text(def.title).slice(0, 100),
    seconds: settings.number("Shown", def.seconds, { min: 10, max: 3600, fallback: 300 }),
    hours: settings.number("Hours", def.hours, { min: 1, max: 168, fallback: 24 }),
    lineMinutes: Number(settings.choice("Line", def.line || "30", LINES)),
    scale: settings.choice("Scale", def.scale, ["each", "station", "all"]),
    spectrogram: def.spectrogram === true,
    onlyStation: def.onlyStation === true,
    theme: settings.choice("Colours", def.theme, ["light", "dark"]),
    width: whole("Width", def.width, 200, 4000, 1200),
    height: whole("Height", def.height, 0, 4000, 0),
    pixelRatio: settings.number("Sharpness", def.ratio, { min: 1, max: 3, fallback: 1 }),
  };
}

/** @throws SettingError; SeismographError for a band that is none */
function seismographOptions(
  settings: Settings,
  def: SeismogramImageDef,
  { picture, hours, seconds, spectrogram }: PictureSettings,
): SeismographOptions {
  const isDrum = picture === "drum";
  return {
    views: [settings.text(def.band, "raw")],
    hours: isDrum ? hours : 1,
    rawMinutes: !isDrum && spectrogram ? Math.ceil(seconds / 60) + 1 : 1,
    maxChannels: MOST_STREAMS,
  };
}

interface Work {
  seismograph: Seismograph;
  pictures: PictureSettings;
  /** Patterns of the streams that are taken; none: all. */
  streams: readonly string[];
  /** Milliseconds. */
  wait: number;
}

function image(RED: NodeAPI, node: Node, work: Work): void {
  const { seismograph, pictures } = work;
  const waiting = new WaitingPictures();
  let sent = 0;
  let isClosed = false;
  const status = new StatusLine(node, () => describe(RED, seismograph, waiting, sent));

  async function send(asked: Asked, msg: ImageMessage, out: Send, more: object = {}): Promise<void> {
    for await (const picture of picturesOf(seismograph, asked, pictures)) {
      if (isClosed) return;
      out({ ...msg, ...more, ...picture } as ImageMessage);
      sent++;
    }
    status.update();
  }

  async function alarm(asked: Asked, msg: ImageMessage, out: Send): Promise<void> {
    const name = pictures.picture === "drum" || pictures.onlyStation ? (asked.trigger ?? "") : "";
    const due = waiting.wait(name, work.wait);
    status.update();
    if (await due) await send(asked, msg, out, { trigger: msg.payload });
  }

  onInput(node, async (incoming, out) => {
    const msg = incoming as ImageMessage;
    if ("reset" in msg) {
      waiting.giveUp();
      seismograph.clear();
      return status.update();
    }
    const asked = askedBy(msg);
    if (asked) return await send(asked, msg, out);
    const about = alarmOf(msg.payload);
    take(work, msg, about !== undefined || isEnd(msg.payload));
    status.update();
    if (about) await alarm(about, msg, out);
  });

  onClose(node, async () => {
    isClosed = true;
    status.close();
    const count = waiting.giveUp();
    if (count > 0) node.warn(RED._("seismogram-image.log.given-up", { count }));
  });
}

/**
 * Takes what belongs into the pictures.
 * @throws TraceError, SeismographError, MessageError; marked, where the message is for another node
 */
function take({ seismograph, streams }: Work, msg: ImageMessage, isAlarm: boolean): void {
  const isWanted = (sourceId: unknown) =>
    streams.length === 0 || streams.some((pattern) => matchesStream(pattern, String(sourceId)));
  if (types.isUint8Array(msg.payload)) {
    takeRecords(seismograph, msg, msg.payload, isWanted);
    return;
  }
  const { sourceId } = (msg.payload ?? {}) as { sourceId?: unknown };
  if (typeof sourceId === "string" && !isWanted(sourceId)) return;
  try {
    seismograph.take(msg.payload);
  } catch (error) {
    const isOther = error instanceof SeismographError && error.code === "NOT_A_MARK";
    // Alarms of several stations and of levels are no marks of one stream.
    if (isOther && isAlarm) return;
    throw isOther ? misfit(whatCame(msg, ["json", "text"]), error) : error;
  }
}

function takeRecords(
  seismograph: Seismograph,
  msg: ImageMessage,
  bytes: Uint8Array,
  isWanted: (sourceId: string) => boolean,
): void {
  if (seismograph.takeBytes(bytes, { isWanted }) > 0) return;
  throw misfit(
    whatCame(msg, ["json"]),
    new MessageError(
      `msg.payload is a Buffer without a miniSEED record, but ${whatCameText(msg)}: choose streams of miniSEED.`,
    ),
  );
}

/** What is waited with before all, then what has come. */
function describe(
  RED: NodeAPI,
  seismograph: Seismograph,
  waiting: WaitingPictures,
  sent: number,
): NodeStatus {
  const { next } = waiting;
  const streams = seismograph.channels.size;
  if (next !== undefined) {
    const seconds = Math.ceil(next / 1000);
    return { fill: "yellow", shape: "dot", text: RED._("seismogram-image.status.waiting", { seconds }) };
  }
  if (streams === 0) return {};
  const text = parts(
    counted(RED, "seismogram-image", "stream", streams),
    sent > 0 && counted(RED, "seismogram-image", "picture", sent),
  );
  return { fill: "green", shape: "dot", text };
}
