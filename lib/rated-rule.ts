import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunctionResource } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/**
 * A task that nobody works on is found after at most this time; the lock of its company ends by itself after the lock
 * budget and a minute. 288 sweeps a day each cost one query and, for each open task, one or two DescribeExecution.
 */
export const SWEEP_EVERY = Duration.minutes(5);

/** The shortest rate that EventBridge has: a company that is locked out waits for it. Source: EventBridge, "Rate expressions". */
export const OPEN_EVERY = Duration.minutes(1);

/**
 * The next run does what a lost one would have done, so neither EventBridge nor Lambda repeats a run. 60 s is the least
 * age that both take. Sources: EventBridge, "Retry policy"; Lambda, PutFunctionEventInvokeConfig.
 */
export const ONCE = { retryAttempts: 0, maxEventAge: Duration.seconds(60) };

export interface RatedRuleProps {
  readonly name: string;
  readonly description: string;
  readonly every: Duration;
  readonly target: LambdaFunctionResource;
}

/** Calls a function at a rate. */
export class RatedRule extends Construct {
  constructor(scope: Construct, id: string, { name, description, every, target }: RatedRuleProps) {
    super(scope, id);
    target.configureAsyncInvoke(ONCE);
    new Rule(this, 'Rule', {
      ruleName: name,
      description,
      schedule: Schedule.rate(every),
      targets: [new LambdaFunction(target, ONCE)],
    });
  }
}
