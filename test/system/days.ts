import { expect, test } from '@jest/globals';
import { keys } from '@tanker/contract/index.ts';
import { letDaysPass } from '../../demo/days.ts';
import type { Stage } from '../../demo/stage.ts';
import { changedNeighbours } from '../../demo/world/checks.ts';
import { expectMigrated } from './expectations.ts';
import { authorityOf, moveInput, newMover, startMove } from './moves.ts';
import { readNeighbours, theStage } from './stage.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const exportsLeft = ({ cloud }: Stage): string[] =>
  cloud.s3.buckets().flatMap(({ name }) => cloud.s3.objects(name).map(({ key }) => key));

async function rowsOfTable({ cloud, topology }: Stage) {
  const { controlRegion: region, installation: name } = topology;
  return (await cloud.dynamo.scanTable({ region, name })).map(({ pk, sk }) => `${pk?.S} ${sk?.S}`);
}

const daysAhead = (instant: string): number => Math.round((Date.parse(instant) - Date.now()) / DAY_MS);

// After everything else, and one after the other: the world's time is moved for good.
test('when the days of exports are over they are gone, and a company moves as before, by the dates of then', async () => {
  const stage = await theStage();
  const { transferDays } = stage.topology.retention;
  expect(exportsLeft(stage).length).toBeGreaterThan(0);
  await letDaysPass(stage, transferDays);
  expect(exportsLeft(stage)).toEqual([]);

  const mover = await newMover(stage, 'of-later');
  await startMove(stage, moveInput(mover.company));
  const { task } = await expectMigrated(mover);
  const authority = await authorityOf(stage, mover.company);
  const dates = [task.createdAt, ...Object.values(task.phases), authority.lock?.leaseUntil ?? ''];
  expect(dates.map(daysAhead)).toEqual(dates.map(() => transferDays));
  expect(exportsLeft(stage).length).toBeGreaterThan(0);
  const [told] = stage.heard.filter(({ detail }) => (detail as { task: string }).task === task.task);
  expect(daysAhead(told?.time ?? '')).toBe(transferDays);
});

test('when the days of records are over they are gone, but neither claims nor debts, and nobody’s data has changed', async () => {
  const stage = await theStage();
  const { recordDays } = stage.topology.retention;
  const kept = (rows: readonly string[]) => rows.filter((row) => / (claim|debt#.*)$/.test(row)).sort();
  const before = await rowsOfTable(stage);
  const tasksBefore = before.filter((row) => row.startsWith('task#') && row.endsWith(' task'));
  expect(tasksBefore.length).toBeGreaterThan(10);
  const { expiredItems } = await letDaysPass(stage, recordDays);
  expect(expiredItems).toBeGreaterThan(100);
  const after = await rowsOfTable(stage);
  // Tasks that the sweeper has started since are there: what they clean up has become due too.
  expect(after.filter((row) => tasksBefore.includes(row))).toEqual([]);
  expect(kept(after)).toEqual(kept(before));
  for (const kind of ['claim', 'debt#']) {
    expect(kept(after).some((row) => row.includes(` ${kind}`))).toBe(true);
  }
  expect(await stage.rows.get(keys.claim('of-later'))).toMatchObject({ state: 'free' });
  expect(changedNeighbours(stage.neighbours, await readNeighbours(stage))).toEqual([]);
});
