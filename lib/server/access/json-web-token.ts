/** JSON Web Tokens (RFC 7519) signed with HS256 or RS256 (RFC 7518): whether one is valid, and what it claims. */
import { createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { type JWTHeaderParameters, type JWTPayload, errors as joseErrors, jwtVerify } from "jose";
import { DataLinkError } from "../../datalink/protocol/errors.ts";

/** Which tokens a server takes. */
export interface JsonWebTokenOptions {
  /** Secret of tokens signed with HS256, at least 32 bytes. */
  secret?: string | undefined;
  /** Public key, in PEM, of tokens signed with RS256; at least 2048 bits. */
  publicKey?: string | undefined;
  /** What a token must name as its issuer (`iss`) and audience (`aud`). Default: neither is looked at. */
  issuer?: string | undefined;
  audience?: string | undefined;
}

/** What a valid token says. */
export interface TokenClaims {
  subject: string;
  /** A regular expression of stream ids that may be written (`wpat`, as simpledali's tokens have it) or read (`rpat`). */
  writePattern: string | undefined;
  readPattern: string | undefined;
  /** When it expires (`exp`), in seconds since 1970. */
  expires: number | undefined;
}

const SHORTEST_SECRET = 32;
const SHORTEST_KEY = 2048;

/** Seconds by which a token may come before its time (`nbf`): clocks differ. */
const LEEWAY = 60;

export class TokenVerifier {
  readonly #options: JsonWebTokenOptions;
  /** Each algorithm has its own key: a token must not choose how a key is used. */
  readonly #keys = new Map<string, KeyObject>();

  /** @throws DataLinkError `INVALID_ARGUMENT` where there is no usable key. */
  constructor(options: JsonWebTokenOptions) {
    const { secret, publicKey } = options;
    if (secret === undefined && publicKey === undefined) {
      throw new DataLinkError("INVALID_ARGUMENT", "Tokens need a secret (HS256) or a public key (RS256).");
    }
    this.#options = options;
    if (secret !== undefined) this.#keys.set("HS256", tokenSecret(secret));
    if (publicKey !== undefined) this.#keys.set("RS256", publicKeyOf(publicKey));
  }

  /** The claims of a token that is signed with one of the keys and valid at a time in seconds since 1970. */
  async verify(token: string, now = Date.now() / 1000): Promise<TokenClaims | undefined> {
    try {
      const { payload } = await jwtVerify(
        token.trim(),
        (header: JWTHeaderParameters) => this.#keyFor(header),
        this.#checks(now),
      );
      return claimsOf(payload, now);
    } catch (error) {
      if (error instanceof joseErrors.JOSEError) return undefined;
      throw error;
    }
  }

  #keyFor({ alg }: JWTHeaderParameters): KeyObject {
    const key = this.#keys.get(alg ?? "");
    if (!key) throw new joseErrors.JOSEAlgNotAllowed(`${alg} is not taken`);
    return key;
  }

  #checks(now: number) {
    const { issuer, audience } = this.#options;
    return {
      algorithms: [...this.#keys.keys()],
      currentDate: new Date(now * 1000),
      clockTolerance: LEEWAY,
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    };
  }
}

/**
 * The key that a secret is, for signing and checking by HS256.
 *
 * @throws DataLinkError `INVALID_ARGUMENT` where it is too short.
 */
export function tokenSecret(secret: string): KeyObject {
  if (Buffer.byteLength(secret) >= SHORTEST_SECRET) return createSecretKey(secret, "utf8");
  throw new DataLinkError(
    "INVALID_ARGUMENT",
    `The secret of tokens must have at least ${SHORTEST_SECRET} bytes: shorter ones can be guessed.`,
  );
}

/** A claim of another type than it has to have says nothing that could be followed: such a token is not valid. */
function claimsOf({ sub, exp, wpat, rpat }: JWTPayload, now: number): TokenClaims | undefined {
  // The leeway is for what comes early. What has expired has.
  if (exp !== undefined && exp <= now) return undefined;
  if (!isTextOrMissing(wpat) || !isTextOrMissing(rpat)) return undefined;
  return { subject: sub ?? "", writePattern: wpat, readPattern: rpat, expires: exp };
}

function isTextOrMissing(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

function publicKeyOf(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw unusableKey(error);
  }
  if (key.asymmetricKeyType !== "rsa") throw unusableKey(undefined);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits >= SHORTEST_KEY) return key;
  throw new DataLinkError(
    "INVALID_ARGUMENT",
    `The public key of tokens has ${bits} bits: RS256 needs at least ${SHORTEST_KEY}.`,
  );
}

function unusableKey(cause: unknown): DataLinkError {
  return new DataLinkError(
    "INVALID_ARGUMENT",
    "The public key of tokens is not an RSA key in PEM (-----BEGIN PUBLIC KEY-----).",
    { cause },
  );
}
