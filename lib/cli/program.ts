/** A program of several commands, such as `mseed details …`; and its completion in shells, which each program has. */
import {
  COMMON_OPTIONS,
  type Command,
  defineCommand,
  optionList,
  parse,
  runCommand,
  tell,
  usageError,
  version,
} from "./command.ts";
import { completionScript, INSTALLATION, SHELLS } from "./completion.ts";
import { helpWidth, twoColumns, wrapParagraphs } from "./help-text.ts";
import { widthOf } from "./terminal.ts";

/** A program of several commands: `mseed details …`, and one that prints its completion for a shell. */
export function defineProgram(name: string, summary: string, commands: readonly Command[]): Command {
  const program: Command = defineGroup(name, summary, [...commands, completionOf(name, () => program)]);
  return program;
}

/** A program that is a single command, with `completion SHELL` besides. */
export function withCompletion(command: Command): Command {
  const completion = completionOf(command.name, () => command);
  return {
    ...command,
    run: (argv, io) =>
      argv[0] === "completion" ? runCommand(completion, argv.slice(1), io) : command.run(argv, io),
  };
}

/** Several commands behind one word: `datalink token make …`. */
export function defineGroup(name: string, summary: string, commands: readonly Command[]): Command {
  const byWord = new Map(commands.map((command) => [command.name.slice(name.length + 1), command]));
  const help = (columns: number) => {
    const width = helpWidth(columns);
    const list = [...byWord].map(([word, command]): [string, string] => [word, command.summary]);
    return [
      `Usage: ${name} COMMAND [options] …`,
      wrapParagraphs(summary, width),
      `Commands:\n${twoColumns(list, width)}`,
      `Options:\n${optionList(COMMON_OPTIONS, width)}`,
      wrapParagraphs(`"${name} COMMAND --help" tells the options of a command.`, width),
    ].join("\n\n");
  };
  return {
    name,
    summary,
    operands: "",
    options: COMMON_OPTIONS,
    commands,
    help,
    async run([word, ...rest], io) {
      if (word === undefined) throw usageError(`say what to do: ${[...byWord.keys()].join(", ")}`);
      const command = byWord.get(word);
      if (command) return runCommand(command, rest, io);
      if (!word.startsWith("-")) {
        throw usageError(`no command "${word}": there are ${[...byWord.keys()].join(", ")}`);
      }
      const { values } = parse([word], COMMON_OPTIONS);
      return tell(io, values.version ? version() : help(widthOf(io.stdout)));
    },
  };
}

function completionOf(name: string, program: () => Command): Command {
  const installations = SHELLS.map((shell) => `  ${INSTALLATION[shell](name)}`).join("\n");
  return defineCommand({
    name: `${name} completion`,
    summary: "Print what makes a shell complete commands and options: bash, zsh or fish.",
    operands: "SHELL",
    options: {},
    notes: installations,
    async run({ operands: [word, ...more], io }) {
      const shell = SHELLS.find((known) => known === word);
      if (shell === undefined || more.length > 0) {
        throw usageError(`give one shell: ${SHELLS.join(", ")}`);
      }
      return tell(io, completionScript(program(), shell));
    },
  });
}
