// The plan of the house, held against the code: a room only uses rooms below it, no two files need each other, no folder is
// crowded, and every file says what it is about.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "..");

/** What each room may use besides itself and the ground (`lib/*.ts`). */
const BELOW: Record<string, string[]> = {
  "lib/bzip2": [],
  "lib/net": [],
  "lib/files": [],
  "lib/mseed": [],
  "lib/shake": [],
  "lib/signal": [],
  "lib/stations": [],
  "lib/waveform": ["lib/mseed", "lib/signal"],
  "lib/subscription": ["lib/net", "lib/files"],
  "lib/datalink": ["lib/net", "lib/subscription"],
  "lib/seedlink": ["lib/mseed", "lib/net", "lib/subscription"],
  "lib/archive": ["lib/files", "lib/mseed", "lib/datalink", "lib/bzip2"],
  "lib/server": ["lib/net", "lib/files", "lib/mseed", "lib/datalink", "lib/seedlink"],
  "lib/seismograph": [
    "lib/net",
    "lib/files",
    "lib/mseed",
    "lib/signal",
    "lib/waveform",
    "lib/archive",
    "lib/datalink",
    "lib/seedlink",
    "lib/server",
  ],
  "lib/jetstream": ["lib/net", "lib/files", "lib/subscription", "lib/datalink"],
  "lib/cli": [
    "lib/net",
    "lib/files",
    "lib/subscription",
    "lib/mseed",
    "lib/datalink",
    "lib/seedlink",
    "lib/archive",
    "lib/server",
    "lib/jetstream",
    "lib/waveform",
    "lib/shake",
    "lib/signal",
    "lib/bzip2",
    "lib/seismograph",
  ],
  nodes: [
    "lib/index",
    "lib/net",
    "lib/files",
    "lib/subscription",
    "lib/mseed",
    "lib/datalink",
    "lib/seedlink",
    "lib/archive",
    "lib/server",
    "lib/jetstream",
    "lib/waveform",
    "lib/shake",
    "lib/signal",
    "lib/stations",
    "lib/bzip2",
    "lib/seismograph",
  ],
};

/** Most source files of a folder that has no folders inside. */
const MOST_FILES = 15;

/** What a file that stands between the rooms may use besides the ground. */
const BETWEEN: Record<string, string[]> = { "lib/packets.ts": ["lib/datalink", "lib/mseed", "lib/bzip2"] };

/** What programs import: it gathers from all rooms. */
const FACES = ["lib/index.ts", "lib/browser.ts"];

/** Packages that only some rooms may import: Node-RED stays in nodes/, browsers' floor stays free of Node.js. */
const PURE = ["lib/mseed", "lib/shake", "lib/signal", "lib/waveform", "lib/seismograph/drawing"];

function sources(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
    .map((file) => path.posix.join(folder, file.split(path.sep).join("/")));
}

function imports(file: string): string[] {
  const text = readFileSync(path.join(root, file), "utf8");
  return [...text.matchAll(/(?<!["\w])(?:from|import|require\()\s*\(?"([^"]+)"/g)].map((match) => match[1]!);
}

/** `lib/mseed` for `lib/mseed/v2/record.ts`, `lib` for the ground floor, `nodes` for all of nodes/. */
function room(file: string): string {
  const [floor, name] = file.split("/");
  if (floor === "nodes") return "nodes";
  return name?.endsWith(".ts") ? "lib" : `${floor}/${name}`;
}

const files = [...sources("lib"), ...sources("nodes")];

/** The files that a file imports, types included. */
function neighbours(file: string): string[] {
  return imports(file)
    .filter((name) => name.startsWith("."))
    .map((name) => path.posix.join(path.posix.dirname(file), name))
    .filter((target) => files.includes(target));
}

/** Groups of files that all need each other, by Tarjan's algorithm; each in the order of names. */
function circles(): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    stack.push(file);
    for (const next of neighbours(file)) {
      if (!order.has(next)) visit(next);
      // What is off the stack belongs to a group that is complete.
      if (stack.includes(next)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(next)!));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const group = stack.splice(stack.indexOf(file));
    if (group.length > 1) found.push(group.sort());
  };
  for (const file of files) if (!order.has(file)) visit(file);
  return found;
}

/** Folders with their source files, not counting those in sub-folders. */
function folders(top: string): { folder: string; files: number; hasFolders: boolean }[] {
  const entries = readdirSync(path.join(root, top), { withFileTypes: true });
  const inner = entries.filter((entry) => entry.isDirectory());
  const own = entries.filter(({ name }) => /\.ts$/.test(name) && !name.endsWith(".d.ts"));
  return [
    { folder: top, files: own.length, hasFolders: inner.length > 0 },
    ...inner.flatMap(({ name }) => folders(path.posix.join(top, name))),
  ];
}

describe("the house", () => {
  it("has a plan for every room", () => {
    const rooms = new Set(files.map(room));
    rooms.delete("lib");
    assert.deepEqual(
      [...rooms].filter((name) => !(name in BELOW)),
      [],
    );
  });

  it("has no circle of files", () => {
    assert.deepEqual(circles(), []);
  });

  it("has the server use the protocols, and not their clients", () => {
    const clients = files
      .filter((file) => file.startsWith("lib/server/"))
      .flatMap(neighbours)
      .filter((file) => /^lib\/(datalink|seedlink)\/(?!protocol\/)/.test(file));
    assert.deepEqual(clients, []);
  });

  it("has no folder that one cannot overlook", () => {
    const crowded = ["lib", "nodes", "page", "resources", "test"]
      .flatMap(folders)
      .filter(({ files, hasFolders }) => files > MOST_FILES && !hasFolders)
      .map(({ folder }) => folder);
    assert.deepEqual(crowded, []);
  });

  for (const file of files) {
    it(`${file} uses only what is below it, and says what it is about`, () => {
      const own = room(file);
      for (const name of imports(file)) {
        if (!name.startsWith(".")) {
          assert.ok(
            own === "nodes" || !/^(node-red|@node-red)/.test(name),
            `${name}: the library imports no Node-RED`,
          );
          const isPure = PURE.some((folder) => file.startsWith(`${folder}/`));
          assert.ok(!isPure, `${name}: ${file} runs in a browser too and imports no package`);
          continue;
        }
        const target = path.posix.join(path.posix.dirname(file), name);
        const used = room(target);
        if (used === own || FACES.includes(file)) continue;
        if (used === "lib") {
          assert.ok(
            own === "nodes" || own === "lib/cli" || !FACES.includes(target),
            `${target} is above ${own}`,
          );
          continue;
        }
        const allowed = BETWEEN[file] ?? BELOW[own];
        assert.ok(allowed?.includes(used), `${file} must not use ${used}`);
      }
      const text = readFileSync(path.join(root, file), "utf8").replace(/^#!.*\n/, "");
      assert.match(text, /^\/[/*]/, "the first lines say what the file is about");
    });
  }
});
