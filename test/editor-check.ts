// Type-checks the editor scripts: takes the inline script out of every nodes/*.html, keeping its line numbers, and runs
// tsc over them with the editor's types. Part of `npm run lint`; exits with tsc's status.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.join(__dirname, "..");
const out = path.join(root, ".editor-check");
const pages = readdirSync(path.join(root, "nodes")).filter((file) => file.endsWith(".html"));

rmSync(out, { recursive: true, force: true });
if (pages.length > 0) {
  mkdirSync(out);
  for (const page of pages) {
    const html = readFileSync(path.join(root, "nodes", page), "utf8");
    const script = html.replace(
      /<script type="text\/javascript">([\s\S]*?)<\/script>|[^\n]/g,
      (_match, body: string | undefined) => body ?? "",
    );
    const name = page.replace(/\.html$/, ".js");
    writeFileSync(path.join(out, name), `// @ts-check\n${script.replace(/^\n/, "")}\nexport {};\n`);
  }
  const config = {
    compilerOptions: {
      target: "es2022",
      module: "esnext",
      moduleResolution: "bundler",
      lib: ["es2022", "dom", "dom.iterable"],
      types: ["jquery"],
      allowJs: true,
      checkJs: true,
      noEmit: true,
      skipLibCheck: true,
      strict: false,
    },
    include: ["*.js", "../test/editor-globals.d.ts"],
  };
  writeFileSync(path.join(out, "tsconfig.json"), JSON.stringify(config));
  const tsc = path.join(root, "node_modules", ".bin", "tsc");
  const { status } = spawnSync(tsc, ["-p", out], { stdio: "inherit" });
  rmSync(out, { recursive: true, force: true });
  process.exitCode = status ?? 1;
}
