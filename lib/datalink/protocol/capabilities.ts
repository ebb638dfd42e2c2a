/** What a server says of itself in its ID reply, and what follows from it for what may be sent to it. */
import { MAX_STREAM_ID } from "../../stream-id.ts";

/** A server, by its ID reply `DataLink <version> :: <capabilities>`. */
export interface ServerIdentity {
  /** What stands before `::`, for example `DataLink v1.1 (RingServer/4.5.3)`. */
  readonly id: string;
  /** Name and version of the program, for example `RingServer/4.5.3`; of old servers the version alone. */
  readonly software: string;
  /** Version of the DataLink protocol, `1.0` where the server gives none. */
  readonly protocol: string;
  /** Largest payload in bytes that it takes. */
  readonly packetSize: number | undefined;
  /** Whether this connection may write. */
  readonly write: boolean;
  /** The words after `::`, as they came. */
  readonly capabilities: readonly string[];
}

/** Reads the text of an ID reply. */
export function parseIdentity(text: string): ServerIdentity {
  const [id = "", flags = ""] = text.split("::", 2).map((part) => part.trim());
  const capabilities = flags.split(/\s+/).filter((word) => word !== "");
  const values = new Map(
    capabilities.map((word) => {
      const colon = word.indexOf(":");
      return colon < 0 ? [word, ""] : [word.slice(0, colon), word.slice(colon + 1)];
    }),
  );
  const packetSize = values.get("PACKETSIZE");
  return {
    id,
    software: /\(([^)]*)\)/.exec(id)?.[1] ?? id.replace(/^DataLink\s+/i, ""),
    protocol: values.get("DLPROTO") || "1.0",
    packetSize: packetSize !== undefined && /^\d{1,10}$/.test(packetSize) ? Number(packetSize) : undefined,
    write: values.has("WRITE"),
    capabilities,
  };
}

/** Longest stream id, in bytes: servers before ringserver 4.1 have room for 59. */
export function maxStreamIdLength(server: ServerIdentity): number {
  return server.protocol === "1.0" || isRingServerBefore(server, [4, 1, 0]) ? 59 : MAX_STREAM_ID;
}

/** Whether INFO takes its match expression as a word of the header: ringserver up to 4.2.0, and protocol 1.0. */
export function takesInlineInfoMatch(server: ServerIdentity): boolean {
  return server.protocol === "1.0" || isRingServerBefore(server, [4, 2, 1]);
}

/** Longest MATCH or REJECT expression: ringserver closes without a word when it exceeds ten slots of its ring. */
export function maxPatternLength(server: ServerIdentity): number {
  const SLOT_HEADER = 120;
  const limit = 1024 * 1024;
  return server.packetSize === undefined ? limit : Math.min(limit, 10 * (server.packetSize + SLOT_HEADER));
}

/** Whether the server is ringserver, of a version 4 before the given one. */
function isRingServerBefore(server: ServerIdentity, version: readonly number[]): boolean {
  const parts = /^RingServer\/(\d+)\.(\d+)\.(\d+)/i.exec(server.software);
  if (!parts) return false;
  for (let i = 0; i < version.length; i++) {
    const difference = Number(parts[i + 1]) - version[i]!;
    if (difference !== 0) return difference < 0;
  }
  return false;
}
