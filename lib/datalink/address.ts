/** DataLink's addresses: `datalink://host:port`, `datalinks://` (TLS), `ws://`, `wss://`, and the short forms. */
import { type Address, AddressError, type AddressForm, parseAddress as parse } from "../net/address.ts";
import { DataLinkError } from "./protocol/errors.ts";

export { type Address, formatAddress } from "../net/address.ts";

/** DataLink's customary ports: plain, and TLS. */
export const DEFAULT_PORT = 16000;
export const DEFAULT_TLS_PORT = 16500;

const FORM: AddressForm = {
  schemes: ["datalink", "datalinks"],
  ports: [DEFAULT_PORT, DEFAULT_TLS_PORT],
  webSocketPath: "/datalink",
};

/**
 * Takes an address apart. Without a scheme it means `datalink://`, or `datalinks://` on port 16500; without a port
 * 16000, or the scheme's own. `secure` asks for TLS whatever the scheme says.
 *
 * @throws DataLinkError `INVALID_ADDRESS`
 */
export function parseAddress(text: string, secure = false): Address {
  try {
    return parse(text, FORM, secure);
  } catch (error) {
    if (error instanceof AddressError) throw new DataLinkError("INVALID_ADDRESS", error.message);
    throw error;
  }
}

/** Whether the connection is encrypted. */
export function usesTls(address: Address): boolean {
  return address.isSecure;
}
