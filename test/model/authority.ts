import type { Rules } from './rules.ts';
import type { Authority, ExecutionName, Home, Refusal, Task } from './state.ts';

/** Who asks, as in examples/gateway/refusals.ts. */
export interface Claimant {
  readonly task: Task;
  readonly epoch: number;
  readonly holder: ExecutionName;
}

export interface Change {
  readonly grant: number;
  readonly from: Home;
  readonly to: Home;
  readonly version: number;
}

const stale = (record: Authority, { epoch, holder }: Claimant, rules: Rules): boolean =>
  epoch < record.epoch ||
  (epoch === record.epoch &&
    record.holder !== '' &&
    record.holder !== holder &&
    rules['4 refuses an equal epoch of another holder']);

const raised = (record: Authority, { epoch, holder }: Claimant): Authority =>
  epoch === record.epoch && holder === record.holder
    ? record
    : { ...record, epoch, holder, beforeHolder: record.holder };

/** One write that raises the epoch; a repeat by the same holder changes nothing. */
export function claim(record: Authority, claimant: Claimant, rules: Rules): Authority | Refusal {
  if (stale(record, claimant, rules)) return 'EpochStale';
  return rules['6 claim is a write'] ? raised(record, claimant) : record;
}

/** The record, if the claimant holds its highest epoch; where claims write nothing, the calls themselves raise it. */
function holding(record: Authority, claimant: Claimant, rules: Rules): Authority | Refusal {
  if (stale(record, claimant, rules)) return 'EpochStale';
  if (claimant.epoch > record.epoch && rules['6 claim is a write']) return 'EpochStale';
  return raised(record, claimant);
}

/** Grants the lock once an epoch, or answers the grant of this epoch while it is held. */
export function lock(before: Authority, claimant: Claimant, rules: Rules): Authority | Refusal {
  const record = holding(before, claimant, rules);
  if (typeof record === 'string') return record;
  const { grant } = record;
  const had = grant?.epoch === claimant.epoch;
  if (had && grant.state === 'held') return record;
  if (had && !rules['7 an epoch is granted once']) {
    return { ...record, grant: { ...grant, state: 'held', releasedBy: '' } };
  }
  if (had || record.unlocked.includes(claimant.epoch)) return 'LockRefused';
  const number = (grant?.number ?? 0) + 1;
  return { ...record, grant: { number, epoch: claimant.epoch, state: 'held', releasedBy: '' } };
}

/** Ends the lock of this epoch or a lower one, and keeps the highest epoch. */
export function unlock(before: Authority, claimant: Claimant, rules: Rules): Authority | Refusal {
  const record = holding(before, claimant, rules);
  if (typeof record === 'string' || record.unlocked.includes(claimant.epoch)) return record;
  const { grant } = record;
  const unbroken = grant?.state === 'held';
  return {
    ...record,
    grant: unbroken ? { ...grant, state: 'released', releasedBy: claimant.holder } : grant,
    unlocked: [...record.unlocked, claimant.epoch],
  };
}

/** The compare-and-set of home. A repeat by the same task answers the first answer. */
export function commit(
  before: Authority,
  claimant: Claimant,
  change: Change,
  rules: Rules,
): Authority | Refusal {
  const record = rules['14 refuses a lower epoch'] ? holding(before, claimant, rules) : before;
  if (typeof record === 'string') return record;
  const repeated = record.versionTask === claimant.task && record.version === change.version + 1;
  if (repeated && record.home === change.to) return record;
  if (rules['10 the commit checks the grant']) {
    if (record.grant?.state !== 'held' || record.grant.number !== change.grant) return 'GrantBroken';
  }
  if (rules['14 home and version are as claimed']) {
    if (record.version !== change.version || record.home !== change.from) return 'PlacementChanged';
    if (record.home === 'erased') return 'PlacementChanged';
  }
  return {
    ...record,
    home: change.to,
    version: record.version + 1,
    versionTask: claimant.task,
    commits: [...record.commits, { task: claimant.task, home: change.to }],
  };
}

/** The write that ends a lease whose time has come. */
export const endLease = (record: Authority): Authority =>
  record.grant?.state === 'held' ? { ...record, grant: { ...record.grant, state: 'expired' } } : record;

export const held = (record: Authority): boolean => record.grant?.state === 'held';

/** The commit mark: the version was raised by this task. Never "where is the company". */
export const committedBy = (record: Authority, task: Task, version: number): boolean =>
  record.versionTask === task && record.version > version;
