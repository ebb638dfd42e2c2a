/** DataLink over TLS. Certificates are checked unless the options say otherwise. */
import tls from "node:tls";
import { type Address, formatAddress } from "../datalink/address.ts";
import { DataLinkError } from "../datalink/protocol/errors.ts";
import { whenOpen } from "./tcp.ts";
import { messageOf, type Transport } from "./transport.ts";

/** What of Node.js's TLS options counts here; Node-RED's tls-config node gives the same. Certificates and keys as PEM. */
export type TlsOptions = Pick<
  tls.ConnectionOptions,
  | "ALPNProtocols"
  | "ca"
  | "cert"
  | "checkServerIdentity"
  | "ciphers"
  | "key"
  | "maxVersion"
  | "minVersion"
  | "passphrase"
  | "pfx"
  | "rejectUnauthorized"
  | "secureContext"
  | "servername"
>;

/** Opens a TLS connection. */
export async function openTls(
  address: Address,
  options: TlsOptions,
  signal: AbortSignal,
): Promise<Transport> {
  const { host, port } = address;
  const socket = withUsableOptions(address, () => tls.connect({ host, port, ...options }));
  return await whenOpen(socket, "secureConnect", address, signal);
}

/** Node.js throws at once where certificates or keys cannot be read. */
export function withUsableOptions<T>(address: Address, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw new DataLinkError(
      "INVALID_ARGUMENT",
      `The options for ${formatAddress(address)} cannot be used: ${messageOf(error)}. Check certificate, key and passphrase.`,
      { cause: error },
    );
  }
}
