// `npm run bench` compares ours with peers: bench/peers.ts. `npm run bench -- NAME …` runs bench/NAME.ts, `-- --list` says which
// there are.
import { readdirSync } from "node:fs";
import path from "node:path";

const names = readdirSync(__dirname)
  .filter((file) => file.endsWith(".js") && file !== path.basename(__filename))
  .map((file) => path.basename(file, ".js"));

function run(asked: string[]): void {
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown === undefined) {
    for (const name of asked.length > 0 ? asked : ["peers"]) require(path.join(__dirname, `${name}.js`));
    return;
  }
  if (unknown !== "--list") {
    console.error(`There is no benchmark ${unknown}.`);
    process.exitCode = 2;
  }
  console.log(`Usage: npm run bench -- NAME\nBenchmarks: ${names.join(", ")}; without a name, peers`);
}

run(process.argv.slice(2));
