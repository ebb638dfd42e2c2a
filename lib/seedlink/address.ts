/** SeedLink's addresses: `seedlink://host:port`, `seedlinks://` (TLS), `ws://`, `wss://`, and the short forms. */
import { type Address, AddressError, type AddressForm, parseAddress as parse } from "../net/address.ts";
import { SeedLinkError } from "./protocol/errors.ts";

export { type Address, formatAddress } from "../net/address.ts";

/** SeedLink's customary ports: plain, and TLS. */
export const DEFAULT_PORT = 18000;
export const DEFAULT_TLS_PORT = 18500;

const FORM: AddressForm = {
  schemes: ["seedlink", "seedlinks"],
  ports: [DEFAULT_PORT, DEFAULT_TLS_PORT],
  webSocketPath: "/seedlink",
};

/**
 * Takes an address apart. Without a scheme it means `seedlink://`, or `seedlinks://` on port 18500; without a port 18000,
 * or the scheme's own. `secure` asks for TLS whatever the scheme says.
 *
 * @throws SeedLinkError `INVALID_ADDRESS`
 */
export function parseAddress(text: string, secure = false): Address {
  try {
    return parse(text, FORM, secure);
  } catch (error) {
    if (error instanceof AddressError) throw new SeedLinkError("INVALID_ADDRESS", error.message);
    throw error;
  }
}
