import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { runBlock } from './block.ts';
import type { Block, Definition } from './definition.ts';
import { ExecutionClosed, failureDetails, StateFailure } from './errors.ts';
import { stepFunctions } from './functions.ts';
import { type EventDetails, History, type HistoryEvent } from './history.ts';
import type { Json } from './json.ts';
import type { Run } from './run.ts';
import { Scope } from './scope.ts';
import type { TaskRunner, TaskTokens } from './tasks.ts';
import { Thread } from './thread.ts';
import { alarm } from './waiting.ts';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** How an execution ended. A missing error or cause is one that the definition or caller didn't give. */
export type ExecutionResult =
  | { readonly status: 'SUCCEEDED'; readonly output: Json }
  | {
      readonly status: 'FAILED' | 'TIMED_OUT' | 'ABORTED';
      readonly error?: string;
      readonly cause?: string;
    };

export interface ExecutionOptions {
  readonly clock: Clock;
  /** A definition that `validateDefinition` has accepted. */
  readonly definition: Definition;
  readonly region: string;
  /** `arn:aws:states:<region>:<account>:stateMachine:<name>`, or `…/<label>` for a distributed Map's child. */
  readonly stateMachineArn: string;
  readonly roleArn: string;
  readonly name: string;
  readonly input: Json;
  readonly runner: TaskRunner;
  readonly tokens: TaskTokens;
  /** Milliseconds that the next state's entry must wait: AWS throttles transitions instead of refusing them. */
  readonly turn?: () => number;
  /** Chance for `$random` and jitter, in [0, 1). */
  readonly random?: () => number;
  /** Asks whether a distributed Map may start children; without it every one may. @throws StateFailure */
  readonly permitChildren?: () => void;
  /** Hears of each child that a distributed Map starts, before it runs. */
  readonly onChild?: (child: Execution) => void;
}

/** One run of a state machine. It starts with `start()`, never throws, and ends in `done`. */
export class Execution {
  readonly arn: string;
  readonly startDate: number;
  readonly options: ExecutionOptions;
  readonly done: Promise<ExecutionResult>;
  stopDate: number | undefined;
  result: ExecutionResult | undefined;
  readonly #history: History;
  readonly #stop = new AbortController();
  readonly #main: Thread;
  readonly #resolve: (result: ExecutionResult) => void;
  #cancelTimeout = (): void => {};

  constructor(options: ExecutionOptions) {
    const { promise, resolve } = Promise.withResolvers<ExecutionResult>();
    this.options = options;
    this.arn = `${options.stateMachineArn.replace(':stateMachine:', ':execution:')}:${options.name}`;
    this.startDate = options.clock.now();
    this.done = promise;
    this.#resolve = resolve;
    this.#history = new History(() => options.clock.now());
    this.#main = new Thread(this.#run(), {
      history: this.#history,
      scope: new Scope(),
      signal: this.#stop.signal,
      mapItem: undefined,
      last: 0,
    });
  }

  get status(): ExecutionStatus {
    return this.result?.status ?? 'RUNNING';
  }

  get history(): readonly HistoryEvent[] {
    return this.#history.events;
  }

  start(): void {
    const { definition, input, roleArn, clock } = this.options;
    this.#history.add('ExecutionStarted', 0, { input, roleArn });
    if (definition.TimeoutSeconds !== undefined) {
      this.#cancelTimeout = alarm(clock, definition.TimeoutSeconds * 1000, () =>
        this.#end('ExecutionTimedOut', { status: 'TIMED_OUT', error: 'States.Timeout' }),
      );
    }
    runBlock(definition, input, this.#main).then(
      (output) => this.#end('ExecutionSucceeded', { status: 'SUCCEEDED', output }),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Ends a running execution as ABORTED; no Catch runs, and nothing of it goes on. */
  stop(error?: string, cause?: string): void {
    this.#end('ExecutionAborted', { status: 'ABORTED', ...failureDetails(new StateFailure(error, cause)) });
  }

  #fail(error: unknown): void {
    if (error instanceof ExecutionClosed) return;
    const failure =
      error instanceof StateFailure
        ? error
        : new StateFailure('States.Runtime', `The interpreter itself failed: ${String(error)}`);
    this.#end('ExecutionFailed', { status: 'FAILED', ...failureDetails(failure) });
  }

  #end(type: string, result: ExecutionResult): void {
    if (this.result !== undefined) return;
    const { status, ...details } = result;
    this.result = result;
    this.stopDate = this.options.clock.now();
    this.#history.close(type, this.#main.last, details satisfies EventDetails);
    this.#cancelTimeout();
    this.#stop.abort(new ExecutionClosed());
    this.#resolve(result);
  }

  #run(): Run {
    const { clock, input, name, region, roleArn, runner, stateMachineArn, tokens } = this.options;
    const random = this.options.random ?? Math.random;
    return {
      clock,
      random,
      runner,
      tokens,
      turn: this.options.turn ?? (() => 0),
      region,
      roleArn,
      stateMachineArn,
      executionArn: this.arn,
      functions: () => stepFunctions({ now: () => clock.now(), random }),
      context: {
        Execution: {
          Id: this.arn,
          Input: input,
          Name: name,
          RoleArn: roleArn,
          StartTime: new Date(this.startDate).toISOString(),
          RedriveCount: 0,
        },
        StateMachine: {
          Id: stateMachineArn,
          Name: stateMachineArn.slice(stateMachineArn.lastIndexOf(':') + 1),
        },
      },
      permitChildren: this.options.permitChildren ?? (() => {}),
      startChild: (label, block, childInput) => this.#startChild(label, block, childInput),
    };
  }

  #startChild(label: string, block: Block, input: Json): Execution {
    const child = new Execution({
      ...this.options,
      definition: { StartAt: block.StartAt, States: block.States },
      stateMachineArn: `${this.options.stateMachineArn}/${label}`,
      name: randomUUID(),
      input,
    });
    this.options.onChild?.(child);
    child.start();
    return child;
  }
}
