import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { expect, test } from '@jest/globals';
import { type MigrateInput, machineArn } from '@tanker/contract/index.ts';
import type { Stage } from '../../demo/stage.ts';
import { ANNEX, type AnnexServer } from './annex.ts';
import { expectMigrated, expectRefused, expectUntouched } from './expectations.ts';
import {
  authorityOf,
  controlAt,
  disturb,
  executionEnd,
  moveInput,
  newMover,
  phaseBegun,
  startMove,
  taskEnd,
  taskOf,
} from './moves.ts';
import { theStage } from './stage.ts';

const atAnnex = (server: AnnexServer) => ({ datacenter: ANNEX, server });

/** Signs a company up without any rows. */
async function signUp(stage: Stage, company: string, record: object): Promise<void> {
  const { url, operatorToken } = stage.world.gateway;
  const answer = await fetch(`${url}/signup/${company}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(record),
  });
  expect(answer.status).toBe(201);
}

const US = { location: { datacenter: 'us', server: 'db1' } };

/** What is wrong, the record that the company is signed up with, the target, and what the cause must tell. */
const REFUSALS: readonly {
  readonly error: string;
  readonly title: string;
  readonly record: object;
  readonly to: MigrateInput['to'];
  readonly tells: string;
}[] = [
  {
    error: 'DatacenterUnknown',
    title: 'an unknown datacenter',
    record: US,
    to: { datacenter: 'mars' },
    tells: 'us, eu',
  },
  {
    error: 'ServerUnknown',
    title: 'an unknown server',
    record: US,
    to: { datacenter: 'eu', server: 'db9' },
    tells: 'db1',
  },
  {
    error: 'LocationSame',
    title: "the company's own home as target",
    record: US,
    to: { datacenter: 'us', server: 'db1' },
    tells: 'us/db1',
  },
  {
    error: 'ResidencyForbidden',
    title: 'a jurisdiction that the record forbids',
    record: { ...US, jurisdictions: ['US'] },
    to: { datacenter: 'eu' },
    tells: 'not in EU',
  },
  {
    error: 'ProviderUnreachable',
    title: 'a provider that hangs up at the target',
    record: US,
    to: atAnnex('dark'),
    tells: 'mail at annex/dark',
  },
  {
    error: 'ProviderUnreachable',
    title: 'a provider that hangs up at the source',
    record: { location: atAnnex('dark') },
    to: { datacenter: 'eu' },
    tells: 'mail at annex/dark',
  },
  {
    error: 'FormatUnreadable',
    title: "a target that can't read what the source writes",
    record: US,
    to: atAnnex('old'),
    tells: 'notes at annex/old reads',
  },
  {
    error: 'FormatUnreadable',
    title: "a source that writes what the target can't read",
    record: { location: atAnnex('new') },
    to: { datacenter: 'eu' },
    tells: 'notes at annex/new writes',
  },
  {
    error: 'LockBudgetExceeded',
    title: 'more data than the lock budget allows',
    record: { location: atAnnex('huge') },
    to: { datacenter: 'eu' },
    tells: 'the budget is 120 s',
  },
];

for (const [index, { error, title, record, to, tells }] of REFUSALS.entries()) {
  test.concurrent(`refuses ${title} with ${error}, and nobody but the record hears of it`, async () => {
    const stage = await theStage();
    const company = `refused-${index}`;
    await signUp(stage, company, record);
    await startMove(stage, moveInput(company, { to }));
    const { task, subtasks } = await expectRefused(stage, taskOf(company), error);
    expect(task.failure?.cause).toContain(tells);
    expect(subtasks.filter(({ action }) => action !== 'describe')).toEqual([]);
    await expectUntouched(stage, company);
  });
}

test.concurrent('refuses a company that nobody has signed up with CompanyUnknown', async () => {
  const stage = await theStage();
  await startMove(stage, moveInput('nobody'));
  const { task } = await expectRefused(stage, taskOf('nobody'), 'CompanyUnknown');
  expect(task.failure?.cause).toContain('nobody');
});

/** One company that moves, slowly enough before its lock for a second task to come, and what others were told. */
const settle = async () => {
  const stage = await theStage();
  const company = 'settled';
  const mover = await newMover(stage, company);
  disturb(
    stage,
    controlAt(stage, 'prepare-workers'),
    'Run',
    { company },
    {
      effect: { kind: 'delay', milliseconds: 2500 },
    },
  );
  const started = await startMove(stage, moveInput(company));
  await phaseBegun(stage, taskOf(company), 'prepare');
  const before = await authorityOf(stage, company);
  const whileRunning = await startMove(stage, moveInput(company));
  await startMove(stage, moveInput(company, { task: 'second-of-settled' }));
  const second = await expectRefused(stage, 'second-of-settled', 'CompanyBusy');
  const { epoch, holder } = await authorityOf(stage, company);
  await expectMigrated(mover);
  return { stage, started, whileRunning, before, second, after: { epoch, holder } };
};
let settling: ReturnType<typeof settle> | undefined;
const settled = () => {
  settling ??= settle();
  return settling;
};

test.concurrent('refuses a second task of a company with CompanyBusy, names the first, and the first goes on', async () => {
  const { second, before, after } = await settled();
  expect(second.task.failure?.cause).toContain(`"${taskOf('settled')}"`);
  expect(before).toMatchObject(after);
});

test.concurrent('the same task id with the same input is the same task, running and closed', async () => {
  const { stage, started, whileRunning } = await settled();
  expect(started).toEqual({ started: true });
  expect(whileRunning).toEqual({ started: false });
  expect(await startMove(stage, moveInput('settled'))).toEqual({ started: false });
});

test.concurrent('the same task id with another input is refused with TaskIdTaken', async () => {
  const { stage } = await settled();
  const other = moveInput('settled', { reason: 'another one' });
  await expect(startMove(stage, other)).rejects.toMatchObject({ name: 'TaskIdTaken' });
  expect((await taskEnd(stage, taskOf('settled'))).task.reason).toBe(moveInput('settled').reason);
});

test.concurrent('a bare StartExecution under a used task id gets the answer of AWS itself', async () => {
  const { stage } = await settled();
  expect(stage.states).toBeInstanceOf(SFNClient);
  const bare = new StartExecutionCommand({
    stateMachineArn: machineArn(stage.topology, 'migrate'),
    name: taskOf('settled'),
    input: JSON.stringify(moveInput('settled', { reason: 'another one' })),
  });
  await expect(stage.states.send(bare)).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
});

test.concurrent('refuses an input that is none with InputInvalid, in the execution and on the record', async () => {
  const stage = await theStage();
  const bare = new StartExecutionCommand({
    stateMachineArn: machineArn(stage.topology, 'migrate'),
    name: 'not-a-move',
    input: JSON.stringify({ task: 'not-a-move', company: 'globex' }),
  });
  await stage.states.send(bare);
  const { task } = await expectRefused(stage, 'not-a-move', 'InputInvalid');
  expect(task.failure?.cause).toContain('to');
  expect((await executionEnd(stage, 'not-a-move')).status).toBe('FAILED');
});

test.concurrent('refuses to move a company back onto its fallback copy with TargetNotEmpty', async () => {
  const { stage } = await settled();
  const before = await authorityOf(stage, 'settled');
  await startMove(
    stage,
    moveInput('settled', { task: 'back-again', to: { datacenter: 'us', server: 'db1' } }),
  );
  const { task } = await expectRefused(stage, 'back-again', 'TargetNotEmpty');
  expect(task.failure?.cause).toContain('us/db1');
  expect(await authorityOf(stage, 'settled')).toEqual(before);
});
