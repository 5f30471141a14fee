/**
 * The metrics that Tanker publishes itself, by name: functions write them, alarms and the dashboard read them. Each
 * has the one dimension `service`, which is the installation.
 */
export const METRICS_NAMESPACE = 'Tanker';

export const METRICS = {
  /** Seconds from the lock to its end, once for each lock; published by the function that ends it. */
  lockWindow: 'LockWindowSeconds',
  /** Providers at which a recovery could not erase what it had to: each is a debt. */
  debts: 'DebtsRecorded',
  /** Age of the oldest open task at each run of the sweeper, 0 when none is open: its absence means no sweeper. */
  oldestTask: 'OldestTaskSeconds',
  /** Tasks and due dates that a run of the sweeper could not look after. */
  sweepFailures: 'SweepFailures',
  /** Cleanups that were started when their day had come and did not succeed: fallback copies still there. */
  cleanupsWaiting: 'CleanupsWaiting',
  /** Locations with debts that a cleanup was started for and could not settle. */
  debtsWaiting: 'DebtsWaiting',
  /** Removals whose commit is made and which some provider has not erased yet. */
  incompleteRemovals: 'IncompleteRemovals',
  /** Backups that should have been deleted an hour ago or earlier. */
  expiriesLate: 'ExpiriesLate',
  /** Providers and companies that a datacenter's own schedule could not ask or open. */
  openFailures: 'OpenFailures',
} as const;

/**
 * Beside its lock budget a task may stay open for an hour before somebody is called: 840 s each for describes, opens,
 * erases and hooks are 3,360 s, which leaves 240 s for the rest.
 */
export const STUCK_TASK_MARGIN_SECONDS = 3600;
