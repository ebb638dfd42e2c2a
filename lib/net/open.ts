/** Opens the connections of a client in Node.js: TCP, TLS or WebSocket, as the address says. */
import { openTcp } from "./tcp.ts";
import { openTls } from "./tls.ts";
import type { OpenTransport } from "./transport.ts";
import { openWebSocket } from "./websocket/client.ts";

export const openTransport: OpenTransport = (address, options, signal) => {
  if (address.isWebSocket) return openWebSocket(address, options, signal);
  return address.isSecure ? openTls(address, options.tls, signal) : openTcp(address, signal);
};
