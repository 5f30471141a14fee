import {
  type AgentEvent,
  type DispatchEvent,
  formatLocation,
  type Location,
  type PlannedProvider,
  sameLocation,
  TankerError,
  type TaskRecord,
} from '@tanker/contract/index.ts';
import type { Dispatches, Functions, Subtasks, Tasks, Workers } from '../ports.ts';
import { resultOf, taskClosed } from './records.ts';
import { isWaiting, runsOnFargate, transferWork } from './transfer-work.ts';

export interface DispatchPorts {
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly dispatches: Dispatches;
  readonly workers: Workers;
  readonly functions: Functions;
  readonly now: () => Date;
}

type DispatchedRecord = Parameters<Dispatches['dispatch']>[0];

function incarnationOf(planned: PlannedProvider, record: TaskRecord, location: Location): string {
  return record.plan && sameLocation(location, record.plan.to)
    ? planned.targetIncarnation
    : planned.sourceIncarnation;
}

/** The manifest that the import may read: the one of this epoch's export, from the table. */
async function manifestFor(ports: DispatchPorts, event: DispatchEvent, from: Location) {
  const exported = resultOf(await ports.subtasks.list(event.task), {
    epoch: event.epoch,
    phase: 'export',
    action: 'export',
    provider: event.provider,
    location: from,
  });
  if (exported) return exported.manifest;
  throw new TankerError('ExportIncomplete', {
    what: `${event.provider} at ${formatLocation(from)} has no finished export of epoch ${event.epoch}.`,
    now: 'Nothing was imported.',
    next: "Look at the provider's export subtask.",
  });
}

/** The event for the agent, complete: the agent never asks the table what to do. */
async function agentEvent(
  ports: DispatchPorts,
  event: DispatchEvent,
  record: TaskRecord,
): Promise<AgentEvent> {
  const { grant, hook, action, ...common } = event;
  if (action === 'describe' || action === 'drain' || action === 'discard') return { action, ...common };
  const { plan } = record;
  const planned = plan?.providers.find((provider) => provider.name === event.provider);
  if (!plan || !planned) throw taskClosed(event.task);
  const fenced = { ...common, incarnation: incarnationOf(planned, record, event.location) };
  switch (action) {
    case 'export':
      return { action, ...fenced, grant: grant ?? 0 };
    case 'import':
      return { action, ...fenced, manifest: await manifestFor(ports, event, plan.from) };
    case 'erase':
      return { action, ...fenced, version: plan.version, reason: `task ${event.task} is undone` };
    case 'hook':
      return { action, ...fenced, hook: hook ?? 'after-undo', version: plan.version };
    default:
      return { action, ...fenced };
  }
}

/**
 * Writes the subtask with its token and hands it to the agent of the location's datacenter. Refused (`TaskClosed`)
 * unless the task is open under the epoch and holder of the execution that asks: an execution of the past starts no
 * worker. May be called twice with the same attempt and token.
 */
export async function dispatch(ports: DispatchPorts, event: DispatchEvent): Promise<void> {
  const record = await ports.tasks.get(event.task);
  const unclaimed = event.epoch === 0 && record?.holder === null && event.action === 'describe';
  if (
    record?.state !== 'open' ||
    record.epoch !== event.epoch ||
    !(unclaimed || record.holder === event.holder)
  ) {
    throw taskClosed(event.task);
  }
  const forAgent = await agentEvent(ports, event, record);
  const dispatched = {
    kind: 'subtask',
    state: 'dispatched',
    task: event.task,
    company: event.company,
    phase: event.phase,
    action: event.action,
    provider: event.provider,
    location: event.location,
    epoch: event.epoch,
    attempt: event.attempt,
    dispatchedAt: ports.now().toISOString(),
    token: event.token,
  } as const;
  if (runsOnFargate(record.plan, event)) return dispatchToFargate(ports, dispatched, forAgent);
  await ports.dispatches.dispatch(dispatched);
  await ports.functions.invokeAgent(forAgent);
}

/**
 * The row with its token is all that a waiting worker needs. Where none waits (it died, or another attempt had it), one
 * is started for this attempt; whoever of several comes first takes the row.
 */
async function dispatchToFargate(
  ports: DispatchPorts,
  dispatched: DispatchedRecord,
  event: AgentEvent,
): Promise<void> {
  if (event.action !== 'export' && event.action !== 'import') throw taskClosed(event.task);
  const waiting = await ports.workers.get(event);
  const ready = isWaiting(waiting, ports.now()) ? waiting : undefined;
  const work = transferWork(event, event, event.attempt);
  const { holder, incarnation } = event;
  await ports.dispatches.dispatch({
    ...dispatched,
    order: {
      holder,
      incarnation,
      ...(event.action === 'export' ? { grant: event.grant } : { manifest: event.manifest }),
      worker: ready?.worker ?? work.worker,
    },
  });
  if (!ready) await ports.functions.launchWorker(work, event.token);
}
