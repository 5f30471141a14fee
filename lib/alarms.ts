import { METRICS, METRICS_NAMESPACE, STUCK_TASK_MARGIN_SECONDS } from '@tanker/contract/metrics.ts';
import { MACHINES, type Machine } from '@tanker/contract/operations.ts';
import {
  agentFunctionName,
  controlFunctionName,
  machineArn,
  OPEN_EXPIRED,
  REPORT_FAILURE,
  recoveryRuleName,
  tableName,
  unhandledRecoveriesName,
  unpublishedEventsName,
} from '@tanker/contract/resource-names.ts';
import type { Datacenter, Topology } from '@tanker/contract/topology.ts';
import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

/** Alarms look at this much time at once: long enough for Step Functions' and SQS's metrics, which come by the minute. */
const PERIOD = Duration.minutes(5);

/**
 * The sweeper leaves one figure in five minutes, and not by the clock: now and then a period of five has none. Where a sum
 * fills that with 0 the gap reads as a run that went well. Of ten minutes every period has a run.
 */
const SWEEP_PERIOD = Duration.minutes(10);
const SWEEP_PERIODS = 2;

/** What the next run of a schedule may put right by itself rings only after three periods in a row. */
const PATIENT_PERIODS = 3;

/** Events come within a second or two; a quarter of an hour is no slow start any more. IteratorAge counts milliseconds. */
const LATE_EVENT_MS = Duration.minutes(15).toMilliseconds();

interface AlarmRule {
  /** Its heading in docs/runbook.md, and the end of its name. */
  readonly id: string;
  readonly about: string;
  readonly metric: IMetric;
  /** Rings above this. */
  readonly threshold: number;
  /** What it means when nothing was published: usually that nothing happened. */
  readonly silence?: TreatMissingData;
  readonly periods?: number;
}

/** A metric of AWS's or of our own; without dimensions it is the whole region's. */
export const metricOf = (
  namespace: string,
  metricName: string,
  dimensionsMap: Readonly<Record<string, string>>,
  statistic = 'Sum',
): Metric =>
  new Metric({ namespace, metricName, dimensionsMap: { ...dimensionsMap }, statistic, period: PERIOD });

/** A metric that Tanker's functions publish. */
export const ownMetric = (topology: Topology, name: string, statistic: string): Metric =>
  metricOf(METRICS_NAMESPACE, name, { service: topology.installation }, statistic);

/** The sum of several metrics, of which most publish nothing while nothing happens. At most 10, as CloudWatch allows. */
const sumOf = (metrics: Readonly<Record<string, IMetric>>, label: string, period = PERIOD): MathExpression =>
  new MathExpression({
    expression: Object.keys(metrics)
      .map((id) => `FILL(${id}, 0)`)
      .join(' + '),
    usingMetrics: { ...metrics },
    period,
    label,
  });

const states = (topology: Topology, machine: Machine, name: string): Metric =>
  metricOf('AWS/States', name, { StateMachineArn: machineArn(topology, machine) });

/** The functions of a region share its concurrency, so a refusal to anybody's function may be next a refusal to ours. */
const functionThrottles = metricOf('AWS/Lambda', 'Throttles', {});

