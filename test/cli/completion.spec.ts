// lib/cli/completion.ts: what shells offer when Tab is pressed; asked of the real shells where they are installed.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Command, defineCommand } from "../../lib/cli/command.ts";
import { completionScript, SHELLS } from "../../lib/cli/completion.ts";
import { dali2jsonl } from "../../lib/cli/dali2jsonl/command.ts";
import { datalink } from "../../lib/cli/datalink/program.ts";
import { defineGroup, withCompletion } from "../../lib/cli/program.ts";
import { seedlink } from "../../lib/cli/seedlink/program.ts";
import { run, runProgram, temporaryFolder } from "./shell.ts";

/** Options of every kind, and text that a shell could misread. */
const odd = defineGroup("odd", "It's odd.", [
  defineCommand({
    name: "odd one",
    summary: `It's "odd": $HOME, \`id\`, \\, !, a:b`,
    operands: "FILE…",
    options: {
      into: { type: "string", value: "FOLDER", help: "a folder's name" },
      keys: { type: "string", short: "k", value: "FILE", help: "$(touch ran) \\" },
      word: { type: "string", short: "w", value: "WORD", help: "any" },
      order: { type: "string", value: "ORDER", choices: ["up", "down"], help: "which: way" },
    },
    run: () => Promise.resolve(0),
  }),
  defineGroup("odd two", "More.", [
    defineCommand({
      name: "odd two deep",
      summary: "Deep.",
      operands: "SERVER",
      options: { loud: { type: "boolean", help: "loud" } },
      run: () => Promise.resolve(0),
    }),
  ]),
]);

/** What stands in for zsh's own functions, outside of an interactive session. */
const ZSH = `
compdef() { }
compadd() { shift; print -rl -- "$@" }
compset() { PREFIX=\${PREFIX#*=} }
_files() { [[ $1 == -/ ]] && print -rl -- $PREFIX*(/N) || print -rl -- $PREFIX*(N) }
_message() { }
_describe() { [[ $1 == -o ]] && shift; local -a all=("\${(@P)2}"); print -rl -- "\${(@)\${(@)all//\\\\:/}%%:*}" }
`;

/** How to ask a shell what it offers for the last of some words. */
const ASK: Record<(typeof SHELLS)[number], (name: string, words: string[]) => string[]> = {
  bash: (name, words) => [
    "--norc",
    "-c",
    `source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _${name}; printf '%s\\n' "\${COMPREPLY[@]}"`,
    "bash",
    // As readline cuts words.
    ...words.flatMap((word) => word.split(/(=)/).filter((part, i) => part !== "" || i === 0)),
  ],
  zsh: (name, words) => [
    "-f",
    "-c",
    `${ZSH} source ./script; words=("$@"); CURRENT=$#; PREFIX=\${words[-1]}; _${name}`,
    "zsh",
    ...words,
  ],
  fish: (_name, words) => [
    "--no-config",
    "-c",
    `source ./script; complete -C ${`'${words.join(" ").replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`}`,
  ],
};

