/** seismograph page: live seismograms and drums in a browser, at a path of Node-RED's own HTTP server. */
import path from "node:path";
import { types } from "node:util";
import type { Node, NodeAPI, NodeDef, NodeMessageInFlow, NodeStatus } from "node-red";
import { SeismographError } from "../lib/seismograph/errors.ts";
import { SeismographPage } from "../lib/seismograph/http/page.ts";
import { Seismograph, type SeismographOptions } from "../lib/seismograph/seismograph.ts";
import { MessageError } from "./messages/message-error.ts";
import { whatCame, whatCameText } from "./messages/what-came.ts";
import { nodeFile } from "./runtime/files.ts";
import { onClose, onInput } from "./runtime/input-handler.ts";
import { misfit } from "./runtime/misfits.ts";
import { PagePaths } from "./runtime/page-paths.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { StatusLine } from "./runtime/status.ts";
import { counted, parts } from "./signal/status-texts.ts";

interface SeismographPageDef extends NodeDef {
  version: number;
  path: string;
  title: string;
  views: string;
  hours: string;
  line: string;
  raw: string;
  archive: string;
  channels: string;
  memory: string;
}

/** What a node remembers, and what it was made for. */
interface Kept {
  seismograph: Seismograph;
  options: string;
}

const MIB = 2 ** 20;

export default function register(RED: NodeAPI): void {
  const paths = new PagePaths(RED);
  /** So that a deploy does not blank the drums. */
  const kept = new Map<string, Kept>();

  function SeismographPageNode(this: Node, def: SeismographPageDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => {
      const settings = new Settings(RED, this);
      const seismograph = seismographOf(RED, this, settings, def, kept);
      serve(RED, this, seismograph, paths, settings.text(def.path, "/seismo"));
      onClose(this, async (removed) => {
        if (!removed) return await seismograph.flush();
        kept.delete(this.id);
        await seismograph.remove();
      });
    });
  }
  RED.nodes.registerType("seismograph-page", SeismographPageNode);
}

/** @throws SettingError, SeismographError, ArchiveError */
function optionsOf(settings: Settings, def: SeismographPageDef): SeismographOptions {
  const number = (field: string, value: unknown, min: number, max: number, fallback: number) =>
    settings.number(field, value, { min, max, fallback });
  return {
    title: settings.text(def.title, settings.text(def.name, "Seismograph")),
    views: settings
      .text(def.views, "raw, 1-20, 0.7-2")
      .split(/[\s,;]+/)
      .filter((view) => view !== ""),
    hours: number("Hours", def.hours, 1, 168, 24),
    lineMinutes: number("Line", def.line, 5, 120, 30),
    rawMinutes: number("Raw data", def.raw, 1, 1440, 60),
    maxChannels: Math.floor(number("Streams", def.channels, 1, 200, 200)),
    maxBytes: number("Memory", def.memory, 1, 65_536, 1024) * MIB,
    archive: settings.text(def.archive) || undefined,
  };
}

/** The one that the node had before a deploy, if it is the same that is asked for now. */
function seismographOf(
  RED: NodeAPI,
  node: Node,
  settings: Settings,
  def: SeismographPageDef,
  kept: Map<string, Kept>,
): Seismograph {
  const { title, ...options } = optionsOf(settings, def);
  const text = JSON.stringify(options);
  const before = kept.get(node.id);
  if (before?.options === text) {
    before.seismograph.options.title = title ?? "";
    return before.seismograph;
  }
  const onProblem = (error: Error) => RED.log.warn(`[seismograph-page:${node.id}] ${error.message}`);
  const marksFile = path.resolve(nodeFile(RED, node, "marks.json"));
  const all = { title, ...options, marksFile, onProblem };
  const seismograph = new Seismograph(all, RED.settings.userDir ?? ".");
  before?.seismograph.close();
  kept.set(node.id, { seismograph, options: text });
  void seismograph.refill();
  return seismograph;
}

function serve(RED: NodeAPI, node: Node, seismograph: Seismograph, paths: PagePaths, path: string): void {
  const page = new SeismographPage(seismograph, { onProblem: (error) => node.error(error.message) });
  const address = paths.serve(path, (request, response, target) => page.handle(request, response, target));
  node.log(`The page is at ${address}/`);
  const status = new StatusLine(node, () => describe(RED, seismograph, page));

  onInput(node, async (msg) => {
    take(seismograph, msg);
    status.update();
  });

  onClose(node, async () => {
    status.close();
    paths.end(address);
    page.close();
  });
}

/** @throws TraceError, SeismographError, MessageError; marked, where the message is for another node */
function take(seismograph: Seismograph, msg: NodeMessageInFlow): void {
  if ("reset" in msg) {
    seismograph.clear();
    return;
  }
  if (types.isUint8Array(msg.payload)) {
    takeRecords(seismograph, msg, msg.payload);
    return;
  }
  try {
    seismograph.take(msg.payload);
  } catch (error) {
    const isOther = error instanceof SeismographError && error.code === "NOT_A_MARK";
    throw isOther ? misfit(whatCame(msg, ["json", "text"]), error) : error;
  }
}

function takeRecords(seismograph: Seismograph, msg: NodeMessageInFlow, bytes: Uint8Array): void {
  if (seismograph.takeBytes(bytes) > 0) return;
  throw misfit(
    whatCame(msg, ["json"]),
    new MessageError(
      `msg.payload is a Buffer without a miniSEED record, but ${whatCameText(msg)}: choose streams of miniSEED.`,
    ),
  );
}

/** `12 streams, 3 pages`. */
function describe(RED: NodeAPI, seismograph: Seismograph, page: SeismographPage): NodeStatus {
  const { channels, refused, isRefilling } = seismograph;
  const text = (key: string) => RED._(`seismograph-page.status.${key}`);
  if (isRefilling) return { fill: "yellow", shape: "dot", text: text("refilling") };
  if (channels.size === 0) return { fill: "grey", shape: "ring", text: text("waiting") };
  const { readers } = page;
  return {
    fill: refused > 0 ? "yellow" : "green",
    shape: readers > 0 ? "dot" : "ring",
    text: parts(
      counted(RED, "seismograph-page", "stream", channels.size),
      readers > 0 && counted(RED, "seismograph-page", "page", readers),
      refused > 0 && text("full"),
    ),
  };
}
