import { alarmTopicName, datacenterStackName, OPEN_EXPIRED } from '@tanker/contract/resource-names.ts';
import type { Datacenter, Topology } from '@tanker/contract/topology.ts';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AgentFunction } from './agent-function.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { DatacenterAlarms } from './alarms.ts';
import { agentSecrets, BearerSecret } from './bearer-secret.ts';
import { AGENT_FUNCTIONS, type Bundles } from './bundle.ts';
import { ExportsBucket } from './exports-bucket.ts';
import { OPEN_EVERY, RatedRule } from './rated-rule.ts';

/** A datacenter: where its exports go, the agents that work there, and the tokens they show. */
export class DatacenterStack extends Stack {
  constructor(scope: Construct, topology: Topology, datacenter: Datacenter, bundles: Bundles) {
    super(scope, datacenterStackName(topology, datacenter.name), {
      stackName: datacenterStackName(topology, datacenter.name),
      description: `Tanker ${topology.installation}: datacenter ${datacenter.name}`,
      env: { account: topology.account, region: datacenter.region },
    });
    const exports = new ExportsBucket(this, topology, datacenter.name);
    const home = { datacenter, exportsKeyArn: exports.key.keyArn };
    const agents = new Map(
      AGENT_FUNCTIONS.map((name) => [name, new AgentFunction(this, name, topology, home, bundles)]),
    );
    new RatedRule(this, 'OpenExpiredRule', {
      name: `${topology.installation}-${datacenter.name}-${OPEN_EXPIRED}`,
      description: `Opens what a dead lock has left closed in ${datacenter.name}`,
      every: OPEN_EVERY,
      target: (agents.get(OPEN_EXPIRED) as AgentFunction).function,
    });
    if (keepsSecrets(topology, datacenter)) {
      for (const [name, description] of agentSecrets(topology)) new BearerSecret(this, name, description);
    }
    const { topic } = new AlarmTopic(this, topology, alarmTopicName(topology, datacenter.name));
    new DatacenterAlarms(this, topology, datacenter, topic);
  }
}

/** A secret's name exists once in a region: of the datacenters that share one, the first has the secrets. */
const keepsSecrets = (topology: Topology, datacenter: Datacenter): boolean =>
  topology.datacenters.find(({ region }) => region === datacenter.region) === datacenter;
