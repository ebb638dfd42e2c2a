/** Which nodes the wires of a flow lead to. Pure: how a node's wires go is told by the caller. */

/** The nodes that one leads to at once: through a wire, or as a link out node leads to a link in node. */
export type NextNodes = (id: string) => Iterable<string>;

/** The ids of all nodes that are reached from those given, themselves among them. */
export function reachedFrom(first: Iterable<string>, next: NextNodes): Set<string> {
  const reached = new Set(first);
  // A set is gone through with what is added meanwhile.
  for (const id of reached) for (const other of next(id)) reached.add(other);
  return reached;
}
