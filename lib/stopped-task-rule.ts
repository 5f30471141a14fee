import { clusterArn } from '@tanker/contract/resource-names.ts';
import type { Datacenter, Topology } from '@tanker/contract/topology.ts';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { AgentFunction } from './agent-function.ts';

/** Tells report-stopped-task of every transfer task that has stopped: also of one of which no code ever ran. */
export class StoppedTaskRule extends Rule {
  constructor(scope: Construct, topology: Topology, { name, region }: Datacenter, reporter: AgentFunction) {
    super(scope, 'StoppedTaskRule', {
      ruleName: `${topology.installation}-${name}-stopped-tasks`,
      description: `Settles what a stopped transfer task of ${name} left unsettled`,
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Task State Change'],
        detail: { clusterArn: [clusterArn(topology, region, name)], lastStatus: ['STOPPED'] },
      },
      targets: [new LambdaFunction(reporter.function)],
    });
  }
}
