/** What a server says of itself in its two lines of answer to HELLO, and what follows from it. */

/**
 * The programs whose rules of resuming differ. `ringserver` is version 4 and later, `ringserver3` those before;
 * `seiscomp` is SeisComP's seedlink of protocol 3.
 */
export type ServerKind = "ringserver" | "ringserver3" | "seiscomp" | "other";

/** A server, by its answer to HELLO. */
export interface ServerHello {
  /** The first line up to `::`, for example `SeedLink v4.0 (RingServer/4.5.3)`. */
  readonly id: string;
  /** Name and version of the program, for example `RingServer/4.5.3`; the whole `id` where it names none. */
  readonly software: string;
  /** The second line: whose server it is. */
  readonly organization: string;
  /** The versions of the protocol that it says it speaks, for example `["4.0", "3.1"]`; empty where it says none. */
  readonly protocols: readonly string[];
  /** The words after `::` that are not versions of the protocol, for example `CAP`, `WS:13`. */
  readonly capabilities: readonly string[];
  readonly kind: ServerKind;
}

/** Reads the two lines, given without their line ends. Expects anything: the versions in the text are the program's own. */
export function parseHello(line: string, organization: string): ServerHello {
  const at = line.indexOf("::");
  const id = (at < 0 ? line : line.slice(0, at)).trim();
  const words =
    at < 0
      ? []
      : line
          .slice(at + 2)
          .trim()
          .split(/\s+/)
          .filter(Boolean);
  const protocols = words.flatMap((word) => /^SLPROTO:(\d+\.\d+)$/i.exec(word)?.[1] ?? []);
  return {
    id,
    software: programIn(id) ?? id,
    organization: organization.trim(),
    protocols,
    capabilities: words.filter((word) => !/^SLPROTO:/i.test(word)),
    kind: kindOf(id, protocols),
  };
}

/** What stands in the first parentheses with a letter in them. No expression: with many that do not close it would take very long. */
function programIn(id: string): string | undefined {
  for (let open = id.indexOf("("); open >= 0; ) {
    const close = id.indexOf(")", open);
    if (close < 0) return undefined;
    const text = id.slice(open + 1, close);
    if (/[A-Za-z]/.test(text)) return text;
    open = id.indexOf("(", close);
  }
  return undefined;
}

/** Whether it offers protocol 4. Others must not be asked: some count refused commands against the client. */
export function offersProtocol4(hello: ServerHello): boolean {
  return hello.protocols.some((version) => version.startsWith("4."));
}

/** Whether it takes `CAPABILITIES EXTREPLY`, after which a refusal of protocol 3 says why. */
export function explainsRefusals(hello: ServerHello): boolean {
  return hello.capabilities.includes("CAP");
}

/** Whether its STATION takes wildcards in protocol 3. */
export function hasStationWildcards3(hello: ServerHello): boolean {
  return (
    hello.kind === "ringserver" || hello.kind === "ringserver3" || hello.capabilities.includes("NSWILDCARD")
  );
}

/** Whether one number counts for all stations, as its ring's packet ids do. */
export function hasOneNumberForAll(hello: ServerHello): boolean {
  return hello.kind === "ringserver" || hello.kind === "ringserver3";
}

function kindOf(id: string, protocols: readonly string[]): ServerKind {
  if (/RingServer\/(?:[4-9]|\d\d)/i.test(id)) return "ringserver";
  if (/RingServer/i.test(id)) return "ringserver3";
  // SeisComP names neither itself nor its protocols; its version 3 began with the numbers 3.x.
  return protocols.length === 0 && /^SeedLink v3\.[1-9]\d* \(\d{4}\.\d+\)/.test(id) ? "seiscomp" : "other";
}
