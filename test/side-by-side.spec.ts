// test/support/lanes/side-by-side.ts: what processes of mocha write, count and come to is told whole.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { newFolder } from "./support/folders.ts";
import { type Run, sideBySide } from "./support/lanes/side-by-side.ts";

const REPORTER = path.join(__dirname, "counting-reporter.js");

describe("lanes of specs", () => {
  let folder: string;
  beforeEach(() => {
    folder = newFolder();
  });

  const file = (name: string) => path.join(folder, name);
  /** A lane with one spec of this code. */
  function lane(name: string, code: string): Run {
    writeFileSync(file(`${name}.spec.js`), `const fs = require("node:fs");\n${code}`);
    return {
      name,
      words: ["--no-config", "--reporter", REPORTER, "--timeout", "60000", file(`${name}.spec.js`)],
    };
  }
  /** Code that goes on when a file is there. */
  const waitFor = (name: string, then: string) => `{
    const timer = setInterval(() => {
      if (!fs.existsSync(${JSON.stringify(file(name))})) return;
      clearInterval(timer);
      ${then}
    }, 5);
  }`;
  /** Code that makes a file, whole, with the process's number. */
  const make = (name: string) => `{
    fs.writeFileSync(${JSON.stringify(file(`${name}.new`))}, String(process.pid));
    fs.renameSync(${JSON.stringify(file(`${name}.new`))}, ${JSON.stringify(file(name))});
  }`;

  async function run(
    runs: Run[],
    options: { leftBehind?: number } = {},
  ): Promise<{ code: number; output: string; counts: string[] }> {
    const out = new PassThrough();
    const output = text(out);
    const code = await sideBySide(runs, { out, counts: file("counts"), ...options });
    out.end();
    const counted = existsSync(file("counts")) ? readFileSync(file("counts"), "utf8") : "";
    return { code, output: await output, counts: counted.trim().split("\n").sort() };
  }

  it("write one after the other, whatever comes first, and add their counts", async () => {
    const first = lane(
      "first",
      `it("waits", (done) => ${waitFor("second-is-through", 'console.error("of the first"); done();')});`,
    );
    const second = lane(
      "second",
      `it("is quick", () => console.log("of the second"));
      it("is skipped");
      process.once("exit", () => { ${make("second-is-through")} });`,
    );
    const { code, output, counts } = await run([first, second]);
    assert.equal(code, 0, output);
    assert.deepEqual(counts, ["1 0 0", "1 0 1"]);
    assert.match(
      output,
      /Lane: first\n.*of the first\n.*1 passing.*Lane: second\n.*of the second\n.*1 passing/s,
    );
    assert.match(output, /skipped: is skipped\n$/);
  });

  it("have failed when one fails, is killed, or ends without counts, and the others are told whole", async () => {
    const { code, output, counts } = await run([
      lane("fails", `it("fails", () => { throw new Error("on purpose"); });`),
      lane(
        "dies",
        `it("dies", () => { console.log("before it dies"); process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); });`,
      ),
      lane("leaves", `it("leaves", () => process.exit(0));`),
      lane("works", `it("works", () => {});`),
    ]);
    assert.equal(code, 1);
    assert.deepEqual(counts, ["0 1 0", "1 0 0"]);
    assert.match(output, /Error: on purpose.*before it dies/s);
    assert.match(output, /Lane: works\n.*1 passing/s);
    const faults = output.slice(output.indexOf("  Lane fails failed"));
    assert.equal(
      faults,
      `  Lane fails failed: it ended with 1.
  Lane dies failed: it was ended by SIGKILL.
  Lane leaves failed: it ended without counts of its tests.
`,
    );
  });

  it("have failed when one of them has, with whatever exit code", async () => {
    const { code } = await run([lane("works", `it("works", () => {});`), lane("odd", `process.exit(7);`)]);
    assert.equal(code, 1);
  });

  it("wait for their turn when they write much, and lose nothing of it", async () => {
    const line = "x".repeat(1023);
    const lines = 20 * 1024;
    const second = lane(
      "second",
      `it("writes", () => { ${make("begun")} for (let i = 0; i < ${lines}; i++) console.log(${JSON.stringify(line)}); });`,
    );
    const { code, output } = await run([
      lane("first", `it("waits", (done) => ${waitFor("begun", "done();")});`),
      second,
    ]);
    assert.equal(code, 0);
    assert.equal(output.split(line).length - 1, lines);
  });

  it("end when a lane has, though a program that it has left behind still writes to the same place", async () => {
    const program = `const fs = require("node:fs"); ${make("left")} setInterval(() => console.log("still here"), 20);`;
    const { code, output } = await run(
      [
        lane(
          "leaves",
          `it("leaves a program behind", () => {
          require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(program)}], { stdio: "inherit" });
          ${waitFor("left", 'process.kill(process.pid, "SIGKILL");')}
          return new Promise(() => {});
        });`,
        ),
      ],
      { leftBehind: 100 },
    );
    process.kill(Number(readFileSync(file("left"), "utf8")), "SIGKILL");
    assert.equal(code, 1);
    assert.match(output, /Lane leaves failed: it was ended by SIGKILL/);
  });

  it("all end with Ctrl-C, and what they wrote is told", async () => {
    const hang = (name: string) =>
      lane(
        name,
        `it("hangs", () => { console.log("${name} hangs"); ${make(name)} setInterval(() => {}, 1000); return new Promise(() => {}); }).timeout(0);`,
      );
    const runs = JSON.stringify([hang("first"), hang("second")]);
    const module = JSON.stringify(path.join(__dirname, "support/lanes/side-by-side.js"));
    const script = `require(${module}).sideBySide(${runs}).then((code) => { process.exitCode = code; });
      ${waitFor("first", waitFor("second", 'process.kill(process.pid, "SIGINT");'))}`;
    const child = spawn(process.execPath, ["-e", `const fs = require("node:fs"); ${script}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const output = text(child.stdout);
    const [code] = await once(child, "close");
    assert.equal(code, 130);
    assert.match(await output, /first hangs\n.*second hangs\n.*Lane first failed: it was ended by SIGINT/s);
    for (const name of ["first", "second"])
      assert.throws(() => process.kill(Number(readFileSync(file(name), "utf8")), 0), { code: "ESRCH" });
  });
});
