import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type CliWorld, cliWorld } from './cli-world.ts';
import { backup, inDays, ledger } from './records.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
});
afterAll(() => world.close());

const GONE = { goneAt: inDays(-3.5), objects: 6, uploads: 1, ttl: 4_000_000_000 };

test('lists backups, the newest first, with state, sizes, who, and their end in words', async () => {
  const of = (task: string, day: string, changes: object = {}) =>
    world.putBackup(backup(task, { createdAt: `2026-03-${day}T10:00:07.000Z`, ...changes }));
  await of('b-kept', '06');
  await of('b-hours', '05', { expiresAt: inDays(1.51), requestedBy: 'chris' });
  await of('b-over', '04', { expiresAt: inDays(-0.01) });
  await of('b-pending', '07', { state: 'pending', operation: 'remove' });
  await of('b-expired', '02', { state: 'expired', ...GONE });
  await of('b-undone', '03', { state: 'discarded', ...GONE });
  const { code, out } = await world.tanker('backups', 'acme');
  expect(code).toBe(0);
  const [title, head, ...rows] = out.trim().split('\n');
  expect(title).toBe('Backups of acme');
  expect(head?.trim().split(/ {2,}/)).toEqual([
    'backup',
    'state',
    'created (UTC)',
    'end',
    'rows',
    'bytes',
    'from',
    'by',
  ]);
  expect(rows.map((row) => row.trim().split(/ {2,}/))).toEqual([
    ['b-pending', 'pending', '2026-03-07 10:00', 'not complete yet', '1,234', '2.5 MB', 'us/db1', 'tests'],
    ['b-kept', 'available', '2026-03-06 10:00', 'expires in 29 days', '1,234', '2.5 MB', 'us/db1', 'tests'],
    ['b-hours', 'available', '2026-03-05 10:00', 'expires in 36 hours', '1,234', '2.5 MB', 'us/db1', 'chris'],
    [
      'b-over',
      'available',
      '2026-03-04 10:00',
      'expired; the next sweep deletes it',
      '1,234',
      '2.5 MB',
      'us/db1',
      'tests',
    ],
    ['b-undone', 'discarded', '2026-03-03 10:00', 'deleted 3 days ago', '1,234', '2.5 MB', 'us/db1', 'tests'],
    ['b-expired', 'expired', '2026-03-02 10:00', 'deleted 3 days ago', '1,234', '2.5 MB', 'us/db1', 'tests'],
  ]);
});

test('lists the removals of the ledger, with the end of the last copy', async () => {
  await world.putLedger(ledger('first', { company: 'gone', lastCopyUntil: inDays(-1) }));
  await world.putLedger(
    ledger('second', { company: 'gone', home: 'erased', removedAt: '2026-04-01T10:00:00.000Z' }),
  );
  const { out } = await world.tanker('backups', 'gone');
  expect(out).toContain('No backup of gone is on record.\n\nRemovals of gone\n');
  expect(out).toMatch(/ {2}second +erased +2026-04-01 10:00 +2026-03-01 10:00 +2,468 +in 29 days +tests\n/);
  expect(out).toMatch(/ {2}first +removed +2026-03-01 10:00 +2026-03-01 10:00 +2,468 +24 hours ago +tests\n/);
});

test('tells programs the same, and which backups can be restored', async () => {
  const made = backup('b-1', { company: 'json' });
  await world.putBackup(made);
  await world.putBackup(
    backup('b-0', { company: 'json', createdAt: '2026-02-01T10:00:00.000Z', state: 'expired', ...GONE }),
  );
  const entry = ledger('r-1', { company: 'json' });
  await world.putLedger(entry);
  const { code, out } = await world.tanker('backups', 'json', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    company: 'json',
    backups: [
      {
        task: 'b-1',
        operation: 'backup',
        state: 'available',
        restorable: true,
        location: 'us/db1',
        createdAt: '2026-03-01T10:00:07.000Z',
        expiresAt: made.expiresAt,
        goneAt: null,
        providers: ['contacts', 'deals'],
        rows: 1234,
        bytes: 2_534_000,
        requestedBy: 'tests',
        reason: 'to prove it',
      },
      expect.objectContaining({ task: 'b-0', state: 'expired', restorable: false, goneAt: GONE.goneAt }),
    ],
    removals: [
      {
        task: 'r-1',
        requestedBy: 'tests',
        reason: 'contract ended',
        home: 'removed',
        version: 1,
        removedAt: '2026-03-01T10:00:07.000Z',
        completedAt: '2026-03-01T10:00:09.000Z',
        locations: ['us/db1', 'eu/db1'],
        providers: ['contacts', 'deals'],
        beyond: [],
        erasedRows: 2468,
        lastCopyUntil: entry.lastCopyUntil,
      },
    ],
  });
});

test('of a company without any ends with 0 and says so', async () => {
  expect(await world.tanker('backups', 'nobody')).toEqual({
    code: 0,
    out: 'No backup of nobody is on record.\n',
    err: '',
  });
  expect((await world.tanker('backups', 'a b')).code).toBe(2);
});
