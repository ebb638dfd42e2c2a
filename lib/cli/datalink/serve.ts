/** `datalink serve`: the embedded server, without Node-RED. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { type SeismoOptions, seismo } from "../../seismograph/serve/seismo.ts";
import type { AccessOptions } from "../../server/access/access.ts";
import { describeEvent } from "../../server/events.ts";
import { DataLinkServer, type DataLinkServerOptions } from "../../server/server.ts";
import { defineCommand, EXIT_OK, type Io, usageError } from "../command.ts";
import { numberOption } from "../numbers.ts";
import { printable } from "../printable.ts";

const LOCAL = ["127.0.0.0/8", "::1"];

export const serve = defineCommand({
  name: "datalink serve",
  summary: "Be a server of DataLink and SeedLink, over TCP and WebSocket.",
  operands: "",
  options: {
    host: { type: "string", value: "HOST", help: "address to listen on, default 127.0.0.1" },
    port: { type: "string", short: "p", value: "PORT", help: "default 16000, or 16500 with TLS; 0 for any" },
    "ring-size": { type: "string", value: "MIB", help: "memory of the ring in MiB, default 64" },
    "packet-size": { type: "string", value: "BYTES", help: "largest payload of a packet, default 512" },
    directory: { type: "string", short: "d", value: "FOLDER", help: "keep the ring in this folder" },
    seedlink: {
      type: "string",
      value: "HOW",
      help: "what SeedLink 3 readers get: convert (default), repack, omit; off: no SeedLink",
    },
    "allow-read": {
      type: "string",
      multiple: true,
      value: "RANGE",
      help: "who may read besides this machine: 10.0.0.0/8",
    },
    "allow-write": {
      type: "string",
      multiple: true,
      value: "RANGE",
      help: "who may read and write besides this machine",
    },
    "secret-file": { type: "string", value: "FILE", help: "take tokens signed with the secret in this file" },
    cert: { type: "string", value: "FILE", help: "certificate for TLS (PEM)" },
    key: { type: "string", value: "FILE", help: "its key (PEM)" },
    page: { type: "boolean", help: "show live seismograms and drums to browsers" },
    "page-port": { type: "string", value: "PORT", help: "port of the page, default 8080; 0 for any" },
    "page-title": { type: "string", value: "TITLE", help: "at the top of the page" },
    "page-views": { type: "string", value: "VIEWS", help: "bands in Hz, default raw,1-20,0.7-2" },
    "page-hours": { type: "string", value: "HOURS", help: "how far back a drum reaches, default 24" },
    "page-archive": {
      type: "string",
      value: "ARCHIVE",
      help: "fill drums from this folder, or pattern such as SDS@FOLDER, and zoom into it",
    },
    verbose: { type: "boolean", short: "v", help: "tell who comes and goes" },
  },
  notes: `It runs until it is interrupted. Without --directory its ring is in memory: what is in it is gone then.

SeedLink is spoken on the same port, and on WebSocket at /seedlink. Most programs that speak its protocol 3 know miniSEED 2 only: they get
miniSEED 3 converted to records of 512 bytes (convert), everything in such records (repack), or no miniSEED 3 (omit).

The page listens on the same address as the server. Who may read all streams may see it, without or with a token.`,
  async run({ options, operands, io }) {
    if (operands.length > 0) throw usageError(`${operands[0]}: there is nothing to name here but options`);
    if ((options.cert === undefined) !== (options.key === undefined))
      throw usageError("TLS needs --cert and --key");
    const tls = options.cert !== undefined && options.key !== undefined;
    const settings: DataLinkServerOptions = {
      host: options.host ?? "127.0.0.1",
      port: numberOption("port", options.port) ?? (tls ? 16_500 : 16_000),
      ringBytes: (numberOption("ring-size", options["ring-size"]) ?? 64) * 2 ** 20,
      packetSize: numberOption("packet-size", options["packet-size"]) ?? 512,
      access: await access(options),
      directory: options.directory,
      seedLink: seedLink(options.seedlink),
    };
    if (tls) settings.tls = { cert: await readFile(options.cert!), key: await readFile(options.key!) };
    if (options.verbose)
      settings.onEvent = (event) =>
        void io.stdout.write(`${new Date().toISOString()} ${printable(describeEvent(event))}\n`);
    await using server = await DataLinkServer.listen(settings);
    const schemes = settings.seedLink === false ? ["datalink"] : ["datalink", "seedlink"];
    const address = `${tls ? "s" : ""}://${settings.host}:${server.port}`;
    io.stdout.write(schemes.map((scheme) => `listening on ${scheme}${address}\n`).join(""));
    await using page = options.page
      ? await seismo(pageOptions(options, settings, server.url, io))
      : undefined;
    if (page) io.stdout.write(`page at ${page.url}\n`);
    if (!io.signal.aborted) await once(io.signal, "abort");
    return EXIT_OK;
  },
});

/** The page of the server's own packets. */
function pageOptions(
  options: Partial<Record<"page-port" | "page-title" | "page-views" | "page-hours" | "page-archive", string>>,
  { host, tls, access }: DataLinkServerOptions,
  source: string,
  { stderr }: Io,
): SeismoOptions {
  return {
    ...{ source, host, tls, access },
    // It is this very process that is connected to.
    connect: tls ? { tls: { rejectUnauthorized: false } } : undefined,
    port: numberOption("page-port", options["page-port"]),
    title: options["page-title"],
    views: options["page-views"]?.split(/[\s,;]+/).filter((view) => view !== ""),
    hours: numberOption("page-hours", options["page-hours"]),
    archive: options["page-archive"],
    onProblem: (error) => void stderr.write(`page: ${printable(error.message)}\n`),
  };
}

function seedLink(how = "convert"): DataLinkServerOptions["seedLink"] {
  if (how === "off") return false;
  if (how === "convert" || how === "repack" || how === "omit") return { protocol3: how };
  throw usageError(`--seedlink is convert, repack, omit or off, not ${how}`);
}

async function access(options: {
  host?: string;
  "allow-read"?: string[];
  "allow-write"?: string[];
  "secret-file"?: string;
}): Promise<AccessOptions> {
  const rules = [
    { from: [...LOCAL, ...ownAddress(options.host)], write: true, trusted: true },
    ...(options["allow-write"] ?? []).map((from) => ({ from, write: true })),
    ...(options["allow-read"] ?? []).map((from) => ({ from })),
  ];
  const secretFile = options["secret-file"];
  if (secretFile === undefined) return { rules };
  return { rules, jwt: { secret: (await readFile(secretFile, "utf8")).trim() } };
}

/** Where the server listens on one address, what comes from there comes from this machine. */
function ownAddress(host: string | undefined): string[] {
  return host !== undefined && isIP(host) !== 0 && host !== "0.0.0.0" && host !== "::" ? [host] : [];
}
