/**
 * INFO: what a server tells of itself, its stations and their streams, in one form for the XML of protocol 3 and the JSON
 * of protocol 4. What a server does not say is left out. A hint, never the list of what exists: some servers leave
 * stations out, and cut long codes.
 */
import type { InfoItem } from "./commands.ts";

/** A stream of a station. */
export interface InfoStream {
  /** `LOC_B_S_SS`, for example `00_B_H_Z`, or `_L_O_G` with an empty location. */
  id: string;
  /** `2` miniSEED 2, `3` miniSEED 3; protocol 4 only. */
  format?: string;
  /** `D` data, `L` log … */
  subformat?: string;
  /** Start of the first record: microseconds since 1970. */
  start?: number;
  /** End of the last record: microseconds since 1970. */
  end?: number;
}

/** A station. */
export interface InfoStation {
  /** `NET_STA` */
  id: string;
  description?: string;
  /** Number of its oldest packet; of protocol 3 as the server gives it, not widened. */
  firstSequence?: bigint;
  /** The number that comes behind its newest packet. */
  nextSequence?: bigint;
  streams: InfoStream[];
}

/** A client of the server. */
export interface InfoConnection {
  host?: string;
  port?: number;
  /** Microseconds since 1970. */
  connectedAt?: number;
  /** All that the server says of it, as text. */
  attributes: Record<string, string>;
}

/** What `info()` resolves to; lists that the item does not have are empty. */
export interface SeedLinkInfo {
  item: InfoItem;
  /** The program and its version, as HELLO has them. */
  software: string;
  organization: string;
  /** Start of the server: microseconds since 1970. */
  started?: number;
  capabilities: string[];
  /** Formats by their letter, each with its subformats; protocol 4 only. */
  formats: Record<string, { mimeType?: string; subformats: Record<string, string> }>;
  /** Conversions that SELECT takes; protocol 4 only. */
  filters: Record<string, string>;
  stations: InfoStation[];
  connections: InfoConnection[];
  /** The server's answer, as it came: XML or JSON. */
  text: string;
}

/** What the XML or JSON says, before it is told which question it answers. */
export type InfoContent = Omit<SeedLinkInfo, "item" | "text">;

/** Nothing said yet. */
export function emptyInfo(): InfoContent {
  return {
    software: "",
    organization: "",
    capabilities: [],
    formats: {},
    filters: {},
    stations: [],
    connections: [],
  };
}
