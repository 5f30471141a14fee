import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Stage } from '../../demo/stage.ts';
import { expectMigrated } from './expectations.ts';
import {
  agentAt,
  controlAt,
  disturb,
  EU,
  moveInput,
  newMover,
  phaseBegun,
  startMove,
  taskOf,
  US,
} from './moves.ts';
import { theStage } from './stage.ts';

test.concurrent('exports and imports that are delivered twice change nothing', async () => {
  const stage = await theStage();
  const mover = await newMover(stage, 'doubled');
  const twice = (afterMilliseconds: number) =>
    ({ times: 'forever', effect: { kind: 'duplicate', afterMilliseconds } }) as const;
  const { company } = mover;
  disturb(stage, agentAt(stage, 'us', 'export'), 'Invoke', { company }, twice(0));
  disturb(stage, agentAt(stage, 'eu', 'import'), 'Invoke', { company }, twice(30));
  disturb(stage, agentAt(stage, 'eu', 'seal'), 'Invoke', { company }, twice(0));
  await startMove(stage, moveInput(company));
  const { task, subtasks } = await expectMigrated(mover);
  expect(task.recoveries).toBe(0);
  expect(subtasks.filter(({ attempt }) => attempt > 1)).toEqual([]);
});

test.concurrent('a dispatch whose answer is lost is sent again, and its work counts once', async () => {
  const stage = await theStage();
  const mover = await newMover(stage, 'unheard');
  const { company } = mover;
  for (const action of ['export', 'import']) {
    disturb(
      stage,
      controlAt(stage, 'dispatch'),
      'Invoke',
      { company, provider: 'notes', action },
      {
        effect: { kind: 'answer-lost' },
      },
    );
  }
  await startMove(stage, moveInput(company));
  const { task, subtasks } = await expectMigrated(mover);
  expect(task.recoveries).toBe(0);
  const again = subtasks
    .filter(({ attempt }) => attempt === 2)
    .map(({ provider, action }) => [provider, action]);
  expect(again).toEqual([
    ['notes', 'export'],
    ['notes', 'import'],
  ]);
});

/** Kills every process of the function once one of them works. */
async function killAtWork(stage: Stage, functionName: string, region: string): Promise<void> {
  const isAtWork = () =>
    stage.cloud.lambda
      .environments()
      .some((one) => one.functionName === functionName && one.region === region && one.busy);
  while (!isAtWork()) await turn();
  stage.cloud.lambda.killEnvironments(functionName, region);
}

// Against the stream of the other tests, so that theirs are not killed along.
test.concurrent('workers that are killed in export and in import are replaced, and the company moves whole', async () => {
  const stage = await theStage();
  const company = 'killed';
  const mover = await newMover(stage, company, { from: EU, to: US });
  const killed = [
    ['export', agentAt(stage, 'eu', 'export')],
    ['import', agentAt(stage, 'us', 'import')],
  ] as const;
  for (const [, at] of killed) {
    // One begins later than the others, so that the phase is seen before all of its work is done.
    disturb(
      stage,
      at,
      'Run',
      { company, provider: 'contacts' },
      { effect: { kind: 'delay', milliseconds: 400 } },
    );
  }
  await startMove(stage, moveInput(company, { to: US }));
  for (const [action, { functionName, region }] of killed) {
    await phaseBegun(stage, taskOf(company), action);
    await killAtWork(stage, functionName, region ?? '');
  }
  const { subtasks } = await expectMigrated(mover);
  const replaced = new Set(subtasks.filter(({ attempt }) => attempt > 1).map(({ action }) => action));
  expect([...replaced].sort()).toEqual(['export', 'import']);
});
