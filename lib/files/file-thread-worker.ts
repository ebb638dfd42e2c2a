/** The thread behind `FileThread`: says that it is there, does one task after the other, and answers each. */
import { parentPort } from "node:worker_threads";
import { type FileTask, perform } from "./file-task.ts";

parentPort?.on("message", (task: FileTask) => {
  const answer = perform(task);
  parentPort?.postMessage(answer, answer.table ? [answer.table.buffer] : []);
});
parentPort?.postMessage(undefined);
