/** The settings that all reading nodes have: when a packet counts as delivered, and where to begin. */
import type { NodeDef } from "node-red";
import { toMicroseconds } from "../../../lib/time.ts";
import type { DeliverySettings } from "../delivery.ts";
import { SettingError, type Settings } from "../settings.ts";

/** As the dialogs save them. */
export interface ReadingDef extends NodeDef {
  version: number;
  connection: string;
  from: string;
  fromTime: string;
  resume: boolean;
  commit: string;
  scope: string[];
  onError: string;
  unreached: string;
  maxInFlight: string;
  autoStart: boolean;
}

export interface ReadingSettings {
  delivery: DeliverySettings;
  /** After a restart, go on behind the position. */
  resume: boolean;
  autoStart: boolean;
}

/** @throws SettingError naming the field that cannot be used. */
export function readingSettings(settings: Settings, def: ReadingDef): ReadingSettings {
  const whenComplete = settings.choice("Delivered", def.commit, ["send", "complete"]) === "complete";
  const nodes = new Set(def.scope ?? []);
  if (whenComplete && nodes.size === 0) {
    throw new SettingError(
      "INVALID_SETTING",
      "No node is chosen that has to finish with a packet: choose at least one.",
    );
  }
  return {
    resume: def.resume !== false,
    autoStart: def.autoStart !== false,
    delivery: {
      nodes: whenComplete ? nodes : undefined,
      onError: settings.choice("On error", def.onError, ["continue", "stop"]),
      unreached: settings.choice("Filtered", def.unreached, ["wait", "commit"]),
      maxInFlight: settings.number("At most", def.maxInFlight, { min: 1, max: 100_000, fallback: 256 }),
    },
  };
}

/**
 * A time that somebody has typed.
 * @throws SettingError
 */
export function timeSetting(settings: Settings, value: string): string {
  const time = settings.text(value);
  if (toMicroseconds(time) !== undefined) return time;
  throw new SettingError(
    "INVALID_SETTING",
    `Time ${JSON.stringify(time)} is not a time: give one such as 2026-11-22T06:00:00Z.`,
  );
}
