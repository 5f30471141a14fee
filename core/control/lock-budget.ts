import {
  MAX_LOCK_SECONDS,
  type Plan,
  TankerError,
  type TaskOperation,
  type Topology,
} from '@tanker/contract/index.ts';
import { UNTOUCHED } from './refusal.ts';

/** A restore's lock lasts this much longer than its estimate at most. */
const RESTORE_PATIENCE = 3;

/**
 * How long the traffic lock may last. A company that is restored lives nowhere, so its lock keeps nobody waiting: it
 * may last as long as the imports need, which go wave after wave where the backup's exports went all at once.
 */
export function lockBudgetSeconds(
  topology: Topology,
  operation: TaskOperation,
  { estimate }: Pick<Plan, 'estimate'>,
): number {
  const { lockBudgetSeconds: budget } = topology;
  if (operation !== 'restore') return budget;
  return Math.min(MAX_LOCK_SECONDS, Math.max(budget, Math.ceil(RESTORE_PATIENCE * estimate.seconds)));
}

/** Throws LockBudgetExceeded when the lock would be estimated to last longer than it may. */
export function checkBudget(
  topology: Topology,
  operation: TaskOperation,
  { estimate }: Pick<Plan, 'estimate'>,
): void {
  const budget = lockBudgetSeconds(topology, operation, { estimate });
  if (estimate.seconds <= budget) return;
  const size = `${estimate.bytes} bytes would lock the company for about ${Math.ceil(estimate.seconds)} s`;
  throw new TankerError('LockBudgetExceeded', {
    what: `${size}; the budget is ${budget} s.`,
    now: UNTOUCHED,
    next:
      operation === 'restore'
        ? 'Raise assumedBytesPerSecond in the topology if the providers are faster than it says, or have them import in fewer waves.'
        : 'Raise lockBudgetSeconds in the topology after agreeing on the longer lock, or assumedBytesPerSecond if the providers are faster than it says.',
  });
}
