/**
 * Who may do what: by the address that a client comes from, and by user and password or JSON Web Token once it has logged
 * in. A login takes the place of what the address allows; one that fails leaves only reading.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { BlockList, isIPv6 } from "node:net";
import { DataLinkError } from "../../datalink/protocol/errors.ts";
import { type JsonWebTokenOptions, TokenVerifier } from "./json-web-token.ts";
import { compileNow } from "./pattern.ts";

/** All streams (`true`), none (`false`), or those that a regular expression finds. */
export type Streams = boolean | string;

/** What somebody may do. */
export interface Grant {
  /** Streams to read. Default: all. */
  read?: Streams | undefined;
  /** Streams that cannot be read even though `read` lets them. */
  readExcept?: string | undefined;
  /** Streams to write. Default: none. */
  write?: Streams | undefined;
  /** Whether to see the other connections. Default: no. */
  trusted?: boolean | undefined;
}

/** What clients of some addresses may do. */
export interface AccessRule extends Grant {
  /** Addresses and ranges: `192.168.1.7`, `10.0.0.0/8`, `2001:db8::/32`. */
  from: string | string[];
  /** Turns these addresses away, whatever a later rule says. Default: no. */
  refuse?: boolean | undefined;
}

/** Somebody who may log in with a password, and what they may do then. */
export interface AccessUser extends Grant {
  name: string;
  password: string;
}

/** Who may connect, read and write: by address, by user and password, by token. */
export interface AccessOptions {
  /**
   * The first rule that an address fits decides; an address that fits none is turned away. Default: this machine may do
   * everything, and others nothing.
   */
  rules?: AccessRule[] | undefined;
  users?: AccessUser[] | undefined;
  /** Tokens: the claim `wpat` says which streams may be written, `rpat` which may be read. */
  jwt?: JsonWebTokenOptions | undefined;
}

/** What a client may do, ready to be asked. */
export interface Permissions {
  read: boolean | ((streamId: string) => boolean);
  write: boolean | ((streamId: string) => boolean);
  trusted: boolean;
  /** When the login that gave them expires, in seconds since 1970. */
  expires?: number | undefined;
}

/** What is left to somebody of whom no rule speaks, but who has been let in by another server's password. */
const READ_ONLY: Permissions = { read: true, write: false, trusted: false };

/** The rules for a server that is there for its own machine. */
const LOCAL_ONLY: AccessRule[] = [{ from: ["127.0.0.0/8", "::1"], write: true, trusted: true }];

export class Access {
  readonly #rules: { addresses: BlockList; permissions: Permissions | undefined }[];
  readonly #users: { name: string; password: Buffer; permissions: Permissions }[];
  readonly #tokens: TokenVerifier | undefined;

  /** @throws DataLinkError `INVALID_ARGUMENT` for an address, a pattern, a password or a key that cannot be used. */
  constructor(options: AccessOptions = {}) {
    this.#rules = (options.rules ?? LOCAL_ONLY).map((rule) => ({
      addresses: addressesOf(rule.from),
      permissions: rule.refuse ? undefined : permissionsOf(rule),
    }));
    this.#users = (options.users ?? []).map((user) => ({
      name: user.name,
      password: digest(passwordOf(user)),
      permissions: permissionsOf(user),
    }));
    this.#tokens = options.jwt && new TokenVerifier(options.jwt);
  }

  /** Whether there is anything to log in with. */
  get hasLogins(): boolean {
    return this.#users.length > 0 || this.#tokens !== undefined;
  }

  /** What a client of this address may do before it logs in; `undefined` where it is to be turned away. */
  ofAddress(address: string): Permissions | undefined {
    return this.#ruleOf(address)?.permissions;
  }

  /**
   * What a client may do that may have any of these addresses: what all of them may; `undefined` where one of them is to be
   * turned away. Where `isAuthenticated`, an address of which no rule speaks may read.
   */
  ofAddresses(addresses: readonly string[], isAuthenticated: boolean): Permissions | undefined {
    let permissions: Permissions | undefined;
    for (const address of addresses) {
      const rule = this.#ruleOf(address) ?? (isAuthenticated ? { permissions: READ_ONLY } : undefined);
      if (!rule?.permissions) return undefined;
      permissions = permissions ? bothOf(permissions, rule.permissions) : rule.permissions;
    }
    return permissions;
  }

  #ruleOf(address: string): { permissions: Permissions | undefined } | undefined {
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    return this.#rules.find(({ addresses }) => addresses.check(address, family));
  }

  /** What a user may do; `undefined` where there is no such user with this password. */
  ofUser(name: string, password: string): Permissions | undefined {
    const given = digest(password);
    return this.#users.find((user) => user.name === name && timingSafeEqual(user.password, given))
      ?.permissions;
  }

  /** What the bearer of a token may do; `undefined` where it is not valid (any more). */
  async ofToken(token: string): Promise<Permissions | undefined> {
    const claims = await this.#tokens?.verify(token);
    if (!claims) return undefined;
    const { writePattern: write, readPattern: read, expires } = claims;
    try {
      return { ...permissionsOf({ write: orNone(write) ?? false, read: orNone(read) ?? true }), expires };
    } catch (error) {
      // A pattern that cannot be used permits nothing.
      if (error instanceof DataLinkError) return undefined;
      throw error;
    }
  }
}

