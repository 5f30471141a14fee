import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}
interface State {
  readonly Next?: string;
  readonly Default?: string;
  readonly Branches?: readonly Machine[];
  readonly ItemProcessor?: Machine;
}

/** Transitions of the way on which nothing fails: those that are always made, and those of each iteration, by Map. */
function count(machine: Machine, maps: Record<string, number>): number {
  let made = 0;
  let name: string | undefined = machine.StartAt;
  while (name !== undefined) {
    const state: State = machine.States[name] as State;
    made += 1;
    for (const branch of state.Branches ?? []) made += count(branch, maps);
    if (state.ItemProcessor) maps[name] = count(state.ItemProcessor, maps);
    name = state.Default ?? state.Next;
  }
  return made;
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

test('the transitions of a migration are as many as the page on costs says', () => {
  const maps: Record<string, number> = {};
  const fixed = ['plan', 'slice', 'migrate']
    .map((machine) => count(JSON.parse(read(`statemachines/${machine}.asl.json`)) as Machine, maps))
    .reduce((sum, transitions) => sum + transitions);
  expect(maps).toEqual({
    // twice for each provider: at the source and at the target
    'For each provider and location': 1,
    'For each provider to drain': 1,
    'For each provider to export': 1,
    'For each provider to import': 1,
    'For each provider to verify': 2,
    'For each wave': 3,
    'For each provider with a hook': 1,
  });
  const of = (providers: number, waves: number): string =>
    (fixed + 7 * providers + 3 * waves).toLocaleString('en');
  const page = read('docs/deploy.md');
  expect(page).toContain(`transitions = ${fixed} + 7 P + 3 W + H`);
  expect(page).toContain(`P = 5,  W = 2: ${of(5, 2).padStart(3)}\n`);
  expect(page).toContain(`P = 20, W = 2: ${of(20, 2)}\n`);
  expect(page).toContain(`P = 200, W = 4: ${of(200, 4)}\n`);
  expect(read('docs/runbook.md')).toContain(`${fixed} + 7P + 3W`);
});

test('the transitions of a recovery that goes back are as many as the page says', () => {
  const maps: Record<string, number> = {};
  const recover = JSON.parse(read('statemachines/recover.asl.json')) as Machine;
  const forward = { ...recover.States['Anything to recover?'], Default: 'Begin decide phase' };
  const states = { ...recover.States, 'Anything to recover?': forward };
  const fixed = count({ ...recover, States: states }, maps);
  const { 'For each provider to open': opens = 0, 'For each provider to erase': erases = 0 } = maps;
  expect(read('docs/deploy.md')).toContain(`going back: ${fixed} + ${opens + erases} P + hooks`);
});
