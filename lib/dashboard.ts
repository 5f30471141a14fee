import { METRICS } from '@tanker/contract/metrics.ts';
import { OPERATIONS, type Operation } from '@tanker/contract/operations.ts';
import {
  agentFunctionName,
  CONTROL_FUNCTIONS,
  controlFunctionName,
  machineArn,
  tableName,
  unhandledRecoveriesName,
  unpublishedEventsName,
} from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { Duration } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type GraphWidgetProps,
  type IMetric,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { metricOf, ownMetric, waiting } from './alarms.ts';
import { AGENT_FUNCTIONS } from './bundle.ts';

/** A row of a dashboard is 24 units wide. */
const THIRD = 8;

/** Functions of one region. */
interface Fleet {
  readonly title: string;
  readonly region: string;
  readonly functions: readonly { readonly name: string; readonly functionName: string }[];
}

const graph = (
  title: string,
  width: number,
  left: IMetric[],
  more: Pick<GraphWidgetProps, 'region' | 'leftAnnotations'> = {},
): GraphWidget => {
  const { region, leftAnnotations } = more;
  return new GraphWidget({ title, width, height: 6, left, liveData: true, region, leftAnnotations });
};

const ended = (topology: Topology, operation: Operation): IMetric[] =>
  [
    'ExecutionsStarted',
    'ExecutionsSucceeded',
    'ExecutionsFailed',
    'ExecutionsTimedOut',
    'ExecutionsAborted',
  ].map((name) =>
    metricOf('AWS/States', name, { StateMachineArn: machineArn(topology, operation) }).with({
      label: name.slice('Executions'.length),
    }),
  );

/** A line for each function: named one by one, because a search in CloudWatch splits names at their hyphens. */
const lines = (fleet: Fleet, metric: string, statistic: string): IMetric[] =>
  fleet.functions.map(({ name, functionName }) =>
    metricOf('AWS/Lambda', metric, { FunctionName: functionName }, statistic).with({
      label: name,
      region: fleet.region,
    }),
  );

const functionRow = (fleet: Fleet): GraphWidget[] => [
  graph(`${fleet.title}: invocations`, THIRD, lines(fleet, 'Invocations', 'Sum'), fleet),
  graph(`${fleet.title}: errors`, THIRD, lines(fleet, 'Errors', 'Sum'), fleet),
  graph(`${fleet.title}: longest run, ms`, THIRD, lines(fleet, 'Duration', 'Maximum'), fleet),
];

const OPERATION_TITLES: Readonly<Record<Operation, string>> = {
  migrate: 'Migrations',
  backup: 'Backups',
  restore: 'Restores',
  remove: 'Removals',
  cleanup: 'Cleanups',
  recover: 'Recoveries',
};

const taskRow = (topology: Topology): GraphWidget[] => [
  ...OPERATIONS.map((operation) => graph(OPERATION_TITLES[operation], THIRD, ended(topology, operation))),
];

const lockRow = (topology: Topology): GraphWidget[] => [
  graph(
    'Lock window, seconds',
    THIRD,
    [ownMetric(topology, METRICS.lockWindow, 'Maximum'), ownMetric(topology, METRICS.lockWindow, 'p50')],
    { leftAnnotations: [{ value: topology.lockBudgetSeconds, label: 'lock budget' }] },
  ),
  graph('Oldest open task, seconds', THIRD, [ownMetric(topology, METRICS.oldestTask, 'Maximum')]),
  graph('Left behind', THIRD, [
    ownMetric(topology, METRICS.debts, 'Sum'),
    ownMetric(topology, METRICS.cleanupsWaiting, 'Maximum'),
    ownMetric(topology, METRICS.debtsWaiting, 'Maximum'),
    ownMetric(topology, METRICS.incompleteRemovals, 'Maximum'),
    ownMetric(topology, METRICS.expiriesLate, 'Maximum'),
    waiting(unhandledRecoveriesName(topology)).with({ label: 'dead letters' }),
    waiting(unpublishedEventsName(topology)).with({ label: 'unpublished events' }),
  ]),
  graph('Schedules: failures', THIRD, [
    ownMetric(topology, METRICS.sweepFailures, 'Sum').with({ label: 'sweeper' }),
    ...[...new Set(topology.datacenters.map(({ region }) => region))].map((region) =>
      ownMetric(topology, METRICS.openFailures, 'Sum').with({ label: `open-expired, ${region}`, region }),
    ),
  ]),
  graph('Table: throttled', THIRD, [
    metricOf('AWS/DynamoDB', 'ReadThrottleEvents', { TableName: tableName(topology) }),
    metricOf('AWS/DynamoDB', 'WriteThrottleEvents', { TableName: tableName(topology) }),
  ]),
];

/** One page for the whole installation, in the control region; the agents' graphs are drawn from their own regions. */
export function addDashboard(scope: Construct, topology: Topology): void {
  const { installation, controlRegion, datacenters } = topology;
  const heading = new TextWidget({
    markdown: `# Tanker ${installation}\nFailed executions are those that were refused or undone, or removals that are incomplete; the task's record says why. Each alarm has an entry in docs/runbook.md.`,
    width: 24,
    height: 2,
  });
  new Dashboard(scope, 'Dashboard', {
    dashboardName: installation,
    defaultInterval: Duration.days(1),
    widgets: [
      [heading],
      taskRow(topology),
      lockRow(topology),
      functionRow({
        title: `Control, ${controlRegion}`,
        region: controlRegion,
        functions: CONTROL_FUNCTIONS.map((name) => ({
          name,
          functionName: controlFunctionName(topology, name),
        })),
      }),
      ...datacenters.map((datacenter) =>
        functionRow({
          title: `Agents of ${datacenter.name}, ${datacenter.region}`,
          region: datacenter.region,
          functions: AGENT_FUNCTIONS.map((name) => ({
            name,
            functionName: agentFunctionName(topology, datacenter.name, name),
          })),
        }),
      ),
    ],
  });
}
