// `npm run mutants -- AREA [--count N] [--seed S]`: changes the compiled code of an area in one place at a time, in a copy of this
// checkout, and runs the specs that guard it. A change that no spec notices is printed: a test is missing, or the code does
// nothing, or it means the same. `lib/net/fifo.js:13` tries all changes of a line.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { pick, randomFrom } from "../../fuzz/random.ts";
import type { Report } from "./first-failure.ts";
import { type Site, sitesOf } from "./sites.ts";
import { filesIn, SpecFinder } from "./specs.ts";

const ROOT = path.join(__dirname, "../../..");

/** What specs need of a checkout. */
const COPIED = [
  "lib",
  "nodes",
  "test",
  "bench",
  "resources",
  "icons",
  "docs",
  "examples",
  "package.json",
  ".mocharc.json",
];
const MORE_COPIED = ["README.md", "CHANGELOG.md", "LICENSE", "page", "tsconfig.json"];

/** A run in which no test ends for so long, also on a busy machine, hangs. */
const PATIENCE_MS = 90_000;

/** A loop without end may also be one that keeps what it makes. */
const MEMORY = "--max-old-space-size=1024";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
  },
});

interface Mutant extends Site {
  file: string;
}

interface Outcome {
  isKilled: boolean;
  /** The test that failed first, and the spec that it is in; neither where the run hung, or ended otherwise. */
  by?: string | undefined;
  spec?: string | undefined;
}

class Laboratory {
  readonly root = mkdtempSync(path.join(tmpdir(), "mutants-"));
  readonly #specs: SpecFinder;
  /** Whether specs, alone or together, pass without a mutant: asked only of those that failed with one. */
  readonly #passes = new Map<string, boolean>();
  #running: number | undefined;

  constructor() {
    for (const name of [...COPIED, ...MORE_COPIED]) {
      const from = path.join(ROOT, name);
      if (existsSync(from)) cpSync(from, path.join(this.root, name), { recursive: true });
    }
    symlinkSync(path.join(ROOT, "node_modules"), path.join(this.root, "node_modules"));
    this.#specs = new SpecFinder(this.root);
  }

  async try(mutant: Mutant, area: string): Promise<Outcome> {
    for (;;) {
      const specs = this.#specs.specsOf(mutant.file, area).filter((spec) => this.#passes.get(spec) !== false);
      const outcome = await this.#runWith(mutant, specs);
      if (!outcome.isKilled) return outcome;
      const failed = outcome.spec === undefined ? specs : [outcome.spec];
      if (await this.#pass(failed)) {
        if (outcome.spec !== undefined) this.#specs.found(outcome.spec, mutant.file);
        return outcome;
      }
      console.log(`left out, since it fails without a mutant: ${failed.join(", ")}`);
      if (outcome.spec === undefined) return { isKilled: false, by: "cannot be told" };
    }
  }

  async #runWith(mutant: Mutant, specs: readonly string[]): Promise<Outcome> {
    const file = path.join(this.root, mutant.file);
    const source = readFileSync(file, "utf8");
    writeFileSync(file, source.slice(0, mutant.start) + mutant.text + source.slice(mutant.end));
    try {
      return await this.#run(specs);
    } finally {
      writeFileSync(file, source);
    }
  }

  async #pass(specs: readonly string[]): Promise<boolean> {
    const name = specs.join();
    const known = this.#passes.get(name) ?? !(await this.#run(specs)).isKilled;
    this.#passes.set(name, known);
    return known;
  }

  #run(specs: readonly string[]): Promise<Outcome> {
    if (specs.length === 0) return Promise.resolve({ isKilled: false });
    const mocha = require.resolve("mocha/bin/mocha.js");
    const report = path.join(this.root, "report.json");
    rmSync(report, { force: true });
    const reporter = "test/support/mutants/first-failure.js";
    const options = ["--no-config", "--bail", "--exit", "--timeout", "20000", "--reporter", reporter];
    const child = spawn(
      process.execPath,
      [MEMORY, mocha, ...options, "--require", "test/support/properties.js", ...specs],
      {
        cwd: this.root,
        detached: true,
        stdio: ["ignore", "ignore", "ignore", "ipc"],
        env: { ...process.env, TMPDIR: this.root, MUTANT_REPORT: report },
      },
    );
    this.#running = child.pid;
    return new Promise((resolve) => {
      const late = setTimeout(() => kill(child.pid), PATIENCE_MS);
      child.on("message", () => late.refresh());
      child.on("close", () => {
        clearTimeout(late);
        kill(child.pid);
        resolve(this.#outcomeOf(report));
      });
    });
  }

  /** All passed, or one failed; without a report the run hung, or ended before its end. */
  #outcomeOf(report: string): Outcome {
    if (!existsSync(report)) return { isKilled: true };
    const { title, file, times } = JSON.parse(readFileSync(report, "utf8")) as Report;
    for (const [spec, time] of Object.entries(times)) this.#specs.took(path.relative(this.root, spec), time);
    if (title === undefined) return { isKilled: false };
    return { isKilled: true, by: title, spec: file && path.relative(this.root, file) };
  }

  close(): void {
    kill(this.#running);
    rmSync(this.root, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A process and all that it has started. */
function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}

/** So many of an area, each at another place; all of a line. */
function choose(area: string, line: string | undefined, count: number, seed: number): Mutant[] {
  const files = area.endsWith(".js") ? [area] : filesIn(ROOT, area);
  const all = files.flatMap((file) =>
    sitesOf(readFileSync(path.join(ROOT, file), "utf8")).map((site): Mutant => ({ ...site, file })),
  );
  if (line !== undefined) return all.filter((mutant) => mutant.line === Number(line));
  const random = randomFrom(seed);
  const chosen = new Set<Mutant>();
  while (chosen.size < Math.min(count, all.length)) chosen.add(pick(all, random));
  return [...chosen];
}

function inWords({ file, line, start, end, text }: Mutant): string {
  const source = readFileSync(path.join(ROOT, file), "utf8");
  const from = source.lastIndexOf("\n", start) + 1;
  const to = source.indexOf("\n", end);
  const changed = source.slice(from, start) + text + source.slice(end, to);
  return `${file}:${line}\n    - ${source.slice(from, to).trim()}\n    + ${changed.trim()}`;
}

async function main(): Promise<void> {
  const [area, line] = positionals[0]?.split(":") ?? [];
  if (area === undefined || !existsSync(path.join(ROOT, area))) {
    console.error(
      "Usage: npm run mutants -- AREA [--count N] [--seed S]\nAREA is a folder, such as lib/mseed or nodes, a compiled file in one, or a line of it (lib/net/fifo.js:13).",
    );
    process.exitCode = 2;
    return;
  }
  const laboratory = new Laboratory();
  process.once("SIGINT", () => process.exit(1));
  process.once("SIGTERM", () => process.exit(1));
  process.once("exit", () => laboratory.close());
  const mutants = choose(area, line, Number(values.count), Number(values.seed));
  let killed = 0;
  const folder = area.endsWith(".js") ? path.posix.dirname(area) : area;
  for (const mutant of mutants) {
    const { isKilled, by } = await laboratory.try(mutant, folder);
    if (isKilled) killed++;
    const how = isKilled ? `killed by ${by ?? "a run that hangs or ends"}` : (by ?? "SURVIVES");
    console.log(`${how}: ${inWords(mutant)}`);
  }
  console.log(`${area}: ${killed} of ${mutants.length} killed, seed ${values.seed}`);
}

void main();
