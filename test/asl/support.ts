import { VirtualClock } from '../../local/asl/cases/virtual-clock.ts';
import type { Definition } from '../../local/asl/definition.ts';
import { Execution } from '../../local/asl/execution.ts';
import type { Json } from '../../local/asl/json.ts';
import type { TaskContext, TaskRunner } from '../../local/asl/tasks.ts';
import { TokenBook } from '../../local/asl/token-book.ts';
import { validateDefinition } from '../../local/asl/validate/definition.ts';

export const START_MS = Date.parse('2026-01-01T00:00:00Z');

const MACHINE_ARN = 'arn:aws:states:us-east-1:111111111111:stateMachine:trial';
export const INVOKE = 'arn:aws:states:::lambda:invoke';
export const INVOKE_AND_WAIT = 'arn:aws:states:::lambda:invoke.waitForTaskToken';

/** An execution on a virtual clock. */
export interface Trial {
  readonly clock: VirtualClock;
  readonly tokens: TokenBook;
  readonly execution: Execution;
  readonly children: Execution[];
  /** Runs to the end, or until everything waits for something outside. */
  finish(): Promise<Execution>;
  /** Seconds of virtual time since the start. */
  seconds(): number;
  types(): string[];
}

export interface TrialOptions {
  readonly input?: Json;
  readonly runner?: TaskRunner;
  readonly random?: () => number;
}

/** Starts a machine of these states; the first one is StartAt. */
export function start(states: object, options: TrialOptions = {}, machine: object = {}): Trial {
  const definition = {
    QueryLanguage: 'JSONata',
    StartAt: Object.keys(states)[0],
    States: states,
    ...machine,
  };
  const problems = validateDefinition(definition, { strict: true });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const clock = new VirtualClock(START_MS);
  const tokens = new TokenBook('us-east-1');
  const children: Execution[] = [];
  const execution = new Execution({
    clock,
    tokens: tokens.of(MACHINE_ARN),
    definition: definition as unknown as Definition,
    region: 'us-east-1',
    stateMachineArn: MACHINE_ARN,
    roleArn: 'arn:aws:iam::111111111111:role/trial',
    name: 'run',
    input: options.input ?? {},
    runner: options.runner ?? (() => Promise.reject(new Error('this trial calls no task'))),
    onChild: (child) => children.push(child),
    ...(options.random === undefined ? {} : { random: options.random }),
  });
  execution.start();
  return {
    clock,
    tokens,
    execution,
    children,
    finish: async () => {
      await clock.runUntil(() => execution.result !== undefined);
      return execution;
    },
    seconds: () => (clock.now() - START_MS) / 1000,
    types: () => execution.history.map(({ type }) => type),
  };
}

/** Runs a machine of these states to its end. */
export async function run(states: object, options: TrialOptions = {}, machine: object = {}): Promise<Trial> {
  const trial = start(states, options, machine);
  await trial.finish();
  return trial;
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A runner that answers with `answer(args, nth call)`. */
export function answering(answer: (args: Json, call: number, context: TaskContext) => Json): TaskRunner {
  let calls = 0;
  return async (_resource, args, context) => {
    calls += 1;
    return answer(args, calls, context);
  };
}