/** An empty expression would find every stream: whoever wrote none meant none. */
function orNone(pattern: string | undefined): Streams | undefined {
  return pattern === undefined ? undefined : !isEmptyPattern(pattern) && pattern;
}

/** A NUL ends a pattern, so that one which begins with it is empty too. */
function isEmptyPattern(pattern: string): boolean {
  return pattern === "" || pattern.startsWith("\0");
}

/** Of equal length whatever the password, so that it can be compared in constant time. */
function digest(password: string): Buffer {
  return createHash("sha256").update(password).digest();
}

function passwordOf({ name, password }: AccessUser): string {
  if (password !== "") return password;
  throw new DataLinkError(
    "INVALID_ARGUMENT",
    `The user "${name}" has an empty password: give one, or leave the user out.`,
  );
}

function addressesOf(from: string | string[]): BlockList {
  const list = new BlockList();
  for (const text of [from].flat()) {
    const [address = "", bits] = text.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    try {
      if (bits === undefined) list.addAddress(address, family);
      else if (!/^\d{1,3}$/.test(bits)) throw new TypeError("not a number of bits");
      else list.addSubnet(address, Number(bits), family);
    } catch (error) {
      throw new DataLinkError(
        "INVALID_ARGUMENT",
        `"${text}" in an access rule is not an address: write for example 192.168.1.7, 10.0.0.0/8 or 2001:db8::/32.`,
        { cause: error },
      );
    }
  }
  return list;
}

function permissionsOf({ read = true, readExcept, write = false, trusted = false }: Grant): Permissions {
  const readable = streamsOf(read);
  if (readExcept === undefined || readable === false)
    return { read: readable, write: streamsOf(write), trusted };
  if (isEmptyPattern(readExcept)) throw emptyPattern();
  const hidden = compileNow(readExcept);
  const isReadable = (streamId: string) =>
    (readable === true || readable(streamId)) && !hidden.test(streamId);
  return { read: isReadable, write: streamsOf(write), trusted };
}

function bothOf(a: Permissions, b: Permissions): Permissions {
  return {
    read: streamsOfBoth(a.read, b.read),
    write: streamsOfBoth(a.write, b.write),
    trusted: a.trusted && b.trusted,
  };
}

function streamsOfBoth(a: Permissions["read"], b: Permissions["read"]): Permissions["read"] {
  if (typeof a === "boolean") return a && b;
  if (typeof b === "boolean") return b && a;
  return (streamId) => a(streamId) && b(streamId);
}

function emptyPattern(): DataLinkError {
  return new DataLinkError(
    "INVALID_ARGUMENT",
    "An access rule has an empty expression for its streams: write true for all of them, false for none.",
  );
}

function streamsOf(streams: Streams): Permissions["read"] {
  if (typeof streams === "boolean") return streams;
  if (isEmptyPattern(streams)) throw emptyPattern();
  const pattern = compileNow(streams);
  return (streamId) => pattern.test(streamId);
}
