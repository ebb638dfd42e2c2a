/** What jsonl archive and mseed archive have in common: a message goes on when its data is on disk, with `msg.archive`. */
import path from "node:path";
import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from "node-red";
import type { Archive, ArchiveOptions, Written } from "../../lib/archive/archive.ts";
import type { ArchiveEvent } from "../../lib/archive/events.ts";
import { removeJournal } from "../../lib/archive/journal.ts";
import { RateMeter } from "../../lib/rate-meter.ts";
import { type WhatCame, whatCame, whatCameText } from "../messages/what-came.ts";
import { nodeFile } from "./files.ts";
import { guarded, onClose, onInput } from "./input-handler.ts";
import { Misfits } from "./misfits.ts";
import { Settings } from "./settings.ts";
import { rateText, StatusLine } from "./status.ts";

/** The settings of an archive node, as the dialog saves them. */
export interface ArchiveDef extends NodeDef {
  version: number;
  directory: string;
  pattern: string;
  sync: string;
  once: boolean;
  keepRejected: boolean;
  gzipDays: string;
}

const DAY_SECONDS = 86_400;
/** Blank is never. */
const GZIP_DAYS = { min: 0.01, max: 36_500, fallback: Number.POSITIVE_INFINITY };

/** The archive's directory: what was given, seen from Node-RED's user directory. */
export function archiveDirectory(RED: NodeAPI, directory: string): string {
  return path.resolve(RED.settings.userDir ?? ".", directory || "archive");
}

function journalOf(RED: NodeAPI, node: Node): string {
  return nodeFile(RED, node, "journal");
}

export function archiveOptions(RED: NodeAPI, node: Node, def: ArchiveDef, pattern: string): ArchiveOptions {
  const settings = new Settings(RED, node);
  return {
    directory: archiveDirectory(RED, settings.text(def.directory)),
    pattern: settings.text(def.pattern, pattern),
    fsync: settings.choice("To disk", def.sync, ["interval", "none", "every"]),
    keepRejected: def.keepRejected === true,
    gzipAfter: DAY_SECONDS * settings.number("Compress files after", def.gzipDays, GZIP_DAYS),
    journal: def.once === false ? undefined : journalOf(RED, node),
  };
}

/** What an archive does not keep. */
export interface OtherThings {
  /** Those that its status has a sentence for. */
  readonly known: readonly WhatCame[];
  /** What it keeps, and where to bring others, in a sentence for the log. */
  readonly advice: string;
}

/** @param store writes what a message has for the archive; `undefined` for a message to be passed on as it is */
export function runArchive<Kind extends Archive>(
  RED: NodeAPI,
  node: Node,
  open: (onEvent: (event: ArchiveEvent) => void) => Kind,
  store: (archive: Kind, msg: NodeMessageInFlow) => Promise<Written | undefined>,
  others: OtherThings,
): void {
  const rate = new RateMeter();
  const failing = new Set<string>();

  const onEvent = guarded(node, (event: ArchiveEvent) => {
    switch (event.type) {
      case "problem":
        if (!failing.has(event.file)) node.warn(event.error.message);
        failing.add(event.file);
        break;
      case "recovered":
        failing.delete(event.file);
        break;
      case "torn":
        node.warn(
          `${event.file} ended with ${event.bytes} bytes of an unfinished write: they are now in ${event.aside}.`,
        );
        break;
      case "compressed":
        break;
    }
    status.update();
  });
  const archive = open(onEvent);

  const status = new StatusLine(node, () => {
    if (failing.size > 0) return { fill: "red", shape: "ring", text: RED._(`${node.type}.status.failed`) };
    if (rate.total === 0) return {};
    const perSecond = rateText(rate.read());
    return perSecond === "0"
      ? { fill: "grey", shape: "dot", text: RED._(`${node.type}.status.written`, { count: rate.total }) }
      : { fill: "green", shape: "dot", text: RED._(`${node.type}.status.writing`, { rate: perSecond }) };
  });

  onInput(node, async (msg, send) => {
    const written = await store(archive, msg);
    if (written) {
      msg.archive = written;
      rate.add();
      send(msg);
      return undefined;
    }
    const kind = whatCame(msg, others.known);
    Misfits.of(node)?.pass(kind, () => `${whatCameText(msg)} passes by. ${others.advice}`);
    send(msg);
    return "passed";
  });

  onClose(node, async (removed) => {
    status.close();
    await archive.close();
    if (removed) await removeJournal(journalOf(RED, node));
  });
}
