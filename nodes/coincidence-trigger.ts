/** coincidence trigger: an alert when several stations are on together; with veto, mute, and so many in an hour. */
import type { Node, NodeAPI, NodeDef, NodeStatus } from "node-red";
import {
  Coincidence,
  type CoincidenceEvent,
  type CoincidenceOptions,
  type StationChange,
} from "../lib/signal/coincidence.ts";
import { stationOf } from "../lib/signal/stream-pattern.ts";
import { formatNanoseconds } from "../lib/time.ts";
import { guarded, onClose, onInput, type Send } from "./runtime/input-handler.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { StatusLine } from "./runtime/status.ts";
import { readStationInput, type StationInput } from "./signal/station-changes.ts";
import { parts } from "./signal/status-texts.ts";

interface CoincidenceTriggerDef extends NodeDef {
  version: number;
  stations: string;
  within: string;
  veto: string;
  wait: string;
  perHour: string;
  longest: string;
}

const TICK_MS = 1000;

export default function register(RED: NodeAPI): void {
  function CoincidenceTrigger(this: Node, def: CoincidenceTriggerDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => coincide(RED, this, def));
  }
  RED.nodes.registerType("coincidence-trigger", CoincidenceTrigger);
}

function optionsOf(settings: Settings, def: CoincidenceTriggerDef): Required<CoincidenceOptions> {
  const seconds = (field: string, value: unknown, fallback: number, min = 0) =>
    settings.number(field, value, { min, max: 7 * 86_400, fallback });
  return {
    stations: settings.number("Stations", def.stations, { min: 1, max: 1000, fallback: 3 }),
    within: seconds("Within", def.within, 10),
    veto: settings
      .text(def.veto)
      .split(/[\s,;]+/)
      .filter((name) => name !== ""),
    wait: seconds("Wait", def.wait, 0),
    perHour: settings.number("Per hour", def.perHour, { min: 0, max: 1000, fallback: 0 }),
    longest: seconds("Forget after", def.longest, 86_400, 1),
  };
}

function coincide(RED: NodeAPI, node: Node, def: CoincidenceTriggerDef): void {
  const settings = new Settings(RED, node);
  const options = optionsOf(settings, def);
  let coincidence = new Coincidence(options);

  const status = new StatusLine(node, () => describe(RED, coincidence, options.stations));
  const tell = (events: CoincidenceEvent[], send: Send) => {
    for (const event of events) {
      const message = { topic: event.id, payload: payloadOf(event) };
      send(event.held === undefined ? [message, null] : [null, message]);
    }
  };

  function take(input: StationInput, send: Send): void {
    if (input.kind === "change") tell(coincidence.push(input.change, now()), send);
    else if (input.kind === "test") send([{ topic: "test", payload: testPayload(input.change) }, null]);
    else if (input.kind === "unmute") for (const pattern of input.patterns) coincidence.unmute(pattern);
    else {
      for (const pattern of input.patterns) coincidence.mute(pattern, input.until);
      tell(coincidence.tick(now()), send);
    }
  }

  onInput(node, async (msg, send) => {
    if ((msg as { reset?: unknown }).reset) coincidence = new Coincidence(options);
    else take(readStationInput(msg.payload), send);
    status.update();
  });

  const tick = guarded(node, () => tell(coincidence.tick(now()), (msg) => node.send(msg)));
  const timer = setInterval(tick, TICK_MS);

  onClose(node, async () => {
    clearInterval(timer);
    status.close();
  });
}

const now = (): bigint => BigInt(Date.now()) * 1_000_000n;

function payloadOf({ time, stations, held, ...event }: CoincidenceEvent): object {
  return {
    ...event,
    time: formatNanoseconds(time),
    stations: stations.map(({ onTime, peakRatio, ...station }) => ({
      ...station,
      onTime: formatNanoseconds(onTime),
      ...(peakRatio !== undefined && { peakRatio }),
    })),
    ...(held !== undefined && { held }),
  };
}

/** What a trial of one station's trigger becomes, so that what is behind this node is tried, too. */
function testPayload({ event, sourceId, time }: StationChange): object {
  const when = formatNanoseconds(time);
  const stations = [{ station: stationOf(sourceId), sourceId, onTime: when }];
  return { event, test: true, id: "coincidence@test", time: when, stations, vetoed: [] };
}

/** `1 of 3 stations, 2 muted`; red while an alert goes on. */
function describe(RED: NodeAPI, coincidence: Coincidence, needed: number): NodeStatus {
  const { isOn, activeStations, muted } = coincidence;
  const text = (key: string, values: Record<string, string | number>) =>
    RED._(`coincidence-trigger.status.${key}`, values);
  return {
    fill: isOn ? "red" : "green",
    shape: isOn || activeStations.length > 0 ? "dot" : "ring",
    text: parts(
      text("stations", { count: activeStations.length, needed }),
      muted.length > 0 && text("muted", { count: muted.length }),
    ),
  };
}
