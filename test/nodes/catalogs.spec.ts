// nodes/locales: sentences whose gaps Node-RED fills.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const folder = path.join(__dirname, "../../nodes/locales");

describe("catalogs", () => {
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.json$/.test(name),
  )) {
    it(`${file} marks what is filled in as Node-RED does: __name__`, () => {
      // i18next's own way, {{name}}, is shown to people as it stands: Node-RED has set other marks.
      assert.equal(/\{\{|\}\}/.test(readFileSync(path.join(folder, file), "utf8")), false);
    });
  }
});
