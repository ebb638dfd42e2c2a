/** Opens the connections of a client in Node.js: TCP, TLS or WebSocket, as the address says. */
import type { Address } from "./address.ts";
import { whoAnswers } from "./other-server/who-answers.ts";
import { openTcp } from "./tcp.ts";
import { openTls } from "./tls.ts";
import type { OpenTransport, TransportOptions } from "./transport.ts";
import { openWebSocket } from "./websocket/client.ts";

export const openTransport: OpenTransport = Object.assign(
  (address: Address, options: TransportOptions, signal: AbortSignal) => {
    if (address.isWebSocket) return openWebSocket(address, options, signal);
    return address.isSecure ? openTls(address, options.tls, signal) : openTcp(address, signal);
  },
  { whoAnswers },
);
