// `npm run bench -- NAME …` runs bench/NAME.ts; without a name, says which there are.
import { readdirSync } from "node:fs";
import path from "node:path";

const names = readdirSync(__dirname)
  .filter((file) => file.endsWith(".js") && file !== path.basename(__filename))
  .map((file) => path.basename(file, ".js"));

for (const name of process.argv.slice(2)) {
  if (!names.includes(name)) {
    console.error(`There is no benchmark ${name}.`);
    process.exitCode = 2;
  } else {
    require(path.join(__dirname, `${name}.js`));
  }
}
if (process.argv.length === 2 || process.exitCode === 2) {
  console.log(`Usage: npm run bench -- NAME\nBenchmarks: ${names.join(", ")}`);
}
