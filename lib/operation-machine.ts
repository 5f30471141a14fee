import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '@tanker/contract/operations.ts';
import { machineArn, machineName, tableArn } from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeMachineRole } from './acknowledgements.ts';
import { aslCalls } from './asl-calls.ts';
import { pascalCase, ROOT } from './paths.ts';
import { mayInvoke } from './statements.ts';
import { substitutions, usedSubstitutions } from './substitutions.ts';

/** The rule by which Step Functions learns that a nested execution ended. Source: Step Functions, "Service integration IAM policies". */
const NESTED_EXECUTIONS_RULE = 'StepFunctionsGetEventsForStepFunctionsExecutionRule';

const allow = (actions: string[], resources: string[]): PolicyStatement =>
  new PolicyStatement({ actions, resources });

const executionsOf = (machine: string): string => `${machine.replace(':stateMachine:', ':execution:')}:*`;

/** Starts the machines, waits for their executions and stops them when the caller is stopped. */
function mayRunNested(topology: Topology, machines: readonly string[]): PolicyStatement[] {
  if (machines.length === 0) return [];
  const rule = `arn:aws:events:${topology.controlRegion}:${topology.account}:rule/${NESTED_EXECUTIONS_RULE}`;
  return [
    allow(['states:StartExecution'], [...machines]),
    allow(['states:DescribeExecution', 'states:StopExecution'], machines.map(executionsOf)),
    allow(['events:PutTargets', 'events:PutRule', 'events:DescribeRule'], [rule]),
  ];
}

interface Calls {
  readonly functions: readonly string[];
  readonly tableActions: readonly string[];
  readonly nested: readonly string[];
}

/** What a resolved definition calls, by kind. */
function callsOf(definition: unknown): Calls {
  const calls = aslCalls(definition);
  const of = (service: string) => calls.filter(({ integration }) => integration.startsWith(`${service}:`));
  return {
    functions: [...new Set(of('lambda').map(({ target }) => target))],
    tableActions: of('dynamodb')
      .map(({ integration }) => integration.slice('dynamodb:'.length))
      .map((action) => `dynamodb:${action.slice(0, 1).toUpperCase()}${action.slice(1)}`),
    nested: [...new Set(of('states').map(({ target }) => target))],
  };
}

/** The rights that these calls need, and none else. */
const statementsFor = (topology: Topology, { functions, tableActions, nested }: Calls): PolicyStatement[] => [
  ...(functions.length > 0 ? [mayInvoke(functions)] : []),
  ...(tableActions.length > 0 ? [allow([...tableActions], [tableArn(topology)])] : []),
  ...mayRunNested(topology, nested),
];

/** One state machine, of an operation or nested in several, from statemachines/<machine>.asl.json as it is. */
export class OperationMachine extends Construct {
  readonly machineArn: string;

  constructor(scope: Construct, machine: Machine, topology: Topology) {
    super(scope, pascalCase(machine));
    const stateMachineName = machineName(topology, machine);
    this.machineArn = machineArn(topology, machine);
    const file = join(ROOT, 'statemachines', `${machine}.asl.json`);
    const text = readFileSync(file, 'utf8');
    const definitionSubstitutions = usedSubstitutions(text, substitutions(topology), file);
    const resolved = text.replaceAll(/\$\{(\w+)\}/g, (_, key: string) => definitionSubstitutions[key] ?? '');
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('states.amazonaws.com') });
    const calls = callsOf(JSON.parse(resolved));
    for (const statement of statementsFor(topology, calls)) role.addToPolicy(statement);
    acknowledgeMachineRole(role, calls.nested.map(executionsOf));
    new StateMachine(this, 'Machine', {
      stateMachineName,
      stateMachineType: StateMachineType.STANDARD,
      // In the template, not an asset: a change of the definition is then seen in `cdk diff`.
      definitionBody: DefinitionBody.fromString(text),
      definitionSubstitutions,
      role,
      logs: {
        // This prefix keeps CloudWatch's one policy for log deliveries under its 5,120 characters.
        destination: new LogGroup(this, 'Log', {
          logGroupName: `/aws/vendedlogs/states/${stateMachineName}`,
          retention: topology.retention.recordDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: LogLevel.ALL,
        // Execution data holds task tokens: whoever reads one can answer in a worker's place.
        includeExecutionData: false,
      },
      tracingEnabled: true,
    });
  }
}
