// The packed tarball, made from a copy of the tree as `npm publish` makes it: it holds exactly what it should, and nothing that a former
// build has left, and strict TypeScript projects compile against it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { newFolder } from "./support/folders.ts";
import { PACKAGE } from "./support/node-red.ts";

const run = promisify(execFile);
const root = path.join(__dirname, "..");

/** Not part of what a package is made from. */
const LEFT_OUT = new Set([
  "node_modules",
  ".git",
  "test",
  "bench",
  "demo-data",
  "resources/docs",
  "page/dist",
]);

const CONSUMER = `
import { connectionOf, type Line } from "./other.js";
import {
  ArchiveError, CodedError, DataLinkClient, DataLinkError, DataLinkServer, JsonLinesArchive, MiniSeedArchive, PacketWriter,
  packRecords, PositionFile, readRecords, SourceId, subscribe,
  type AccessOptions, type ConnectionFigures, type InfoResults, type Packet, type ServerClient, type WebSocketOptions,
} from "${PACKAGE}";
import { readRecords as readOnly } from "${PACKAGE}/mseed";
import { subscribe as subscribeInPage } from "${PACKAGE}/browser";

const access: AccessOptions = { rules: [{ from: "127.0.0.1", write: "^XX_" }] };
const webSocket: WebSocketOptions = { origins: ["https://example.org"] };
export async function serve(): Promise<readonly ConnectionFigures[]> {
  await using server = await DataLinkServer.listen({ port: 0, access, webSocket });
  return server.connections;
}
export async function status(url: string): Promise<InfoResults["STATUS"]["status"]> {
  await using dali = await DataLinkClient.connect(url);
  const { status } = await dali.info("STATUS");
  const packets: number = status.maximumPackets;
  void packets;
  return status;
}
export async function archive(url: string, signal: AbortSignal): Promise<void> {
  await using lines = new JsonLinesArchive({ pattern: "/data/%n.jsonl" });
  const packets = subscribe(url, { from: "earliest", checkpoint: new PositionFile("position", console.error), signal });
  for await (const packet of packets) {
    await lines.write(packet);
    packets.commit(packet);
  }
}
export function samplesOf(packet: Packet): number {
  let count = 0;
  for (const record of readRecords(packet.payload)) count += record.sampleCount + record.samples.length;
  for (const record of readOnly(packet.payload)) count += Number(record.sourceId.network === "XX");
  return count;
}
export const codeOf = (error: unknown): string | undefined => (error instanceof CodedError ? error.code : undefined);
export { ArchiveError, DataLinkError, MiniSeedArchive, PacketWriter, packRecords, SourceId, subscribeInPage };
export type { ServerClient, Line };
export { connectionOf };
`;

const OTHER = `
import type { ConnectOptions, Credentials, TimeInput } from "${PACKAGE}";
export type Line = { time: TimeInput; login: Credentials };
export const connectionOf = ({ login }: Line): ConnectOptions => ({ auth: login });
`;

/** The files of the tree below a folder, with `/` between their names. */
function below(folder: string, pattern: RegExp): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .map((file) => `${folder}/${file.split(path.sep).join("/")}`)
    .filter((file) => pattern.test(file));
}

const SOURCE = /(?<!\.d)\.ts$/;

/** What the tarball is to hold, told from the sources; `files` of package.json says it by patterns. */
function expectedFiles(): string[] {
  const compiled = (file: string) => file.replace(SOURCE, ".js");
  return [
    ...["package.json", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"],
    ...below("lib", SOURCE).flatMap((file) => [compiled(file), file.replace(SOURCE, ".d.ts")]),
    ...below("nodes", SOURCE).map(compiled),
    ...below("nodes", /^nodes\/[\w-]+\.html$|\/locales\/.*\.(?:json|html)$/),
    ...below("icons", /\.svg$/).map((file) => `nodes/${file}`),
    ...below("resources", SOURCE).map(compiled),
    ...below("resources", /\.css$/),
    ...["index.html", "page.css", "page.js"].map((file) => `page/dist/${file}`),
    // What the editor shows of helps' links.
    ...below("docs", /^docs\/(?:nodes\/)?[\w-]+\.(?:md|png)$/).map((file) => `resources/${file}`),
    ...below("examples", /^examples\/(?:\d\d - [^/]+\.json|earthquake\.mseed)$/),
    ...below(
      "docs",
      /\.md$|^docs\/[\w-]+\.png$|\/scripts\/[\w-]+\.mjs$|\/operations\/[\w-]+\.(?:service|Containerfile)$/,
    ),
  ];
}

describe("the package", () => {
  let consumer: string;
  let files: string[];

  before(async function () {
    this.timeout(120_000);
    const tree = newFolder();
    const filter = (file: string) => !LEFT_OUT.has(path.relative(root, file));
    cpSync(root, tree, { recursive: true, filter });
    symlinkSync(path.join(root, "node_modules"), path.join(tree, "node_modules"));
    writeFileSync(path.join(tree, "lib/left-behind.js"), "");
    consumer = newFolder();
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", consumer], { cwd: tree });
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf("[\n"))) as [
      { filename: string; files: { path: string }[] },
    ];
    files = packed.files.map((file) => file.path);
    const installed = path.join(consumer, "node_modules", PACKAGE);
    mkdirSync(installed, { recursive: true });
    await run("tar", ["-xzf", path.join(consumer, packed.filename), "-C", installed, "--strip-components=1"]);
    mkdirSync(path.join(consumer, "node_modules/@types"));
    for (const name of ["@types/node", "undici-types"])
      symlinkSync(path.join(root, "node_modules", name), path.join(consumer, "node_modules", name));
  });

  it("has exactly what is made of the sources, and the documentation", () => {
    assert.deepEqual([...files].sort(), expectedFiles().sort());
  });

  for (const [kind, settings] of Object.entries({
    "an ES module": { module: "nodenext", type: "module" },
    CommonJS: { module: "node20", type: "commonjs" },
    "a bundler": { module: "preserve", type: "module" },
  })) {
    it(`is used by a strict project without skipLibCheck: ${kind}`, async function () {
      this.timeout(30_000);
      await compile(settings.module, settings.type, { "main.ts": CONSUMER, "other.ts": OTHER });
    });
  }

  it("is used as docs/library.md says", async function () {
    this.timeout(30_000);
    const page = readFileSync(path.join(root, "docs/library.md"), "utf8");
    const examples = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text], i) => [
      `example${i}.ts`,
      text!,
    ]);
    assert.ok(examples.length > 5);
    await compile("nodenext", "module", Object.fromEntries(examples) as Record<string, string>);
  });

  /** Fails with what the compiler says. */
  async function compile(module: string, type: string, sources: Record<string, string>): Promise<void> {
    const folder = mkdtempSync(path.join(consumer, "project-"));
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type }));
    for (const [name, text] of Object.entries(sources)) writeFileSync(path.join(folder, name), text);
    const compilerOptions = {
      module,
      target: "es2022",
      lib: ["es2023", "esnext.disposable"],
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      declaration: true,
      noEmit: true,
    };
    writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    const compiler = path.join(root, "node_modules/typescript/bin/tsc");
    await run(process.execPath, [compiler, "-p", folder]).catch((error: { stdout: string }) =>
      assert.fail(error.stdout),
    );
  }
});
