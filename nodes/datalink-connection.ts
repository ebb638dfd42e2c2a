/** datalink connection: a server's address and how to log in there, for the nodes that use it. It opens nothing itself. */
import type { NodeAPI } from "node-red";
import { parseAddress } from "../lib/datalink/address.ts";
import { type ConnectOptions, generateClientId } from "../lib/datalink/connect.ts";
import { ConnectionType, placeOf, type ServerSettings as Server } from "./runtime/connection-type.ts";

/** What the library needs to reach a server. */
export type ServerSettings = Server<ConnectOptions>;

export const DATALINK = new ConnectionType<ConnectOptions>({
  type: "datalink-connection",
  secureScheme: "datalinks",
  usualAddress: "localhost:16000",
  logins: ["none", "password", "token"],
  place: (text) => placeOf(parseAddress(text)),
  options: (login, clientName) => ({ ...login, clientId: generateClientId(clientName || "node-red") }),
});

export default function register(RED: NodeAPI): void {
  DATALINK.register(RED);
}

/** @throws SettingError where none is chosen, and what is wrong with the one that is. */
export function chosenServer(RED: NodeAPI, id: string): ServerSettings {
  return DATALINK.chosen(RED, id);
}
