/** Things by what they have in common, in the order in which each kind came first. */
export function grouped<T, K>(things: readonly T[], keyOf: (thing: T) => K): Map<K, T[]> {
  // `Map.groupBy` is not in every Node that runs the tests.
  const found = new Map<K, T[]>();
  for (const thing of things) {
    const key = keyOf(thing);
    const known = found.get(key);
    if (known) known.push(thing);
    else found.set(key, [thing]);
  }
  return found;
}
