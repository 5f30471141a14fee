/** Input and output of a task, state or execution: 256 KiB. Source: Step Functions service quotas. */
export const PAYLOAD_LIMIT_BYTES = 256 * 1024;

/** Events in one execution's history, its closing event included. Source: Step Functions service quotas. */
export const HISTORY_LIMIT_EVENTS = 25_000;

/** One variable: 256 KiB. Source: Step Functions developer guide, workflow variables. */
export const VARIABLE_LIMIT_BYTES = 256 * 1024;

/** All values of one Assign field: 256 KiB. Source: Step Functions developer guide, workflow variables. */
export const ASSIGN_LIMIT_BYTES = 256 * 1024;

/** All variables that one execution holds: 10 MiB. Source: Step Functions developer guide, workflow variables. */
export const VARIABLES_LIMIT_BYTES = 10 * 1024 * 1024;

/** One JSONata expression may compute for a second. */
export const EXPRESSION_LIMIT_MS = 1_000;

/** Iterations of an inline Map that run at once, whatever MaxConcurrency says. Source: Step Functions developer guide, Map state. */
export const INLINE_MAP_CONCURRENCY = 40;

/** Children of one distributed Map that run at once. AWS allows 10,000; a laptop is content with less. */
export const DISTRIBUTED_MAP_CONCURRENCY = 1_000;

/** Longest Wait, TimeoutSeconds and HeartbeatSeconds: 99,999,999 s, a little over three years. Source: Amazon States Language. */
export const LONGEST_SECONDS = 99_999_999;
