// `npm run fuzz -- NAME --minutes N [--seed S] [--from I] [--count C]`: gives a target wrong inputs for as long. What it finds
// is written to test/fuzz/cases, from where the quick suite tries it again. Without a name, says which targets there are.
import { parseArgs } from "node:util";
import { type Finding, fuzz, writeCase } from "./fuzzing.ts";
import { TARGETS } from "./targets.ts";

/** Found in one place, they are one defect. */
const MOST_FINDINGS = 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string" },
    from: { type: "string", default: "0" },
    count: { type: "string" },
  },
});

function usage(): void {
  console.log("Usage: npm run fuzz -- NAME --minutes N [--seed S] [--from I] [--count C]\n");
  for (const [name, { about }] of Object.entries(TARGETS)) console.log(`  ${name.padEnd(18)}${about}`);
}

/** Where it went wrong: what is found twice there counts once. */
function placeOf({ found }: Finding): string {
  const lines = found.split("\n").filter((line) => /^ +at /.test(line));
  const place = lines.find((line) => /\/(?:lib|nodes)\//.test(line)) ?? lines[0] ?? "";
  return `${found.slice(0, 70).replace(/\d+/g, "")} ${place.replace(/.*[ (]/, "")}`;
}

async function run(name: string): Promise<void> {
  const target = TARGETS[name];
  if (target === undefined) throw new Error(`there is no target ${name}`);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
  const started = performance.now();
  const places = new Set<string>();
  const onFinding = (finding: Finding) => {
    const place = placeOf(finding);
    if (places.has(place) || places.size === MOST_FINDINGS) return;
    places.add(place);
    console.log(
      `\nseed ${seed}, input ${finding.iteration}: ${finding.found}\nkept as ${writeCase(finding)}`,
    );
    process.exitCode = 1;
  };
  const count = values.count === undefined ? {} : { count: Number(values.count) };
  const until = started + Number(values.minutes) * 60_000;
  const options = { seed, from: Number(values.from), ...count, until, onFinding };
  console.log(`${name}: seed ${seed}`);
  const inputs = await fuzz(name, target, options);
  const seconds = (performance.now() - started) / 1000;
  const figures = `${inputs} inputs in ${seconds.toFixed(0)} s, ${places.size} findings, seed ${seed}`;
  const megabytes = process.memoryUsage().rss / 1e6;
  console.log(`${name}: ${figures}, ${megabytes.toFixed(0)} MB in use`);
}

async function main(): Promise<void> {
  if (positionals.length === 0) usage();
  for (const name of positionals) await run(name);
}

main().then(
  () => process.exit(),
  (error: Error) => {
    console.error(error.message);
    usage();
    process.exit(2);
  },
);
