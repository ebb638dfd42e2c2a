// The reporter of every suite: mocha's "dot" and "spec" say what failed; this one also names each test that was skipped,
// with its reason in the title, and appends the counts to the file that .ci/run adds up.
import { appendFileSync } from "node:fs";
import Mocha from "mocha";

export default class CountingReporter extends Mocha.reporters.Dot {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: string[] = [];
    runner.on("pending", (test) => skipped.push(test.fullTitle()));
    runner.once("end", () => {
      for (const title of skipped) console.log(`  skipped: ${title}`);
      const { passes, failures, pending } = this.stats;
      const file = process.env.TEST_COUNTS;
      if (file) appendFileSync(file, `${passes} ${failures} ${pending}\n`);
    });
  }
}
module.exports = CountingReporter;
