import { keys } from '@tanker/contract/index.ts';
import type { Stage } from '../stage.ts';
import { DEMO_COMPANY, locationOf } from '../world/world.ts';
import { Life, type Step } from './life.ts';
import {
  backupRow,
  customerStatus,
  damagedObjects,
  differences,
  type Holdings,
  holdingsAt,
  inBuckets,
  leftAt,
  rowOf,
} from './look.ts';
import { type LifecycleReport, type LifecycleStep, lifecycleReport } from './report.ts';

const US = locationOf('us');
const EU = locationOf('eu');
const LOCATIONS = [US, locationOf('us', 'db2'), EU];
/** A neighbour at the place of the restore, whose customers write while the company is gone. */
const NEIGHBOUR = 'hooli';
const GONE = 410;
const DAY_MS = 86_400_000;
const RESTORE_DAY = 12;
/** The law's window for a backup is 30 days (`retention.backupDays`): one more. */
const AFTER_THE_WINDOW = 31;

const backup: Step = [
  'backup',
  async (life) => {
    const { stage, company } = life;
    await life.neighboursUntouched(() =>
      life.besideCustomers(US, async () => {
        await life.run('backup', 'backup-1', {}, { outcome: 'backed-up' });
      }),
    );
    await life.homeIs(US);
    const record = await backupRow(stage, company, 'backup-1');
    life.check('P7', 'every object of the backup has the octets that its manifest names', [
      record?.['state'] !== 'available' && `the record says ${record?.['state']}`,
      ...(await damagedObjects(stage, company, 'backup-1')),
    ]);
  },
];

const migrate: Step = [
  'migrate',
  async (life) => {
    await life.neighboursUntouched(() =>
      life.besideCustomers(EU, async () => {
        await life.run('migrate', 'move-1', { to: EU }, { outcome: 'migrated' });
      }),
    );
    await life.homeIs(EU);
    const fallback = await rowOf(life.stage, keys.fallback(life.company, US));
    life.check('P11', 'the fallback copy at us/db1 is on record', [
      fallback?.['state'] !== 'kept' && `the record says ${fallback?.['state']}`,
    ]);
  },
];

const cleanup: Step = [
  'cleanup after the grace days',
  async (life) => {
    const { stage, company } = life;
    const before = await holdingsAt(stage, company, EU);
    await life.neighboursUntouched(async () => {
      await life.daysPass(stage.topology.graceDays);
      await life.found((id) => id.startsWith('cleanup-'), { outcome: 'cleaned' });
    });
    life.check('P9', 'the former home holds nothing any more', await leftAt(stage, company, [US]));
    life.check('P2', 'home holds what it held', differences(before, await holdingsAt(stage, company, EU)));
    life.check('P9', 'the exports of the move are gone, those of the backup are there', [
      inBuckets(stage, company, 'move-1').length > 0 && 'objects of move-1 are left',
      inBuckets(stage, company, 'backup-1').length === 0 && 'the backup is gone',
    ]);
    await life.homeIs(EU);
  },
];

/** Removes the company, and answers what it had. */
async function removeCompany(life: Life, task: string): Promise<Holdings> {
  const { stage, company } = life;
  const before = await holdingsAt(stage, company, EU);
  await life.neighboursUntouched(async () => {
    await life.run('remove', task, {}, { outcome: 'removed' });
  });
  await life.homeIs('removed');
  life.check('P9', 'no row, no file and no staging is left at any location', await leftAt(stage, company));
  life.check('P1', 'customers are told that the company has left', [
    (await customerStatus(stage, company)) !== GONE && 'they are not',
  ]);
  const record = await backupRow(stage, company, task);
  life.check('P7', 'the backup of the removal is whole', [
    record?.['state'] !== 'available' && `its record says ${record?.['state']}`,
    ...(await damagedObjects(stage, company, task)),
  ]);
  const ledger = await rowOf(stage, keys.ledger(company, task));
  const days =
    (Date.parse(String(ledger?.['lastCopyUntil'])) - Date.parse(String(ledger?.['removedAt']))) / DAY_MS;
  life.check('P11', 'the ledger says when the last copy dies', [
    Math.round(days) !== stage.topology.retention.backupDays && `it says ${days} days after the removal`,
  ]);
  return before;
}

const remove: Step = [
  'remove',
  async (life) => {
    life.removed = await removeCompany(life, 'remove-1');
  },
];

const restore: Step = [
  `restore on day ${RESTORE_DAY}`,
  async (life) => {
    const { stage, company } = life;
    await life.daysPass(RESTORE_DAY);
    await life.besideCustomers(EU, async () => {}, NEIGHBOUR);
    await life.neighboursUntouched(async () => {
      await life.run('restore', 'restore-1', { backup: 'remove-1', to: EU }, { outcome: 'restored' });
    });
    await life.homeIs(EU);
    const now = await holdingsAt(stage, company, EU);
    life.check(
      'P2',
      'the company has what it had when it was removed',
      life.removed ? differences(life.removed, now) : ['it was not removed'],
    );
    life.check(
      'P1',
      'no other location holds anything of it',
      await leftAt(
        stage,
        company,
        LOCATIONS.filter((at) => at !== EU),
      ),
    );
    // New rows get new ids, beside those that neighbours have made since the removal.
    await life.neighboursUntouched(() => life.besideCustomers(EU, async () => {}));
  },
];

const removeAgain: Step = [
  'remove again',
  async (life) => {
    await removeCompany(life, 'remove-2');
  },
];

const afterTheWindow: Step = [
  `${AFTER_THE_WINDOW} days later`,
  async (life) => {
    const { stage, company } = life;
    await life.neighboursUntouched(async () => {
      await life.daysPass(AFTER_THE_WINDOW);
      await life.run(
        'restore',
        'restore-2',
        { backup: 'remove-2', to: EU },
        { outcome: 'refused', error: 'BackupExpired' },
      );
    });
    await life.homeIs('removed');
    life.check('P9', 'no object and no unfinished upload is left in any bucket', inBuckets(stage, company));
    life.check('P9', 'no row, no file and no staging is left at any location', await leftAt(stage, company));
    const tombstones = await Promise.all(
      ['backup-1', 'remove-1', 'remove-2'].map((task) => backupRow(stage, company, task)),
    );
    life.check('P11', 'each backup has its tombstone', [
      tombstones.some((row) => row?.['state'] !== 'expired') &&
        `the records say ${tombstones.map((row) => row?.['state']).join(', ')}`,
    ]);
  },
];

const STEPS: readonly Step[] = [backup, migrate, cleanup, remove, restore, removeAgain, afterTheWindow];

/** Tells a company's whole life; the clock jumps between the steps. Ends with the first step that is not as it should be. */
export async function tellLifecycleStory(
  stage: Stage,
  say: (line: string) => void,
): Promise<LifecycleReport> {
  const life = new Life(stage, DEMO_COMPANY, say);
  const told: LifecycleStep[] = [];
  for (const step of STEPS) {
    told.push(await life.tell(step));
    if (!told.at(-1)?.ok) break;
  }
  return lifecycleReport(DEMO_COMPANY, told, STEPS.length);
}
