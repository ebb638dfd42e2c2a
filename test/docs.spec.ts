// README and docs/ held against the code: a page per node with all its settings and their defaults, links that lead somewhere, error
// codes that exist, and every example told of.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { HEADINGS, ROWS } from "../bench/peers/rows.ts";
import { definitions } from "./support/editor/definitions.ts";
import { ENTRIES, withFace } from "./support/face.ts";
import { referencePages } from "./support/reference.ts";

const root = path.join(__dirname, "..");
const read = (file: string): string => readFileSync(path.join(root, file), "utf8");

const manifest = JSON.parse(read("package.json")) as {
  homepage: string;
  "node-red": { nodes: Record<string, string> };
};
const types = Object.keys(manifest["node-red"].nodes);
const homepage = manifest.homepage.replace(/#.*/, "");
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
];

/** A node's texts, by keys such as `datalink-in.label.match`. */
function catalog(type: string): (key: string) => string | undefined {
  const texts = JSON.parse(read(`nodes/locales/en-US/${type}.json`)) as unknown;
  return (key) => {
    const text = key
      .split(".")
      .reduce((inner: unknown, name) => (inner as Record<string, unknown>)?.[name], texts);
    return typeof text === "string" ? text : undefined;
  };
}

interface Setting {
  label: string;
  /** As the page is to show it; `undefined` where the dialog has none to show, as for secrets. */
  standard: string | undefined;
}

/** The settings of a node's dialog that have a label of their own. */
function settingsOf(type: string): Setting[] {
  const html = read(`nodes/${type}.html`);
  const text = catalog(type);
  const labels = html.matchAll(
    /<label for="node-(?:config-)?input-(\w+)"[^>]*>(?:(?!<\/label>).)*data-i18n="([\w-]+\.label\.[\w-]+)"/g,
  );
  return [...labels].map(([, name, key]) => {
    const given = own.get(type)!.defaults[name!]?.value;
    const select = new RegExp(`<select id="node-(?:config-)?input-${name}".*?</select>`, "s").exec(html)?.[0];
    const chosen = new RegExp(`<option value="${String(given)}" data-i18n="([^"]+)"`).exec(select ?? "")?.[1];
    return { label: text(key!)!, standard: chosen ? text(chosen) : shown(given) };
  });
}

function shown(value: unknown): string | undefined {
  if (typeof value === "boolean") return value ? "on" : "off";
  return typeof value === "string" && value !== "" ? `\`${value}\`` : undefined;
}

