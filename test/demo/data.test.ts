import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { planRows, TABLE_NAMES, tableRows } from '../../demo/world/data.ts';
import { Random } from '../../demo/world/random.ts';

const FILLED = TABLE_NAMES.filter((table) => !table.endsWith('.outbox'));

const textOf = (table: string, company: string, rows: number, firstId = 1, seed?: string): string =>
  [...tableRows(table, seed === undefined ? { company, rows } : { company, rows, seed }, firstId)].join('');

describe('the plan of a company', () => {
  test.each([200, 500, 1999, 200_000])('spreads exactly %i rows over the tables', (rows) => {
    const plan = planRows(rows);
    expect([...plan.values()].reduce((sum, count) => sum + count, 0)).toBe(rows);
    const empty = [...plan].filter(([, count]) => count === 0).map(([table]) => table);
    expect(empty).toEqual(['deals.outbox', 'mail.outbox']);
  });

  test('refuses a company that is too small for all tables', () => {
    expect(() => planRows(199)).toThrow(RangeError);
  });
});

describe('the rows of a company', () => {
  test('are the same for the same seed and other ones for another', () => {
    for (const table of TABLE_NAMES.filter(
      (name) => !name.endsWith('outbox') && name !== 'deals.pipelines',
    )) {
      expect(textOf(table, 'acme', 500)).toBe(textOf(table, 'acme', 500));
      const columns = (text: string) => text.replaceAll(/^\w+\t\d+\t/gm, '');
      expect(columns(textOf(table, 'acme', 500))).not.toBe(columns(textOf(table, 'globex', 500)));
      expect(columns(textOf(table, 'acme', 500))).toBe(columns(textOf(table, 'globex', 500, 1, 'acme')));
    }
  });

  test('are pinned, so that a demo on another machine moves the very same data', () => {
    const hash = createHash('sha256');
    for (const table of FILLED) hash.update(textOf(table, 'acme', 500));
    expect(hash.digest('hex').slice(0, 16)).toBe('9f76eec9c9321988');
  });

  test('take ids of their server, in steps that leave those of the others free', () => {
    const ids = (firstId: number) =>
      textOf('deals.pipelines', 'acme', 500, firstId)
        .split('\n')
        .map((line) => line.split('\t')[1]);
    expect(ids(1).slice(0, 3)).toEqual(['1', '4', '7']);
    expect(ids(2).slice(0, 3)).toEqual(['2', '5', '8']);
  });

  test('hold what goes wrong when it is escaped badly', () => {
    const mail = textOf('mail.messages', 'acme', 2000);
    for (const awkward of ['\\t', '\\\\', '\\n\\n', '"maybe"', '🎉', 'ご確認'])
      expect(mail).toContain(awkward);
    expect(mail.split('\n').filter((line) => line !== '' && line.split('\t').length !== 15)).toEqual([]);
  });

  test('of the demo company are more than 50 MB', () => {
    // A tenth of it, because a unit test is quick; the size grows with the rows.
    const octets = FILLED.map((table) => Buffer.byteLength(textOf(table, 'acme', 20_000)));
    expect(octets.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(5_500_000);
  });
});

test('random numbers stay inside their limits and reach both ends', () => {
  const random = new Random('limits');
  const seen = new Set(Array.from({ length: 500 }, () => random.between(3, 6)));
  expect([...seen].sort()).toEqual([3, 4, 5, 6]);
  expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
});
