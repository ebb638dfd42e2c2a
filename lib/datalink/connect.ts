/** What the client has of Node.js: sockets, and a name by which servers' logs know the program. */
import os from "node:os";
import { openTransport } from "../net/open.ts";
import { clientIdOf, type Platform } from "./core/session.ts";

export type { ConnectOptions, ReachOptions, Timeouts } from "./core/session.ts";

export const nodePlatform: Platform = {
  open: openTransport,
  clientId: () => generateClientId("node-red-datalink"),
};

/** `program:user:pid:architecture`, as DataLink clients name themselves. */
export function generateClientId(program: string): string {
  let user = "";
  try {
    user = os.userInfo().username;
  } catch {
    // A container may run under a user id that has no name.
  }
  return clientIdOf([program, user, process.pid, `${process.platform}-${process.arch}`]);
}
