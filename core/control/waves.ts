/**
 * Import order: a provider stands in a later wave than every one it imports after. Rules about names outside `names`
 * do not bind. Undefined when the rules run in a circle.
 */
export function importWaves(
  names: readonly string[],
  after: ReadonlyMap<string, readonly string[]>,
): string[][] | undefined {
  const waves: string[][] = [];
  let rest = [...names];
  while (rest.length > 0) {
    const ready = rest.filter((name) => !(after.get(name) ?? []).some((other) => rest.includes(other)));
    if (ready.length === 0) return undefined;
    waves.push(ready);
    rest = rest.filter((name) => !ready.includes(name));
  }
  return waves;
}
