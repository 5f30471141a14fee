import { MACHINES, type Machine, type Operation, TASK_OPERATIONS } from '@tanker/contract/operations.ts';
import {
  agentFunctionName,
  alarmTopicName,
  controlFunctionName,
  DOCTOR,
  eventBusArn,
  eventBusName,
  functionArn,
  machineArn,
  tableArn,
  unhandledRecoveriesName,
  unpublishedEventsName,
} from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { Effect, ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledgePeoplePolicy } from './acknowledgements.ts';

const executionsOf = (topology: Topology, machine: Machine): string =>
  `${machineArn(topology, machine).replace(':stateMachine:', ':execution:')}:*`;

const allow = (actions: string[], resources: string[]): PolicyStatement =>
  new PolicyStatement({ actions, resources });

/** Records, executions and their histories, logs, dead letters, alarms and dashboard: to look, nothing more. */
function mayView(topology: Topology): PolicyStatement[] {
  const { account, controlRegion, installation } = topology;
  const machines = MACHINES.map((machine) => machineArn(topology, machine));
  const executions = MACHINES.map((machine) => executionsOf(topology, machine));
  const logs = ['lambda', 'ecs', 'vendedlogs/states'].map(
    (kind) => `arn:aws:logs:*:${account}:log-group:/aws/${kind}/${installation}-*`,
  );
  return [
    allow(
      ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan'],
      [tableArn(topology), `${tableArn(topology)}/index/*`],
    ),
    allow(['states:DescribeStateMachine', 'states:ListExecutions'], machines),
    allow(
      ['states:DescribeExecution', 'states:DescribeStateMachineForExecution', 'states:GetExecutionHistory'],
      executions,
    ),
    allow(['logs:FilterLogEvents', 'logs:GetLogEvents', 'logs:DescribeLogStreams'], logs),
    allow(['ecs:DescribeTasks'], [`arn:aws:ecs:*:${account}:task/${installation}-*`]),
    allow(['sqs:GetQueueAttributes', 'sqs:GetQueueUrl'], deadLetterArns(topology)),
    allow(['events:DescribeEventBus'], [eventBusArn(topology)]),
    allow(['cloudwatch:GetDashboard'], [`arn:aws:cloudwatch::${account}:dashboard/${installation}`]),
    // These know no resource. Figures, alarms, rules and the names in lists hold no customer data; the console begins
    // with lists.
    allow(
      [
        'cloudwatch:DescribeAlarms',
        'cloudwatch:GetMetricData',
        'cloudwatch:ListDashboards',
        'cloudwatch:ListMetrics',
        'ecs:ListTasks',
        'events:ListRules',
        'lambda:ListEventSourceMappings',
        'logs:DescribeLogGroups',
        'states:ListStateMachines',
      ],
      ['*'],
    ),
    allow(
      ['sns:ListSubscriptionsByTopic'],
      [`arn:aws:sns:${controlRegion}:${account}:${alarmTopicName(topology)}`],
    ),
  ];
}

const deadLetterArns = (topology: Topology): string[] =>
  [unhandledRecoveriesName(topology), unpublishedEventsName(topology)].map(
    (name) => `arn:aws:sqs:${topology.controlRegion}:${topology.account}:${name}`,
  );

/**
 * The functions that ask whether everything answers: one in the control region, one in each datacenter. Those by a
 * pattern: 20 datacenters would be 20 × 105 characters of the 6,144 that a managed policy may have.
 */
const doctors = (topology: Topology): string[] => [
  functionArn(topology, topology.controlRegion, controlFunctionName(topology, DOCTOR)),
  functionArn(topology, '*', agentFunctionName(topology, '*', DOCTOR)),
];

/** What an operator starts. A task of these ends with a copy that is as good as the one that it began with. */
const OPERATED: readonly Operation[] = ['migrate', 'backup', 'restore', 'recover'];

