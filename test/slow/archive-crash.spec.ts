// What an archive acknowledged is on the disk exactly once, wherever its process is killed: a hundred times.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { checkFiles, surviveKills } from "../archive/crash.ts";

describe("an archive that is killed", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "crash-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  for (const kind of ["json", "mseed"] as const) {
    it(`holds every ${kind} packet exactly once after 100 kills`, async () => {
      checkFiles(kind, directory, await surviveKills(kind, directory, 100));
    });
  }
});
