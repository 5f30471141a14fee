import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { OPERATIONS } from '@tanker/contract/index.ts';
import { STRUCK } from './actors.ts';
import { CELLS, type Cell, cellId, isMeant, SKIPPED, sampleOf, WAY_NAMES } from './cells.ts';
import { expectedOutcome } from './expected.ts';

const cell = (id: string): Cell => {
  const found = CELLS.find((one) => cellId(one) === id);
  if (!found) throw new Error(`There is no cell ${id}.`);
  return found;
};

describe('the cells of the fault matrix', () => {
  test('are at least 300, each once, and every skipped combination has its reason', () => {
    expect(CELLS.length).toBeGreaterThanOrEqual(300);
    expect(new Set(CELLS.map(cellId)).size).toBe(CELLS.length);
    expect(SKIPPED.filter(({ why }) => why === '')).toEqual([]);
    const phases = OPERATIONS.flatMap((operation) => STRUCK[operation]).length;
    expect(CELLS.length + SKIPPED.length).toBe(phases * WAY_NAMES.length * 2);
  });

  test('strike every phase of every operation', () => {
    const struck = new Set(CELLS.map(({ operation, phase }) => `${operation}/${phase}`));
    const all = OPERATIONS.flatMap((operation) => STRUCK[operation].map((phase) => `${operation}/${phase}`));
    expect(all.filter((one) => !struck.has(one))).toEqual([]);
  });

  test('can be named by their first words, with * for any word', () => {
    const only = (...patterns: string[]) => CELLS.filter((one) => isMeant(one, patterns)).map(cellId);
    expect(only('migrate/export/worker-killed/before')).toEqual(['migrate/export/worker-killed/before']);
    expect(only('*/commit/stopped')).toHaveLength(8);
    expect(only('migrat')).toEqual([]);
  });

  test('are the same in every sample of the same seed, and spread over operations and ways', () => {
    const sample = sampleOf(CELLS, 'a seed', 12);
    expect(sampleOf(CELLS, 'a seed', 12)).toEqual(sample);
    expect(sampleOf(CELLS, 'another', 12)).not.toEqual(sample);
    expect(new Set(sample.map(({ operation }) => operation)).size).toBe(OPERATIONS.length);
    expect(new Set(sample.map(({ way }) => way)).size).toBe(WAY_NAMES.length);
  });
});

describe('the expected end of a cell', () => {
  test.each([
    ['migrate/plan/stopped/before', 'refused'],
    ['migrate/plan/stopped/after', 'undone'],
    ['migrate/export/stopped/after', 'undone'],
    ['migrate/commit/stopped/before', 'undone'],
    ['migrate/commit/stopped/after', 'migrated'],
    ['migrate/hooks/fails/before', 'migrated'],
    ['restore/hooks/provider-down/after', 'restored'],
    ['remove/hooks/stopped/before', 'removed'],
    ['recover/hooks/provider-down/before', 'undone'],
    ['backup/unlock/fails/before', 'undone'],
    ['backup/unlock/fails/after', 'backed-up'],
    ['backup/close/fails/before', 'backed-up'],
    ['migrate/close/stopped/after', 'migrated'],
    ['restore/import/worker-killed/before', 'restored'],
    ['remove/erase/provider-down/before', 'removed'],
    ['cleanup/verify/provider-down/after', 'undone'],
    ['recover/erase/stopped/after', 'undone'],
  ])('of %s is %s', (id, outcome) => {
    expect(expectedOutcome(cell(id))).toBe(outcome);
  });
});

test('the matrix shares no code with what it checks', () => {
  const sources = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts'));
  const shared = sources.filter((name) =>
    /from '(?:@tanker\/(?:sdk|cli|providers)|(?:\.\.\/)+(?:core|lambdas|sdk|lib|providers))\b/.test(
      readFileSync(`${import.meta.dirname}/${name}`, 'utf8'),
    ),
  );
  expect(shared).toEqual([]);
});
