import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CliWorld, cliWorld } from './cli-world.ts';
import {
  backup,
  closedTask,
  debt,
  exportSubtask,
  fallback,
  ledger,
  logLine,
  openTask,
  plans,
} from './records.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
});
afterAll(() => world.close());

describe('show', () => {
  test('prints timeline, subtasks and log, and never a task token', async () => {
    await world.putTask(
      closedTask('shown', 'undone', { failure: { error: 'ExportMismatch', cause: 'Why.' } }),
    );
    await world.putSubtask(exportSubtask('shown', 'contacts'));
    await world.putLog(logLine('shown'));
    const text = await world.tanker('show', 'shown');
    expect(text.code).toBe(0);
    expect(text.out).toContain('Task shown: migrate acme, us/db1 to eu/db1: undone');
    expect(text.out).toContain('failed with ExportMismatch: Why.');
    expect(text.out).toContain('customers waited 5.00 s');
    expect(text.out).toMatch(/export\/export +contacts +us\/db1 +running/);
    expect(text.out).toContain('locked under grant 1');
    const json = await world.tanker('show', 'shown', '--json');
    expect(JSON.parse(json.out)).toMatchObject({ task: { outcome: 'undone' }, log: [{ phase: 'lock' }] });
    expect(text.out + json.out).not.toContain('a token that settles');
  });

  test('says where an open task stands among the phases of its operation', async () => {
    await world.putTask(openTask('standing', { operation: 'backup', plan: plans.backup, phase: 'export' }));
    const { out } = await world.tanker('show', 'standing');
    expect(out).toContain('Task standing: backup acme, us/db1: open: export (5 of 8)');
  });

  test('prints the commit point, and the backup and the ledger of a removal as its evidence', async () => {
    const committed = { version: 1, at: '2026-03-01T10:00:06.000Z' };
    await world.putTask(
      closedTask('removal', 'removed', {
        operation: 'remove',
        company: 'gone',
        plan: plans.remove,
        committed,
      }),
    );
    await world.putBackup(backup('removal', { company: 'gone', operation: 'remove' }));
    await world.putLedger(ledger('removal', { company: 'gone' }));
    await world.putLedger(ledger('another', { company: 'gone', erasedRows: 7 }));
    const { out } = await world.tanker('show', 'removal');
    expect(out).toContain('commit point passed 2026-03-01 10:00:06 UTC, placement version 1');
    expect(out).toMatch(
      /backup removal of us\/db1: available, 2 providers, 1,234 rows, 2\.5 MB, expires \S+ \S+ UTC \(in 29 days\)/,
    );
    expect(out).toMatch(
      /ledger: removed; 2,468 rows erased at us\/db1, eu\/db1, complete 2026-03-01 10:00 UTC; last copy until \S+ \S+ UTC \(in 29 days\)/,
    );
    const { evidence } = JSON.parse((await world.tanker('show', 'removal', '--json')).out);
    expect(evidence).toMatchObject({
      backup: { state: 'available' },
      ledger: { erasedRows: 2468 },
      fallbacks: [],
      debts: [],
    });
  });

  test('prints the backup that a restore was made from, also when it is gone by now', async () => {
    await world.putBackup(
      backup('remove-1', {
        company: 'back',
        state: 'expired',
        goneAt: '2026-03-31T10:05:00.000Z',
        objects: 6,
        uploads: 0,
        ttl: 4_000_000_000,
      }),
    );
    await world.putTask(
      closedTask('restoring', 'restored', { operation: 'restore', company: 'back', plan: plans.restore }),
    );
    const { out } = await world.tanker('show', 'restoring');
    expect(out).toContain('Task restoring: restore back, to eu/db1: restored');
    expect(out).toMatch(
      /backup remove-1 of us\/db1: expired, .*, gone since 2026-03-31 10:05 UTC, 6 objects deleted/,
    );
    expect(out).toContain('locked for 5.00 s');
  });

  test('prints fallback copies that a task left or gave up, and its debts until they are settled', async () => {
    const debts = [{ provider: 'deals', location: { datacenter: 'eu', server: 'db1' } }];
    await world.putTask(closedTask('moving', 'migrated', { company: 'moved' }));
    await world.putFallback(fallback('moving', { company: 'moved' }));
    expect((await world.tanker('show', 'moving')).out).toMatch(
      /fallback copy at us\/db1, of placement version 1: kept until \S+ \S+ UTC \(in 6 days\)/,
    );
    await world.putTask(
      closedTask('cleaning', 'cleaned', {
        operation: 'cleanup',
        company: 'moved',
        plan: plans.cleanup,
        debts,
      }),
    );
    const givenUp = { state: 'given-up', givenUpBy: 'cleaning', givenUpAt: '2026-03-08T10:00:00.000Z' };
    await world.putFallback(fallback('moving', { company: 'moved', ...givenUp }));
    await world.putDebt(debt('cleaning', 'deals', { company: 'moved' }));
    await world.putDebt(
      debt('cleaning', 'contacts', { company: 'moved', settledAt: '2026-03-09T10:00:00.000Z' }),
    );
    await world.putDebt(debt('somebody-else', 'files', { company: 'moved' }));
    const { out } = await world.tanker('show', 'cleaning');
    expect(out).toContain('Task cleaning: cleanup moved, us/db1: cleaned');
    expect(out).toContain('given up by cleaning 2026-03-08 10:00 UTC');
    expect(out).toContain('closed with a debt: deals at eu/db1');
    expect(out).toContain('debt: deals at eu/db1, ProviderUnreachable, since 2026-03-01 10:00 UTC\n');
    expect(out).toContain(
      'contacts at eu/db1, ProviderUnreachable, since 2026-03-01 10:00 UTC, settled 2026-03-09 10:00 UTC',
    );
    expect(out).not.toContain('files');
  });

  test('prints everything that an incomplete removal has left', async () => {
    const left = ['contacts', 'deals'].map((provider) => ({
      provider,
      location: { datacenter: 'eu', server: 'db1' },
    }));
    const incomplete = { since: '2026-03-01T10:00:09.000Z', left };
    await world.putTask(
      openTask('half-gone', { operation: 'remove', plan: plans.remove, phase: 'verify-erased', incomplete }),
    );
    const { out } = await world.tanker('show', 'half-gone');
    expect(out).toContain('remove acme, us/db1: open: INCOMPLETE, 2 left');
    expect(out).toMatch(/ {2}left: contacts at eu\/db1\n {2}left: deals at eu\/db1\n/);
  });

  test('prints what an erase has erased, and what it left', async () => {
    await world.putTask(openTask('erasing', { operation: 'remove', plan: plans.remove, phase: 'erase' }));
    const erased = (provider: string, left: number) =>
      world.putSubtask(
        exportSubtask('erasing', provider, {
          phase: 'erase',
          action: 'erase',
          state: 'succeeded',
          endedAt: '2026-03-01T10:00:04.000Z',
          result: { action: 'erase', erased: { rows: 1200, staging: 0 }, left: { rows: left, staging: 0 } },
          work: [],
          ttl: 4_000_000_000,
        }),
      );
    await erased('contacts', 0);
    await erased('deals', 3);
    const { out } = await world.tanker('show', 'erasing');
    expect(out).toMatch(/erase\/erase +contacts +us\/db1 +succeeded +1 +1\.00 s +1,200\n/);
    expect(out).toMatch(/erase\/erase +deals +us\/db1 +succeeded +1 +1\.00 s +1,200, 3 left/);
  });

  test('of a task whose company no record can have prints the rest', async () => {
    const failure = { error: 'InputInvalid', cause: 'Why.' };
    await world.putTask(closedTask('nameless', 'refused', { company: '', plan: undefined, failure }));
    const { code, out } = await world.tanker('show', 'nameless');
    expect(code).toBe(0);
    expect(out).toContain('failed with InputInvalid: Why.');
  });
});
