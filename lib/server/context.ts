/** What the connections and sessions of one server have in common. */
import type { Access } from "./access/access.ts";
import type { LoginLimiter } from "./access/login-limiter.ts";
import type { DataLinkServerEvent } from "./events.ts";
import type { ConnectionFigures, StatusFigures } from "./figures.ts";
import type { Ring } from "./ring/ring.ts";
import type { WriteBuffers } from "./ring/write-buffers.ts";
import type { Scheduled, Scheduler } from "./scheduler.ts";
import type { Conversions, Protocol3Records } from "./seedlink/conversions.ts";
import type { Traffic } from "./traffic.ts";

export interface ServerContext {
  readonly ring: Ring;
  readonly access: Access;
  readonly logins: LoginLimiter;
  readonly scheduler: Scheduler;
  readonly writeBuffers: WriteBuffers;
  /** `DataLink v1.1 (<program>/<version>)`. */
  readonly version: string;
  readonly seedLink: SeedLinkContext;
  readonly timeouts: Timeouts;
  /** Of all clients together. */
  readonly sent: Traffic;
  readonly received: Traffic;
  /** Packets before this sequence outlive the server; with a volatile ring all of them do as well as they can. */
  readonly durable: number;
  /** Has a client run when more packets are durable. */
  awaitDurable(client: Scheduled): void;
  status(): StatusFigures;
  /** Of all clients, newest first. */
  clients(): ConnectionFigures[];
  tell(event: DataLinkServerEvent): void;
}

/** What SeedLink sessions need besides. */
export interface SeedLinkContext {
  /** `SeedLink v4.0 (<program>/<version>)`. */
  readonly version: string;
  readonly organization: string;
  readonly protocol3: Protocol3Records;
  readonly conversions: Conversions;
}

export interface Timeouts {
  /** Milliseconds for a command that has begun, for the first command, and for a client to read. */
  ioTimeout: number;
  /** Milliseconds without anything exchanged. */
  idleTimeout: number;
}
