import { formatLocation, keys, PHASES, sameLocation } from '@tanker/contract/index.ts';
import type { WorldLocation } from '../../demo/world/topology.ts';
import { executionOf, readRow, readRows, recoveriesOf } from './tasks.ts';
import type { Finding, Scene } from './verdict.ts';

const asText = (value: unknown): string => JSON.stringify(value);

/** The record of the task: closed as expected, told by whom and why, with debts only where a provider was out of reach. */
function checkTask({ row, expected, task, owed }: Scene): Finding[] {
  if (!row) return ['P11: the task has no record'];
  const debts = (row.debts ?? []).map(
    ({ provider, location }) => `${provider} at ${formatLocation(location)}`,
  );
  const wanted = owed.map(({ provider, at }) => `${provider} at ${formatLocation(at)}`);
  const recovered = expected === 'undone' || expected === 'refused';
  return [
    ...(row.state === 'closed' ? [] : ['P5: the task is still open']),
    ...(row.outcome === expected ? [] : [`P11: the record says ${row.outcome}, expected was ${expected}`]),
    ...(asText(debts.sort()) === asText(wanted.sort())
      ? []
      : [`P3: the record has the debts [${debts.join(', ')}], expected were [${wanted.join(', ')}]`]),
    ...(recovered && !row.failure?.error ? ['P11: the record does not say what has failed'] : []),
    ...(row.requestedBy === task.input['requestedBy'] && row.reason === task.input['reason']
      ? []
      : ['P11: the record does not say who wanted it and why']),
    ...(row.incomplete && row.state === 'closed' && row.incomplete.left.length > 0
      ? ['P11: the closed record still says incomplete']
      : []),
  ];
}

/** Phases in the order of the one table, and the end in the log. */
function checkStory(
  { row, task, expected }: Scene,
  log: readonly Readonly<Record<string, unknown>>[],
): Finding[] {
  if (!row) return [];
  const begun = PHASES[task.operation].flatMap((phase) => row.phases[phase] ?? []);
  const inOrder = begun.every((at, index) => index === 0 || (begun[index - 1] ?? '') <= at);
  const told = log.map(({ what }) => String(what));
  return [
    ...(inOrder ? [] : [`P11: phases were begun in another order: ${asText(row.phases)}`]),
    ...(told.some((what) => what.includes(expected))
      ? []
      : [`P11: the log does not tell that it was ${expected}`]),
    ...(row.recoveries > 0 && !told.some((what) => /recover|forward|back/.test(what))
      ? ['P11: the log does not tell of the recovery']
      : []),
  ];
}

/** Subtasks have an end, and those that failed say why. */
function checkSubtasks(subtasks: readonly Readonly<Record<string, unknown>>[]): Finding[] {
  const named = ({ phase, action, provider, state }: Readonly<Record<string, unknown>>) =>
    `${phase} ${action} ${provider} ${state}`;
  const endless = subtasks.filter(({ state }) => state !== 'succeeded' && state !== 'failed');
  const mute = subtasks.filter(({ state, error, cause }) => state === 'failed' && (!error || !cause));
  return [
    ...endless.map((one) => `P11: a subtask has no end: ${named(one)}`),
    ...mute.map((one) => `P11: a subtask failed without a reason: ${named(one)}`),
  ];
}

/** Nothing of the task runs any more, and its company is free for the next one. */
async function checkHold({ stage, task, now }: Scene): Promise<Finding[]> {
  const claim = await readRow<{ state: string; task?: string }>(stage, keys.claim(now.id));
  const own = await executionOf(stage, task.operation, task.task);
  const running = (await recoveriesOf(stage, task.task)).filter(({ status }) => status === 'RUNNING');
  return [
    ...(claim?.state === 'held' ? [`P6: ${claim.task} still holds the company`] : []),
    ...(own.status === 'RUNNING' ? ['P6: the execution still runs'] : []),
    ...running.map(({ name }) => `P6: ${name} still runs`),
  ];
}

interface At {
  readonly location: WorldLocation;
  readonly state?: string;
  readonly task: string;
  readonly settledAt?: string;
  readonly provider?: string;
}

/** What stands on record of the company beyond the task: its fallback copies, debts and backups. */
async function checkCompanyRows({ stage, now, owed }: Scene): Promise<Finding[]> {
  const read = async (at: { pk: string; prefix: string }) => (await readRows(stage, at)) as unknown as At[];
  const kept = (await read(keys.fallbacks(now.id))).filter(({ state }) => state === 'kept');
  const isRight = ({ location, task }: At) =>
    now.fallback?.task === task && sameLocation(location, now.fallback.at);
  const debts = (await read(keys.debts(now.id))).filter(({ settledAt }) => settledAt === undefined);
  const strange = debts.filter(
    ({ location, provider }) =>
      !owed.some((one) => one.provider === provider && sameLocation(one.at, location)),
  );
  const available = (await read(keys.backups(now.id)))
    .filter(({ state }) => state === 'available')
    .map(({ task }) => task);
  const pending = (await read(keys.backups(now.id))).filter(({ state }) => state === 'pending');
  return [
    ...(kept.length === (now.fallback ? 1 : 0) && kept.every(isRight)
      ? []
      : [
          `P9: the fallback copies on record are ${asText(kept.map(({ location, task }) => [task, location]))}`,
        ]),
    ...strange.map(({ location, provider }) => `P3: a debt of ${provider} at ${formatLocation(location)}`),
    ...(asText([...available].sort()) === asText([...now.backups].sort())
      ? []
      : [`P9: the backups on record are [${available}], expected were [${now.backups}]`]),
    ...pending.map(({ task }) => `P9: the backup of ${task} is still pending`),
  ];
}

export async function checkRecords(scene: Scene): Promise<Finding[]> {
  const { stage, task } = scene;
  return [
    ...checkTask(scene),
    ...checkStory(scene, await readRows(stage, keys.logs(task.task))),
    ...checkSubtasks(await readRows(stage, keys.subtasks(task.task))),
    ...(await checkHold(scene)),
    ...(await checkCompanyRows(scene)),
  ];
}
