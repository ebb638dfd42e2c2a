// What a phone has to load before it sees anything.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

const DIST = path.join(__dirname, "../../page/dist");

/** In bytes, compressed. */
const MOST = 60_000;

describe("the files of the page", () => {
  const files = ["index.html", "page.css", "page.js"].map((name) => readFileSync(path.join(DIST, name)));

  it(`are less than ${MOST} bytes together, compressed`, () => {
    const size = files.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0);
    assert.ok(size < MOST, `${size} bytes`);
  });

  it("need nothing of Node.js and nothing from elsewhere", () => {
    const script = files[2]!.toString();
    assert.doesNotMatch(script, /\brequire\(|node:|\bprocess\.|https?:\/\//);
    assert.doesNotMatch(files[0]!.toString(), /https?:\/\//);
    assert.doesNotMatch(files[1]!.toString(), /url\(/);
  });
});
