import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type DiscardDue, DueRecord, type ExpireDue, keys } from '@tanker/contract/index.ts';
import { discardDue } from '../../core/agent/discard-due.ts';
import { dynamoDiscardDues } from '../../lambdas/runtime/dynamo-discard-dues.ts';
import { RecordTable } from '../../lambdas/runtime/dynamo-record.ts';
import { startTable, type TestTable } from '../support/dynamo-table.ts';
import { MemoryExports } from '../support/memory-exports.ts';

const AT = '2026-03-10T09:30:00.000Z';
const now = () => new Date('2026-03-10T09:35:00.000Z');

let table: TestTable;
let records: RecordTable;
beforeAll(async () => {
  table = await startTable();
  records = new RecordTable(table.client, table.name);
});
afterAll(() => table.close());

const due = <D extends 'discard-exports' | 'expire-backup'>(kind: D, task: string) => ({
  ...{ kind: 'due' as const, at: AT, company: 'acme', datacenter: 'us', task },
  due: kind,
});
const rowOf = ({ due: kind, at, task }: DiscardDue | ExpireDue) =>
  records.get(keys.due(kind, at, task), DueRecord);

async function discarded(record: DiscardDue | ExpireDue) {
  const exports = new MemoryExports();
  await exports.put(`exports/acme/${record.task}/contacts/e1-a1/part-00000`, Buffer.from('a'));
  await exports.put('exports/acme/other/contacts/e1-a1/part-00000', Buffer.from('a'));
  const { kind: _, ...event } = record;
  const dues = dynamoDiscardDues(table.client, table.name);
  const told = await discardDue({ exports, dues, now }, event);
  return { told, left: [...exports.objects.keys()] };
}

test.each(['discard-exports', 'expire-backup'] as const)(
  'the agent’s word is on the row of that kind of due date (%s) and no other',
  async (kind) => {
    const task = `task-${kind}`;
    const both = [due('discard-exports', task), due('expire-backup', task)];
    for (const record of both) await records.put(keys.due(record.due, AT, task), record);
    const own = both.find((record) => record.due === kind) as DiscardDue | ExpireDue;
    const { told, left } = await discarded(own);
    expect(told).toEqual({ objects: 1, uploads: 0 });
    expect(left).toEqual(['exports/acme/other/contacts/e1-a1/part-00000']);
    const word = { objects: 1, uploads: 0, at: now().toISOString() };
    for (const record of both) {
      expect(await rowOf(record)).toEqual(record === own ? { ...record, discarded: word } : record);
    }
  },
);

test('a due date that has gone meanwhile stays gone', async () => {
  const gone = due('expire-backup', 'task-gone');
  await discarded(gone);
  expect(await rowOf(gone)).toBeUndefined();
});
