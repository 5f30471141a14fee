import type { Clock } from '../clock.ts';
import type { Block } from './definition.ts';
import type { ExecutionResult } from './execution.ts';
import type { Json, JsonObject } from './json.ts';
import type { TaskRunner, TaskTokens } from './tasks.ts';

/** An execution of its own, started by a distributed Map for one item. */
export interface ChildRun {
  readonly done: Promise<ExecutionResult>;
  stop(): void;
}

/** What every state of one execution shares. */
export interface Run {
  readonly clock: Clock;
  readonly random: () => number;
  readonly runner: TaskRunner;
  readonly tokens: TaskTokens;
  /** Milliseconds until the next state may be entered. */
  readonly turn: () => number;
  readonly region: string;
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly roleArn: string;
  /** `$states.context` without State, Task and Map. */
  readonly context: JsonObject;
  /** Step Functions' own functions, for one evaluation. */
  functions(): Record<string, unknown>;
  /** Asks whether the machine's role may start children. @throws StateFailure when it may not */
  permitChildren(): void;
  /** Starts a child of the Map Run `label`. */
  startChild(label: string, block: Block, input: Json): ChildRun;
}
