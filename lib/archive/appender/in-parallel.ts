/** Does something to all of a list, to a few of them at once. */
export async function inParallel<Item>(
  limit: number,
  items: readonly Item[],
  action: (item: Item, place: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let place = next++; place < items.length; place = next++) await action(items[place]!, place);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
