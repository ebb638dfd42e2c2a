// The plan of the house, held against the code: a room only uses rooms below it, and every file says what it is about.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "..");

/** What each room may use besides itself and the ground (`lib/*.ts`). */
const BELOW: Record<string, string[]> = {
  "lib/mseed": [],
  "lib/signal": [],
  "lib/datalink": [],
  "lib/trace": ["lib/mseed"],
  "lib/archive": ["lib/mseed", "lib/datalink"],
  "lib/ring": ["lib/mseed", "lib/datalink"],
  "lib/cli": ["lib/mseed", "lib/datalink", "lib/archive", "lib/ring", "lib/trace"],
  nodes: ["lib/index", "lib/mseed", "lib/datalink", "lib/archive", "lib/ring", "lib/trace"],
};

/** Packages that only some rooms may import: Node-RED stays in nodes/, browsers' floor stays free of Node.js. */
const PURE = ["lib/mseed", "lib/signal", "lib/trace"];

function sources(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
    .map((file) => path.posix.join(folder, file.split(path.sep).join("/")));
}

function imports(file: string): string[] {
  const text = readFileSync(path.join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import|require\()\s*\(?"([^"]+)"/g)].map((match) => match[1]!);
}

/** `lib/ring` for `lib/ring/ring.ts`, `lib` for the ground floor, `nodes` for all of nodes/. */
function room(file: string): string {
  const [floor, name] = file.split("/");
  if (floor === "nodes") return "nodes";
  return name?.endsWith(".ts") ? "lib" : `${floor}/${name}`;
}

const files = [...sources("lib"), ...sources("nodes")];

describe("the house", () => {
  it("has a plan for every room", () => {
    const rooms = new Set(files.map(room));
    rooms.delete("lib");
    assert.deepEqual(
      [...rooms].filter((name) => !(name in BELOW)),
      [],
    );
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
          assert.ok(!PURE.includes(own), `${name}: ${own} runs in a browser too and imports no package`);
          continue;
        }
        const target = path.posix.join(path.posix.dirname(file), name);
        const used = room(target);
        if (used === own || file === "lib/index.ts") continue;
        if (used === "lib") {
          assert.ok(
            own === "nodes" || own === "lib/cli" || target !== "lib/index.ts",
            `${target} is above ${own}`,
          );
          continue;
        }
        assert.ok(BELOW[own]?.includes(used), `${own} must not use ${used}`);
      }
      const text = readFileSync(path.join(root, file), "utf8").replace(/^#!.*\n/, "");
      assert.match(text, /^\/[/*]/, "the first lines say what the file is about");
    });
  }
});
