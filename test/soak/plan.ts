// What happens in a soak, and when: drawn from a seed, so that a run can be repeated. Node-RED's lives follow each other; in each,
// steps of one or two events at once, and then its end.
import { seededRandom } from "../support/network/fault-proxy.ts";

/** What happens. Times are in milliseconds. */
export type SoakEvent =
  | { kind: "cut" | "reset"; proxy: number }
  | { kind: "stall"; proxy: number; time: number }
  /** Splits, half-closes, stalls, cuts and resets, after so few bytes. */
  | { kind: "storm"; proxy: number; time: number; seed: number; bytesToFault: number }
  | { kind: "server stopped" | "server killed" | "ringserver stopped"; away: number }
  | { kind: "deploy full" | "deploy nodes" | "deploy flows" }
  | { kind: "setting"; change: number; deploy: "nodes" | "flows" }
  | { kind: "clock of Node-RED" | "clock of the server"; ahead: number }
  | { kind: "disk full"; time: number };

export type Kind = SoakEvent["kind"];

export interface Life {
  steps: SoakEvent[][];
  end: "stopped" | "killed" | "killed in a deploy";
  /** Milliseconds until the next one begins. */
  away: number;
}

export interface PlanOptions {
  seed: number;
  /** Steps in all. */
  steps: number;
  /** Steps of a life. */
  fewest: number;
  most: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The part of steps in which two things happen at once. */
const AT_ONCE = 0.35;
const CLOCK_STEPS = [
  -25 * HOUR,
  -2 * HOUR,
  -90 * SECOND,
  -2 * SECOND,
  0,
  5 * SECOND,
  90 * SECOND,
  2 * HOUR,
  25 * HOUR,
];
const ENDS: readonly Life["end"][] = ["stopped", "killed", "killed in a deploy"];

/** Of everything once before anything comes again. */
class Bag<Thing> {
  readonly #all: readonly Thing[];
  readonly #random: () => number;
  #left: Thing[] = [];

  constructor(all: readonly Thing[], random: () => number) {
    this.#all = all;
    this.#random = random;
  }

  draw(): Thing {
    if (this.#left.length === 0) this.#left = [...this.#all];
    return this.#left.splice(Math.floor(this.#random() * this.#left.length), 1)[0]!;
  }
}

type Draw = (from: number, below: number) => number;

const MAKE: Record<Kind, (draw: Draw) => SoakEvent> = {
  cut: (draw) => ({ kind: "cut", proxy: draw(0, 8) }),
  reset: (draw) => ({ kind: "reset", proxy: draw(0, 8) }),
  stall: (draw) => ({ kind: "stall", proxy: draw(0, 8), time: draw(200, 4000) }),
  storm: (draw) => ({
    ...{ kind: "storm", proxy: draw(0, 8), time: draw(1000, 5000) },
    ...{ seed: draw(0, 1e6), bytesToFault: draw(500, 20_000) },
  }),
  "server stopped": (draw) => ({ kind: "server stopped", away: draw(0, 3000) }),
  "server killed": (draw) => ({ kind: "server killed", away: draw(0, 3000) }),
  "ringserver stopped": (draw) => ({ kind: "ringserver stopped", away: draw(0, 3000) }),
  "deploy full": () => ({ kind: "deploy full" }),
  "deploy nodes": () => ({ kind: "deploy nodes" }),
  "deploy flows": () => ({ kind: "deploy flows" }),
  setting: (draw) => ({
    ...{ kind: "setting", change: draw(0, 1e6), deploy: draw(0, 2) === 0 ? "nodes" : "flows" },
  }),
  "clock of Node-RED": (draw) => ({
    kind: "clock of Node-RED",
    ahead: CLOCK_STEPS[draw(0, CLOCK_STEPS.length)]!,
  }),
  "clock of the server": (draw) => ({
    ...{ kind: "clock of the server", ahead: CLOCK_STEPS[draw(0, CLOCK_STEPS.length)]! },
  }),
  "disk full": (draw) => ({ kind: "disk full", time: draw(500, 8000) }),
};

export const KINDS = Object.keys(MAKE) as Kind[];

/** The same plan for the same options. */
export function drawPlan({ seed, steps, fewest, most }: PlanOptions): Life[] {
  const random = seededRandom(seed);
  const draw: Draw = (from, below) => from + Math.floor(random() * (below - from));
  const kinds = new Bag(KINDS, random);
  const ends = new Bag(ENDS, random);
  const lives: Life[] = [];
  for (let left = steps; left > 0; ) {
    const count = Math.min(left, draw(fewest, most + 1));
    left -= count;
    const life = Array.from({ length: count }, () => {
      const atOnce = random() < AT_ONCE ? 2 : 1;
      return Array.from({ length: atOnce }, () => MAKE[kinds.draw()](draw));
    });
    lives.push({ steps: life, end: ends.draw(), away: draw(0, 3000) });
  }
  return lives;
}

/** `cut 3 + disk full 4.2 s`. */
export function stepText(step: readonly SoakEvent[]): string {
  return step.map(eventText).join(" + ");
}

function eventText(event: SoakEvent): string {
  switch (event.kind) {
    case "cut":
    case "reset":
      return `${event.kind} ${event.proxy}`;
    case "stall":
    case "storm":
      return `${event.kind} ${event.proxy} for ${seconds(event.time)}`;
    case "disk full":
      return `${event.kind} for ${seconds(event.time)}`;
    case "server stopped":
    case "server killed":
    case "ringserver stopped":
      return `${event.kind} for ${seconds(event.away)}`;
    case "setting":
      return `${event.kind} ${event.change} (deploy ${event.deploy})`;
    case "clock of Node-RED":
    case "clock of the server":
      return `${event.kind} ${event.ahead < 0 ? "" : "+"}${seconds(event.ahead)}`;
    default:
      return event.kind;
  }
}

const seconds = (milliseconds: number): string => `${milliseconds / SECOND} s`;
