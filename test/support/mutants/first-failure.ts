// The reporter of runs with a mutant: writes which test failed first. (mocha's own "json" cannot write values with big integers,
// and then ends as if all had passed.)
import { writeFileSync } from "node:fs";
import type Mocha from "mocha";

/** What is written; neither where all tests passed. */
export interface Report {
  title?: string;
  file?: string | undefined;
}

class FirstFailure {
  constructor(runner: Mocha.Runner) {
    const write = (report: Report) => writeFileSync(process.env.MUTANT_REPORT!, JSON.stringify(report));
    runner.once("fail", (test) => write({ title: test.fullTitle(), file: test.file }));
    runner.once("end", () => {
      if (runner.failures === 0) write({});
    });
  }
}
module.exports = FirstFailure;
