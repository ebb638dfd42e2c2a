// The version of the package, which stands in package.json only.
import { readFileSync } from "node:fs";
import path from "node:path";

const text = readFileSync(path.join(__dirname, "../../package.json"), "utf8");

export const { version: VERSION } = JSON.parse(text) as { version: string };
