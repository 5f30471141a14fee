import type { Definition } from '../asl/definition.ts';
import { StateFailure } from '../asl/errors.ts';
import { isAccessDenied, type RoleAuthority } from '../hooks.ts';
import { StatesApiError } from './errors.ts';
import type { StateMachine } from './machines.ts';

/** The rule by which Step Functions hears of the end of executions that a `.sync` task waits for. */
const NESTED_EXECUTIONS_RULE = 'StepFunctionsGetEventsForStepFunctionsExecutionRule';

/** Source: Step Functions developer guide, "Service integration IAM policies", Step Functions. */
const MANAGED_RULE_ACTIONS = ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'] as const;

export interface MachineRole {
  readonly roleArn: string;
  readonly region: string;
  readonly accountId: string;
  readonly definition: Definition;
}

/**
 * Refuses, when a machine is created or changed, a role that Step Functions can't act as, or that lacks the rights to
 * its managed rule. The words are AWS's own. @throws StatesApiError AccessDeniedException
 */
export function assertMachineRole(machine: MachineRole, authority: RoleAuthority): void {
  const { roleArn, region, accountId, definition } = machine;
  orRefuse(
    () => authority.assertTrusts(roleArn, 'states.amazonaws.com'),
    'Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.',
  );
  if (!/"arn:aws:states:::states:startExecution\.sync(:2)?"/.test(JSON.stringify(definition))) return;
  const resource = `arn:aws:events:${region}:${accountId}:rule/${NESTED_EXECUTIONS_RULE}`;
  for (const action of MANAGED_RULE_ACTIONS) {
    const operation = action.slice('events:'.length);
    orRefuse(
      () => authority.authorizeRole(roleArn, { action, resource, region, operation }),
      `'${roleArn}' is not authorized to create managed-rule.`,
    );
  }
}

function orRefuse(check: () => void, words: string): void {
  try {
    check();
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    throw new StatesApiError('AccessDeniedException', `${words} (${error.message})`);
  }
}

/**
 * Refuses the children of a distributed Map when the machine's role may not start executions of the machine itself.
 * Source: Step Functions developer guide, "IAM policies for using Distributed Map states". The error's name is the one
 * that the guide reserves for missing rights; AWS's own history of this case is not recorded.
 * @throws StateFailure
 */
export function assertMayStartChildren(
  { arn, region, roleArn }: Pick<StateMachine, 'arn' | 'region' | 'roleArn'>,
  authority: RoleAuthority,
): void {
  const operation = 'StartExecution';
  try {
    authority.authorizeRole(roleArn, { action: `states:${operation}`, resource: arn, region, operation });
  } catch (error) {
    if (!isAccessDenied(error)) throw error;
    throw new StateFailure('States.Permissions', error.message);
  }
}
