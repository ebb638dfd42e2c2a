// The reporter of runs with a mutant: writes which test failed first. (mocha's own "json" cannot write values with big integers,
// and then ends as if all had passed.)
import { writeFileSync } from "node:fs";
import type Mocha from "mocha";

/** What is written. */
export interface Report {
  /** The test that failed; neither where all passed. */
  title?: string;
  file?: string | undefined;
  /** Milliseconds of the tests of each spec, as far as they ran. */
  times: Record<string, number>;
}

class FirstFailure {
  constructor(runner: Mocha.Runner) {
    const times: Record<string, number> = {};
    const write = (failed: Omit<Report, "times">) =>
      writeFileSync(process.env.MUTANT_REPORT!, JSON.stringify({ ...failed, times }));
    // Who started this run sees that it goes on.
    for (const event of ["test", "test end", "hook", "hook end"])
      runner.on(event, () => process.send?.(event));
    runner.on("test end", ({ file = "", duration = 0 }) => {
      times[file] = (times[file] ?? 0) + duration;
    });
    runner.once("fail", (test) => write({ title: test.fullTitle(), file: test.file }));
    runner.once("end", () => {
      if (runner.failures === 0) write({});
    });
  }
}
module.exports = FirstFailure;