/** The rows of the table below a page's heading "Settings", each as its cells. */
function settingsTable(page: string): string[][] {
  const section = /^## Settings\n(.*?)^\| Setting .*?\n\|[-|]+\n(.*?)\n\n/ms.exec(page)?.[2] ?? "";
  return section.split("\n").map((row) =>
    row
      .split("|")
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
}

/** A page without its pieces of code, where a bracket is no link. */
const prose = (page: string): string => page.replace(/^```.*?^```/gms, "").replace(/`[^`\n]*`/g, "`code`");

/** The fragments that lead to a page's headings, as GitHub makes them. */
function fragments(page: string): string[] {
  const headings = [...page.replace(/^```.*?^```/gms, "").matchAll(/^#+ (.*)$/gm)];
  return headings.map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

const own = definitions();

describe("docs", () => {
  for (const type of types) {
    describe(`of ${type}`, () => {
      it("are a page that README's table of nodes links", () => {
        assert.ok(existsSync(path.join(root, `docs/nodes/${type}.md`)), `docs/nodes/${type}.md is missing`);
        assert.match(
          read("README.md"),
          new RegExp(`^\\| \\[\\*+${type}\\*+\\]\\(docs/nodes/${type}\\.md\\) \\|`, "m"),
        );
      });

      it("are linked from the help in the editor", () => {
        // Other languages have the same links: test/nodes/catalogs.spec.ts.
        const link = `(${homepage}/blob/main/docs/nodes/${type}.md)`;
        assert.ok(read(`nodes/${type}.html`).includes(link), `nodes/${type}.html does not link ${link}`);
      });

      it("have a row for every setting of the dialog, with its default", () => {
        const rows = settingsTable(read(`docs/nodes/${type}.md`));
        const settings = settingsOf(type);
        assert.ok(settings.length > 0);
        for (const { label, standard } of settings) {
          const row = rows.find(([name]) => name === label);
          assert.ok(row, `the table of settings has no row ${label}`);
          const wanted = standard ?? "blank";
          const isThere = row[2] === wanted || (standard === undefined && row[2] === "none");
          assert.ok(isThere, `${label}: the default is ${wanted}, not ${row[2]}`);
        }
      });

      it("have no row for what is no setting", () => {
        const labels = Object.values(
          (JSON.parse(read(`nodes/locales/en-US/${type}.json`)) as Record<string, { label: object }>)[type]!
            .label,
        );
        const odd = settingsTable(read(`docs/nodes/${type}.md`)).filter(([name]) => !labels.includes(name));
        assert.deepEqual(odd, []);
      });
    });
  }

  for (const page of pages) {
    it(`in ${page} have links that lead somewhere`, () => {
      for (const [, target] of prose(read(page)).matchAll(/\]\(([^)]+)\)/g)) {
        if (/^[a-z]+:/.test(target!)) continue;
        const [file, fragment] = target!.split("#") as [string, string?];
        const goal = file === "" ? page : path.posix.join(path.posix.dirname(page), file);
        assert.ok(existsSync(path.join(root, goal)), `${target}: there is no ${goal}`);
        if (fragment !== undefined)
          assert.ok(fragments(read(goal)).includes(fragment), `${goal} has no heading for #${fragment}`);
      }
    });

    // The reference is written from the code itself.
    if (page.startsWith("docs/api/")) continue;
    it(`in ${page} have error codes that the code has`, () => {
      const codes = [
        ...read(page).matchAll(/`([A-Z]+(?:_[A-Z]+)+|TIMEOUT|TRUNCATED|PROTOCOL|CLOSED|OVERLOADED)`/g),
      ];
      const unknown = codes
        .map(([, code]) => code!)
        .filter((code) => !source().includes(`"${code}"`) && !variables().has(code));
      assert.deepEqual(unknown, []);
    });
  }

  it("tell of every example", () => {
    const text = pages.map(read).join("\n").replace(/\s+/g, " ");
    const examples = readdirSync(path.join(root, "examples")).filter((file) => file.endsWith(".json"));
    assert.ok(examples.length > 0);
    assert.deepEqual(
      examples.filter((file) => !text.includes(file.replace(".json", ""))),
      [],
    );
  });
});

