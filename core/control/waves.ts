/**
 * Import order: a provider stands in a later wave than every one it imports after. Rules about names outside `names`
 * do not bind. Where the rules run in a circle, the answer is the names that can't be placed because of it.
 */
export function importWaves(
  names: readonly string[],
  after: ReadonlyMap<string, readonly string[]>,
): { readonly waves: string[][] } | { readonly circle: readonly string[] } {
  const waves: string[][] = [];
  let rest = [...names];
  while (rest.length > 0) {
    const ready = rest.filter((name) => !(after.get(name) ?? []).some((other) => rest.includes(other)));
    if (ready.length === 0) return { circle: rest };
    waves.push(ready);
    rest = rest.filter((name) => !ready.includes(name));
  }
  return { waves };
}
