// Runs commands as the shell does: as a process, or as a function with streams that remember what was written.
import { spawn } from "node:child_process";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { type Command, runCommand } from "../../lib/cli/command.ts";
import type { OutputStream } from "../../lib/cli/terminal.ts";

export interface Outcome {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** A stream that keeps what is written, and may say that it is a terminal. */
export class Screen extends Writable implements OutputStream {
  isTTY = false;
  columns = 80;
  readonly pieces: Buffer[] = [];

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.pieces.push(Buffer.from(piece)); // a copy: the writer may use its memory again
    this.emit("drawn");
    done();
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString();
  }
}

export interface Setting {
  stdin?: Uint8Array | undefined;
  stdout?: Screen;
  stderr?: Screen;
  signal?: AbortSignal;
}

/** Runs a command as a function. */
export async function run(command: Command, argv: string[], setting: Setting = {}): Promise<Outcome> {
  const { stdout = new Screen(), stderr = new Screen(), signal = new AbortController().signal } = setting;
  const stdin = Readable.from(setting.stdin ? [setting.stdin] : []);
  const exitCode = await runCommand(command, argv, { stdin, stdout, stderr, signal });
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
}

/** Runs a program of lib/cli as a process, with its output as text. */
export async function runProgram(name: string, argv: string[], stdin?: Uint8Array): Promise<Outcome> {
  const { exitCode, stdout, stderr } = await runProgramForBytes(name, argv, stdin);
  return { exitCode, stdout: stdout.toString(), stderr };
}

/** Runs a program of lib/cli as a process. */
export async function runProgramForBytes(name: string, argv: string[], stdin?: Uint8Array) {
  const child = start(name, argv);
  child.stdin.on("error", () => {}); // a program that needs no more input does not read it
  child.stdin.end(stdin);
  const exitCode = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), text(child.stderr)]);
  return { exitCode: await exitCode, stdout, stderr };
}

export function start(name: string, argv: string[]) {
  return spawn(process.execPath, [path.join(__dirname, "../../lib/cli", `${name}.js`), ...argv]);
}

export { temporaryFolder } from "../support/folders.ts";
