import { createHash } from 'node:crypto';
import {
  formatLocation,
  type Location,
  type Plan,
  type TransferWork,
  WORKER_ALIVE_SECONDS,
  type WorkerRecord,
} from '@tanker/contract/index.ts';
import type { Actor, TransferSubtask } from '../ports.ts';

/** The start that is made ahead of the dispatch, before any attempt. */
export const AHEAD = 0;

/** What a Fargate worker is started with. The same attempt gives the same worker, so a repeat starts nothing. */
export function transferWork(actor: Actor, subtask: TransferSubtask, attempt: number): TransferWork {
  const { task, company, epoch, holder } = actor;
  const { phase, action, provider, location } = subtask;
  const identity = [task, epoch, holder, phase, action, provider, formatLocation(location), attempt];
  const worker = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
  return { task, company, epoch, holder, phase, action, provider, location, worker };
}

/** Every transfer of the plan that runs on Fargate. */
export function fargateSubtasks(plan: Plan): TransferSubtask[] {
  return plan.providers
    .filter(({ transfer }) => transfer === 'fargate')
    .flatMap(({ name: provider }) => [
      ...(plan.from ? [{ phase: 'export', action: 'export', provider, location: plan.from } as const] : []),
      ...(plan.to ? [{ phase: 'import', action: 'import', provider, location: plan.to } as const] : []),
    ]);
}

/** Whether the plan gives this subtask to Fargate. */
export const runsOnFargate = (
  plan: Plan | undefined,
  { action, provider }: { action: string; provider: string },
): boolean =>
  (action === 'export' || action === 'import') &&
  plan?.providers.find(({ name }) => name === provider)?.transfer === 'fargate';

/** Whether a worker waits for its subtask, as far as can be known; a wrong guess costs time, never data. */
export function isWaiting(worker: WorkerRecord | undefined, now: Date): worker is WorkerRecord {
  if (worker?.state !== 'waiting' || worker.beatAt === undefined) return false;
  return now.getTime() - Date.parse(worker.beatAt) <= WORKER_ALIVE_SECONDS * 1000;
}

export const sameSubtask = (
  a: { action: string; provider: string; location: Location },
  b: { action: string; provider: string; location: Location },
): boolean =>
  a.action === b.action &&
  a.provider === b.provider &&
  formatLocation(a.location) === formatLocation(b.location);
