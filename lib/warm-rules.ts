import type { WarmEvent } from '@tanker/contract/agent-functions.ts';
import type { Datacenter, Topology } from '@tanker/contract/topology.ts';
import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { AgentFunction } from './agent-function.ts';
import { ONCE } from './rated-rule.ts';

/**
 * Lambda takes a function's network interfaces back when nobody has called it for weeks. The next call fails, and so does
 * every other until new ones are made: a minute or more, in which a subtask fails three times. A call a day is enough.
 * Source: Lambda, "Lambda function states".
 */
const WARM_EVERY = Duration.days(1);

/** Source: EventBridge quotas, "Targets per rule". */
const TARGETS_A_RULE = 5;

const WARM: WarmEvent = { warm: true, holdMilliseconds: 0 };

/** Calls the agents that live in a network of their own once a day, so that they keep their interfaces. */
export class WarmRules extends Construct {
  constructor(scope: Construct, topology: Topology, { name }: Datacenter, agents: readonly AgentFunction[]) {
    super(scope, 'WarmRules');
    for (let from = 0; from < agents.length; from += TARGETS_A_RULE) {
      const number = from / TARGETS_A_RULE + 1;
      const own = agents.slice(from, from + TARGETS_A_RULE);
      new Rule(this, `Rule${number}`, {
        ruleName: `${topology.installation}-${name}-warm-${number}`,
        description: `Calls agents of ${name} so that they keep their network interfaces`,
        schedule: Schedule.rate(WARM_EVERY),
        targets: own.map(
          (agent) => new LambdaFunction(agent.function, { ...ONCE, event: RuleTargetInput.fromObject(WARM) }),
        ),
      });
    }
  }
}
