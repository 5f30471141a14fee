/** Numbers that several parts share, each with its arithmetic. Numbers of one part live beside their use. */

/** A worker that is silent for this long is given up. Workers beat every HEARTBEAT_SECONDS / 4. */
export const HEARTBEAT_SECONDS = 20;
export const HEARTBEAT_INTERVAL_SECONDS = HEARTBEAT_SECONDS / 4;

/**
 * A Fargate task runs our code within this time after it was started: AWS's network interface, the pull of an image of
 * about 60 MB and the start of Node take 30 to 90 s; twice the longest.
 */
export const WORKER_START_SECONDS = 180;

/** A worker that waits for its subtask shows itself this often, and is taken for dead after three beats were missed. */
export const WORKER_BEAT_SECONDS = 5;
export const WORKER_ALIVE_SECONDS = 3 * WORKER_BEAT_SECONDS;

/** Outside the lock window (describe, hooks, erase, open) a subtask gets this long. Lambda's own limit is 900 s. */
export const SUBTASK_TIMEOUT_SECONDS = 840;

/**
 * One call to a provider ends within this time, whoever makes it: `exportBegin`, `exportFinish`, `importPublish`, `seal`,
 * `erase`, a hook, `summary`, and the upload of one part. `seal`, `erase` and hooks are only called by Lambda functions that
 * live for SUBTASK_TIMEOUT_SECONDS (840): 10 s of it are the worker's for telling a failure, 10 s for what comes before the
 * call. A call that takes longer is not made again, because it would take as long: `CallTooLong`. A longer lock budget
 * changes nothing about it.
 */
export const PROVIDER_CALL_SECONDS = SUBTASK_TIMEOUT_SECONDS - 20;

/** A state waits this long for a control function: for its run, and 3 s for Lambda to start it (about 1 s). */
export const CONTROL_TIMEOUT_SECONDS = 30;

/**
 * Lambda ends a control function after this time, before its state does: the machine then knows the error
 * (Sandbox.Timedout) and that nothing of that run goes on. The gateway's lock call is the longest of them: 2 tries × (10 +
 * 2) s + 0.1 s between are 24.1 s, and 2.9 s are left for the table.
 */
export const CONTROL_FUNCTION_SECONDS = 27;

/** How long the gateway may wait for requests in flight. Twice this is below CONTROL_FUNCTION_SECONDS. */
export const QUIET_TIMEOUT_SECONDS = 10;

/** The longest lock that anybody may plan with: 4 h. Beyond it a company is several companies' worth of data. */
export const MAX_LOCK_SECONDS = 14_400;

/** The lock's lease is the lock budget plus this: time for recovery to unlock first (claim, open, unlock, retries). */
export const LEASE_MARGIN_SECONDS = 60;

/**
 * A recovery opens home, or fences it, before it unlocks: a provider that hangs must not hold the unlock beyond the
 * lease. 3 tries × 15 s + 1 s and 2 s between are 48 s of the margin's 60. What was not opened then, its region's
 * schedule opens.
 */
export const OPEN_TIMEOUT_SECONDS = 15;

/** Inline Map runs at most 40 iterations at once. Source: Step Functions quotas. */
export const MAP_CONCURRENCY_LIMIT = 40;

/**
 * Planned for 200 providers. One migrate execution then has about 60 + 200 × (2 × 8 describe + 5 phases × 8 +
 * 1 retry × 4) = 12,060 events of the 25,000 allowed, a Map result of 200 × 300 bytes = 60 KB of the 256 KiB.
 */
export const MAX_PROVIDERS = 200;

/**
 * What the stacks are made for. The control stack's template has about 490 KB and 10 KB for each datacenter of
 * CloudFormation's 1 MB; dispatch's rights are 11 ARNs of at most 106 characters for each, 23 KB of the 70 KB that a role
 * holds in its own policy (10 KB) and ten managed ones (6 KB each).
 */
export const MAX_DATACENTERS = 20;

/**
 * Providers × locations of an installation. A removal erases at each pair: 12 events (8, and 4 of one retry) × 1,500 are
 * 18,000 of the 25,000 that one execution may have. An iteration returns nothing: what was erased stands in its subtask's row.
 */
export const MAX_PROVIDER_LOCATIONS = 1500;

/** The longest window for which a backup may be restored. Its objects' lifecycle is the topology's window and two days. */
export const MAX_BACKUP_DAYS = 365;

/** SendTaskFailure takes 256 characters of error and 32,768 of cause. Source: Step Functions API reference. */
export const MAX_ERROR_CHARACTERS = 256;
export const MAX_CAUSE_CHARACTERS = 32_768;

/** Causes in records and Map results are cut here: 200 × 400 characters = 80 KB of the 256 KiB a state may return. */
export const MAX_CAUSE_IN_RESULT = 400;
