import type { Clock } from '../clock.ts';
import type { RoleAuthority, ServiceHooks } from '../hooks.ts';
import type { Throttles } from '../throttles.ts';
import type { WireHandler } from '../wire.ts';
import { type ExecutionRecord, Executions, type StartInput } from './executions.ts';
import type { CallDynamo } from './integrations/dynamodb.ts';
import type { InvokeLambda } from './integrations/lambda.ts';
import { integrationRunner } from './integrations/runner.ts';
import { Machines, type StateMachine, type StateMachineInput } from './machines.ts';
import type { StatusChangeEvent } from './status-event.ts';
import { wireHandler } from './wire-handler.ts';

export interface StatesOptions extends ServiceHooks {
  readonly clock: Clock;
  readonly accountId: string;
  readonly invokeLambda: InvokeLambda;
  readonly callDynamo: CallDynamo;
  /** Asked what a machine's role may do; without it everything is allowed. */
  readonly authority?: RoleAuthority;
  /** AWS's rates; without them nothing waits and nothing is refused. */
  readonly throttles?: Pick<Throttles, 'take' | 'turn'>;
  /** Hears of every execution's start and end, in AWS's event form; delivering it is the caller's part. */
  readonly onStatusChange: (event: StatusChangeEvent) => void;
  /** Chance for `$random` and jitter; Math.random when absent. */
  readonly random?: () => number;
}

/** Step Functions in every region of the embedded cloud. */
export interface States {
  readonly handle: WireHandler;
  /** Registers a state machine or gives it a new definition. @throws DefinitionInvalid, StatesApiError */
  putStateMachine(input: StateMachineInput): StateMachine;
  /** Starts an execution for another service of the embedded cloud. @throws StatesApiError */
  startExecution(start: StartInput): ExecutionRecord;
  /** Executions that run now, the children of distributed Maps included. */
  runningCount(): number;
  /** Ends every running execution as ABORTED, so that nothing of them keeps the process alive. */
  close(): void;
}

/** Step Functions without any state machine. */
export function createStates(options: StatesOptions): States {
  const { accountId, authority, callDynamo, clock, invokeLambda, onStatusChange, throttles } = options;
  const machines = new Machines(clock, accountId, options.authority);
  const nested = { authority, throttles, start: (start: StartInput) => executions.start(start) };
  const executions: Executions = new Executions({
    authority,
    clock,
    machines,
    onStatusChange,
    random: options.random ?? Math.random,
    turn: (region) => throttles?.turn('StateTransition', region) ?? 0,
    runner: integrationRunner({ invokeLambda, callDynamo, nested }),
  });
  return {
    handle: wireHandler({ machines, executions }, options),
    putStateMachine: (input) => machines.put(input),
    startExecution: (start) => executions.start(start),
    runningCount: () => executions.running().length,
    close: () => {
      for (const execution of executions.running()) {
        execution.stop('TankerStopped', 'the embedded cloud was stopped');
      }
    },
  };
}
