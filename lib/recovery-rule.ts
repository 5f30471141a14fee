import { recoveryRuleName, unhandledRecoveriesName } from '@tanker/contract/resource-names.ts';
import type { Topology } from '@tanker/contract/topology.ts';
import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeDeadLetterQueue } from './acknowledgements.ts';
import type { ControlFunction } from './control-function.ts';
import { maySend } from './statements.ts';

/**
 * The most that EventBridge (24 hours, 185 tries) and Lambda (6 hours, 2 runs after the first) allow: a late recovery
 * does no harm, a missing one leaves a company claimed. Sources: EventBridge, "Retry policy"; Lambda, PutFunctionEventInvokeConfig.
 */
const DELIVERY = { maxEventAge: Duration.hours(24), retryAttempts: 185 };
const INVOCATION = { maxEventAge: Duration.hours(6), retryAttempts: 2 };

/** SQS keeps a message at most 14 days: time to look at what could not be recovered. */
const KEEP_DAYS = 14;

/**
 * Starts a recovery when an operation's execution ends in a way that no state of it can catch: stopped from outside, out of time,
 * failed. A nested execution's end is its parent's failure. What could not be delivered or handled is kept in a queue.
 */
export class RecoveryRule extends Construct {
  constructor(
    scope: Construct,
    topology: Topology,
    startRecovery: ControlFunction,
    machineArns: readonly string[],
  ) {
    super(scope, 'RecoveryRule');
    const unhandled = new Queue(this, 'Unhandled', {
      queueName: unhandledRecoveriesName(topology),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(KEEP_DAYS),
    });
    acknowledgeDeadLetterQueue(unhandled);
    startRecovery.role.addToPolicy(maySend(unhandled.queueArn));
    startRecovery.function.configureAsyncInvoke({
      ...INVOCATION,
      onFailure: { bind: () => ({ destination: unhandled.queueArn }) },
    });
    new Rule(this, 'Rule', {
      ruleName: recoveryRuleName(topology),
      description: 'Starts a recovery for an execution that was stopped, ran out of time or failed',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: [...machineArns] },
      },
      targets: [new LambdaFunction(startRecovery.function, { ...DELIVERY, deadLetterQueue: unhandled })],
    });
  }
}
