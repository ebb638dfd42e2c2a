// Folders and ports for tests: the one place where they are made.
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

let all: string | undefined;

/** Where this process has its folders; gone with it. */
function parent(): string {
  if (all === undefined) {
    const made = mkdtempSync(path.join(tmpdir(), "datalink-test-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    all = made;
  }
  return all;
}

/** A new, empty folder. It is gone when the process ends, unless the test removes it before. */
export function newFolder(): string {
  return mkdtempSync(path.join(parent(), "folder-"));
}

/** A folder for the files of a test, gone after it. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const folder = newFolder();
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

/** Systems give none of these to what connects, nor to what asks for any port: other tests do so at the same time. */
const PORTS = { from: 20_000, to: 32_000 };

/** A port of this machine that nobody listened on just now. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(randomInt(PORTS.from, PORTS.to), "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return await freePort();
    throw error;
  }
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
