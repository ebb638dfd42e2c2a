// Which specs a file of this package is guarded by: those of its area, and those that import it.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** How far it is looked: the nearest specs are tried first. */
const MOST_STEPS = 4;

/** What takes minutes is not run for each change. */
const SLOW = "test/slow/";

export function filesIn(root: string, folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".js"))
    .map((file) => path.posix.join(folder, file))
    .sort();
}

/** Compiled specs and what they import. */
export class SpecFinder {
  readonly #root: string;
  readonly #specs: readonly string[];
  readonly #imports = new Map<string, readonly string[]>();

  constructor(root: string) {
    this.#root = root;
    this.#specs = filesIn(root, "test").filter((file) => file.endsWith(".spec.js") && !file.startsWith(SLOW));
  }

  /** The nearest first. `area`: `lib/mseed`, `nodes`. */
  specsOf(file: string, area: string): string[] {
    const folder = `test/${area.replace(/^lib\//, "")}`;
    const isOfArea = (spec: string) => spec.startsWith(`${folder}/`) || spec === `${folder}.spec.js`;
    const steps = new Map(this.#specs.map((spec) => [spec, this.#stepsTo(spec, file)]));
    return this.#specs
      .filter((spec) => steps.get(spec) === 1 || isOfArea(spec))
      .sort((a, b) => steps.get(a)! - steps.get(b)!);
  }

  /** How many imports lead from one file to another. */
  #stepsTo(from: string, to: string): number {
    let edge = [from];
    const seen = new Set(edge);
    for (let steps = 1; edge.length > 0 && steps <= MOST_STEPS; steps++) {
      edge = edge.flatMap((file) => this.#importsOf(file)).filter((file) => !seen.has(file));
      if (edge.includes(to)) return steps;
      for (const file of edge) seen.add(file);
    }
    return Number.POSITIVE_INFINITY;
  }

  #importsOf(file: string): readonly string[] {
    const known = this.#imports.get(file);
    if (known) return known;
    const text = readFileSync(path.join(this.#root, file), "utf8");
    const names = [...text.matchAll(/require\("(\.[^"]+\.js)"\)/g)].map((match) => match[1]!);
    const found = names.map((name) => path.posix.join(path.posix.dirname(file), name));
    const inside = found.filter((name) => !name.startsWith(".."));
    this.#imports.set(file, inside);
    return inside;
  }
}
