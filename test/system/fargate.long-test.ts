import { afterAll, expect, jest, test } from '@jest/globals';
import { attemptPrefix, exportsBucketName, partKey, type TransferWork } from '@tanker/contract/index.ts';
import { readSubtasks } from '@tanker/sdk/task-records.ts';
import type { Stage } from '../../demo/stage.ts';
import { expectMigrated, expectUndone } from './expectations.ts';
import { moveInput, newMover, startMove, taskOf, until } from './moves.ts';
import { stopStage, theStage } from './stage.ts';

jest.setTimeout(300_000);
afterAll(stopStage);

/** One provider of seven by Fargate, so that each move has both kinds of workers. */
const stageWithFargate = () => theStage({ transfer: { documents: 'fargate' } });
const PROVIDER = 'documents';
const SOURCE_REGION = 'us-east-1';

/** The company's Fargate tasks that export, in the order of their starts. */
const exporters = (stage: Stage, company: string) =>
  stage.cloud.ecs.tasks().filter(({ startedBy, overrides }) => {
    const [variable] = overrides.flatMap(({ environment = [] }) => environment);
    const { action } = JSON.parse(variable?.value ?? '{}') as Partial<TransferWork>;
    return startedBy === taskOf(company) && action === 'export';
  });

/** S3 takes its time with the first attempt of the export, so that there is a middle to be killed in. */
function slowUpload(stage: Stage, company: string): void {
  const at = { company, task: taskOf(company), provider: PROVIDER, epoch: 1, attempt: 1 };
  const path = `/${exportsBucketName(stage.topology, 'us')}/${partKey(attemptPrefix(at), 0)}`;
  stage.cloud.faults.set({
    service: 's3',
    region: SOURCE_REGION,
    match: { operation: 'PUT', path },
    effect: { kind: 'delay', milliseconds: 10_000 },
  });
}

/** Kills the task that exports once it works. */
async function killAtWork(stage: Stage, company: string): Promise<void> {
  await until('the export at work', async () => {
    const all = await readSubtasks(stage.rows, taskOf(company));
    const own = all.find(({ action, provider }) => action === 'export' && provider === PROVIDER);
    return own?.state === 'running' || undefined;
  });
  exporters(stage, company).at(-1)?.process?.kill('SIGKILL');
}

/** RunTask answers 200 with a failure, as it does for want of capacity. */
const withoutCapacity = (stage: Stage, company: string): void =>
  void stage.cloud.faults.set({
    service: 'ecs',
    region: SOURCE_REGION,
    match: { operation: 'RunTask', payload: { startedBy: taskOf(company) } },
    effect: { kind: 'error', errorType: 'Capacity is unavailable at this time.' },
  });

test.concurrent('a company moves with one provider by Fargate and the others by functions', async () => {
  const stage = await stageWithFargate();
  const mover = await newMover(stage, 'large');
  await startMove(stage, moveInput(mover.company));
  const { task, subtasks } = await expectMigrated(mover);
  expect(task.recoveries).toBe(0);
  expect(subtasks.filter(({ attempt }) => attempt > 1)).toEqual([]);
  const own = stage.cloud.ecs.tasks().filter(({ startedBy }) => startedBy === task.task);
  await Promise.all(own.map(({ stopped }) => stopped.promise));
  expect(own.map(({ region, exitCode }) => [region, exitCode]).sort()).toEqual([
    ['eu-central-1', 0],
    [SOURCE_REGION, 0],
  ]);
  const order = subtasks
    .filter((subtask) => subtask.order !== undefined)
    .map(({ provider, action }) => [provider, action]);
  expect(order.sort()).toEqual([
    [PROVIDER, 'export'],
    [PROVIDER, 'import'],
  ]);
});

test.concurrent('a transfer task that is killed in the middle of its export is launched again, and nothing is lost', async () => {
  const stage = await stageWithFargate();
  const mover = await newMover(stage, 'killed');
  slowUpload(stage, mover.company);
  await startMove(stage, moveInput(mover.company));
  await killAtWork(stage, mover.company);
  const { task, subtasks } = await expectMigrated(mover);
  expect(task.recoveries).toBe(0);
  const exported = subtasks.find(({ action, provider }) => action === 'export' && provider === PROVIDER);
  expect(exported?.attempt).toBe(2);
  const [first, second, ...others] = exporters(stage, mover.company);
  expect(others).toEqual([]);
  expect([first?.exitCode, first?.stopCode]).toEqual([137, 'EssentialContainerExited']);
  expect(second?.exitCode).toBe(0);
});

test.concurrent('a killed transfer task for whose successor there is no capacity at first still gets one', async () => {
  const stage = await stageWithFargate();
  const mover = await newMover(stage, 'crowded');
  slowUpload(stage, mover.company);
  await startMove(stage, moveInput(mover.company));
  await until('the worker', () => exporters(stage, mover.company).length > 0 || undefined);
  withoutCapacity(stage, mover.company);
  await killAtWork(stage, mover.company);
  const { task, subtasks } = await expectMigrated(mover);
  expect(task.recoveries).toBe(0);
  const exported = subtasks.find(({ action, provider }) => action === 'export' && provider === PROVIDER);
  expect(exported?.attempt).toBe(3);
});

test.concurrent('a move whose worker ECS does not start is undone before any traffic is locked', async () => {
  const stage = await stageWithFargate();
  const mover = await newMover(stage, 'unstarted');
  withoutCapacity(stage, mover.company);
  await startMove(stage, moveInput(mover.company));
  const { task } = await expectUndone(mover);
  expect(task.failure).toMatchObject({ error: 'WorkerNotStarted' });
  expect(task.failure?.cause).toContain('Capacity is unavailable at this time.');
  expect(task.lock).toBeUndefined();
});
