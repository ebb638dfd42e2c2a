// The name and the version of the package, which stand in package.json only.
import { readFileSync } from "node:fs";
import path from "node:path";

const text = readFileSync(path.join(__dirname, "../../package.json"), "utf8");

export const { name: PACKAGE, version: VERSION } = JSON.parse(text) as { name: string; version: string };
