import {
  type BackedUpProvider,
  formatHolder,
  type Home,
  INPUTS,
  type InputOf,
  type Refusal,
  type TaskOperation,
} from '@tanker/contract/index.ts';
import { openTask } from '../../core/control/open-task.ts';
import { prospectOf } from '../../core/control/planners.ts';
import type { Prospect } from '../../core/control/prospect.ts';
import type { KeptFallback, PendingBackup } from '../../core/ports.ts';
import type { CliWorld } from '../cli/cli-world.ts';
import { backup, debt, fallback } from '../cli/records.ts';
import { type ControlWorld, describeResult, SOURCE, TARGET } from '../control/control-world.ts';
import { type At, inputOf, type Order, refusalOf } from '../control/planned-task.ts';
import type { Worlds } from './worlds.ts';

/** A company of that name that lives at the source, and the first task that is asked for. */
export function company({ store }: ControlWorld, name: string, jurisdictions?: readonly string[]): At {
  store.signUp(name, SOURCE, jurisdictions);
  return { company: name, task: `${name}-1` };
}

/** Another task of the same company. */
export const again = ({ company: name }: At, number = 2): At => ({
  company: name,
  task: `${name}-${number}`,
});

/** What the checks say of an order: they throw the refusal with its parts. */
export async function checked(
  world: ControlWorld,
  { operation = 'migrate', at, input, answers = () => ({}) }: Order & { at: At },
): Promise<void> {
  const asked = INPUTS[operation].parse(inputOf(operation, at, input)) as InputOf<TaskOperation>;
  const authority = await world.authority.read(at.company);
  const prospect: Prospect = await prospectOf(operation, world, asked as never, authority);
  prospect.examine(
    prospect.checks.map(({ provider, location }) => {
      const result = describeResult(provider, answers(provider, location));
      if (result.action !== 'describe') throw new Error('no describe');
      return { provider, location, ...result };
    }),
  );
}

/** The refusal of a task that is asked for: its execution shows the same words that the checks have thrown. */
export async function planned(world: ControlWorld, order: Order & { at: At }): Promise<never> {
  const error: Error = await checked(world, order).then(
    () => new Error('nothing was refused'),
    (thrown: Error) => thrown,
  );
  const shown = await refusalOf(world, order);
  if (shown.error === error.name && shown.cause === error.message) throw error;
  throw new Error(`the execution shows ${shown.error}: ${shown.cause}`, { cause: error });
}

/** Changes home as a task's commit does. */
export function moveHome(
  { store }: Pick<ControlWorld, 'store'>,
  { company: name, task }: At,
  to: Home,
): void {
  const { epoch, home: from, version } = store.read(name);
  const claimant = { task, epoch: epoch + 1, holder: formatHolder(task, task) };
  store.claim(name, claimant);
  const { grant } = store.lock(name, claimant, 60);
  store.commit(name, claimant, { grant: grant.grant, from, to, version });
  store.unlock(name, claimant);
}

/** A company that was removed, for good or not. */
export function gone(world: ControlWorld, name: string, state: 'removed' | 'erased' = 'removed'): At {
  const at = company(world, name);
  moveHome(world, at, { state });
  return again(at);
}

/** The refusal that open-task answers, as the execution shows it. */
export async function opening(
  world: ControlWorld,
  operation: TaskOperation,
  { executionName, executionArn = `arn:${executionName}` }: { executionName: string; executionArn?: string },
  input: unknown,
): Promise<Refusal | null> {
  const { refusal } = await openTask(world, { operation, executionName, executionArn, input });
  return refusal;
}

/** A backup on record that may be restored until the end of the month of the worlds' clock. */
export async function backedUp(world: ControlWorld, at: At, changes: object = {}): Promise<void> {
  const record = backup(at.task, { company: at.company, expiresAt: '2026-03-31T10:00:00.000Z', ...changes });
  await world.backups.begin({ ...record, state: 'pending' } as PendingBackup);
  await world.backups.makeAvailable(at.company, at.task);
}

/** What a backup's record says of one provider. */
export const SLICE = backup('any').providers['deals'] as BackedUpProvider;

/** The restore of a removed company, whose first task has left what `prepare` leaves. */
export const restores =
  (
    name: string,
    prepare: (world: ControlWorld, at: At) => Promise<unknown> = backedUp,
    order: Omit<Order, 'at' | 'input'> = {},
  ) =>
  async ({ control }: Worlds): Promise<never> => {
    const world = await control();
    const at = gone(world, name);
    await prepare(world, { ...at, task: `${name}-1` });
    return planned(world, { operation: 'restore', at, input: { backup: `${name}-1` }, ...order });
  };

/** A debt of a provider at the target, which a task has left. */
export const owing = (world: ControlWorld, at: At, provider = 'deals'): Promise<void> =>
  world.debts.record(debt(at.task, provider, { company: at.company, location: TARGET }));

/** A fallback copy that a task left at the target. */
export async function copyKept(world: ControlWorld, at: At, changes: object = {}): Promise<KeptFallback> {
  const record = fallback(at.task, {
    company: at.company,
    location: TARGET,
    version: 0,
    cleanupAt: '2026-03-08T10:00:00.000Z',
    ...changes,
  }) as KeptFallback;
  await world.fallbacks.keep(record);
  return record;
}

/** A command line's refusal: under --json it is a document. */
export async function commanded({ tanker }: Pick<CliWorld, 'tanker'>, ...argv: string[]): Promise<unknown> {
  const { out } = await tanker(...argv, '--json');
  return JSON.parse(out.slice(out.lastIndexOf('\n{') + 1));
}

/** Asks for a task of a company of that name, which lives at the source; it is refused. */
export const asks =
  (name: string, order: Omit<Order, 'at'> = {}) =>
  async ({ control }: Worlds): Promise<never> => {
    const world = await control();
    return planned(world, { at: company(world, name), ...order });
  };
