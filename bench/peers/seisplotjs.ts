// seisplotjs, outside a browser: what it decodes and reads. Found where this program's own packages are.
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Lap } from "./lap.ts";

interface Decompressable {
  decompress(): ArrayLike<number>;
}

interface Connection {
  connect(): Promise<unknown>;
  positionAfterHPTime(time: number): Promise<unknown>;
  stream(): Promise<unknown>;
  close(): void;
}

interface SeisplotJs {
  miniseed: { parseDataRecords: (bytes: ArrayBuffer) => Decompressable[] };
  mseed3: { parseMSeed3Records: (bytes: ArrayBuffer) => Decompressable[] };
  datalink: {
    DataLinkConnection: new (
      url: string,
      onPacket: () => void,
      onError: (error: Error) => void,
    ) => Connection;
  };
}

/** Its file, or `undefined` where it is not installed; `folder` is one with a node_modules. */
export function findSeisplotjs(folder = __dirname): string | undefined {
  try {
    return createRequire(path.join(path.resolve(folder), "x.js")).resolve("seisplotjs");
  } catch {
    return undefined;
  }
}

export async function seisplotjs(file = findSeisplotjs()): Promise<SeisplotJs> {
  // It defines web components as it loads: these stand in for a browser's classes.
  const elements = ["HTMLElement", "HTMLDivElement", "HTMLAnchorElement", "Element", "SVGElement"];
  const browser = {
    customElements: { define: () => undefined, get: () => undefined },
    ...Object.fromEntries(elements.map((name) => [name, class {}])),
  };
  for (const [name, value] of Object.entries(browser)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  const { href } = pathToFileURL(file!);
  return (await import(href)) as SeisplotJs;
}

/** Reads packets from the earliest one on, by DataLink over WebSocket. */
export async function readBySeisplotjs(url: string, lap: Lap): Promise<void> {
  const { datalink } = await seisplotjs();
  await new Promise<void>((resolve, reject) => {
    const onPacket = () => {
      if (lap.next()) resolve();
    };
    const connection = new datalink.DataLinkConnection(url, onPacket, reject);
    const begin = async () => {
      await connection.connect();
      await connection.positionAfterHPTime(0);
      // Never answered, but by packets.
      void connection.stream();
    };
    begin().catch(reject);
  });
  lap.tell();
  process.exit();
}
