// What an archive acknowledged is on the disk exactly once, wherever its process is killed: a hundred times.
import { rm } from "node:fs/promises";
import { checkFiles, surviveKills } from "../archive/crash.ts";
import { newFolder } from "../support/folders.ts";

describe("an archive that is killed", () => {
  let directory: string;
  beforeEach(async () => {
    directory = newFolder();
  });
  afterEach(() => rm(directory, { recursive: true }));

  for (const kind of ["json", "mseed"] as const) {
    it(`holds every ${kind} packet exactly once after 100 kills`, async () => {
      checkFiles(kind, directory, await surviveKills(kind, directory, 100));
    });
  }
});
