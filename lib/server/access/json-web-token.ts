/** JSON Web Tokens (RFC 7519) signed with HS256 or RS256 (RFC 7518): whether one is valid, and what it claims. */
import { createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import { DataLinkError } from "../../datalink/protocol/errors.ts";

/** How tokens are verified. */
export interface JsonWebTokenOptions {
  /** Secret of tokens signed with HS256, at least 32 bytes. */
  secret?: string | undefined;
  /** Public key, in PEM, of tokens signed with RS256. */
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
}

const SHORTEST_SECRET = 32;

/** Seconds that clocks may differ. */
const LEEWAY = 60;

export class TokenVerifier {
  readonly #options: JsonWebTokenOptions;
  readonly #publicKey: KeyObject | undefined;

  /** @throws DataLinkError `INVALID_ARGUMENT` where there is no usable key. */
  constructor(options: JsonWebTokenOptions) {
    const { secret, publicKey } = options;
    if (secret === undefined && publicKey === undefined) {
      throw new DataLinkError("INVALID_ARGUMENT", "Tokens need a secret (HS256) or a public key (RS256).");
    }
    if (secret !== undefined && Buffer.byteLength(secret) < SHORTEST_SECRET) {
      throw new DataLinkError(
        "INVALID_ARGUMENT",
        `The secret of tokens must have at least ${SHORTEST_SECRET} bytes: shorter ones can be guessed.`,
      );
    }
    this.#options = options;
    this.#publicKey = publicKey === undefined ? undefined : publicKeyOf(publicKey);
  }

  /** The claims of a token that is signed with one of the keys and valid at a time in seconds since 1970. */
  verify(token: string, now: number): TokenClaims | undefined {
    const parts = token.trim().split(".");
    if (parts.length !== 3) return undefined;
    const [head, body, signature] = parts as [string, string, string];
    const algorithm = parseObject(head)?.alg;
    const signed = Buffer.from(`${head}.${body}`);
    if (!this.#isSigned(algorithm, signed, Buffer.from(signature, "base64url"))) return undefined;
    const claims = parseObject(body);
    return claims && this.#isValid(claims, now) ? claimsOf(claims) : undefined;
  }

  /** Each algorithm has its own key: a token must not choose how a key is used. */
  #isSigned(algorithm: unknown, signed: Buffer, signature: Buffer): boolean {
    const { secret } = this.#options;
    if (algorithm === "HS256" && secret !== undefined) {
      const expected = createHmac("sha256", secret).update(signed).digest();
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    }
    if (algorithm === "RS256" && this.#publicKey) return verify("sha256", signed, this.#publicKey, signature);
    return false;
  }

  #isValid(claims: Record<string, unknown>, now: number): boolean {
    const { issuer, audience } = this.#options;
    const { exp, nbf, iss, aud } = claims;
    if (exp !== undefined && !(typeof exp === "number" && now < exp + LEEWAY)) return false;
    if (nbf !== undefined && !(typeof nbf === "number" && now > nbf - LEEWAY)) return false;
    if (issuer !== undefined && iss !== issuer) return false;
    return audience === undefined || [aud].flat().includes(audience);
  }
}

function claimsOf({ sub, wpat, rpat }: Record<string, unknown>): TokenClaims {
  return { subject: textOf(sub) ?? "", writePattern: textOf(wpat), readPattern: textOf(rpat) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function parseObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function publicKeyOf(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === "rsa") return key;
  } catch (error) {
    throw unusableKey(error);
  }
  throw unusableKey(undefined);
}

function unusableKey(cause: unknown): DataLinkError {
  return new DataLinkError(
    "INVALID_ARGUMENT",
    "The public key of tokens is no RSA key in PEM (-----BEGIN PUBLIC KEY-----).",
    { cause },
  );
}
