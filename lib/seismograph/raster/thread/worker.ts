/** The thread behind `PictureThread`: draws one picture after the other. */
import { parentPort } from "node:worker_threads";
import { drawJob, type PictureJob } from "./job.ts";

parentPort?.on("message", (job: PictureJob) => {
  const { png, width, height } = drawJob(job);
  // A copy of its own: what a Buffer lies in can be shared.
  const bytes = new Uint8Array(png);
  parentPort?.postMessage({ bytes, width, height }, [bytes.buffer]);
});