for (const shell of SHELLS) {
  describe(`completion in ${shell}`, function () {
    this.timeout(30_000);
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    before(async function () {
      if (spawnSync(shell, ["--version"]).error) this.skip();
      folder = await temporaryFolder();
      mkdirSync(path.join(folder.path, "data"));
      writeFileSync(path.join(folder.path, "day.mseed"), "");
      writeFileSync(path.join(folder.path, "with blank.mseed"), "");
    });
    after(() => folder?.[Symbol.asyncDispose]());

    /** What is offered for the last word, those that begin as it does. */
    function offered(program: Command, ...words: string[]): string[] {
      writeFileSync(path.join(folder.path, "script"), completionScript(program, shell));
      const { stdout, stderr, status } = spawnSync(shell, ASK[shell](program.name, words), {
        cwd: folder.path,
        encoding: "utf8",
        env: { PATH: process.env.PATH, HOME: folder.path, LC_ALL: "C.UTF-8" },
      });
      assert.equal(stderr, "");
      assert.ok(status === 0 || stdout === "", `exit code ${status}`);
      const [option] = words.at(-1)!.split("=");
      const begun = words.at(-1)!.replace(/^--[\w-]+=/, "");
      return stdout
        .split("\n")
        .map((line) => line.split("\t")[0]!.replace(`${option}=`, "").replace(/\/$/, ""))
        .filter((word) => word !== "" && word.startsWith(begun))
        .sort();
    }

    it("offers commands, and those below a command", () => {
      assert.deepEqual(offered(datalink, "datalink", "st"), ["status", "stream", "streams"]);
      assert.deepEqual(offered(datalink, "datalink", "token", ""), ["make", "read"]);
      assert.deepEqual(offered(datalink, "datalink", "token", "make", "--w"), ["--write"]);
      assert.deepEqual(offered(seedlink, "seedlink", "sta"), ["stations"]);
    });

    it("offers the options of the command that is there, behind others too", () => {
      assert.deepEqual(offered(datalink, "datalink", "relay", "--ver"), ["--verbose", "--version"]);
      assert.deepEqual(offered(datalink, "datalink", "streams", "-m", "^FDSN", "127.0.0.1", "--wat"), [
        "--watch",
      ]);
      assert.deepEqual(offered(datalink, "datalink", "id", "--wat"), []);
      assert.deepEqual(offered(datalink, "datalink", "--h"), ["--help"]);
      assert.deepEqual(offered(dali2jsonl, "dali2jsonl", "--ea"), ["--earliest"]);
    });

    it("offers words, files and folders as values, and nothing where anything may stand", () => {
      assert.deepEqual(offered(datalink, "datalink", "streams", "--sort", ""), ["id", "latency"]);
      assert.deepEqual(offered(odd, "odd", "one", "--order=d"), ["down"]);
      assert.deepEqual(offered(odd, "odd", "one", "-k", "da"), ["data", "day.mseed"]);
      assert.deepEqual(offered(odd, "odd", "one", "--into", "da"), ["data"]);
      assert.deepEqual(offered(odd, "odd", "one", "--word", "da"), []);
    });

    it("offers files as operands where a command takes some", () => {
      assert.deepEqual(offered(odd, "odd", "one", "day"), ["day.mseed"]);
      assert.equal(offered(odd, "odd", "one", "wi").length, 1);
      assert.deepEqual(offered(odd, "odd", "two", "deep", "day"), []);
    });

    it("takes no text for anything but text", () => {
      assert.deepEqual(offered(odd, "odd", "o"), ["one"]);
      assert.deepEqual(offered(odd, "odd", "one", "--"), [
        "--help",
        "--into",
        "--keys",
        "--order",
        "--version",
        "--word",
      ]);
      assert.equal(spawnSync("ls", { cwd: folder.path, encoding: "utf8" }).stdout.includes("ran"), false);
    });
  });
}

describe("the command completion", () => {
  it("is part of each program, and prints the script of a shell", async () => {
    for (const shell of SHELLS) {
      assert.deepEqual(await run(datalink, ["completion", shell]), {
        exitCode: 0,
        stdout: `${completionScript(datalink, shell)}\n`,
        stderr: "",
      });
    }
    for (const name of ["mseed", "seedlink", "dali2jsonl"]) {
      const { exitCode, stdout } = await runProgram(name, ["completion", "bash"]);
      assert.equal(exitCode, 0);
      assert.match(stdout, new RegExp(`^# Completion of ${name} for bash.*\\n_${name}\\(\\)`));
    }
  });

  it("asks for a shell that it knows", async () => {
    for (const words of [[], ["tcsh"], ["bash", "zsh"]]) {
      const { exitCode, stderr } = await run(withCompletion(dali2jsonl), ["completion", ...words]);
      assert.equal(exitCode, 2);
      assert.match(stderr, /give one shell: bash, zsh, fish/);
    }
  });
});
