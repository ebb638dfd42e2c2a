// Loaded into a process before anything else (`node --require`): its wall clock can be set, as NTP or an administrator does it. At
// SIGUSR2 the clock is ahead by so many milliseconds as the file of CLOCK_FILE says. Nothing but built-in modules is imported.
import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** Sets the clock of a process that this module was loaded into. */
export function setClock(pid: number, file: string, ahead: number): void {
  writeFileSync(file, String(ahead));
  process.kill(pid, "SIGUSR2");
}

/** What Node.js is to be called with so that a process has such a clock. */
export const PRELOADED = ["--require", __filename];

function begin(file: string): void {
  const RealDate = Date;
  const now = RealDate.now.bind(RealDate);
  let ahead = 0;
  const shifted = () => now() + ahead;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, values, self) =>
      Reflect.construct(target, values.length === 0 ? [shifted()] : values, self) as Date,
    apply: () => new RealDate(shifted()).toString(),
    get: (target, name) => (name === "now" ? shifted : (Reflect.get(target, name) as unknown)),
  });
  process.on("SIGUSR2", () => {
    ahead = Number(readFileSync(file, "utf8"));
  });
}

if (isMainThread && process.env.CLOCK_FILE) begin(process.env.CLOCK_FILE);
