// `npm run soak -- --minutes N [--seed S] [--every SECONDS] [--rate RECORDS]`: wears the demo down by a plan drawn from the seed. Says what
// happens, line by line, then the ledger; ends with 1 where something is wrong. Ctrl-C ends it early, with its ledger.
import { parseArgs } from "node:util";
import { drawPlan, stepText } from "./plan.ts";
import { Soak } from "./soak.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "3" },
    seed: { type: "string" },
    every: { type: "string", default: "4" },
    rate: { type: "string", default: "20" },
  },
});

/** Milliseconds that a step takes itself, and Node-RED's start and end per step, as it turned out. */
const STEP_MS = 3500;
const FEWEST = 6;

async function main(): Promise<void> {
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
  const [minutes, rate, every] = [Number(values.minutes), Number(values.rate), Number(values.every) * 1000];
  const steps = Math.max(1, Math.round((minutes * 60_000) / (every + STEP_MS)));
  const lives = drawPlan({ seed, steps, fewest: FEWEST, most: Math.max(FEWEST, Math.round(steps / 4)) });
  console.log(`soak: seed ${seed}, ${minutes} minutes, ${steps} steps in ${lives.length} lives of Node-RED`);
  for (const { steps, end } of lives) console.log(`  ${steps.map(stepText).join(" · ")} · Node-RED ${end}`);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const begun = performance.now();
  const diskBytes = 32 * 2 ** 20 + Math.round(minutes * 60 * rate * 1200);
  const say = (line: string) => console.log(line);
  const options = { lives, every, rate, stations: Math.max(1, Math.round(rate / 2)), diskBytes, say };
  const { problems, table } = await Soak.run({ ...options, signal: stop.signal });
  console.log(`\nseed ${seed}, ${((performance.now() - begun) / 60_000).toFixed(1)} minutes`);
  for (const line of table) console.log(line);
  for (const problem of problems) console.log(`WRONG: ${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

main().then(
  () => process.exit(),
  (error: Error) => {
    console.error(error.stack);
    process.exit(1);
  },
);
