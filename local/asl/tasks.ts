import type { Json } from './json.ts';

/** What a task's run may use besides its arguments. */
export interface TaskContext {
  readonly region: string;
  readonly executionArn: string;
  /** Name of the state, for messages and stubs. */
  readonly stateName: string;
  /** Index of the innermost Map iteration that the task belongs to. */
  readonly mapIndex: number | undefined;
  readonly roleArn: string;
  /** Present for `.waitForTaskToken` resources. */
  readonly taskToken: string | undefined;
  /** Ends the wait for the answer when the task times out or is stopped. */
  readonly signal: AbortSignal;
  /** A `.sync` resource calls this once, with the answer that started the job; it becomes TaskSubmitted. */
  submitted(output: Json): void;
}

/**
 * Runs a Task state's resource. The interpreter knows no service: everything outside goes through here.
 * `resource` is the ARN's tail, such as `lambda:invoke` or `states:startExecution.sync:2`.
 * @throws TaskError with the error name and cause of the service, as Step Functions gives them
 */
export type TaskRunner = (resource: string, args: Json, context: TaskContext) => Promise<Json>;

/** How a callback task ended. */
export type TokenOutcome =
  | { readonly kind: 'succeeded'; readonly output: Json }
  | { readonly kind: 'failed'; readonly error: string | undefined; readonly cause: string | undefined };

/** A token that a task waits for. */
export interface OpenToken {
  readonly token: string;
  /** Calls the listener when the outcome is there, at once if it is there already; the answer stops it. */
  onOutcome(listener: (outcome: TokenOutcome) => void): () => void;
  /** Calls the listener at each heartbeat; the answer stops it. */
  onHeartbeat(listener: () => void): () => void;
  /** No call with this token is taken any more. */
  close(): void;
}

/** Where tokens are made and found again. */
export interface TaskTokens {
  open(): OpenToken;
}
