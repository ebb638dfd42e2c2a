// Which specs a file of this package is guarded by: those of its area, and those that import it.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Imports that may lead from a spec of another area to a file that it guards; and how far it is looked in the area itself. */
const NEAR = 2;
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
  readonly #finds = new Map<string, number>();
  readonly #times = new Map<string, number>();

  constructor(root: string) {
    this.#root = root;
    this.#specs = filesIn(root, "test").filter((file) => file.endsWith(".spec.js") && !file.startsWith(SLOW));
  }

  /** Those that found something in this file first, then the nearest, then the quickest. `area`: `lib/mseed`, `nodes`. */
  specsOf(file: string, area: string): string[] {
    const folder = `test/${area.replace(/^lib\//, "")}`;
    const isOfArea = (spec: string) => spec.startsWith(`${folder}/`) || spec === `${folder}.spec.js`;
    const steps = new Map(this.#specs.map((spec) => [spec, this.#stepsTo(spec, file)]));
    return this.#specs
      .filter((spec) => steps.get(spec)! <= NEAR || isOfArea(spec))
      .sort(
        (a, b) =>
          this.#findsOf(b, file) - this.#findsOf(a, file) ||
          (steps.get(a) === steps.get(b) ? this.#timeOf(a) - this.#timeOf(b) : steps.get(a)! - steps.get(b)!),
      );
  }

  /** A test of the spec has failed by a change of the file. */
  found(spec: string, file: string): void {
    this.#finds.set(`${spec} ${file}`, this.#findsOf(spec, file) + 1);
  }

  /** The tests of the spec took so many milliseconds. */
  took(spec: string, milliseconds: number): void {
    this.#times.set(spec, Math.max(milliseconds, this.#timeOf(spec)));
  }

  #findsOf(spec: string, file: string): number {
    return this.#finds.get(`${spec} ${file}`) ?? 0;
  }

  #timeOf(spec: string): number {
    return this.#times.get(spec) ?? 0;
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
    // What a page has of the library is bundled.
    for (const [, name] of text.matchAll(/bundledPage\)?\("([^"]+\.js)"\)/g)) found.push(`lib/${name}`);
    const inside = found.filter((name) => !name.startsWith(".."));
    this.#imports.set(file, inside);
    return inside;
  }
}
