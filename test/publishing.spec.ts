// What publishes and looks after the package: workflows, issue forms, dependabot, licences; held against package.json.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { load } from "js-yaml";
import { licencesPage, PAGE } from "./support/licences.ts";

const root = path.join(__dirname, "..");
const github = path.join(root, ".github");
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  name: string;
  keywords: string[];
  engines: { node: string };
  scripts: Record<string, string>;
  "node-red": { version: string; nodes: Record<string, string> };
};

interface Step {
  name?: string;
  run?: string;
  uses?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}

interface Job {
  steps?: Step[];
  uses?: string;
  needs?: string;
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
  strategy?: { matrix: { include: { node: number; "node-red": string }[] } };
}

interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const yaml = (file: string): unknown => load(readFileSync(path.join(github, file), "utf8"));
const workflows = readdirSync(path.join(github, "workflows"));
const workflow = (name: string): Workflow => yaml(`workflows/${name}`) as Workflow;

describe("the workflows", () => {
  for (const name of workflows) {
    const { jobs, permissions } = workflow(name);
    const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);

    it(`${name} runs only what there is`, () => {
      for (const { run = "" } of steps) {
        for (const [, script] of run.matchAll(/npm run ([\w:]+)/g))
          assert.ok(script! in manifest.scripts, script);
        for (const [file] of run.matchAll(/(?<![\w/])(?:\.ci|test)\/[\w./-]+/g))
          assert.ok(
            existsSync(path.join(root, file.replace(/\.js$/, ".ts"))) || existsSync(path.join(root, file)),
            file,
          );
      }
      for (const { uses } of Object.values(jobs))
        if (uses !== undefined) assert.ok(existsSync(path.join(root, uses)), uses);
    });

    it(`${name} may only read, takes actions of a named version, and ends`, () => {
      assert.deepEqual(permissions, { contents: "read" });
      for (const { uses } of steps) if (uses !== undefined) assert.match(uses, /^actions\/[\w-]+@v\d+$/);
      for (const [job, { steps, "timeout-minutes": limit }] of Object.entries(jobs))
        if (steps) assert.ok(limit !== undefined && limit <= 120, `${job} has no limit of time`);
    });
  }

  it("test.yml tests the oldest Node.js and Node-RED of package.json, 22, 24 and Node-RED 5", () => {
    const { include } = workflow("test.yml").jobs.quick!.strategy!.matrix;
    const oldestNode = Number(/>=(\d+)/.exec(manifest.engines.node)![1]);
    const oldestNodeRed = /^>=(\d+\.\d+)/.exec(manifest["node-red"].version)![1]!;
    assert.deepEqual([...new Set(include.map(({ node }) => node))], [oldestNode, 22, 24]);
    assert.deepEqual([...new Set(include.map((row) => row["node-red"]))], [oldestNodeRed, "5"]);
    assert.ok(include.some((row) => row.node === oldestNode && row["node-red"] === oldestNodeRed));
    // Node-RED 5 does not start on less than 22.9.
    assert.ok(include.every((row) => row["node-red"] !== "5" || row.node >= 22));
  });

  it("release.yml publishes a tag, after the tests, with provenance", () => {
    const { on, jobs } = workflow("release.yml");
    assert.deepEqual(on, { push: { tags: ["v*"] } });
    const { publish, test } = jobs;
    assert.equal(test!.uses, "./.github/workflows/test.yml");
    assert.ok("workflow_call" in workflow("test.yml").on);
    assert.equal(publish!.needs, "test");
    assert.equal(publish!.permissions!["id-token"], "write");
    const runs = publish!.steps!.map(({ run = "" }) => run);
    const at = runs.findIndex((run) => run.startsWith("npm publish"));
    assert.match(runs[at]!, /--provenance --access public/);
    assert.ok(runs.findIndex((run) => run.includes("GITHUB_REF_NAME")) < at, "the tag is compared before");
  });
});

describe("the issue forms", () => {
  const folder = path.join(github, "ISSUE_TEMPLATE");
  for (const name of readdirSync(folder).filter((file) => file !== "config.yml")) {
    it(`${name} have what GitHub asks for`, () => {
      const {
        name: title,
        description,
        body,
      } = yaml(`ISSUE_TEMPLATE/${name}`) as {
        name: string;
        description: string;
        body: { type: string; id: string; attributes: { label: string; options?: unknown[] } }[];
      };
      assert.ok(title.length > 0 && description.length > 0);
      assert.equal(new Set(body.map(({ id }) => id)).size, body.length);
      for (const { type, attributes } of body) {
        assert.ok(["textarea", "input", "dropdown"].includes(type), type);
        assert.ok(attributes.label.length > 0);
        // GitHub takes text only, where YAML makes a boolean of no and yes.
        if (type === "dropdown") assert.ok(attributes.options!.every((option) => typeof option === "string"));
      }
    });
  }

  it("lead reports of holes to where they are private", () => {
    const { contact_links } = yaml("ISSUE_TEMPLATE/config.yml") as { contact_links: { url: string }[] };
    const policy = readFileSync(path.join(root, "SECURITY.md"), "utf8");
    assert.ok(policy.includes(contact_links[0]!.url));
  });
});

describe("dependabot", () => {
  it("looks at folders that have what it updates", () => {
    const { updates } = yaml("dependabot.yml") as {
      updates: { "package-ecosystem": string; directory: string }[];
    };
    const files = {
      npm: /^package\.json$/,
      "github-actions": /^\.github$/,
      docker: /(Docker|Container)file$/,
    };
    for (const { "package-ecosystem": kind, directory } of updates) {
      const pattern = files[kind as keyof typeof files];
      assert.ok(
        readdirSync(path.join(root, directory)).some((name) => pattern.test(name)),
        kind,
      );
    }
  });
});

describe("package.json", () => {
  it("has keywords that say what it does, node-red first", () => {
    assert.equal(manifest.keywords[0], "node-red");
    assert.equal(new Set(manifest.keywords).size, manifest.keywords.length);
    const readme = readFileSync(path.join(root, "README.md"), "utf8").toLowerCase();
    const spoken = manifest.keywords.map((word) => word.replace("-", "[- ]"));
    assert.deepEqual(
      spoken.filter((word) => !new RegExp(word).test(readme)),
      [],
    );
  });
});

describe("docs/licences.md", () => {
  it("is what node_modules says: npm run docs:licences writes it", () => {
    assert.equal(readFileSync(PAGE, "utf8"), licencesPage());
  });

  it("has no licence that asks more of those who use the package than to be named", () => {
    const [, runtime] = /## What is installed with it\n(.*?)\n## /s.exec(licencesPage())!;
    const licences = [...runtime!.matchAll(/^\| \[.*?\|.*?\| (.*?) \|/gm)].map(([, licence]) => licence!);
    assert.ok(licences.length >= 5);
    const permissive = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "BlueOak-1.0.0"];
    assert.deepEqual(
      licences.filter((licence) => !permissive.includes(licence)),
      [],
    );
  });
});
