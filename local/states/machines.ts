import type { Definition } from '../asl/definition.ts';
import { parseDefinition } from '../asl/validate/definition.ts';
import type { Clock } from '../clock.ts';
import type { RoleAuthority } from '../hooks.ts';
import { StatesApiError } from './errors.ts';
import { INTEGRATION_RULES } from './integrations/rules.ts';
import { assertMachineRole } from './role-check.ts';

export interface StateMachine {
  readonly arn: string;
  readonly name: string;
  readonly region: string;
  readonly roleArn: string;
  readonly definition: Definition;
  /** The definition as it was given. */
  readonly definitionText: string;
  /** Milliseconds since 1970. */
  readonly creationDate: number;
}

/** What registers a STANDARD state machine; `definition` is JSON text after its substitutions. */
export interface StateMachineInput {
  readonly region: string;
  readonly name: string;
  readonly roleArn: string;
  readonly definition: string;
  /** Only STANDARD exists here. */
  readonly type?: string;
}

/** Names of state machines and executions. Source: Step Functions API reference, CreateStateMachine and StartExecution. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what the rule forbids
const NAME = /^[^\s?*<>{}[\]"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]{1,80}$/;

/** The state machines of every region. */
export class Machines {
  readonly #clock: Clock;
  readonly #accountId: string;
  readonly #authority: RoleAuthority | undefined;
  readonly #byArn = new Map<string, StateMachine>();

  constructor(clock: Clock, accountId: string, authority?: RoleAuthority) {
    this.#clock = clock;
    this.#accountId = accountId;
    this.#authority = authority;
  }

  /**
   * Registers a machine, or gives a registered one a new definition; running executions keep theirs.
   * @throws DefinitionInvalid with every problem and its place
   * @throws StatesApiError InvalidName, ValidationException for an EXPRESS machine, or AccessDeniedException for a
   *   role that Step Functions can't use
   */
  put(input: StateMachineInput): StateMachine {
    const { region, name, roleArn } = input;
    checkName(name);
    if (input.type !== undefined && input.type !== 'STANDARD') {
      throw new StatesApiError(
        'ValidationException',
        `State machine '${name}' is ${input.type}; the embedded cloud runs STANDARD ones only.`,
      );
    }
    const machine = {
      arn: `arn:aws:states:${region}:${this.#accountId}:stateMachine:${name}`,
      name,
      region,
      roleArn,
      definition: parseDefinition(input.definition, { resources: INTEGRATION_RULES, strict: true }),
      definitionText: input.definition,
      creationDate: this.#clock.now(),
    };
    if (this.#authority) assertMachineRole({ ...machine, accountId: this.#accountId }, this.#authority);
    this.#byArn.set(machine.arn, machine);
    return machine;
  }

  /** @throws StatesApiError InvalidArn, or StateMachineDoesNotExist in this region */
  get(region: string, arn: string): StateMachine {
    checkArn(arn, 'stateMachine');
    const machine = this.#byArn.get(arn);
    if (machine?.region === region) return machine;
    throw new StatesApiError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
  }

  list(region: string): StateMachine[] {
    return [...this.#byArn.values()].filter((machine) => machine.region === region);
  }
}

/** @throws StatesApiError InvalidName */
export function checkName(name: string): void {
  if (!NAME.test(name)) throw new StatesApiError('InvalidName', `Invalid Name: '${name}'`);
}

/** @throws StatesApiError InvalidArn */
export function checkArn(arn: string, type: 'stateMachine' | 'execution'): void {
  const [head, , service, region, account, kind, name] = arn.split(':');
  if (head === 'arn' && service === 'states' && region && account && kind === type && name) return;
  throw new StatesApiError('InvalidArn', `Invalid Arn: '${arn}'`);
}
