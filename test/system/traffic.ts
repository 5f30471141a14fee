import { expect, test } from '@jest/globals';
import { differingSeeded, readSeeded } from '../../demo/migrate/seeded-rows.ts';
import { findAcknowledged } from '../../demo/world/checks.ts';
import { differingDocuments } from '../../demo/world/document-checks.ts';
import { expectMigrated } from './expectations.ts';
import { authorityOf, EU, moveInput, newMover, startMove, taskEnd, taskOf, US, until } from './moves.ts';
import { onCopy, theStage } from './stage.ts';

const ROWS = 1000;
const WRITES_EACH_SIDE = 40;

test.concurrent('a company moves while its customers write, and no acknowledged write is lost', async () => {
  const stage = await theStage();
  const company = 'busy';
  const { before } = await newMover(stage, company, { rows: ROWS });
  const seeded = await onCopy(stage, US, ({ client }) => readSeeded(client, company));
  const customers = await stage.world.startCustomers({ companies: [company] });
  const writes = (count: number) =>
    until(`${count} acknowledged writes`, () => customers.totals().acknowledged >= count || undefined);
  await writes(WRITES_EACH_SIDE);
  await startMove(stage, moveInput(company));
  const { task } = await taskEnd(stage, taskOf(company));
  await writes(customers.totals().acknowledged + WRITES_EACH_SIDE);
  const { acknowledged, refusedWhileLocked, uncertain, refused } = await customers.stop();

  expect(task).toMatchObject({ state: 'closed', outcome: 'migrated', debts: [], recoveries: 0 });
  expect({ uncertain, refused }).toEqual({ uncertain: 0, refused: {} });
  expect(refusedWhileLocked).toBeGreaterThan(0);
  await onCopy(stage, EU, async ({ client, files }) => {
    const found = await findAcknowledged({ [company]: client }, customers.journal, { [company]: files });
    expect(found).toEqual({ acknowledged, found: acknowledged, lost: [] });
    expect(await differingSeeded(client, company, seeded)).toEqual([]);
    expect(differingDocuments(files, company, before.documents)).toEqual([]);
  });
  const versionTask = taskOf(company);
  const home = { state: 'home', location: EU };
  expect(await authorityOf(stage, company)).toMatchObject({ home, version: 1, versionTask });
});

test.concurrent('a company moves between two servers of one datacenter', async () => {
  const stage = await theStage();
  const to = { ...US, server: 'db2' };
  const mover = await newMover(stage, 'neighbourly', { to });
  await startMove(stage, moveInput(mover.company, { to }));
  await expectMigrated(mover);
});
