import { expect, test } from '@jest/globals';
import { PHASES } from '@tanker/contract/index.ts';
import { failureOf } from '../../demo/migrate/faults.ts';
import type { FailingPhase } from '../../demo/migrate/options.ts';
import { expectMigrated, expectRefused, expectUndone } from './expectations.ts';
import {
  agentAt,
  authorityOf,
  controlAt,
  disturb,
  EU,
  executionEnd,
  FAILS,
  holdingsAt,
  moveInput,
  newMover,
  phaseBegun,
  startMove,
  stopMove,
  taskEnd,
  taskOf,
  US,
  until,
} from './moves.ts';
import { theStage } from './stage.ts';

/**
 * A control function, after everything is imported. The others are for the long run, since another test here comes near
 * each of them, and every phase is for the fault matrix.
 */
const SAMPLE: readonly FailingPhase[] = ['commit'];
const LONG_SAMPLE: readonly FailingPhase[] = process.env['TANKER_LONG_TESTS']
  ? ['lock', 'export', 'import', 'verify']
  : [];

for (const phase of [...SAMPLE, ...LONG_SAMPLE]) {
  test.concurrent(`is undone when ${phase} fails for good: source unlocked and unchanged, target empty`, async () => {
    const stage = await theStage();
    const mover = await newMover(stage, `fails-in-${phase}`);
    stage.cloud.faults.set(failureOf(stage.topology, { ...mover, reason: '' }, phase, mover.company));
    await startMove(stage, moveInput(mover.company));
    const { task } = await expectUndone(mover);
    expect(await executionEnd(stage, task.task)).toMatchObject({
      status: 'FAILED',
      error: 'MigrationUndone',
    });
    const next = PHASES.migrate[PHASES.migrate.indexOf(phase) + 1] ?? '';
    expect(Object.keys(task.phases)).toContain(phase);
    expect(Object.keys(task.phases)).not.toContain(next);
  });
}

test.concurrent('what fails in the nested plan keeps its name: in the execution, in the recovery and on the record', async () => {
  const stage = await theStage();
  const mover = await newMover(stage, 'unplannable');
  const { company } = mover;
  const effect = { kind: 'error', errorType: 'GatewayUnreachable', errorMessage: 'No answer.' } as const;
  disturb(stage, controlAt(stage, 'plan-task'), 'Run', { company }, { times: 'forever', effect });
  await startMove(stage, moveInput(company));
  const { task } = await expectRefused(stage, taskOf(company), 'GatewayUnreachable');
  expect(task).toMatchObject({ failure: { cause: expect.stringContaining('No answer.') }, recoveries: 1 });
});

test.concurrent('a task whose execution is stopped from outside while it imports is undone by the rule', async () => {
  const stage = await theStage();
  const mover = await newMover(stage, 'stopped-early');
  const slow = { effect: { kind: 'delay', milliseconds: 1500 } } as const;
  const { company } = mover;
  disturb(stage, agentAt(stage, 'eu', 'import'), 'Run', { company, provider: 'deals' }, slow);
  await startMove(stage, moveInput(company));
  await phaseBegun(stage, taskOf(company), 'import');
  await stopMove(stage, taskOf(company));
  const { task } = await expectUndone(mover);
  expect(task).toMatchObject({ failure: { error: 'ExecutionABORTED' }, recoveries: 1 });
});

test.concurrent('a task whose execution is stopped right after the commit goes forward', async () => {
  const stage = await theStage();
  const mover = await newMover(stage, 'stopped-late');
  const { company } = mover;
  const slow = { effect: { kind: 'delay', milliseconds: 2000 } } as const;
  disturb(stage, controlAt(stage, 'unlock-traffic'), 'Run', { company }, slow);
  await startMove(stage, moveInput(company));
  await until('the commit', async () => (await authorityOf(stage, company)).version === 1 || undefined);
  await stopMove(stage, taskOf(company));
  const { task } = await expectMigrated(mover);
  expect(task.recoveries).toBe(1);
});

test.concurrent('a commit whose answer is lost is found by the recovery, and its execution succeeds', async () => {
  const stage = await theStage();
  const mover = await newMover(stage, 'unanswered');
  const { company } = mover;
  disturb(
    stage,
    controlAt(stage, 'commit-placement'),
    'Run',
    { company },
    { effect: { kind: 'answer-lost' } },
  );
  await startMove(stage, moveInput(company));
  const { task } = await expectMigrated(mover);
  expect(task.direction).toMatchObject({ outcome: 'migrated' });
  expect(await executionEnd(stage, task.task)).toMatchObject({ status: 'SUCCEEDED' });
});

test.concurrent('what a dead provider keeps is a debt: the task is undone, the next one there refused', async () => {
  const stage = await theStage();
  const mover = await newMover(stage, 'owing');
  const { company } = mover;
  const deals = { company, provider: 'deals' };
  disturb(stage, agentAt(stage, 'eu', 'seal'), 'Run', deals, FAILS);
  disturb(stage, agentAt(stage, 'eu', 'erase'), 'Run', deals, FAILS);
  await startMove(stage, moveInput(company));
  const { task } = await taskEnd(stage, taskOf(company));
  const debt = { provider: 'deals', location: EU };
  expect(task).toMatchObject({ outcome: 'undone', debts: [debt] });
  const authority = await authorityOf(stage, company);
  expect(authority).toMatchObject({ home: { location: US }, version: 0 });
  expect(authority.lock?.state).not.toBe('held');
  expect(await holdingsAt(stage, US, company)).toEqual(mover.before);
  const { tables, documents } = await holdingsAt(stage, EU, company);
  const left = Object.keys(tables).filter((table) => tables[table]?.rows !== 0);
  expect(left).toContain('deals.deals');
  expect(left.filter((table) => !table.startsWith('deals.'))).toEqual([]);
  expect([...documents]).toEqual([]);
  await startMove(stage, moveInput(company, { task: 'owing-again' }));
  const refused = await expectRefused(stage, 'owing-again', 'DebtOutstanding');
  expect(refused.task.failure?.cause).toContain(taskOf(company));
  expect((await authorityOf(stage, company)).epoch).toBe(authority.epoch);
});