describe("README's first screen", () => {
  const [beforePicture, ...rest] = read("README.md").split(/^!\[.*$/m) as [string, ...string[]];

  it("has at most a hundred words before the picture", () => {
    assert.ok(rest.length > 0);
    const words = beforePicture.split(/\s+/).filter((word) => /\w/.test(word));
    assert.ok(words.length <= 100, `${words.length} words`);
  });

  it("has two commands behind it, and what they need", () => {
    const [, commands, needs] = /```sh\n(.*?)```\n(.*?)^\*\*/ms.exec(rest.join(""))!;
    assert.deepEqual(commands!.trim().split("\n"), ["npm install", "npm start"]);
    for (const need of ["git", "Node.js 20.19", "700 MB", "1880", "16000", "`PORT=", "DATALINK_PORT="])
      assert.ok(needs!.includes(need), need);
  });
});

describe("docs of speed", () => {
  const cellsOf = (line: string) => line.split("|").slice(1, -1);
  const table = read("docs/speed.md").match(/^\|.*\|$/gm)!;
  const text = (cells: string[]) => cells.map((cell) => cell.trim());

  it("have the table that the benchmark prints", () => {
    const [headings, , ...rows] = table.map(cellsOf);
    assert.deepEqual(text(headings!), HEADINGS);
    const named = rows.map((cells) => text(cells)).map(([name, , , , , goal]) => ({ name, goal }));
    assert.deepEqual(
      named,
      ROWS.map(({ name, goal }) => ({ name, goal })),
    );
  });

  it("have figures in each row, and ratios where there is something beside", () => {
    for (const row of ROWS) {
      const [, ours, peer, rate, time] = text(
        cellsOf(table.find((line) => line.startsWith(`| ${row.name} |`))!),
      );
      assert.match(ours!, /^\d+ k\/s, \d+\.\d µs$/, row.name);
      assert.match(peer!, row.peer === undefined ? /^$/ : /: \d+ k\/s, \d+\.\d µs$/, row.name);
      for (const ratio of [rate!, time!])
        assert.match(ratio, row.peer === undefined ? /^$/ : /^\d+\.\d\d ×$/, row.name);
    }
  });

  it("lend README some of its rows, as they are", () => {
    const lent = read("README.md")
      .split("\n")
      .filter((line) => ROWS.some(({ name }) => line.startsWith(`| ${name} |`)));
    assert.equal(lent.length, 3);
    assert.deepEqual(
      lent.filter((line) => !table.includes(line)),
      [],
    );
  });
});

describe("docs of what is not published yet", () => {
  for (const page of pages) {
    it(`in ${page} say so`, () => {
      const paragraphs = read(page)
        .replace(/^```.*?^```/gms, "")
        .split(/\n\n/);
      const claims = paragraphs.filter((text) =>
        /npx -p|Manage palette|npm install (?:--global )?@seisflow/.test(text),
      );
      assert.deepEqual(
        claims.filter((text) => !/once (?:it|the package) is published/i.test(text)),
        [],
      );
    });
  }
});

describe("docs of the library", function () {
  // The compiler reads all declarations anew for each entry point.
  this.timeout(60_000);

  it("describe every export in its declaration", () => {
    for (const entry of Object.values(ENTRIES)) {
      withFace(entry, ({ exports }) => {
        const silent = exports.filter(({ declarations }) => declarations[0]!.comment === undefined);
        assert.deepEqual(
          silent.map(({ name, file }) => `${name} in ${file}`),
          [],
        );
      });
    }
  });

  it("have the reference that the declarations make: npm run docs:api writes it", () => {
    const pages = referencePages();
    assert.deepEqual(readdirSync(path.join(root, "docs/api")).sort(), [...pages.keys()].sort());
    for (const [name, text] of pages) assert.equal(read(`docs/api/${name}`), text, name);
  });

  it("have every error code in a table", () => {
    const page = read("docs/library.md");
    withFace(ENTRIES["."]!, ({ exports }) => {
      const unions = exports.filter(({ name }) => /(?:Error|Problem)Code$/.test(name));
      assert.ok(unions.length >= 4);
      const codes = unions.flatMap(({ declarations }) =>
        [...declarations[0]!.node.getText().matchAll(/"([A-Z_]+)"/g)].map(([, code]) => code!),
      );
      assert.deepEqual(
        codes.filter((code) => !page.includes(`\n| \`${code}\` |`)),
        [],
      );
    });
  });
});

/** The environment variables that examples look at. */
function variables(): Set<string> {
  const examples = readdirSync(path.join(root, "examples")).filter((file) => file.endsWith(".json"));
  const texts = examples.map((file) => read(`examples/${file}`)).join("\n");
  return new Set([...texts.matchAll(/env\.get\(\\"(\w+)\\"\)/g)].map(([, name]) => name!));
}

let sources: string | undefined;

/** All source text of the library and the nodes. */
function source(): string {
  sources ??= ["lib", "nodes"]
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" }).map(
        (file) => `${folder}/${file}`,
      ),
    )
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
    .map(read)
    .join("\n");
  return sources;
}
