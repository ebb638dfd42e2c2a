/** A client's connection over TLS. Certificates are checked unless the options say otherwise. */
import tls from "node:tls";
import { type Address, formatAddress } from "./address.ts";
import { messageOf, NetError } from "./errors.ts";
import { TLS_READ_LITTLE_MORE } from "./read-gatherer.ts";
import { whenOpen } from "./tcp.ts";
import type { TlsOptions, Transport } from "./transport.ts";

export type { TlsOptions } from "./transport.ts";

/** Opens a TLS connection. */
export async function openTls(
  address: Address,
  options: TlsOptions,
  signal: AbortSignal,
): Promise<Transport> {
  const { host, port } = address;
  const socket = withUsableOptions(address, () =>
    tls.connect({ host, port, ...TLS_READ_LITTLE_MORE, ...options }),
  );
  return await whenOpen(socket, "secureConnect", address, signal);
}

/** Node.js throws at once where certificates or keys cannot be read. */
export function withUsableOptions<T>(address: Address, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw new NetError(
      "INVALID_ARGUMENT",
      `The options for ${formatAddress(address)} cannot be used: ${messageOf(error)}. Check certificate, key and passphrase.`,
      { cause: error },
    );
  }
}
