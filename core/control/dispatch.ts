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
import type { Dispatches, Functions, Subtasks, Tasks } from '../ports.ts';
import { resultOf, taskClosed } from './records.ts';

export interface DispatchPorts {
  readonly tasks: Tasks;
  readonly subtasks: Subtasks;
  readonly dispatches: Dispatches;
  readonly functions: Functions;
  readonly now: () => Date;
}

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
  await ports.dispatches.dispatch({
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
  });
  await ports.functions.invokeAgent(forAgent);
}
