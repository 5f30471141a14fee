import { expect } from '@jest/globals';
import { keys } from '@tanker/contract/index.ts';
import type { TaskView } from '@tanker/sdk/task-records.ts';
import type { Stage } from '../../demo/stage.ts';
import { closedProviders, compare, QUEUES, rowsOf, stagingLeftovers } from '../../demo/world/checks.ts';
import { documentLeftovers, documentsClosed } from '../../demo/world/document-checks.ts';
import type { WorldLocation } from '../../demo/world/topology.ts';
import { sendWrite } from '../../demo/world/writer.ts';
import { authorityOf, executionEnd, holdingsAt, type Mover, taskEnd, taskOf } from './moves.ts';
import { onCopy } from './stage.ts';

export const claimOf = ({ rows }: Stage, company: string) =>
  rows.get(keys.claim(company)) as Promise<{ readonly state: string } | undefined>;

/** Objects and unfinished uploads of a company in every bucket. */
function inBuckets({ cloud }: Stage, company: string) {
  const ofCompany = ({ key }: { key: string }) =>
    key.includes(`/${company}/`) || key.startsWith(`${company}/`);
  const names = cloud.s3.buckets().map(({ name }) => name);
  return {
    objects: names.flatMap((name) => cloud.s3.objects(name).filter(ofCompany)),
    uploads: names.flatMap((name) => cloud.s3.uploads(name).filter(ofCompany)),
  };
}

/** The company can work: a write through the gateway is acknowledged, and it is in that location's database. */
async function expectWrites({ stage, company }: Mover, home: WorldLocation): Promise<void> {
  const writeId = `after-${company}`;
  const order = { gateway: stage.world.gateway.url, company, collection: 'notes', kind: 'create' } as const;
  expect(await sendWrite({ ...order, writeId })).toMatchObject({ outcome: 'acknowledged' });
  await onCopy(stage, home, async ({ client }) => {
    const { rows } = await client.query('SELECT 1 FROM notes.notes WHERE company_id = $1 AND write_id = $2', [
      company,
      writeId,
    ]);
    expect(rows).toHaveLength(1);
  });
}

/** The location holds what the company had before its task, queues of messages aside. */
async function expectWhole({ stage, company, before }: Mover, at: WorldLocation): Promise<void> {
  const { tables, documents } = await holdingsAt(stage, at, company);
  expect(compare(before.tables, tables, QUEUES).different).toEqual([]);
  expect(documents).toEqual(before.documents);
}

/** Home, source and target as the databases, gateway, table and buckets themselves say, and customers who can work. */
async function expectAtRest(mover: Mover, home: WorldLocation, version: number): Promise<void> {
  const { stage, company, from, to } = mover;
  const authority = await authorityOf(stage, company);
  expect(authority).toMatchObject({ home: { state: 'home', location: home }, version });
  expect(authority.lock?.state).not.toBe('held');
  expect((await claimOf(stage, company))?.state).not.toBe('held');
  await expectWhole(mover, home);
  for (const location of [from, to]) {
    await onCopy(stage, location, async ({ client, files }) => {
      expect(await stagingLeftovers(client, company)).toEqual({});
      expect(documentLeftovers(files, company)).toEqual([]);
      if (location !== home) return;
      expect(await closedProviders(client, company)).toEqual([]);
      expect(documentsClosed(files, company)).toBe(false);
    });
  }
  expect(inBuckets(stage, company).uploads).toEqual([]);
}

/** The task of the company has moved it: the target is home and equal, the source is the closed fallback copy. */
export async function expectMigrated(mover: Mover): Promise<TaskView> {
  const { stage, company, from, to } = mover;
  const view = await taskEnd(stage, taskOf(company));
  expect(view.task).toMatchObject({ state: 'closed', outcome: 'migrated', debts: [] });
  await expectAtRest(mover, to, 1);
  await expectWhole(mover, from);
  await onCopy(stage, from, async ({ client, files }) => {
    expect(await closedProviders(client, company)).toEqual(expect.arrayContaining(['contacts', 'notes']));
    expect(documentsClosed(files, company)).toBe(true);
  });
  await expectWrites(mover, to);
  return view;
}

/** The task of the company is undone: the source is home and unchanged, the target and the buckets hold nothing. */
export async function expectUndone(mover: Mover): Promise<TaskView> {
  const { stage, company, from, to } = mover;
  const view = await taskEnd(stage, taskOf(company));
  expect(view.task).toMatchObject({ state: 'closed', outcome: 'undone', debts: [] });
  expect(view.task.failure?.error).toEqual(expect.any(String));
  await expectAtRest(mover, from, 0);
  const { tables, documents } = await holdingsAt(stage, to, company);
  expect(rowsOf(tables)).toBe(0);
  expect([...documents]).toEqual([]);
  expect(inBuckets(stage, company).objects).toEqual([]);
  await expectWrites(mover, from);
  return view;
}

/** The task was refused with this error, in the execution and on the record, and nobody else has heard of it. */
export async function expectRefused(stage: Stage, task: string, error: string): Promise<TaskView> {
  const execution = await executionEnd(stage, task);
  expect(execution).toMatchObject({ status: 'FAILED', error });
  const view = await taskEnd(stage, task);
  expect(view.task).toMatchObject({ state: 'closed', outcome: 'refused', failure: { error } });
  expect(view.task.failure?.cause).toBe(execution.cause);
  expect(view.task.lock).toBeUndefined();
  return view;
}

/** Authority and table never heard of a task for the company. */
export async function expectUntouched(stage: Stage, company: string): Promise<void> {
  expect(await authorityOf(stage, company)).toMatchObject({ epoch: 0, holder: null, version: 0, lock: null });
  expect(await claimOf(stage, company)).toBeUndefined();
}
