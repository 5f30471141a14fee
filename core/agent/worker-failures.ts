import { type AgentEvent, formatLocation, TankerError } from '@tanker/contract/index.ts';

const named = (event: Pick<AgentEvent, 'action' | 'provider' | 'location'>): string =>
  `${event.action} of ${event.provider} at ${formatLocation(event.location)}`;

/** The failure as the state machine and the record are told it. What has no name of ours is told without its message. */
export function failureOf(event: AgentEvent, error: unknown): TankerError {
  if (error instanceof TankerError) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new TankerError(
    'WorkerFailed',
    {
      what: `The ${named(event)} failed unexpectedly: ${name}.`,
      now: 'What the worker had begun is unfinished; nothing of it is used.',
      next: `Look for attempt ${event.attempt} of task ${event.task} in the agent's log.`,
    },
    { cause: error },
  );
}

export const outOfTime = (event: AgentEvent): TankerError =>
  new TankerError('WorkerFailed', {
    what: `The ${named(event)} did not end within the function's time.`,
    now: 'The work was stopped; nothing of it is used.',
    next:
      event.action === 'export' || event.action === 'import'
        ? "Set the provider's `transfer` to fargate in the topology, or lower assumedBytesPerSecond so that auto takes it; see how much it had moved."
        : 'See in its log what it waited for: one call of a provider may take most of that time, but not what comes before it.',
  });

export const tokenClosed = (event: AgentEvent): TankerError =>
  new TankerError('SubtaskSuperseded', {
    what: `The state machine no longer waits for the ${named(event)}.`,
    now: 'The work was stopped; nothing of it is used.',
    next: 'Look at the execution: it ended, or its state timed out.',
  });

/** What the state machine is told when a Fargate task stopped without telling it anything. */
export const taskStopped = (
  event: Pick<AgentEvent, 'action' | 'provider' | 'location'>,
  how: string,
): TankerError =>
  new TankerError('WorkerFailed', {
    what: `The Fargate task for the ${named(event)} stopped: ${how}.`,
    now: 'What the worker had begun is unfinished; nothing of it is used.',
    next: "Look at the end of the transfer task's log for that time.",
  });

/** What the state machine is told when an invocation ended without telling it anything. */
export const invocationFailed = (
  event: Pick<AgentEvent, 'action' | 'provider' | 'location'>,
  condition: string,
): TankerError =>
  new TankerError('WorkerFailed', {
    what: `The function for the ${named(event)} failed: ${condition}.`,
    now: 'What the worker had begun is unfinished; nothing of it is used.',
    next: "Look at the end of the agent's log for that time.",
  });
