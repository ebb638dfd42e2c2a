/**
 * The streams of a server as a tree of networks, stations and streams, of which some are picked. Of what is picked as a whole, the
 * whole is told, so that patterns stay short.
 */

/** A network, a station or a stream. */
export interface Branch {
  readonly label: string;
  readonly parent: Branch | undefined;
  /** Empty for a stream. */
  readonly children: Branch[];
  /** The streams in it; of a stream, itself. */
  readonly leaves: Leaf[];
}

export interface Leaf extends Branch {
  /** Its name as the server has it. */
  readonly id: string;
  /** Before the network, such as `FDSN:`. */
  readonly head: string;
  readonly network: string;
  /** `undefined` where the name has no further code. */
  readonly station: string | undefined;
  /** Behind the station: `_00_H_H_Z/MSEED`. */
  readonly rest: string;
  /** Location and channel: `00 HHZ`. */
  readonly label: string;
  /** Capitals that a search looks into. */
  readonly text: string;
  picked: boolean;
}

/** Streams of a network that are picked: of all or one of its stations, and all or some of their streams. */
export interface Picked {
  readonly head: string;
  readonly network: string;
  /** `undefined`: all of the network. */
  readonly station: string | undefined;
  /** What comes behind the station, and all that there is to choose from; `undefined`: everything. */
  readonly rests: { readonly picked: string[]; readonly all: string[] } | undefined;
  /** What all of it begins with. */
  readonly all: Leaf[];
}

const NAME = /^([A-Za-z]+:)?([^_/]*)(?:_([^_/]*))?(.*)$/s;

/** The networks, in the order of their names. */
export function streamTree(ids: readonly string[]): Branch[] {
  const networks = new Map<string, Branch>();
  const stations = new Map<string, Branch>();
  for (const id of [...ids].sort()) {
    const [, head = "", network = "", station, rest = ""] = NAME.exec(id)!;
    const above = branchOf(networks, `${head}${network}`, network || id, undefined);
    const beside = branchOf(stations, `${head}${network} ${station ?? ""}`, station || "–", above);
    const label = labelOf(rest) || id;
    const text = `${id} ${network}_${station} ${network}.${station}.${label.replaceAll(" ", ".")} ${label}`;
    const leaf: Leaf = {
      ...{ id, head, network, station, rest, label, text: text.toUpperCase() },
      ...{ parent: beside, children: [], leaves: [], picked: false },
    };
    leaf.leaves.push(leaf);
    beside.children.push(leaf);
    beside.leaves.push(leaf);
    above.leaves.push(leaf);
  }
  return [...networks.values()];
}

function branchOf(
  known: Map<string, Branch>,
  key: string,
  label: string,
  parent: Branch | undefined,
): Branch {
  const branch = known.get(key) ?? { label, parent, children: [], leaves: [] };
  if (!known.has(key)) {
    known.set(key, branch);
    parent?.children.push(branch);
  }
  return branch;
}

/** `00 HHZ MSEED` of `_00_H_H_Z/MSEED`; letters of a channel stand together, as people write them. */
function labelOf(rest: string): string {
  const [name = "", ...types] = rest.split("/");
  const [location = "", ...channel] = name.replace(/^_/, "").split("_");
  const letters = channel.every((code) => code.length === 1) ? channel.join("") : channel.join("_");
  return [location, letters, ...types].filter((part) => part !== "").join(" ");
}

/** The leaves that have all words of a search; `undefined` for a search of nothing, which has all. */
export function search(networks: readonly Branch[], words: string): Set<Leaf> | undefined {
  const wanted = words.toUpperCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return undefined;
  const leaves = networks.flatMap((network) => network.leaves);
  return new Set(leaves.filter(({ text }) => wanted.every((word) => text.includes(word))));
}

/** What is picked, in as few words as say it. */
export function picked(networks: readonly Branch[]): Picked[] {
  return networks.flatMap(pickedOf);
}

function pickedOf(network: Branch): Picked[] {
  const chosen = network.leaves.filter((leaf) => leaf.picked);
  if (chosen.length === 0) return [];
  const { head, network: name } = chosen[0]!;
  const common = { head, network: name };
  const { leaves, children } = network;
  const isRegular = leaves.every(({ station }) => station !== undefined);
  if (isRegular && chosen.length === leaves.length && leaves.length > 1)
    return [{ ...common, station: undefined, rests: undefined, all: leaves }];
  const rests = new Set(chosen.map(({ rest }) => rest));
  const several = children.filter((station) => station.leaves.some((leaf) => leaf.picked)).length > 1;
  // The same streams of all stations that have them.
  if (isRegular && several && leaves.every((leaf) => leaf.picked === rests.has(leaf.rest))) {
    return [{ ...common, station: undefined, rests: restsOf(leaves), all: leaves }];
  }
  return children.flatMap(({ leaves }) => {
    const some = leaves.filter((leaf) => leaf.picked);
    if (some.length === 0) return [];
    const { station } = some[0]!;
    const isWhole = station !== undefined && some.length === leaves.length && leaves.length > 1;
    return [{ ...common, station, rests: isWhole ? undefined : restsOf(leaves), all: leaves }];
  });
}

function restsOf(leaves: readonly Leaf[]): { picked: string[]; all: string[] } {
  const rests = (some: readonly Leaf[]) => [...new Set(some.map(({ rest }) => rest))];
  return { picked: rests(leaves.filter((leaf) => leaf.picked)), all: rests(leaves) };
}
