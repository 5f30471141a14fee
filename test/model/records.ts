import { type Done, refused } from './claims.ts';
import { type Course, holds } from './operations.ts';
import {
  type Exported,
  isSite,
  type Message,
  type Outcome,
  type ProviderIndex,
  type Rows,
  type World,
} from './state.ts';
import { NO_RECORD, withRecord } from './world.ts';

/** The object of an export is on record, once for its attempt. */
export function recordExport(
  course: Course,
  world: World,
  message: Message,
  provider: ProviderIndex,
  rows: Rows,
): Done {
  const { task, by, epoch, attempt } = message;
  const record = world.records[task];
  const current = holds(record, by, epoch) && record.exported[provider].attempt < attempt;
  if (!current && course.rules['11 objects are written once']) return refused(world, 'SubtaskSuperseded');
  const { backup } = world;
  if (backup?.task === task) {
    const objects = backup.objects.map((old, index) => (index === provider ? rows : old));
    return {
      world: { ...world, backup: { ...backup, objects: objects as unknown as typeof backup.objects } },
    };
  }
  if (record.state !== 'open') return { world };
  const object: Exported = { attempt, rows };
  const exported =
    provider === 0 ? ([object, record.exported[1]] as const) : ([record.exported[0], object] as const);
  return { world: withRecord(world, task, { ...record, exported }) };
}

/** Closes the task's record with its outcome, and notes what it leaves: a fallback copy, a backup, or no backup. */
export function close(course: Course, world: World, { by, task, epoch, outcome }: Message): Done {
  const record = world.records[task];
  if (record.state === 'closed' && record.epoch === epoch && record.holder === by) return { world };
  if (!holds(record, by, epoch)) return refused(world, 'TaskClosed');
  const { plan, debts, exported } = record;
  const closed = withRecord(world, task, {
    ...NO_RECORD,
    state: 'closed',
    epoch,
    holder: by,
    plan,
    debts,
    outcome: outcome as Outcome,
  });
  if (outcome !== 'done' || !plan) return { world: closed };
  const rows = [exported[0].rows, exported[1].rows] as const;
  switch (course.operationOf[task]) {
    case 'migrate': {
      if (!isSite(plan.from)) return { world: closed };
      const { produced } = world.queues[plan.from];
      const left = { state: 'kept', site: plan.from, version: plan.version + 1 } as const;
      return { world: { ...closed, fallback: { ...left, rows, produced, epoch, givenUpBy: '' } } };
    }
    case 'backup':
    case 'remove':
      return { world: { ...closed, backup: { task, promised: rows, objects: rows } } };
    case 'final-erasure':
      return { world: { ...closed, backup: null } };
    default:
      return { world: closed };
  }
}

/** A recovery asks by a write: from here on no lower epoch gives the fallback copy up. */
export function fenceFallback(world: World, { epoch }: Message): Done {
  const { fallback } = world;
  if (!fallback) return { world };
  if (epoch < fallback.epoch) return refused(world, 'EpochStale');
  return { world: { ...world, fallback: { ...fallback, epoch } } };
}

/** The commit point of a cleanup: kept becomes given-up, and a repeat answers the first answer. */
export function giveUp({ rules }: Course, world: World, { task, epoch, version }: Message): Done {
  const { fallback } = world;
  if (fallback?.state === 'given-up' && fallback.givenUpBy === task) return { world };
  if (fallback?.state !== 'kept' || epoch < fallback.epoch) return refused(world, 'PlacementChanged');
  if (fallback.version !== version && rules['24 a cleanup is bound to its version']) {
    return refused(world, 'PlacementChanged');
  }
  return { world: { ...world, fallback: { ...fallback, state: 'given-up', epoch, givenUpBy: task } } };
}
