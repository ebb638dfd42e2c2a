/** A client's connection over TCP, and what TLS shares with it: waiting until the socket is open. */
import net from "node:net";
import type { Address } from "./address.ts";
import { connectError } from "./errors.ts";
import { READ_LITTLE_MORE } from "./read-gatherer.ts";
import { SocketTransport } from "./socket.ts";
import type { Transport } from "./transport.ts";

/** How often the system asks a silent peer whether it is still there. */
const TCP_KEEP_ALIVE_MS = 60_000;

/** Opens a TCP connection; where the host has several addresses they are tried in turn. */
export function openTcp(address: Address, signal: AbortSignal): Promise<Transport> {
  const options = { host: address.host, port: address.port, ...READ_LITTLE_MORE };
  return whenOpen(net.connect(options), "connect", address, signal);
}

/** Waits for a socket's `event` (`connect`, `secureConnect`). */
export function whenOpen(
  socket: net.Socket,
  event: string,
  address: Address,
  signal: AbortSignal,
): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    const fail = (error: Error) => {
      signal.removeEventListener("abort", abort);
      reject(connectError(address, error));
    };
    const close = () => fail(Object.assign(new Error("the server closed it"), { code: "ECONNRESET" }));
    socket.on("error", fail);
    socket.once("close", close);
    socket.once(event, () => {
      signal.removeEventListener("abort", abort);
      socket.off("close", close);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
      resolve(new SocketTransport(socket, { isEncrypted: event === "secureConnect", gathers: true }));
    });
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
