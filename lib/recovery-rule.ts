import type { Topology } from '@tanker/contract/topology.ts';
import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFn } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeDeadLetterQueue } from './acknowledgements.ts';

/** EventBridge tries for so long to reach the function, and Lambda to run it. The lease of the lock has ended by then. */
const MAX_EVENT_AGE_HOURS = 2;

/** EventBridge's and Lambda's own most: 185 attempts with growing pauses, 2 runs after the first. */
const RULE_RETRIES = 185;
const FUNCTION_RETRIES = 2;

/** SQS keeps a message at most 14 days: time to look at what could not be recovered. */
const KEEP_DAYS = 14;

/**
 * Starts a recovery when an execution ends in a way that no state of it can catch: stopped from outside, out of time,
 * failed. What could not be delivered or handled is kept in a queue.
 */
export class RecoveryRule extends Construct {
  constructor(scope: Construct, topology: Topology, startRecovery: LambdaFn, machineArns: readonly string[]) {
    super(scope, 'RecoveryRule');
    const unhandled = new Queue(this, 'Unhandled', {
      queueName: `${topology.installation}-unhandled-recoveries`,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(KEEP_DAYS),
    });
    acknowledgeDeadLetterQueue(unhandled);
    const maxEventAge = Duration.hours(MAX_EVENT_AGE_HOURS);
    startRecovery.configureAsyncInvoke({
      retryAttempts: FUNCTION_RETRIES,
      maxEventAge,
      onFailure: new SqsDestination(unhandled),
    });
    new Rule(this, 'Rule', {
      ruleName: `${topology.installation}-recovery`,
      description: 'Starts a recovery for an execution that was stopped, ran out of time or failed',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: [...machineArns] },
      },
      targets: [
        new LambdaFunction(startRecovery, {
          retryAttempts: RULE_RETRIES,
          maxEventAge,
          deadLetterQueue: unhandled,
        }),
      ],
    });
  }
}
