import { randomUUID } from 'node:crypto';
import { Execution } from '../asl/execution.ts';
import type { Json } from '../asl/json.ts';
import type { TaskRunner } from '../asl/tasks.ts';
import { TokenBook } from '../asl/token-book.ts';
import type { Clock } from '../clock.ts';
import type { RoleAuthority } from '../hooks.ts';
import { StatesApiError } from './errors.ts';
import { checkArn, checkName, type Machines, type StateMachine } from './machines.ts';
import { assertMayStartChildren } from './role-check.ts';
import { type StatusChangeEvent, statusChangeEvent } from './status-event.ts';

export interface ExecutionRecord {
  readonly execution: Execution;
  readonly region: string;
  /** The input as it was given: a repeated start must be byte for byte the same. */
  readonly input: string;
}

export interface StartInput {
  readonly region: string;
  readonly stateMachineArn: string;
  /** A random one when absent. */
  readonly name?: string;
  /** JSON text, `{}` when absent. */
  readonly input?: string;
}

export interface ExecutionsOptions {
  readonly clock: Clock;
  readonly machines: Machines;
  readonly runner: TaskRunner;
  /** Asked what a machine's role may do; without it everything is allowed. */
  readonly authority?: RoleAuthority | undefined;
  readonly random: () => number;
  /** Milliseconds until a state transition of this region may happen. */
  readonly turn: (region: string) => number;
  readonly onStatusChange: (event: StatusChangeEvent) => void;
}

/** How long a closed execution keeps its name: 90 days. Source: Step Functions service quotas. */
const RETENTION_MS = 90 * 24 * 60 * 60 * 1000;

/** The executions of every region. */
export class Executions {
  readonly #options: ExecutionsOptions;
  readonly #byArn = new Map<string, ExecutionRecord>();
  readonly #tokens = new Map<string, TokenBook>();

  constructor(options: ExecutionsOptions) {
    this.#options = options;
  }

  /**
   * Starts an execution; the same name and input again, while it runs, answers that execution.
   * @throws StatesApiError InvalidName, InvalidExecutionInput, InvalidArn, StateMachineDoesNotExist,
   *   ExecutionAlreadyExists
   */
  start(start: StartInput): ExecutionRecord {
    const machine = this.#options.machines.get(start.region, start.stateMachineArn);
    const name = start.name ?? randomUUID();
    const input = start.input ?? '{}';
    checkName(name);
    const parsed = parseInput(input);
    const arn = `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const earlier = this.#find(start.region, arn);
    if (earlier !== undefined) {
      if (earlier.execution.status === 'RUNNING' && earlier.input === input) return earlier;
      throw new StatesApiError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
    }
    return this.#begin(machine, name, input, parsed);
  }

  /** @throws StatesApiError InvalidArn, ExecutionDoesNotExist in this region */
  get(region: string, arn: string): ExecutionRecord {
    checkArn(arn, 'execution');
    const record = this.#find(region, arn);
    if (record === undefined)
      throw new StatesApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return record;
  }

  /** A machine's executions, the newest first. */
  of(machine: StateMachine): ExecutionRecord[] {
    return [...this.#byArn.values()]
      .filter(({ execution }) => execution.options.stateMachineArn === machine.arn)
      .reverse();
  }

  running(): Execution[] {
    return [...this.#byArn.values()]
      .map(({ execution }) => execution)
      .filter(({ status }) => status === 'RUNNING');
  }

  /** The task tokens of a region. */
  tokens(region: string): TokenBook {
    const known = this.#tokens.get(region);
    if (known !== undefined) return known;
    const fresh = new TokenBook(region);
    this.#tokens.set(region, fresh);
    return fresh;
  }

  #begin(machine: StateMachine, name: string, input: string, parsed: Json): ExecutionRecord {
    const { authority, clock, onStatusChange, random, runner, turn } = this.#options;
    const execution = new Execution({
      clock,
      random,
      runner,
      definition: machine.definition,
      region: machine.region,
      stateMachineArn: machine.arn,
      roleArn: machine.roleArn,
      name,
      input: parsed,
      turn: () => turn(machine.region),
      tokens: this.tokens(machine.region).of(machine.arn),
      permitChildren: () => {
        if (authority) assertMayStartChildren(machine, authority);
      },
      onChild: (child) => this.#keep(child, machine.region, JSON.stringify(child.options.input)),
    });
    const record = this.#keep(execution, machine.region, input);
    const announce = (): void => onStatusChange(statusChangeEvent(execution, input, clock.now()));
    execution.start();
    announce();
    void execution.done.then(announce);
    return record;
  }

  #keep(execution: Execution, region: string, input: string): ExecutionRecord {
    const record = { execution, region, input };
    this.#byArn.set(execution.arn, record);
    return record;
  }

  /** Forgets a closed execution whose retention is over. */
  #find(region: string, arn: string): ExecutionRecord | undefined {
    const record = this.#byArn.get(arn);
    if (record === undefined || record.region !== region) return undefined;
    const { stopDate } = record.execution;
    if (stopDate === undefined || stopDate + RETENTION_MS > this.#options.clock.now()) return record;
    this.#byArn.delete(arn);
    return undefined;
  }
}

function parseInput(input: string): Json {
  try {
    return JSON.parse(input) as Json;
  } catch (error) {
    throw new StatesApiError(
      'InvalidExecutionInput',
      `Invalid State Machine Execution Input: '${(error as Error).message}'`,
    );
  }
}
