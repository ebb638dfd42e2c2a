/** What the dialogs of the two archives have in common. */
import { ask, fieldValue } from "./dialog.ts";
import { text } from "./texts.ts";
import { number } from "./validators.ts";

/** Settings of both, besides the path of the files. */
export const ARCHIVE_DEFAULTS = {
  directory: { value: "" },
  sync: { value: "interval" },
  once: { value: true },
  keepRejected: { value: true },
  gzipDays: { value: "", validate: number({ min: 0.01, max: 36500, blank: true }) },
};

/** Milliseconds after the last key until the runtime is asked. */
const TYPING_MS = 200;

/** Shows below a path pattern where a file would lie, or what is wrong, as it is typed. */
export function pathExample(target: string, kind: "jsonl" | "mseed", pattern: () => string): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  const update = () => {
    const question = ++asked;
    const data = { kind, pattern: pattern(), directory: fieldValue("directory") };
    ask("GET", "archive-path", data, ({ error, path }) => {
      if (question !== asked) return;
      $(target)
        .text(error ?? text("example-path", { path }))
        .toggleClass("datalink-bad", Boolean(error));
    });
  };
  $("#node-input-pattern, #node-input-directory, #node-input-layout").on("input change", () => {
    clearTimeout(timer);
    timer = setTimeout(update, TYPING_MS);
  });
  update();
}
