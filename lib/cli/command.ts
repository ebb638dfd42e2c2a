/**
 * A command for the shell: what it takes, its help, its failures in one sentence, its exit code. A program with several
 * commands, such as `mseed`, and one that is a single command, such as `dali2jsonl`, are the same kind of thing.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Readable } from "node:stream";
import { debuglog, getSystemErrorMap, type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { CodedError } from "../errors.ts";
import { helpWidth, twoColumns, wrapParagraphs } from "./help-text.ts";
import { type OutputStream, widthOf } from "./terminal.ts";

/** Done, and nothing was wrong. */
export const EXIT_OK = 0;
/** Something was wrong with a file, with data, with a connection: standard error tells. */
export const EXIT_FAILED = 1;
/** The command line makes no sense. */
export const EXIT_USAGE = 2;
/** Whoever read standard output went away: what the shell shows for a program ended by SIGPIPE. */
const EXIT_PIPE = 141;

/** What a command has to do with the outside; a test gives its own. */
export interface Io {
  stdin: Readable;
  stdout: OutputStream;
  stderr: OutputStream;
  /** Aborted by an interrupt (Ctrl-C) or a request to terminate: clean up and end. */
  signal: AbortSignal;
}

/** A failure that people can do something about: its message is the sentence that they read. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = EXIT_FAILED) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A command line that makes no sense. */
export function usageError(message: string): CommandError {
  return new CommandError(message, EXIT_USAGE);
}

export interface OptionDefinition {
  type: "boolean" | "string";
  short?: string;
  multiple?: boolean;
  /** What stands for the value of a string in the help, such as `FILE`. */
  value?: string;
  /** What it does. */
  help: string;
  /** Words that its value may be, for a shell to offer. */
  choices?: readonly string[];
}

export type OptionDefinitions = Readonly<Record<string, OptionDefinition>>;

/** The options that were given, by name. */
export type OptionValues<Options extends OptionDefinitions> = {
  [Name in keyof Options]?: Options[Name]["type"] extends "boolean"
    ? boolean
    : Options[Name] extends { multiple: true }
      ? string[]
      : string;
};

export interface Invocation<Options extends OptionDefinitions> {
  options: OptionValues<Options>;
  /** What was given besides options. */
  operands: string[];
  io: Io;
}

export interface Command {
  /** As it is typed: `mseed details`. */
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** What follows the options, such as `FILE…`. */
  operands: string;
  options: OptionDefinitions;
  /** Of a program of several commands. */
  commands?: readonly Command[];
  /** The help for a terminal of some width. */
  help(columns: number): string;
  /** Resolves to the exit code; rejects with what `runCommand` puts into words. */
  run(argv: string[], io: Io): Promise<number>;
}

export interface CommandDefinition<Options extends OptionDefinitions> {
  name: string;
  summary: string;
  /** What follows the options, such as `FILE…`. */
  operands: string;
  options: Options;
  /** What the help says after the options: examples, exit codes. Paragraphs are broken anew; one with an indented line is not. */
  notes?: string;
  run(invocation: Invocation<Options>): Promise<number>;
}

export const COMMON_OPTIONS = {
  help: { type: "boolean", short: "h", help: "show this help" },
  version: { type: "boolean", short: "V", help: "show the version" },
} satisfies OptionDefinitions;

/** A command with options and operands; `--help` and `--version` come with it. */
export function defineCommand<const Options extends OptionDefinitions>(
  definition: CommandDefinition<Options>,
): Command {
  const { name, summary, operands, notes } = definition;
  const options = { ...definition.options, ...COMMON_OPTIONS };
  const help = (columns: number) => {
    const width = helpWidth(columns);
    const usage = `Usage: ${name} [options] ${operands}`.trimEnd();
    const sections = [usage, wrapParagraphs(summary, width), `Options:\n${optionList(options, width)}`];
    if (notes !== undefined) sections.push(wrapParagraphs(notes, width));
    return sections.join("\n\n");
  };
  return {
    name,
    summary,
    operands,
    options,
    help,
    async run(argv, io) {
      const { values, positionals } = parse(argv, options);
      if (values.help) return tell(io, help(widthOf(io.stdout)));
      if (values.version) return tell(io, version());
      return definition.run({ options: values as OptionValues<Options>, operands: positionals, io });
    },
  };
}

/** Runs a command. Never rejects: a failure becomes a sentence on standard error, and an exit code. */
export async function runCommand(command: Command, argv: string[], io: Io): Promise<number> {
  try {
    return await command.run(argv, io);
  } catch (error) {
    if (isClosedPipe(error)) return EXIT_PIPE;
    if (io.signal.aborted) return EXIT_FAILED;
    const exitCode = error instanceof CommandError ? error.exitCode : EXIT_FAILED;
    const hint = exitCode === EXIT_USAGE ? ` ("${command.name} --help" tells more)` : "";
    io.stderr.write(`${command.name}: ${describeFailure(error)}${hint}\n`);
    return exitCode;
  }
}

/** What happened, as a person reads it. The stack is shown with `NODE_DEBUG=cli`. */
export function describeFailure(error: unknown): string {
  debuglog("cli")("%o", error);
  if (error instanceof CommandError || error instanceof CodedError) return error.message;
  const { errno, path: file, message } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  if (known !== undefined) return file === undefined ? known : `${file}: ${known}`;
  return `unexpected failure, please report it: ${message}`;
}

function isClosedPipe(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "EPIPE";
}

/** @throws CommandError for what is not among the options */
export function parse(argv: string[], options: OptionDefinitions) {
  try {
    return parseArgs({ args: argv, options: options as ParseArgsOptionsConfig, allowPositionals: true });
  } catch (error) {
    // Its message goes on with advice for programmers after the first sentence.
    const [sentence = ""] = (error as Error).message.split(/\. |\n/);
    throw usageError(sentence.replace(/\.$/, "").replace(/^[A-Z]/, (letter) => letter.toLowerCase()));
  }
}

/** Prints a text. */
export async function tell(io: Io, text: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    io.stdout.write(`${text}\n`, (error) => (error ? reject(error) : resolve()));
  });
  return EXIT_OK;
}

/** The name and the version of the package. */
export function version(): string {
  const file = path.join(__dirname, "../../package.json");
  const { name, version } = JSON.parse(readFileSync(file, "utf8")) as { name: string; version: string };
  return `${name} ${version}`;
}

/** The lines of the help that name options. */
export function optionList(options: OptionDefinitions, width: number): string {
  const rows = Object.entries(options).map(([name, { short, value, help }]): [string, string] => {
    const long = value === undefined ? `--${name}` : `--${name} ${value}`;
    return [short === undefined ? `    ${long}` : `-${short}, ${long}`, help];
  });
  return twoColumns(rows, width);
}
