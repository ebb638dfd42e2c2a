// The reporter of every suite: mocha's "dot" and "spec" say what failed; this one also names each test that was skipped,
// with its reason in the title, takes a test that was tried again for one that failed, appends the counts to the file that
// .ci/run adds up, and fails a suite that leaves something open behind it, which would otherwise keep the process for ever.
import { appendFileSync } from "node:fs";
import Mocha from "mocha";

const LEFTOVER_MS = 8000;

/** Only called when the process is still there: the timer itself does not keep it. */
function failOnLeftovers(): void {
  console.error(`A test left something open: ${process.getActiveResourcesInfo().join(", ")}.`);
  // mocha sets the exit code from its failures when the process exits; this comes after it.
  process.once("exit", () => {
    process.exitCode = 1;
  });
  process.exit();
}

export default class CountingReporter extends Mocha.reporters.Dot {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: string[] = [];
    runner.on("pending", (test) => skipped.push(test.fullTitle()));
    runner.on("retry", (test, error) => {
      runner.failures++;
      this.stats.failures++;
      test.err = error;
      this.failures.push(test);
    });
    runner.once("end", () => {
      for (const title of skipped) console.log(`  skipped: ${title}`);
      const { passes, failures, pending } = this.stats;
      const file = process.env.TEST_COUNTS;
      if (file) appendFileSync(file, `${passes} ${failures} ${pending}\n`);
      setTimeout(failOnLeftovers, LEFTOVER_MS).unref();
    });
  }
}
module.exports = CountingReporter;
