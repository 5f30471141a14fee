import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { attemptPrefix, partKey } from '@tanker/contract/index.ts';
import { readTaskView } from '@tanker/sdk/task-records.ts';
import { locationOf } from '../../../demo/world/world.ts';
import {
  agentAt,
  controlAt,
  disturb,
  FAILS,
  hold,
  inHistory,
  type Move,
  phaseBegun,
  recordOf,
  regionOf,
  runningExecutions,
  start,
  startMove,
  stopExecutions,
  taskOf,
} from '../move.ts';
import { bucketAt, DOCUMENTS, expecting, exportsOf, PROVIDER, type Story } from './story.ts';

/** Every import of one provider fails, so that the machine starts its recovery. */
export const breakImport = (move: Move): void =>
  disturb(
    move,
    agentAt(move.stage, move.target, 'import'),
    { ...FAILS, times: 'forever' },
    {
      provider: PROVIDER,
    },
  );

/** Stops the migration from outside while an agent of the source is held. */
export async function stopInDrain(move: Move): Promise<void> {
  const release = hold(move, agentAt(move.stage, move.home, 'drain'), { provider: PROVIDER });
  await startMove(move);
  await phaseBegun(move, 'drain');
  await stopExecutions(move);
  release();
}

/** Stops the migration from outside when the authority has written, before the unlock. */
export async function stopAfterCommit(move: Move): Promise<void> {
  const release = hold(move, controlAt(move.stage, 'unlock-traffic'));
  await startMove(move);
  await phaseBegun(move, 'unlock');
  await stopExecutions(move);
  release();
}

export const planned: Story = {
  async run(move) {
    await start(move, 'migrate', { to: locationOf(move.target), dryRun: true });
    return expecting(move, 'planned');
  },
};

export const refused: Story = {
  async run(move) {
    await start(move, 'migrate', { to: { datacenter: 'nowhere' } });
    const problem = await expecting(move, 'refused');
    const error = (await recordOf(move))?.failure?.error;
    return problem ?? (error === 'DatacenterUnknown' ? undefined : `it was refused with ${error}`);
  },
};

export const migrated: Story = {
  async run(move) {
    await startMove(move);
    return expecting(move, 'migrated');
  },
};

/** Rows of a company with so many documents that their upload takes two S3 parts. */
const ROWS_OF_TWO_S3_PARTS = 2400;

export const migratedInS3Parts: Story = { ...migrated, rows: ROWS_OF_TWO_S3_PARTS };

export const undone: Story = {
  async run(move) {
    breakImport(move);
    await startMove(move);
    const problem = await expecting(move, 'undone', { disturbed: true });
    if (problem) return problem;
    await inHistory(move, 'migrate', /MigrationUndone/);
    const { objects } = exportsOf(move);
    return objects > 0 ? `${objects} objects were left` : undefined;
  },
};

/** By the rule on ended executions, which the task's log tells. */
export const stopped: Story = {
  async run(move) {
    await stopInDrain(move);
    const problem = await expecting(move, 'undone');
    if (problem) return problem;
    const { log } = await readTaskView(move.stage.rows, taskOf(move));
    return log.some(({ by }) => by === 'start-recovery')
      ? undefined
      : 'the log tells of no start of a recovery';
  },
};

export const wentForward: Story = {
  async run(move) {
    await stopAfterCommit(move);
    return expecting(move, 'migrated', { recovers: true });
  },
};

/** The machine is stopped while it waits for its recovery, which is stopped with it. */
export const stoppedInRecovery: Story = {
  async run(move) {
    breakImport(move);
    hold(move, controlAt(move.stage, 'decide-direction'));
    await startMove(move);
    await phaseBegun(move, 'recover/decide');
    const nested = (await runningExecutions(move)).find(({ machine }) => machine === 'recover');
    await stopExecutions(move, 'migrate');
    const goesOn = (await runningExecutions(move)).some(({ arn }) => arn === nested?.arn);
    return goesOn ? 'the recovery went on although the machine that waits for it was stopped' : undefined;
  },
};

/** S3 takes no S3 part of the documents' first attempt. */
export function breakUpload(move: Move): void {
  const { stage, company, home } = move;
  const at = { company, task: taskOf(move), provider: DOCUMENTS, epoch: 1, attempt: 1 };
  stage.cloud.faults.set({
    service: 's3',
    region: regionOf(stage, home),
    match: {
      operation: 'UploadPart',
      resource: `arn:aws:s3:::${bucketAt(move, home)}/${partKey(attemptPrefix(at), 0)}`,
    },
    times: 'forever',
    effect: { kind: 'error', errorType: 'AccessDenied', statusCode: 403 },
  });
}

/** What the first attempt had begun is aborted, and the second one goes through. */
export const uploadBroken: Story = {
  rows: ROWS_OF_TWO_S3_PARTS,
  async run(move) {
    breakUpload(move);
    await startMove(move);
    await phaseBegun(move, 'verify-exports');
    const { uploads } = exportsOf(move);
    return uploads > 0 ? `${uploads} unfinished uploads were left` : undefined;
  },
};

/** An upload that a killed worker left, as it is found when the task is undone. */
export const uploadLeft: Story = {
  async run(move) {
    const { stage, company, home } = move;
    const { endpoint, credentials } = stage.cloud;
    const s3 = new S3Client({ endpoint, credentials, region: regionOf(stage, home), forcePathStyle: true });
    const at = { company, task: taskOf(move), provider: DOCUMENTS, epoch: 1, attempt: 9 };
    const Key = partKey(attemptPrefix(at), 0);
    await s3.send(new CreateMultipartUploadCommand({ Bucket: bucketAt(move, home), Key }));
    s3.destroy();
    await stopInDrain(move);
    const problem = await expecting(move, 'undone');
    if (problem) return problem;
    const { uploads } = exportsOf(move);
    if (uploads > 0) return `${uploads} unfinished uploads were left`;
    const record = await recordOf(move);
    return record?.state === 'closed' && record.debts.length > 0 ? 'it owes something' : undefined;
  },
};