/** What ends with fewer copies than there were: whoever starts these may destroy, so it is a right of its own. */
const REMOVING: readonly Operation[] = ['remove', 'cleanup'];

const mayStart = (topology: Topology, operations: readonly Operation[]): PolicyStatement =>
  allow(
    ['states:StartExecution'],
    operations.map((operation) => machineArn(topology, operation)),
  );

/**
 * Asks the doctors, starts operations that keep a company and recoveries, cancels any task by stopping its execution
 * (which a recovery then ends), takes dead letters out. A redrive is denied whatever else the person may do: it would go
 * on under an epoch that a recovery has ended.
 */
function mayOperate(topology: Topology): PolicyStatement[] {
  return [
    mayStart(topology, OPERATED),
    allow(
      ['states:StopExecution'],
      TASK_OPERATIONS.map((operation) => executionsOf(topology, operation)),
    ),
    allow(['lambda:InvokeFunction'], doctors(topology)),
    allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage'], deadLetterArns(topology)),
    new PolicyStatement({
      effect: Effect.DENY,
      actions: ['states:RedriveExecution'],
      resources: MACHINES.map((machine) => executionsOf(topology, machine)),
    }),
  ];
}

/**
 * Puts rules on the bus and takes them off: whoever may do this hears of every task, its company's id included. Roles that
 * rules hand to EventBridge for their targets are the consumer's own. Nothing may be put onto the bus but by Tanker.
 */
function mayConsume(topology: Topology): PolicyStatement[] {
  const { account, controlRegion } = topology;
  return [
    allow(['events:DescribeEventBus'], [eventBusArn(topology)]),
    allow(['events:ListRules'], ['*']),
    allow(
      [
        'events:PutRule',
        'events:DeleteRule',
        'events:EnableRule',
        'events:DisableRule',
        'events:DescribeRule',
        'events:PutTargets',
        'events:RemoveTargets',
        'events:ListTargetsByRule',
      ],
      [`arn:aws:events:${controlRegion}:${account}:rule/${eventBusName(topology)}/*`],
    ),
  ];
}

/** The resources of statements with a "*": they have to be acknowledged one by one. */
const open = (statements: readonly PolicyStatement[]): string[] =>
  [...new Set(statements.flatMap(({ resources }) => resources))].filter((resource) => resource.includes('*'));

/** What people need, to be attached to the roles that an account already has for them. Nobody gets one by itself. */
export class PeoplePolicies extends Construct {
  constructor(scope: Construct, topology: Topology) {
    super(scope, 'People');
    const viewer = new ManagedPolicy(this, 'Viewer', {
      managedPolicyName: `${topology.installation}-viewer`,
      description: `Looks at Tanker ${topology.installation}: records, executions, logs, alarms`,
      statements: mayView(topology),
    });
    const operator = new ManagedPolicy(this, 'Operator', {
      managedPolicyName: `${topology.installation}-operator`,
      description: `Operates Tanker ${topology.installation}: moves, backs up, restores, cancels, recovers, looks`,
      statements: [...mayView(topology), ...mayOperate(topology)],
    });
    new ManagedPolicy(this, 'Remover', {
      managedPolicyName: `${topology.installation}-remover`,
      description: `Removes companies and fallback copies of Tanker ${topology.installation}; beside viewer or operator`,
      statements: [mayStart(topology, REMOVING)],
    });
    const consumer = new ManagedPolicy(this, 'EventsConsumer', {
      managedPolicyName: `${topology.installation}-events-consumer`,
      description: `Hears of the tasks of Tanker ${topology.installation}: rules on its event bus`,
      statements: mayConsume(topology),
    });
    acknowledgePeoplePolicy(viewer, open(mayView(topology)));
    acknowledgePeoplePolicy(operator, open([...mayView(topology), ...mayOperate(topology)]));
    acknowledgePeoplePolicy(consumer, open(mayConsume(topology)));
  }
}
