/** seedlink connection: a server's address and how to log in there, for the nodes that use it. It opens nothing itself. */
import type { NodeAPI } from "node-red";
import { parseAddress } from "../lib/seedlink/address.ts";
import type { SeedLinkConnectOptions } from "../lib/seedlink/session.ts";
import { ConnectionType, placeOf } from "./runtime/connection-type.ts";

export const SEEDLINK = new ConnectionType<SeedLinkConnectOptions>({
  type: "seedlink-connection",
  secureScheme: "seedlinks",
  usualAddress: "localhost:18000",
  logins: ["none", "password", "token"],
  place: (text) => placeOf(parseAddress(text)),
  options: (login, clientName, settings, def) => ({
    ...login,
    userAgent: clientName || "node-red-datalink",
    protocol: settings.choice("Protocol", def.protocol, ["auto", "4.0", "3.1"]),
    allowPlainAuth: String(def.plainAuth) === "true",
  }),
});

export default function register(RED: NodeAPI): void {
  SEEDLINK.register(RED);
}
