import type { AgentEvent, DispatchEvent } from '@tanker/contract/index.ts';
import type { Dispatches, Functions, Tasks, Workers } from '../ports.ts';
import { type AgentEventPorts, agentEvent } from './agent-event.ts';
import { taskClosed } from './records.ts';
import { isWaiting, runsOnFargate, transferWork } from './transfer-work.ts';

export interface DispatchPorts extends AgentEventPorts {
  readonly tasks: Tasks;
  readonly dispatches: Dispatches;
  readonly workers: Workers;
  readonly functions: Functions;
  readonly now: () => Date;
}

type DispatchedRecord = Parameters<Dispatches['dispatch']>[0];

/**
 * Writes the subtask with its token and hands it to the agent of the location's datacenter. Refused (`TaskClosed`)
 * unless the task is open under the epoch and holder of the execution that asks: an execution of the past starts no
 * worker. May be called twice with the same attempt and token: what its worker has already is left to it.
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
  const written = await ports.dispatches.dispatch(dispatched);
  if (written === 'dispatched') await ports.functions.invokeAgent(forAgent);
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
  const { holder, incarnation, version, hooks } = event;
  const written = await ports.dispatches.dispatch({
    ...dispatched,
    order: {
      holder,
      incarnation,
      version,
      hooks,
      ...(event.action === 'export'
        ? { grant: event.grant, retention: event.retention }
        : { manifest: event.manifest, ...(event.exported ? { exported: event.exported } : {}) }),
      worker: ready?.worker ?? work.worker,
    },
  });
  if (written === 'dispatched' && !ready) await ports.functions.launchWorker(work, event.token);
}
