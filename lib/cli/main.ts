/** Runs a command as this process: its streams, its signals, its exit code. */
import { type Command, EXIT_OK, runCommand } from "./command.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** So long the process may go on behind a command that was interrupted: what was given up, such as an attempt to connect, may last. */
const LINGER_MS = 1000;

/** For the entry file of a program: nothing else has to happen there. */
export function main(command: Command): void {
  const controller = new AbortController();
  let signalExitCode: number | undefined;
  for (const [name, exitCode] of Object.entries(SIGNALS)) {
    // Once: the second Ctrl-C ends the process as it would end any other.
    process.once(name, () => {
      signalExitCode = exitCode;
      controller.abort();
    });
  }
  const { stdin, stdout, stderr } = process;
  // A failed write rejects where it was awaited; the event would only throw it a second time.
  for (const stream of [stdout, stderr]) stream.on("error", () => {});
  const io = { stdin, stdout, stderr, signal: controller.signal };
  void runCommand(command, process.argv.slice(2), io).then((exitCode) => {
    // What ends well when it is interrupted, such as a server, has done what it was asked to.
    process.exitCode = exitCode === EXIT_OK ? EXIT_OK : (signalExitCode ?? exitCode);
    // A command that ended early does not wait for the rest of its input.
    stdin.destroy();
    if (signalExitCode !== undefined) setTimeout(() => process.exit(), LINGER_MS).unref();
  });
}