/** Messages that wait in a queue in which none should be. */
export const waiting = (queueName: string): Metric =>
  metricOf('AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: queueName }, 'Maximum');

function eventRules(topology: Topology): AlarmRule[] {
  const publishEvents = { FunctionName: controlFunctionName(topology, 'publish-events') };
  return [
    {
      id: 'late-events',
      about: 'Consumers hear of phase changes a quarter of an hour late or not at all',
      metric: metricOf('AWS/Lambda', 'IteratorAge', publishEvents, 'Maximum'),
      threshold: LATE_EVENT_MS,
    },
    {
      id: 'unpublished-events',
      about: 'Phase changes were given up after 23 hours: consumers will not hear of them',
      metric: waiting(unpublishedEventsName(topology)),
      threshold: 0,
    },
  ];
}

function controlRules(topology: Topology): AlarmRule[] {
  const startRecovery = controlFunctionName(topology, 'start-recovery');
  const table = { TableName: tableName(topology) };
  return [
    {
      id: 'stuck-task',
      about: 'A task is open for an hour longer than its lock budget',
      metric: ownMetric(topology, METRICS.oldestTask, 'Maximum'),
      threshold: topology.lockBudgetSeconds + STUCK_TASK_MARGIN_SECONDS,
      // The sweeper publishes every five minutes, also when no task is open: silence means that it does not run.
      silence: TreatMissingData.BREACHING,
      periods: PATIENT_PERIODS,
    },
    {
      id: 'sweep-failures',
      about: 'The sweeper could not look after some task or due date for 20 minutes',
      metric: sumOf(
        {
          parts: ownMetric(topology, METRICS.sweepFailures, 'Sum'),
          runs: metricOf('AWS/Lambda', 'Errors', { FunctionName: controlFunctionName(topology, 'sweep') }),
        },
        'failures of the sweeper',
        SWEEP_PERIOD,
      ),
      threshold: 0,
      periods: SWEEP_PERIODS,
    },
    {
      id: 'lock-over-budget',
      about: 'A company was locked for longer than the lock budget',
      metric: ownMetric(topology, METRICS.lockWindow, 'Maximum'),
      threshold: topology.lockBudgetSeconds,
    },
    {
      id: 'failed-recovery',
      about: 'A recovery failed, ran out of time, was stopped, or could not be started',
      metric: sumOf(
        {
          failed: states(topology, 'recover', 'ExecutionsFailed'),
          timedOut: states(topology, 'recover', 'ExecutionsTimedOut'),
          aborted: states(topology, 'recover', 'ExecutionsAborted'),
          notStarted: metricOf('AWS/Lambda', 'Errors', { FunctionName: startRecovery }),
        },
        'failed recoveries',
      ),
      threshold: 0,
    },
    {
      id: 'debt-recorded',
      about: 'A recovery could not erase what it had to at some provider',
      metric: ownMetric(topology, METRICS.debts, 'Sum'),
      threshold: 0,
    },
    {
      id: 'debts-waiting',
      about: 'A cleanup could not settle the debts at some location for a quarter of an hour',
      metric: ownMetric(topology, METRICS.debtsWaiting, 'Maximum'),
      threshold: 0,
      periods: PATIENT_PERIODS,
    },
    {
      id: 'cleanup-refused',
      about: 'A fallback copy whose grace is over could not be cleaned up for a quarter of an hour',
      metric: ownMetric(topology, METRICS.cleanupsWaiting, 'Maximum'),
      threshold: 0,
      periods: PATIENT_PERIODS,
    },
    {
      id: 'removal-incomplete',
      about: 'A company is removed and some provider still holds something of it',
      metric: ownMetric(topology, METRICS.incompleteRemovals, 'Maximum'),
      threshold: 0,
      periods: PATIENT_PERIODS,
    },
    {
      id: 'expiry-late',
      about: 'A backup should have been deleted an hour ago',
      metric: ownMetric(topology, METRICS.expiriesLate, 'Maximum'),
      threshold: 0,
    },
    {
      id: 'dead-letters',
      about: 'An ended execution was not handed to start-recovery, or not handled by it',
      metric: sumOf(
        {
          visible: waiting(unhandledRecoveriesName(topology)),
          undelivered: metricOf('AWS/Events', 'InvocationsFailedToBeSentToDlq', {
            RuleName: recoveryRuleName(topology),
          }),
        },
        'dead letters',
      ),
      threshold: 0,
    },
    {
      id: 'throttles',
      about: 'AWS refused calls in the control region because there were too many',
      metric: sumOf(
        {
          functions: functionThrottles,
          reads: metricOf('AWS/DynamoDB', 'ReadThrottleEvents', table),
          writes: metricOf('AWS/DynamoDB', 'WriteThrottleEvents', table),
        },
        'throttled calls',
      ),
      threshold: 0,
    },
    {
      id: 'execution-throttles',
      about: 'Step Functions slowed executions down because there were too many transitions',
      metric: sumOf(
        Object.fromEntries(
          MACHINES.map((machine) => [machine, states(topology, machine, 'ExecutionThrottled')]),
        ),
        'throttled executions',
      ),
      threshold: 0,
    },
  ];
}

function datacenterRules(topology: Topology, datacenter: Datacenter): AlarmRule[] {
  const reporter = { FunctionName: agentFunctionName(topology, datacenter.name, REPORT_FAILURE) };
  return [
    {
      id: 'agent-failures',
      about: `An agent's invocation failed for good in ${datacenter.name}`,
      // Every such failure is an event for report-failure, and nothing else is.
      metric: sumOf(
        {
          reported: metricOf('AWS/Lambda', 'Invocations', reporter),
          dropped: metricOf('AWS/Lambda', 'AsyncEventsDropped', reporter),
        },
        'agent failures',
      ),
      threshold: 0,
    },
    {
      id: 'open-failures',
      about: `The schedule of ${datacenter.name} could not ask or open some provider for a quarter of an hour`,
      metric: sumOf(
        {
          parts: ownMetric(topology, METRICS.openFailures, 'Sum'),
          runs: metricOf('AWS/Lambda', 'Errors', {
            FunctionName: agentFunctionName(topology, datacenter.name, OPEN_EXPIRED),
          }),
        },
        'failures to open',
      ),
      threshold: 0,
      periods: PATIENT_PERIODS,
    },
    {
      id: 'agent-throttles',
      about: `Lambda refused calls in the region of ${datacenter.name} because there were too many`,
      metric: functionThrottles,
      threshold: 0,
    },
  ];
}

/** Alarms of one region, each told to the topic when it rings and when it is over. */
class Alarms extends Construct {
  constructor(scope: Construct, prefix: string, topic: ITopic, rules: readonly AlarmRule[]) {
    super(scope, 'Alarms');
    for (const { id, about, metric, threshold, silence, periods } of rules) {
      const alarm = new Alarm(this, id, {
        alarmName: `${prefix}-${id}`,
        alarmDescription: `${about}. What to do: docs/runbook.md#${id}`,
        metric,
        threshold,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: periods ?? 1,
        treatMissingData: silence ?? TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
    }
  }
}

export class ControlAlarms extends Alarms {
  constructor(scope: Construct, topology: Topology, topic: ITopic) {
    super(scope, topology.installation, topic, [...controlRules(topology), ...eventRules(topology)]);
  }
}

export class DatacenterAlarms extends Alarms {
  constructor(scope: Construct, topology: Topology, datacenter: Datacenter, topic: ITopic) {
    super(scope, `${topology.installation}-${datacenter.name}`, topic, datacenterRules(topology, datacenter));
  }
}
