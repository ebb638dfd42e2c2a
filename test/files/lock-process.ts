// A process that locks a folder and releases it when it is told to.
import { type FolderLock, lockFolder } from "../../lib/files/folder-lock.ts";

let lock: FolderLock | undefined;

process.on("message", (message: { lock?: string; release?: boolean }) => void answerTo(message));

async function answerTo(message: { lock?: string; release?: boolean }): Promise<void> {
  let answer = "released";
  try {
    if (message.release) await lock?.release();
    else if (message.lock) {
      lock = await lockFolder(message.lock);
      answer = "locked";
    }
  } catch (error) {
    answer = (error as { code?: string }).code ?? String(error);
  }
  process.send?.(answer);
}
process.on("disconnect", () => process.exit());
