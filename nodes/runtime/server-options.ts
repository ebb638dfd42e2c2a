/** What the dialog of a datalink server says, as the library's options. */
import { networkInterfaces } from "node:os";
import path from "node:path";
import type { NodeAPI, NodeDef } from "node-red";
import type { AccessOptions, AccessRule, AccessUser } from "../../lib/server/access/access.ts";
import type { JsonWebTokenOptions } from "../../lib/server/access/json-web-token.ts";
import type { DataLinkServerOptions } from "../../lib/server/server.ts";
import type { Settings } from "./settings.ts";
import { tlsOptions } from "./tls.ts";

/** One line of the list of addresses. */
export interface RuleDef {
  /** Addresses and ranges, with spaces or commas between them. */
  from: string;
  may: "read" | "write" | "login" | "refuse";
  /** A regular expression: the streams that may be read, or written. Blank is all. */
  streams: string;
}

export interface DataLinkServerDef extends NodeDef {
  version: number;
  port: string;
  access: string;
  rules: RuleDef[];
  host: string;
  ringSize: string;
  packetSize: string;
  directory: string;
  tls: string;
  /** `convert`, `repack`, `omit` or `off`. Nodes of before SeedLink was spoken have none. */
  seedLink?: string;
  webPath: string;
  origins: string;
  publicKey: string;
  maxClients: string;
  maxClientsPerAddress: string;
  ioTimeout: string;
  idleTimeout: string;
}

/** Node-RED keeps only secrets whose names it knows: so many users, `user`, `password` and `streams`, then `user2` … */
const MAX_USERS = 8;
const SLOTS = ["", ...Array.from({ length: MAX_USERS - 1 }, (_, i) => String(i + 2))];

export type Secrets = Record<string, string | undefined>;

/** What Node-RED is told of the secrets. */
export const CREDENTIALS: Record<string, { type: "text" | "password" }> = {
  ...Object.fromEntries(
    SLOTS.flatMap((slot) => [
      [`user${slot}`, { type: "text" as const }],
      [`password${slot}`, { type: "password" as const }],
      [`streams${slot}`, { type: "text" as const }],
    ]),
  ),
  tokenSecret: { type: "password" },
};

const MIB = 1024 * 1024;
const THIS_COMPUTER: AccessRule = { from: ["127.0.0.0/8", "::1"], write: true, trusted: true };
const EVERYBODY = ["0.0.0.0/0", "::/0"];
const UNLIMITED = Number.POSITIVE_INFINITY;

/** @throws SettingError naming the field that cannot be used. */
export function serverOptions(
  RED: NodeAPI,
  settings: Settings,
  def: DataLinkServerDef,
  secrets: Secrets,
): DataLinkServerOptions & { port: number } {
  const who = settings.choice("Who may", def.access, ["loopback", "read", "write", "rules"]);
  const directory = settings.text(def.directory);
  const perAddress = settings.number("Per address", def.maxClientsPerAddress, {
    min: 1,
    max: 100_000,
    fallback: UNLIMITED,
  });
  const seconds = (field: string, value: string, min: number, fallback: number) =>
    1000 * settings.number(field, value, { min, max: 604_800, fallback });
  return {
    port: settings.number("TCP port", def.port, { min: 0, max: 65535, fallback: 16000 }),
    host: settings.text(def.host, who === "loopback" ? "127.0.0.1" : everyAddress()),
    access: accessOptions(settings, who, def, secrets),
    ringBytes: Math.round(
      settings.number("Ring", def.ringSize, { min: 0.0625, max: 4095, fallback: 64 }) * MIB,
    ),
    packetSize: settings.number("Max. packet", def.packetSize, {
      min: 128,
      max: 16 * MIB,
      fallback: 4096,
    }),
    directory: directory === "" ? undefined : path.resolve(RED.settings.userDir ?? ".", directory),
    tls: tlsOptions(RED, def.tls),
    seedLink: seedLinkOptions(settings, def.seedLink),
    webSocket: { origins: wordsOf(settings.text(def.origins)) },
    maxClients: settings.number("Clients", def.maxClients, { min: 1, max: 100_000, fallback: 600 }),
    maxClientsPerAddress: perAddress === UNLIMITED ? undefined : perAddress,
    ioTimeout: seconds("Time limit", def.ioTimeout, 0.1, 10),
    idleTimeout: seconds("Idle limit", def.idleTimeout, 0, 3600),
  };
}

function seedLinkOptions(settings: Settings, chosen: string | undefined): DataLinkServerOptions["seedLink"] {
  const protocol3 = settings.choice("SeedLink", chosen || "convert", ["convert", "repack", "omit", "off"]);
  return protocol3 === "off" ? false : { protocol3 };
}

function accessOptions(
  settings: Settings,
  who: "loopback" | "read" | "write" | "rules",
  def: DataLinkServerDef,
  secrets: Secrets,
): AccessOptions {
  const others: AccessRule[] =
    who === "rules"
      ? (def.rules ?? []).map((rule) => accessRule(settings, rule))
      : who === "loopback"
        ? []
        : [{ from: EVERYBODY, write: who === "write" }];
  return {
    // What is said of this computer in the list counts more than what holds without a word.
    rules: who === "rules" ? [...others, THIS_COMPUTER] : [THIS_COMPUTER, ...others],
    users: SLOTS.flatMap((slot) => accessUser(settings, secrets, slot)),
    jwt: tokenOptions(settings, def, secrets),
  };
}

function accessRule(settings: Settings, rule: RuleDef): AccessRule {
  const from = wordsOf(settings.text(rule.from));
  const streams = settings.text(rule.streams) || true;
  switch (settings.choice("May", rule.may, ["read", "write", "login", "refuse"])) {
    case "read":
      return { from, read: streams };
    case "write":
      return { from, write: streams };
    case "login":
      return { from, read: false };
    case "refuse":
      return { from, refuse: true };
  }
}

function accessUser(settings: Settings, secrets: Secrets, slot: string): AccessUser[] {
  const name = settings.text(secrets[`user${slot}`]);
  const password = settings.secret(secrets[`password${slot}`]);
  if (!name || !password) return [];
  return [{ name, password, write: settings.text(secrets[`streams${slot}`]) || true }];
}

function tokenOptions(
  settings: Settings,
  def: DataLinkServerDef,
  secrets: Secrets,
): JsonWebTokenOptions | undefined {
  const secret = settings.secret(secrets.tokenSecret);
  const publicKey = settings.text(def.publicKey);
  if (!secret && !publicKey) return undefined;
  return { ...(secret && { secret }), ...(publicKey && { publicKey }) };
}

/** All addresses of this computer: IPv4 only where it has no IPv6. */
function everyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.some((address) => address?.family === "IPv6") ? "::" : "0.0.0.0";
}

function wordsOf(list: string): string[] {
  return list.split(/[\s,]+/).filter((word) => word !== "");
}
